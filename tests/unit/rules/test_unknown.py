"""Unknown never invents an alarm and never hides one, whatever the kind: as the documented rules are stepped."""

from typing import Any

import pytest

from community.site.cases import Case, Expected, Given
from community.text import Text
from rules.trial.cases import try_case
from tests.unit.rules.sites import make_site
from tests.unit.rules.test_documentation import RULES
from tests.unit.rules.test_documented_rules import KINDS, MINUTE, STEPS, Step

BAD = ("out-of-range", "stale", "communication-failure", "test-mode", "disabled")
WINDOWED = {"changes", "event", "dose"}
"""What these have counted leaves their window, which is known and no guess."""
HEARD = {"out-of-range", "test-mode", "disabled"}
"""The device spoke, so it is not silent."""


def given_of(rule: dict[str, Any], step: Step, until: float, quality: tuple[str, ...] = ()) -> list[Given]:
    own = f"d.{rule['select']['measure']}"
    rows = [(own, at, x) for at, x in step.readings] + [(p, at, x) for p, at, x in step.others]
    return [
        Given(at=at, point=point, event=x)
        if isinstance(x, str)
        else Given(at=at, point=point, value=x, quality=quality)
        for point, at, x in rows
        if at <= until
    ]


def check(rule: dict[str, Any], given: list[Given], until: float, expect: tuple[Expected, ...]) -> None:
    step = STEPS[rule["id"]]
    points = {row.point or "" for row in given}
    kinds = {point: KINDS.get(point.partition(".")[2], "number") for point in points}
    site = make_site({point: {"kind": kind, "every": step.every} for point, kind in kinds.items()}, [rule])
    case = Case(id=rule["id"], name=Text(zh=rule["id"]), given=tuple(given), until=until, expect=expect)
    verdict = try_case(site, case)
    assert (verdict.missing, verdict.surplus) == ((), ())


@pytest.mark.parametrize("quality", BAD)
@pytest.mark.parametrize("rule", [r for r in RULES if {"event", "stale"}.isdisjoint(r["when"])], ids=lambda r: r["id"])
def test_readings_that_say_nothing_raise_nothing(rule: dict[str, Any], quality: str) -> None:
    step = STEPS[rule["id"]]
    check(rule, given_of(rule, step, step.over, (quality,)), step.over + MINUTE, ())


@pytest.mark.parametrize(
    ("rule", "quality"),
    [
        pytest.param(rule, quality, id=f"{rule['id']}-{quality}")
        for rule in RULES
        for quality in BAD
        if WINDOWED.isdisjoint(rule["when"]) and not ("stale" in rule["when"] and quality in HEARD)
    ],
)
def test_readings_that_say_nothing_end_nothing(rule: dict[str, Any], quality: str) -> None:
    """What stands is followed for an hour by readings as they would be if all were well, each of them unknown."""
    step = STEPS[rule["id"]]
    own, normal = f"d.{rule['select']['measure']}", list(step.readings)[-1][1]
    given = given_of(rule, step, step.true)
    points = {row.point for row in given if row.value is not None}
    until = step.true + 3_600
    given += [
        Given(at=step.true + 1, point=point, value=normal, quality=(quality,), every=MINUTE, until=until)
        for point in sorted(points | {own}, key=str)
    ]
    scope = "z1" if "vote" in rule["when"] else own
    check(rule, given, until, (Expected(at=step.true, rule=rule["id"], scope=scope),))
