"""Alarms without a record, as pages have them while the rules tell of them, and when they no longer do."""

import pytest

from api.live.unrecorded import FORGOTTEN_S, LINGERS_S, SILENT_S, UnrecordedBoard
from backbone.unrecorded import MOST_ALARMS, UnrecordedAlarm, UnrecordedError, encode, gathered
from community.alarms import raise_alarm
from community.site.rules import Grade
from community.site.site import Site
from tests.unit.api.house import NOW, SMOKE


class Steady:
    """Seconds, that pass when they are told to."""

    def __init__(self) -> None:
        self.s = 1_000.0

    def __call__(self) -> float:
        return self.s


def alarm(site: Site, rule: str = "smoke", at: int = NOW) -> UnrecordedAlarm:
    row = next(row for row in site.file.rules if row.id == rule)
    raised = raise_alarm(site=site.id, rule=row, scope=SMOKE, zone="b3-f1", at=at, value=1.0, points=(SMOKE,))
    return UnrecordedAlarm(raised, ("wang-wei",))


def said(*alarms: UnrecordedAlarm) -> bytes:
    return encode(gathered(alarms, NOW))


def test_what_is_told_is_shown_until_its_record_had_time_to_come(site: Site) -> None:
    steady, fire = Steady(), alarm(site)
    board = UnrecordedBoard(lambda: NOW, steady)
    assert board.take(said(fire), kept=False)
    assert board.shown.alarms == (fire,)
    assert not board.take(said(fire), kept=False), "a repeat is no news"
    assert not board.take(said(), kept=False), "its record is on the way"
    steady.s += LINGERS_S
    assert board.look()
    assert not board.shown.alarms


def test_where_nobody_stands_for_it_any_more_that_is_said_and_in_the_end_it_goes(site: Site) -> None:
    steady, fire = Steady(), alarm(site)
    board = UnrecordedBoard(lambda: NOW, steady)
    board.take(said(fire), kept=False)
    steady.s += SILENT_S
    assert board.look()
    assert (board.shown.alarms, board.shown.silent_since) == ((fire,), NOW)
    assert board.take(said(fire), kept=False), "heard again"
    assert board.shown.silent_since is None
    steady.s += FORGOTTEN_S
    assert board.look()
    assert not board.shown.alarms


def test_what_the_broker_kept_is_as_old_as_it_says(site: Site) -> None:
    board = UnrecordedBoard(lambda: NOW + 60_000, Steady())
    board.take(said(alarm(site)), kept=True)
    assert board.shown.silent_since == NOW
    assert not UnrecordedBoard(lambda: NOW + 86_400_000, Steady()).take(said(alarm(site)), kept=True)


def test_of_very_many_the_graver_and_newer_are_told_and_how_many_are_not(site: Site) -> None:
    many = [alarm(site, at=NOW + n) for n in range(MOST_ALARMS)]
    told = gathered([*many, alarm(site, "fire-confirmed")], NOW)
    assert told.left_off == 1
    assert told.alarms[0].alarm.grade is Grade.HIGH
    assert told.alarms[1].alarm.raised_at == NOW + MOST_ALARMS - 1


def test_garbage_changes_nothing(site: Site) -> None:
    board = UnrecordedBoard(lambda: NOW, Steady())
    board.take(said(alarm(site)), kept=False)
    before = board.shown
    for payload in (b"", b"{", b"[]", b'{"at":"x"}', b"\xff" * 10):
        with pytest.raises(UnrecordedError):
            board.take(payload, kept=False)
    assert board.shown is before
