"""What a trial says of rules: how often, how long, and the load on one person, as reckoned by hand."""

from community.alarm_load import Episode, by_rule, load_of
from community.site.rules import Grade

MINUTE, HOUR, DAY = 60_000, 3_600_000, 86_400_000
WEEK = 7 * DAY


def episode(rule: str, scope: str, at: int, until: int | None, grade: Grade = Grade.MEDIUM) -> Episode:
    return Episode(rule, scope, "z", grade, at, None, until)


LEAKS = [episode("leak", f"leak-{n}", HOUR + n * MINUTE, HOUR + n * MINUTE + 5 * MINUTE) for n in range(12)]
"""Twelve within eleven minutes."""
FIRE = episode("fire", "hall", 2 * DAY, 2 * DAY + HOUR, Grade.HIGH)
STANDS = episode("silent", "smoke-1", 3 * DAY, None)
FLICKERS = [episode("door", "door-1", 4 * DAY + n * 20_000, 4 * DAY + n * 20_000 + 5_000) for n in range(3)]
BIN = episode("bin", "bin-1", DAY, DAY + HOUR, Grade.LOW)
ALL = [*LEAKS, BIN, FIRE, STANDS, *FLICKERS]


def test_the_load_on_one_person() -> None:
    load = load_of(ALL, 0, WEEK)
    assert (load.alarms, load.tickets) == (17, 1)
    assert load.per_10_min == 17 / 1008
    assert (load.peak_10_min, load.floods, load.acceptable) == (10, 0, True)
    assert load.share == {"high": 5.9, "medium": 94.1}
    assert load.top_ten_share == round(100 * 12 / 17, 1), "the door thrice, and nine of the others"
    assert load.stale == 1


def test_eleven_in_ten_minutes_are_too_many() -> None:
    load = load_of([*LEAKS, episode("leak", "leak-x", HOUR + MINUTE, None)], 0, WEEK)
    assert (load.peak_10_min, load.floods, load.acceptable) == (11, 1, False)


def test_nothing_is_a_load_too() -> None:
    load = load_of([], 0, 0)
    assert (load.alarms, load.per_10_min, load.peak_10_min, load.top_ten_share, load.acceptable) == (0, 0, 0, 0, True)


def test_what_each_rule_did_the_most_frequent_first() -> None:
    rows = by_rule(ALL, WEEK)
    assert [row.rule for row in rows] == ["leak", "door", "bin", "fire", "silent"]
    leak, door, *_, silent = rows
    assert (leak.count, leak.standing_ms, leak.longest_ms, leak.open) == (12, 60 * MINUTE, 5 * MINUTE, 0)
    assert (door.worst, door.chattering, leak.chattering) == ("door-1", 1, 0)
    assert (silent.open, silent.longest_ms, silent.first_at) == (1, 4 * DAY, 3 * DAY)
