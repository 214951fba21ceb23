"""Every rule of docs/rules.md does what its section says: it comes true when it should, and is over when it should."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import pytest

from community.site.cases import Case, Expected, Given
from community.text import Text
from rules.trial.cases import try_case
from tests.unit.rules.sites import make_site
from tests.unit.rules.test_documentation import RULES

MINUTE, HOUR, DAY = 60.0, 3_600.0, 86_400.0
KINDS = {"contact": "boolean", "smoke": "boolean", "credential": "event"}


def held(x: float, begin: float, end: float, every: float = MINUTE) -> list[tuple[float, float]]:
    """A value again and again, from `begin` to `end` (s)."""
    return [(begin + n * every, x) for n in range(int((end - begin) / every) + 1)]


@dataclass(frozen=True)
class Step:
    """What happens to a rule's points (seconds from the beginning), and when it is true from and over."""

    readings: Iterable[tuple[float, float]] = ()
    true: float = 0.0
    over: float = 0.0
    every: float = MINUTE
    others: tuple[tuple[str, float, float | str], ...] = ()
    """Readings, or types of events, of other points."""


def usual_power() -> list[tuple[float, float]]:
    """Three weeks and a day, an hour a reading; on the last day far more from 10 to 11 o'clock."""
    usual = [(n * HOUR, 500.0 + n * 37 % 11) for n in range(22 * 24)]
    return [*usual, *held(1_500.0, 22 * DAY, 22 * DAY + 25 * MINUTE, 5 * MINUTE), (22 * DAY + HOUR, 502.0)]


STEPS: dict[str, Step] = {
    # above the limit for five minutes; over only two degrees below it
    "too-hot": Step([*held(41, 0, 6 * MINUTE), (7 * MINUTE, 39), (8 * MINUTE, 37.9)], true=300, over=480),
    "cold-store": Step([*held(9, 0, 11 * MINUTE), (12 * MINUTE, 7.6), (13 * MINUTE, 7.4)], true=600, over=780),
    # 8192 is bit 13 alone
    "panel-trouble": Step([(0, 4096), (10, 8192), (20, 8192 + 1), (30, 1)], true=10, over=30),
    "silent": Step([(0, 20), (10, 20), *held(20, 60, 400, 10)], true=40, over=60, every=10),
    "frozen": Step([(0, 19), *held(20, MINUTE, 6 * HOUR + 2 * MINUTE), (6 * HOUR + 180, 20.1)], 21_660, 21_780),
    # known from half an hour on; over when the mean is 950 or less: 25 of 60 minutes at 600
    "co2-hour": Step([*held(1_200, 0, HOUR - MINUTE), *held(600, HOUR, HOUR + 40 * MINUTE)], 30 * MINUTE, 5_100),
    # 1 an hour: known once the steps of 75 s span half of the window
    "water-rises": Step(
        [*[(n * MINUTE, n / 60) for n in range(61)], *held(1.0, 61 * MINUTE, 100 * MINUTE)], 975, 4_650
    ),
    # 210 ppm for ten minutes are 35 ppm x h; over when the window, minute by minute, has left two of them behind
    "co-dose": Step([*held(210, 0, 600, 10), *held(0, 610, 4_000, 10)], true=600, over=3_660, every=10),
    "unusual-power": Step(usual_power(), true=22 * DAY + 900, over=22 * DAY + HOUR, every=HOUR),
    # 4 % an hour: 90 % is within six hours from 66 % on; two readings of the emptied bin end it
    "bin-full-soon": Step(
        [*[(n * 1_800.0, n * 2.0) for n in range(36)], (18 * HOUR, 5.0), (18.5 * HOUR, 5.0)],
        true=17 * HOUR,
        over=18.5 * HOUR,
        every=1_800,
    ),
    # the tenth change after five minutes; over when the first has left the window of ten
    "chatters": Step([(n * 30.0, float(n % 2)) for n in range(11)], true=300, over=630, every=30),
    # the second detector; over a minute after the first of them is silent again
    "fire-confirmed": Step([(10, 1), (50, 0)], 30, 110, others=(("e.smoke", 30, 1), ("e.smoke", 90, 0))),
    # the first opening has a card before it
    "door-forced": Step(
        [(0, 0), (12, 1), (20, 0), (40, 1), (50, 0)], 40, 50, others=(("d.credential", 10, "access.granted"),)
    ),
    "denied-repeatedly": Step(
        true=50, over=70, others=tuple(("d.credential", 10.0 * n, "access.denied") for n in range(1, 6))
    ),
}


def case_of(rule: dict[str, Any], step: Step) -> Case:
    own = f"d.{rule['select']['measure']}"
    given = [Given(at=at, point=own, value=x) for at, x in step.readings]
    given += [
        Given(at=at, point=point, event=said) if isinstance(said, str) else Given(at=at, point=point, value=said)
        for point, at, said in step.others
    ]
    scope = "z1" if "vote" in rule["when"] else own
    expect = (
        Expected(at=step.true, rule=rule["id"], scope=scope),
        Expected(at=step.over, rule=rule["id"], scope=scope, becomes="cleared"),
    )
    return Case(
        id=rule["id"], name=Text(zh=rule["id"]), given=tuple(given), until=step.over + 5 * MINUTE, expect=expect
    )


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule["id"])
def test_it_is_true_and_over_when_the_page_says(rule: dict[str, Any]) -> None:
    step = STEPS[rule["id"]]
    points = {f"d.{rule['select']['measure']}", *(point for point, *_ in step.others)}
    site = make_site(
        {p: {"kind": KINDS.get(p.partition(".")[2], "number"), "every": step.every} for p in points}, [rule]
    )
    verdict = try_case(site, case_of(rule, step))
    assert (verdict.missing, verdict.surplus) == ((), ())
