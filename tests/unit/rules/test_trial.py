"""Rules on recorded readings find what the running rules find; cases say exactly what they miss."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from backbone.frames import FrameEvent
from backbone.historian.port import ReadingBatch
from backbone.settings import Settings
from backbone.site_files import read_site
from community.alarm_difference import difference
from community.alarm_load import Episode, by_rule, load_of
from community.alarms import AlarmState
from community.site.memory import memory_s, warm_up_ms
from community.site.problems import SiteErrors
from community.site.rules import Grade
from rules.trial.cases import load_cases, try_case
from rules.trial.replay import Replay, replay
from tests.servers import ROOT
from tests.unit.rules.sites import make_site

NOW = 1_790_000_000_000
MINUTE = 60_000
RULES = [
    {"id": "hot", "select": {"measure": "temperature"}, "when": {"above": 40}, "for": "30s"},
    {"id": "fire", "select": {"measure": "smoke"}, "when": {"equals": 1}, "risk": "high"},
]
POINTS = {"a.temperature": {}, "b.smoke": {"kind": "boolean"}}
SITE = make_site(POINTS, RULES)
COOLER = make_site(POINTS, [{**RULES[0], "when": {"above": 50}}, RULES[1]])


def batch(rows: list[tuple[str, int, float]]) -> ReadingBatch:
    names = tuple(dict.fromkeys(name for name, *_ in rows))
    return ReadingBatch(
        "test",
        names,
        np.array([names.index(name) for name, *_ in rows], np.uint32),
        np.array([t for _, t, _ in rows], np.int64),
        np.array([x for *_, x in rows], np.float64),
        np.zeros(len(rows), np.uint8),
    )


def warm(begin: int, end: int, x: float) -> list[tuple[str, int, float]]:
    return [("a.temperature", t, x) for t in range(begin, end, 10_000)]


def test_two_sites_are_compared_on_the_same_readings() -> None:
    rows = [
        *warm(NOW, NOW + 5 * MINUTE, 45.0),
        *warm(NOW + 5 * MINUTE, NOW + 10 * MINUTE, 55.0),
        ("nobody.x", NOW, 1.0),
    ]
    new, old = replay([SITE, COOLER], [batch(sorted(rows, key=lambda row: row[1]))], [], NOW, NOW + 10 * MINUTE)
    assert [(e.rule, e.raised_at, e.cleared_at) for e in new.episodes] == [("hot", NOW + 30_000, None)]
    assert [(e.rule, e.raised_at) for e in old.episodes] == [("hot", NOW + 5 * MINUTE + 30_000)]
    assert new.unknown == {"nobody.x"}
    found = difference(new.episodes, old.episodes)
    assert (found.both, found.only_new, found.only_old) == (0, (), ())
    assert [moved.later_ms for moved in found.moved] == [-5 * MINUTE]


@settings(max_examples=30, deadline=None)
@given(st.lists(st.integers(1, 40), min_size=1, max_size=8))
def test_any_batching_finds_the_same(sizes: list[int]) -> None:
    rng = np.random.default_rng(7)
    rows = [("a.temperature", NOW + i * 7_000, float(40 + 8 * np.sin(i / 9) + rng.normal(0, 1))) for i in range(120)]
    whole = Replay(SITE, NOW)
    whole.take(batch(rows))
    pieces, at = Replay(SITE, NOW), 0
    while at < len(rows):
        size = sizes[at % len(sizes)]
        pieces.take(batch(rows[at : at + size]))
        at += size
    assert pieces.episodes == whole.episodes
    assert whole.episodes


def test_rules_beside_themselves_differ_in_nothing() -> None:
    rows = [("a.temperature", NOW, 20.0), ("a.temperature", NOW + 30_000, 60.0)]
    new, old = replay([SITE, SITE], [batch(rows)], [], NOW, NOW + MINUTE)
    assert len(new.episodes) == 1
    assert new.episodes == old.episodes


def test_events_are_judged_among_the_readings() -> None:
    site = make_site(
        {"door.contact": {"kind": "boolean", "family": "access"}},
        [
            {
                "id": "forced",
                "select": {"measure": "contact"},
                "when": {"sequence": {"state": 1, "unless": "access.granted", "within": "3s"}},
            }
        ],
    )
    rows = [("door.contact", NOW + t, x) for t, x in ((0, 0.0), (10_000, 1.0), (20_000, 0.0), (30_000, 1.0))]
    card = FrameEvent("door.contact", NOW + 9_000, "access.granted")
    (one,) = replay([site], [batch(rows)], [card], NOW, NOW + MINUTE)
    assert [e.raised_at for e in one.episodes] == [NOW + 30_000], "the first time a card opened it"


def episode(at: int, grade: Grade = Grade.MEDIUM, scope: str = "a", length: int | None = 1_000) -> Episode:
    return Episode("r", scope, "z", grade, at, None, None if length is None else at + length)


def test_the_load_is_what_people_would_have_had() -> None:
    flood = [episode(NOW + i * 1_000, scope=f"s{i}") for i in range(12)]
    later = [episode(NOW + 50 * MINUTE, Grade.HIGH, length=None), episode(NOW + 51 * MINUTE, Grade.LOW)]
    load = load_of([*flood, *later], NOW, NOW + 60 * MINUTE)
    assert (load.alarms, load.tickets, load.peak_10_min, load.floods) == (13, 1, 12, 1)
    assert load.share == {"high": 7.7, "medium": 92.3}
    assert not load.acceptable
    assert load_of([], NOW, NOW + MINUTE).acceptable
    chatter = [episode(NOW + i * 20_000) for i in range(3)]
    (row,) = by_rule(chatter, NOW + 60 * MINUTE)
    assert (row.count, row.chattering, row.standing_ms) == (3, 1, 3_000)


def test_the_demo_does_what_its_cases_say() -> None:
    path = ROOT / "sites" / "jinxiu.cases.yaml"
    text = path.read_text(encoding="utf-8")
    site = read_site(Settings(site=ROOT / "sites" / "jinxiu.yaml"))
    verdicts = [try_case(site, case) for case in load_cases(text, site, path.name).cases]
    assert len(verdicts) >= 15
    assert [v.case.id for v in verdicts if not v.right] == []


def test_a_case_says_what_is_missing_and_what_is_too_much() -> None:
    text = """
cases:
  - id: one
    name: {zh: 一}
    given: [{at: 10s, point: b.smoke, value: 1}]
    until: 30s
    expect: [{at: 10s, rule: hot, scope: a.temperature}]
"""
    (case,) = load_cases(text, SITE, "c.yaml").cases
    verdict = try_case(SITE, case)
    assert not verdict.right
    assert [row.rule for row in verdict.missing] == ["hot"]
    assert [(row.rule, row.at) for row in verdict.surplus] == [("fire", 10.0)]


LEAK = make_site(
    {"a.leak": {"kind": "boolean"}},
    [
        {
            "id": "leak",
            "select": {"measure": "leak"},
            "when": {"equals": 1},
            "risk": "medium",
            "latch": True,
            "re_alarm": "1m",
        }
    ],
)
ANSWERED = """
cases:
  - id: one
    name: {zh: 一}
    given:
      - {at: 5s, acknowledge: leak, scope: a.leak, refused: true}
      - {at: 10s, point: a.leak, value: 1}
      - {at: 20s, acknowledge: leak, scope: a.leak}
      - {at: 30s, reset: leak, scope: a.leak, refused: true}
      - {at: 90s, acknowledge: leak, scope: a.leak}
      - {at: 100s, point: a.leak, value: 0}
      - {at: 110s, reset: leak, scope: a.leak}
    until: 2m
    expect:
      - {at: 10s, rule: leak, scope: a.leak}
      - {at: 100s, rule: leak, scope: a.leak, becomes: cleared}
    alarms:
      - {at: 5s, rule: leak, scope: a.leak, state: normal}
      - {at: 10s, rule: leak, scope: a.leak, state: unacknowledged}
      - {at: 79s, rule: leak, scope: a.leak, state: acknowledged}
      - {at: 80s, rule: leak, scope: a.leak, state: unacknowledged}
      - {at: 100s, rule: leak, scope: a.leak, state: latched}
      - {at: 110s, rule: leak, scope: a.leak, state: normal}
"""


def test_people_acknowledge_and_reset_in_a_case() -> None:
    (case,) = load_cases(ANSWERED, LEAK, "c.yaml").cases
    assert try_case(LEAK, case).right


@pytest.mark.parametrize(
    ("before", "after", "told"),
    [
        ("79s, rule: leak, scope: a.leak, state: acknowledged", "79s, rule: leak, scope: a.leak, state: latched", ""),
        ("{at: 30s, reset: leak, scope: a.leak, refused: true}", "{at: 30s, reset: leak, scope: a.leak}", "latched"),
        ("{at: 110s, reset: leak, scope: a.leak}", "{at: 110s, reset: leak, scope: a.leak, refused: true}", None),
    ],
)
def test_a_case_that_is_answered_otherwise_is_wrong(before: str, after: str, told: str | None) -> None:
    assert before in ANSWERED
    (case,) = load_cases(ANSWERED.replace(before, after), LEAK, "c.yaml").cases
    verdict = try_case(LEAK, case)
    assert not verdict.right
    if told == "":
        assert [(row.at, state) for row, state in verdict.states] == [(79.0, AlarmState.ACKNOWLEDGED)]
    else:
        ((_, why),) = verdict.refused
        assert why is None if told is None else told in str(why)


@pytest.mark.parametrize(
    ("row", "sentence"),
    [
        ("{at: 5s, acknowledge: leak}", "say at which 'scope' the alarm is: the point, or the zone of a vote"),
        ("{at: 5s, reset: leek, scope: a.leak}", "the site has no rule 'leek'"),
        ("{at: 5s, value: 1}", "say which 'point' it is of"),
        ("{at: 5s, point: a.leak, value: 1, reset: leak}", "give one of 'value', 'event', 'acknowledge' and 'reset'"),
    ],
)
def test_an_answer_that_makes_no_sense_is_told(row: str, sentence: str) -> None:
    text = ANSWERED.replace("{at: 5s, acknowledge: leak, scope: a.leak, refused: true}", row)
    with pytest.raises(SiteErrors) as refused:
        load_cases(text, LEAK, "c.yaml")
    assert sentence in str(refused.value)


def test_mistakes_in_cases_are_told_with_their_place() -> None:
    text = """
cases:
  - id: one
    name: {zh: 一}
    given:
      - {at: 10s, point: b.smok, value: 1}
      - {at: 10s, point: b.smoke}
      - {at: soon, point: b.smoke, value: 1}
    until: 30s
"""
    with pytest.raises(SiteErrors) as refused:
        load_cases(text, SITE, "c.yaml")
    assert "c.yaml:8:14" in str(refused.value)
    with pytest.raises(SiteErrors) as refused:
        load_cases(text.replace("soon", "1s"), SITE, "c.yaml")
    told = [str(problem) for problem in refused.value.problems]
    assert told == [
        "c.yaml:6:26: the site has no point 'b.smok'",
        "c.yaml:7:9: give one of 'value', 'event', 'acknowledge' and 'reset'",
    ]


def test_rules_remember_as_long_as_their_longest_window() -> None:
    site = make_site(
        {"a.x": {"every": 10}},
        [
            {"id": "now", "select": {"measure": "x"}, "when": {"above": 1}, "for": "1m", "clear_after": "30s"},
            {"id": "week", "select": {"measure": "x"}, "when": {"deviation": {"over": "7d"}}},
            {"id": "season", "select": {"measure": "x"}, "when": {"deviation": {"baseline": "seasonal"}}},
            {"id": "silent", "select": {"measure": "x"}, "when": {"stale": {"for": "3x"}}},
            {"id": "both", "select": {"measure": "x"}, "when": {"all": [{"alarm": "week"}, {"above": 1}]}, "for": "1h"},
            {
                "id": "wider",
                "select": {"measure": "x"},
                "when": {"mean": {"over": "1h", "above": 1}},
                "overrides": [{"select": {"point": "a.x"}, "when": {"mean": {"over": "24h", "above": 1}}}],
            },
        ],
    )
    day = 86_400.0
    assert memory_s(site) == {
        "now": 90.0,
        "week": 29 * day,
        "season": 28 * day,
        "silent": 30.0,
        "both": 29 * day + 3_600,
        "wider": day,
    }
    assert warm_up_ms(site) == round((29 * day + 3_600) * 1000)
    assert warm_up_ms(SITE) == round(day * 1000), "a day at least: some sensors tell changes only"
