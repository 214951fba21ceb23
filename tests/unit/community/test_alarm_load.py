"""Floods: over ten in ten minutes, until under five; the same whenever and however often one looks."""

from bisect import bisect_right

from hypothesis import given
from hypothesis import strategies as st

from community.alarm_load import FLOOD, FLOOD_ENDS, WINDOW_MS, Flood, flooded_ms, floods_of

MINUTE = 60_000
TIMES = st.lists(st.integers(0, 90 * MINUTE), max_size=80).map(sorted)


def test_a_flood_ends_when_less_than_five_are_left() -> None:
    times = [number * 1_000 for number in range(11)]
    ended = WINDOW_MS + 6_000
    assert floods_of(times[:10], 5 * MINUTE) == []
    assert floods_of(times, ended - 1) == [Flood(10_000, None, 11)]
    assert floods_of(times, ended) == [Flood(10_000, ended, 11)]
    again = [*times, *(20 * MINUTE + at for at in times)]
    assert [flood.begun_at for flood in floods_of(again, 60 * MINUTE)] == [10_000, 20 * MINUTE + 10_000]
    assert flooded_ms(floods_of(again, 60 * MINUTE), 60 * MINUTE) == 2 * (ended - 10_000)


@given(TIMES, st.integers(0, 120 * MINUTE))
def test_a_flood_is_what_a_look_at_every_moment_finds(times: list[int], now: int) -> None:
    times = [at for at in times if at <= now]
    flood = False
    for moment in sorted({*times, *(at + WINDOW_MS for at in times), now}):
        if moment <= now:
            lately = bisect_right(times, moment) - bisect_right(times, moment - WINDOW_MS)
            flood = lately >= FLOOD_ENDS if flood else lately > FLOOD
    found = floods_of(times, now)
    assert flood == bool(found and found[-1].ended_at is None)
    assert all(flood.ended_at is not None for flood in found[:-1])


@given(TIMES, st.data())
def test_what_was_a_flood_stays_one_on_record(times: list[int], data: st.DataObject) -> None:
    earlier = data.draw(st.integers(0, 120 * MINUTE))
    before = floods_of([at for at in times if at <= earlier], earlier)
    after = floods_of(times, 120 * MINUTE)
    ended = [flood for flood in before if flood.ended_at is not None]
    assert after[: len(ended)] == ended
    assert [flood.begun_at for flood in after[: len(before)]] == [flood.begun_at for flood in before]
