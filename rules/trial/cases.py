"""Cases: readings that are given, and what the rules must make of them; a file beside the site file.

Every case begins afresh. All that the rules do with the points it names must be expected: one alarm too many is as
wrong as one too few. Points it does not name are silent, and what comes of their silence is left out.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

import numpy as np
from pydantic import ValidationError

from backbone.building import building
from backbone.frames import FrameEvent
from backbone.historian.port import ReadingBatch
from community.alarms import AlarmState
from community.quality import Quality
from community.site.cases import Case, CaseFile, Expected, Given, Standing
from community.site.problems import Problem, SiteErrors, of_validation, problem_at
from community.site.rules import Grade, Rule
from community.site.site import Site
from community.site.yaml_text import Document, parse
from rules.detect.compile import compile_rules
from rules.detect.compiled import Compiled
from rules.detect.model import Transition
from rules.trial.alarm_lives import AlarmLives
from rules.trial.replay import Replay

MOST_READINGS = 1_000_000


@dataclass(frozen=True, slots=True)
class Verdict:
    """What became of a case; right when nothing is missing and nothing is too much."""

    case: Case
    missing: tuple[Expected, ...]
    surplus: tuple[Expected, ...]
    states: tuple[tuple[Standing, AlarmState], ...] = ()
    """Alarms that were something else, and what."""
    refused: tuple[tuple[Given, str | None], ...] = ()
    """What was refused, and why, though it was expected to be done; with None what was done and should not be."""

    @property
    def right(self) -> bool:
        """Whether the rules did what was expected and nothing else, and alarms were answered as expected."""
        return not (self.missing or self.surplus or self.states or self.refused)


def load_cases(text: str, site: Site, name: str) -> CaseFile:
    """The cases of a file.

    Raises:
        SiteErrors: every problem in it, as `name:line:column: sentence`.
    """
    document = parse(text)
    if document.problems:
        raise SiteErrors(tuple(Problem(name, p.place.line, p.place.column, p.message) for p in document.problems))
    try:
        found = CaseFile.model_validate(document.data)
    except ValidationError as error:
        raise SiteErrors(tuple(of_validation(error, document, name, CaseFile))) from error
    problems = tuple(_problems(found, site, document, name))
    if problems:
        raise SiteErrors(problems)
    return found


def try_cases(site: Site, cases: Iterable[Case]) -> list[Verdict]:
    """Let the rules of a site judge each case for itself."""
    with building():
        compiled = compile_rules(site)
    return [try_case(site, case, compiled) for case in cases]


def try_case(site: Site, case: Case, compiled: Compiled | None = None) -> Verdict:
    """Let the rules of a site judge a case from the beginning."""
    zone = ZoneInfo(site.file.site.timezone)
    start = datetime(2026, 6, 1, 12, tzinfo=zone) if case.start is None else case.start.replace(tzinfo=zone)
    begin = round(start.timestamp() * 1000)
    rules = Replay(site, begin, compiled)
    lives = AlarmLives(site)
    found: list[Expected] = []
    refused: list[tuple[Given, str | None]] = []
    named = {row.point for row in case.given}
    last = begin

    def told(transitions: list[Transition]) -> None:
        for turn in transitions:
            if named.intersection(turn.points):
                found.append(_expected(turn, begin))
                lives.turn(turn)

    for at, t, row in _steps(case, begin):
        if row.point is None:
            told(rules.tick(at))
            why = _answer(lives, row, at)
            if (why is not None) != row.refused:
                refused.append((row, why))
        else:
            told(rules.tick(at - 1))
            events = [FrameEvent(row.point, t, row.event)] if row.event else []
            told(rules.take(_reading(site, row.point, t, row), events))
        last = at
    for at in range(last, begin + _ms(case.until), 1_000):
        told(rules.tick(at))
    told(rules.tick(begin + _ms(case.until)))
    lives.pass_time(begin + _ms(case.until))
    were = [(row, lives.state_at(row.rule, row.scope, begin + _ms(row.at))) for row in case.alarms]
    missing = list(case.expect)
    surplus = []
    for one in found:
        wanted = next((w for w in missing if _same(w, one)), None)
        if wanted is None:
            surplus.append(one)
        else:
            missing.remove(wanted)
    others = tuple((row, state) for row, state in were if state is not row.state)
    return Verdict(case, tuple(missing), tuple(surplus), others, tuple(refused))


def _answer(lives: AlarmLives, row: Given, at: int) -> str | None:
    if row.acknowledge is not None:
        return lives.acknowledge(row.acknowledge, row.scope or "", at)
    return lives.reset(row.reset or "", row.scope or "", at)


def _same(wanted: Expected, found: Expected) -> bool:
    named = (wanted.rule, wanted.scope, wanted.becomes) == (found.rule, found.scope, found.becomes)
    return named and abs(wanted.at - found.at) <= wanted.within


def _expected(turn: Transition, begin: int) -> Expected:
    return Expected(
        at=max(turn.at - begin, 0) / 1000,
        rule=turn.rule,
        scope=turn.scope,
        becomes="raised" if turn.active else "cleared",
    )


def _steps(case: Case, begin: int) -> Iterator[tuple[int, int, Given]]:
    """When each arrives, and when it was made; in the order of arrival."""
    found: list[tuple[int, int, Given]] = []
    for number, row in enumerate(case.given):
        first, last = _ms(row.at), _ms(row.until if row.until is not None else row.at)
        times = range(first, last + 1, max(_ms(row.every or 0), 1)) if row.every else (first,)
        found += [(at, number, row) for at in times]
    for at, _, row in sorted(found, key=lambda step: step[:2]):
        yield begin + at, begin + at - _ms(row.late), row


def _reading(site: Site, point: str, t: int, row: Given) -> ReadingBatch:
    q = 0
    for word in row.quality:
        q |= Quality[word.upper().replace("-", "_")]
    n = 0 if row.value is None else 1
    return ReadingBatch(
        site.id,
        (point,),
        np.zeros(n, np.uint32),
        np.full(n, t, np.int64),
        np.full(n, row.value or 0.0, np.float64),
        np.full(n, q, np.uint8),
    )


def _problems(file: CaseFile, site: Site, document: Document, name: str) -> Iterator[Problem]:
    rules = {rule.id: rule for rule in site.file.rules}
    for number, case in enumerate(file.cases):
        readings = 0
        for row, given in enumerate(case.given):
            path = ("cases", number, "given", row)
            for inner, sentence in _wrong(given, site, rules):
                yield problem_at(document, name, (*path, *inner), sentence)
            if (given.every is None) != (given.until is None):
                yield problem_at(document, name, path, "'every' and 'until' belong together")
            elif given.every is not None and given.until is not None:
                readings += max(0, int((given.until - given.at) / given.every))
        if readings > MOST_READINGS:
            yield problem_at(document, name, ("cases", number), f"more than {MOST_READINGS} readings")
        for key in ("expect", "alarms"):
            for row, expected in enumerate(getattr(case, key)):
                at = ("cases", number, key, row, "rule")
                if expected.rule not in rules:
                    yield problem_at(document, name, at, f"the site has no rule '{expected.rule}'")
                elif key == "alarms" and rules[expected.rule].risk is Grade.LOW:
                    yield problem_at(document, name, at, f"'{expected.rule}' is low: it makes a ticket and no alarm")


def _wrong(given: Given, site: Site, rules: Mapping[str, Rule]) -> Iterator[tuple[tuple[str, ...], str]]:
    """Mistakes in something given, each with its key."""
    answered = [name for name in (given.acknowledge, given.reset) if name is not None]
    if (given.value is not None) + (given.event is not None) + len(answered) != 1:
        yield (), "give one of 'value', 'event', 'acknowledge' and 'reset'"
    elif not answered:
        if given.point is None:
            yield (), "say which 'point' it is of"
        elif given.point not in site.points:
            yield ("point",), f"the site has no point '{given.point}'"
    else:
        if given.scope is None:
            yield (), "say at which 'scope' the alarm is: the point, or the zone of a vote"
        if given.point is not None or given.every is not None:
            yield (), "an alarm is acknowledged or reset once, at its 'scope' and not at a 'point'"
        if answered[0] not in rules:
            yield ("acknowledge" if given.acknowledge else "reset",), f"the site has no rule '{answered[0]}'"


def _ms(seconds: float) -> int:
    return round(seconds * 1000)
