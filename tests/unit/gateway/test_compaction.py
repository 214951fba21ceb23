"""Small frames are merged while they wait: nothing is lost, whoever stands wherever."""

from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from backbone.frames import FrameBuilder, FrameEvent, decode
from backbone.position import Position, Verdict, decide
from community.site.profile import Lane
from gateway.compaction import MERGED_READINGS, READING_BYTES, SETTLED_MS
from gateway.flow import NO_END, LaneFlow, Window
from gateway.spool import Spool

NOW = 1_790_000_000_000
Told = tuple[str, int]


def filled(folder: Path, frames: int, *, devices: int = 40, damaged: int = 0) -> Spool:
    spool = Spool.open(folder, max_bytes=10**9, max_age_ms=10**10, now=NOW)
    builder = FrameBuilder()
    for number in range(frames):
        builder.add(f"climate-{number % devices}.temperature", NOW + number, number / 7, 0)
        builder.add(f"climate-{number % devices}.humidity", NOW + number, number / 9, 1)
        if number % 50 == 0:
            builder.add_event(FrameEvent("door-1.credential", NOW + number, "access.granted", {"n": number}))
        spool.put(Lane.BULK, builder, NOW + number)
    spool.flush(NOW)
    return spool


def compact_all(spool: Spool, ranges: list[tuple[int, int]]) -> None:
    while spool.compact(ranges, NOW + 10 * SETTLED_MS):
        pass


def heard_from(spool: Spool, position: int) -> list[Told]:
    """What a consumer that stands at `position` is given, as it decides about each frame."""
    told: list[Told] = []
    place = Position(spool.epoch, 0, position)
    while (row := spool.after(Lane.BULK, place.bulk)) is not None:
        frame = decode(spool.wire(row, place.bulk))
        verdict, place = decide(place, Lane.BULK, frame.epoch, frame.seq, frame.previous)
        assert verdict is Verdict.ACCEPT
        told += [(frame.points[p], t) for p, t in zip(frame.p.tolist(), frame.t.tolist(), strict=True)]
        told += [(event.point, event.t) for event in frame.events]
    return told


@given(st.integers(0, 900), st.integers(0, 1000), st.integers(0, 1000))
@settings(max_examples=15, deadline=None)
def test_whoever_stands_wherever_gets_all_the_rest(
    tmp_path_factory: object, after: int, upto: int, position: int
) -> None:
    spool = filled(tmp_path_factory.mktemp("spool"), 1000)  # type: ignore[attr-defined]
    before = heard_from(spool, position)
    compact_all(spool, [(after, max(after, upto)), (max(after, upto), NO_END)])
    now = heard_from(spool, position)
    assert set(before) <= set(now)
    if position <= after:
        assert sorted(now) == sorted(before), "and nothing twice where nothing was on its way"
    spool.close(NOW)


def test_a_week_of_single_messages_takes_little_more_than_its_columns(tmp_path: Path) -> None:
    spool = filled(tmp_path, 6_000)
    small = spool.size
    compact_all(spool, [(0, NO_END)])
    assert spool.frames < 6_000 * 2 / MERGED_READINGS * 2
    assert spool.size < 12_200 * READING_BYTES < small / 2
    assert spool.size == sum(spool.file.totals(lane).size for lane in Lane)
    count = len(heard_from(spool, 0))
    spool.close(NOW)
    again = Spool.open(tmp_path, max_bytes=10**9, max_age_ms=10**10, now=NOW)
    assert len(heard_from(again, 0)) == count == 12_120
    again.close(NOW)


def test_frames_of_the_last_seconds_and_those_under_way_stay_as_they_are(tmp_path: Path) -> None:
    spool = filled(tmp_path, 700)
    assert not spool.compact([(0, NO_END)], NOW + SETTLED_MS)
    compact_all(spool, [(600, NO_END)])
    assert spool.frames == 700, "too few to be worth it"
    spool.close(NOW)


def test_which_frames_are_under_way() -> None:
    flow = LaneFlow({"rules": 0, "ingest": 0}, Window(10, 10_000))
    for seq in range(1, 9):
        flow.sent(flow.live, seq, 100, NOW)
    assert flow.at_rest() == [(8, NO_END)]
    flow.commit("rules", 6, NOW)
    assert flow.at_rest() == [(8, NO_END)], "one has them, the other was sent them"
    flow.reset(NOW)
    for seq in range(7, 9):
        flow.sent(flow.live, seq, 100, NOW)
    assert flow.at_rest() == [(0, 6), (8, NO_END)], "the one that lags was sent nothing of them yet"
