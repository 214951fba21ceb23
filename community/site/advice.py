"""What a site file can be run with, and somebody should decide all the same: priorities that do not fit their risks,
people who are named.

A rule's grade is that of the gravest risk it answers (ISA-18.2, IEC 62682: rationalisation); where it is not, its row
says why. Advice keeps no file from being loaded.
"""

from collections.abc import Iterable, Iterator, Mapping

from community.site.load import SiteErrors, load_site
from community.site.model import SiteFile
from community.site.plans import Risk
from community.site.problems import Problem, problem_at
from community.site.profile import Profile
from community.site.rules import Grade, Rule
from community.site.site import Site
from community.site.subject import Found
from community.site.yaml_text import Path, parse

_RANK = {grade: rank for rank, grade in enumerate((Grade.LOW, Grade.MEDIUM, Grade.HIGH))}


def advise_text(text: str, profiles: Mapping[str, Profile], name: str = "site.yaml") -> tuple[Problem, ...]:
    """Advice on a site file's text, in the order of the file; none on one with mistakes, which come first."""
    try:
        return advise_site(load_site(text, profiles, name), text, name)
    except SiteErrors:
        return ()


def advise_site(site: Site, text: str, name: str) -> tuple[Problem, ...]:
    """The same on a site that was read from `text`."""
    if not (said := list(advise(site.file))):
        return ()
    document = parse(text)
    return tuple(sorted(problem_at(document, name, path, sentence) for path, sentence in said))


def advise(file: SiteFile) -> Found:
    """Risks nothing watches for, rules graded otherwise than the risks they answer, people named."""
    if file.site.personal_data == "as-read" and file.site.personal_data_rationale is None:
        yield (
            ("site", "personal_data"),
            "card numbers and names leave the gateways as they are, and stay in the history and on the page: delete "
            "this line, or say in personal_data_rationale that everybody concerned was told and agreed (GB/T 35273)",
        )
    answered: dict[str, list[Risk]] = {}
    for index, risk in enumerate(file.risks):
        for name in risk.rules:
            answered.setdefault(name, []).append(risk)
        if not risk.rules and risk.unwatched is None and risk.grade is not Grade.LOW:
            yield (
                ("risks", index),
                f"no rule watches for this {risk.grade} risk: name those that do in rules, or say in unwatched why "
                "nothing can",
            )
    for index, rule in enumerate(file.rules):
        if rule.rationale is None:
            yield from _graded(("rules", index, "risk"), rule, answered.get(rule.id, ()))


def _graded(path: Path, rule: Rule, risks: Iterable[Risk]) -> Iterator[tuple[Path, str]]:
    gravest = max(risks, key=lambda risk: _RANK[risk.grade], default=None)
    if gravest is None:
        if rule.risk is Grade.HIGH:
            yield path, f"no risk names the high rule '{rule.id}': add it to the rules of the risk it answers"
    elif gravest.grade is not rule.risk:
        yield (
            path,
            f"'{rule.id}' is {rule.risk}, and '{gravest.id}', the gravest risk it answers, is {gravest.grade}: grade "
            "it so, or say why not in rationale",
        )
