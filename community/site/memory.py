"""How far back rules remember: what has to be read before a time to judge it as the running rules would."""

from collections.abc import Callable, Mapping
from typing import Any

from community.site.conditions import Condition, Deviation, Stale
from community.site.fields import parse_duration_s
from community.site.rules import Rule
from community.site.selection import overridden
from community.site.site import Site
from community.site.watching import leaves

_LEAST_S = 86_400.0
"""A sensor that tells changes only has told how things are within a day."""
SEASON_S = 4 * 7 * 86_400.0
"""What a seasonal baseline keeps."""


def memory_s(site: Site) -> dict[str, float]:
    """By rule: seconds of readings after which it judges as if it had always run."""
    slowest = max((point.every_s for point in site.points.values()), default=0.0)
    rules = {rule.id: rule for rule in site.file.rules}
    found: dict[str, float] = {}

    def of(rule: Rule) -> float:
        if rule.id not in found:
            variants = [rule, *(overridden(rule, (number,)) for number in range(len(rule.overrides)))]
            found[rule.id] = max(
                _of_condition(one.when, slowest, lambda name: of(rules[name])) + one.for_ + one.clear_after
                for one in variants
            )
        return found[rule.id]

    for rule in site.file.rules:
        of(rule)
    return found


def warm_up_ms(site: Site) -> int:
    """So much is read before the time a trial is about: what the rules remember, and a day at least."""
    return round(1000 * max(_LEAST_S, *memory_s(site).values()))


def _of_condition(when: Condition, slowest_s: float, of_rule: Callable[[str], float]) -> float:
    return max((_of_leaf(leaf, slowest_s, of_rule) for leaf in leaves(when)), default=0.0)


def _of_leaf(leaf: Condition, slowest_s: float, of_rule: Callable[[str], float]) -> float:
    if leaf.alarm is not None:
        return of_rule(leaf.alarm)
    row = leaf.part(leaf.kind)
    if isinstance(row, Stale):
        return float(row.for_[:-1]) * slowest_s if row.for_.endswith("x") else parse_duration_s(row.for_)
    if isinstance(row, Deviation) and row.baseline == "seasonal":
        return SEASON_S
    if isinstance(row, Deviation) and row.lasting:
        return row.weeks_s + row.day_s
    return _WINDOWS[leaf.kind](row) if leaf.kind in _WINDOWS else 0.0


_WINDOWS: Mapping[str, Callable[[Any], float]] = {
    **dict.fromkeys(("mean", "rate", "dose", "deviation", "forecast"), lambda row: float(row.over)),
    **dict.fromkeys(("changes", "vote", "sequence", "event"), lambda row: float(row.within)),
    "stuck": lambda row: float(row.for_),
}
