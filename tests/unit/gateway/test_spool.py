"""The spool's own promises; what survives kill -9 is shown in tests/faults."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from backbone.frames import FrameBuilder, FrameEvent, decode
from backbone.losses import loss_of
from community.losses import LossReason
from community.site.profile import Lane
from gateway.spool import MEMORY_BYTES, RESERVED_AHEAD, Spool
from gateway.spool_file import FILE

NOW = 1_790_000_000_000
MB = 1_000_000


def open_spool(folder: Path, *, max_bytes: int = 100 * MB, max_age_ms: int = 10**9, now: int = NOW) -> Spool:
    return Spool.open(folder, max_bytes=max_bytes, max_age_ms=max_age_ms, now=now)


@pytest.fixture
def spool(tmp_path: Path) -> Iterator[Spool]:
    opened = open_spool(tmp_path)
    yield opened
    opened.close(NOW)


def put(spool: Spool, lane: Lane, value: float, *, readings: int = 1, now: int = NOW) -> None:
    builder = FrameBuilder()
    for _ in range(readings):
        builder.add("d.m", now, value, 0)
    spool.put(lane, builder, now)


def walk(spool: Spool, lane: Lane, at: int = 0) -> list[float]:
    """The first value of each frame beyond `at`, as a consumer there would be sent them."""
    values = []
    while (row := spool.after(lane, at)) is not None:
        frame = decode(spool.wire(row, at))
        assert frame.previous <= at
        assert frame.epoch == spool.epoch
        values.append(float(frame.x[0]))
        at = row.seq
    return values


def test_frames_are_numbered_from_one_a_lane_and_chained(spool: Spool) -> None:
    put(spool, Lane.BULK, 1.0)
    put(spool, Lane.URGENT, 2.0)
    put(spool, Lane.BULK, 3.0)
    spool.flush(NOW)
    row = spool.after(Lane.BULK, 1)
    assert row is not None
    assert (row.seq, row.prev) == (2, 1)
    assert spool.newest(Lane.URGENT) == 1
    assert spool.frames == 3


def test_a_restart_keeps_frames_and_epoch_and_never_gives_a_number_twice(tmp_path: Path) -> None:
    first = open_spool(tmp_path)
    put(first, Lane.BULK, 1.0)
    first.close(NOW)
    second = open_spool(tmp_path, now=NOW + 5)
    put(second, Lane.BULK, 2.0)
    second.flush(NOW)
    assert second.epoch == first.epoch
    assert second.newest(Lane.BULK) > RESERVED_AHEAD
    assert walk(second, Lane.BULK) == [1.0, 2.0]
    second.close(NOW)


def test_frames_are_found_before_and_after_they_are_written(spool: Spool) -> None:
    for value in range(600):
        put(spool, Lane.BULK, float(value))
        if value == 300:
            spool.flush(NOW)
    expected = [float(value) for value in range(600)]
    assert walk(spool, Lane.BULK) == expected
    spool.flush(NOW)
    assert walk(spool, Lane.BULK) == expected
    assert walk(spool, Lane.BULK, 590) == expected[590:]


def test_what_all_have_is_forgotten(spool: Spool) -> None:
    for value in range(10):
        put(spool, Lane.BULK, float(value))
    spool.flush(NOW)
    spool.forget(Lane.BULK, 7)
    spool.tidy(NOW)
    assert spool.frames == 3
    assert walk(spool, Lane.BULK) == [7.0, 8.0, 9.0]
    spool.forget(Lane.BULK, 10)
    spool.tidy(NOW)
    assert (spool.frames, spool.size) == (0, 0)


def test_who_goes_back_gets_what_is_there_and_the_rest_is_on_record(spool: Spool) -> None:
    for n in range(1, 6):
        put(spool, Lane.BULK, n, readings=10, now=NOW + n * 20_000)
        spool.flush(NOW)
        if n == 3:
            spool.forget(Lane.BULK, 1)
            spool.tidy(NOW)
            spool.forget(Lane.BULK, 3)
            spool.tidy(NOW)
    spool.forget(Lane.BULK, 4)
    spool.go_back(Lane.BULK, 4, LossReason.HISTORY_WENT_BACK, NOW)
    assert spool.losses.reports("gw", NOW) == []
    spool.go_back(Lane.BULK, 1, LossReason.HISTORY_WENT_BACK, NOW)
    assert walk(spool, Lane.BULK, 1) == [4, 5]
    ((event, _),) = spool.losses.reports("gw", NOW)
    loss = loss_of(event, "gw")
    assert (loss.lane, loss.reason, loss.count) == ("bulk", LossReason.HISTORY_WENT_BACK, 20)
    assert (loss.first, loss.last) == (NOW + 20_000, NOW + 60_000)


def test_the_oldest_bulk_is_dropped_first_and_counted(tmp_path: Path) -> None:
    spool = open_spool(tmp_path, max_bytes=MB)
    put(spool, Lane.URGENT, -1.0)
    for value in range(600):
        put(spool, Lane.BULK, float(value), readings=100)
        spool.flush(NOW)
    assert spool.size <= MB
    assert walk(spool, Lane.URGENT) == [-1.0]
    kept = walk(spool, Lane.BULK)
    assert kept == [float(value) for value in range(600 - len(kept), 600)]
    assert spool.counters.dropped_frames == 600 - len(kept)
    assert spool.counters.dropped_readings == 100 * (600 - len(kept))
    spool.close(NOW)


def test_urgent_frames_go_only_when_nothing_else_is_left(tmp_path: Path) -> None:
    spool = open_spool(tmp_path, max_bytes=MB)
    for value in range(600):
        put(spool, Lane.URGENT, float(value), readings=100)
        spool.flush(NOW)
    kept = walk(spool, Lane.URGENT)
    assert spool.size <= MB
    assert kept[-1] == 599.0
    spool.close(NOW)


def test_frames_too_old_are_dropped_unless_the_clock_was_not_set(tmp_path: Path) -> None:
    spool = open_spool(tmp_path, max_age_ms=1000)
    put(spool, Lane.BULK, 1.0, now=5_000)
    put(spool, Lane.BULK, 2.0, now=NOW)
    spool.flush(NOW)
    spool.tidy(NOW + 2_000)
    assert walk(spool, Lane.BULK) == [1.0, 2.0], "put in 1970: its age is unknown, and so is that of what follows"
    spool.forget(Lane.BULK, 1)
    spool.tidy(NOW + 2_000)
    spool.tidy(NOW + 2_000)
    assert walk(spool, Lane.BULK) == []
    assert spool.counters.dropped_frames == 1
    spool.close(NOW)


def test_what_was_made_before_the_clock_was_set_is_sent_with_the_time_it_had(spool: Spool) -> None:
    builder = FrameBuilder()
    builder.add("d.m", 5_000, 1.0, 0)
    builder.add_event(FrameEvent("door.credential", 6_000, "access.denied", {}))
    spool.put(Lane.URGENT, builder, 7_000)
    spool.clock_set_by = NOW
    row = spool.after(Lane.URGENT, 0)
    assert row is not None
    frame = decode(spool.wire(row, 0))
    assert (frame.t[0], frame.events[0].t, frame.sent) == (NOW + 5_000, NOW + 6_000, NOW + 7_000)


def test_a_damaged_file_is_moved_aside_and_read_as_far_as_it_goes(tmp_path: Path) -> None:
    spool = open_spool(tmp_path)
    for value in range(200):
        put(spool, Lane.BULK, float(value), readings=50)
    spool.close(NOW)
    path = tmp_path / FILE
    content = bytearray(path.read_bytes())
    for page in range(len(content) // 4096 // 2 * 4096, len(content), 4096):
        content[page : page + 64] = b"\xff" * 64
    path.write_bytes(content)
    second = open_spool(tmp_path, now=NOW + 1)
    assert second.recovery is not None
    assert (tmp_path / second.recovery.kept_as).exists()
    assert second.epoch > spool.epoch
    saved = walk(second, Lane.BULK)
    assert saved == [float(value) for value in range(len(saved))]
    put(second, Lane.BULK, -1.0)
    assert walk(second, Lane.BULK) == [*saved, -1.0]
    second.close(NOW)


def test_a_frame_damaged_on_the_disk_is_passed_over_and_counted(tmp_path: Path) -> None:
    spool = open_spool(tmp_path)
    for value in range(3):
        put(spool, Lane.BULK, float(value))
    spool.close(NOW)
    path = tmp_path / FILE
    content = path.read_bytes()
    body = content.rindex(b"d.m", 0, content.rindex(b"d.m"))
    path.write_bytes(content[:body] + b"e" + content[body + 1 :])
    second = open_spool(tmp_path)
    assert len(walk(second, Lane.BULK)) == 2
    assert len(second.file.damaged) == 1
    second.close(NOW)


@pytest.mark.parametrize("content", [b"", b"not a database at all" * 500, b"SQLite format 3\x00" + b"\x00" * 5000])
def test_no_file_is_too_broken_to_start_with(tmp_path: Path, content: bytes) -> None:
    (tmp_path / FILE).write_bytes(content)
    spool = open_spool(tmp_path)
    put(spool, Lane.BULK, 1.0)
    spool.flush(NOW)
    assert walk(spool, Lane.BULK) == [1.0]
    spool.close(NOW)


def test_a_lost_file_begins_a_higher_epoch_even_when_the_clock_went_back(tmp_path: Path) -> None:
    spool = open_spool(tmp_path)
    spool.close(NOW)
    (tmp_path / FILE).unlink()
    second = open_spool(tmp_path, now=5_000)
    assert second.epoch == spool.epoch + 1
    second.close(NOW)


def test_a_new_numbering_carries_what_is_kept(spool: Spool) -> None:
    put(spool, Lane.BULK, 1.0)
    spool.flush(NOW)
    spool.renumber(spool.epoch + 7, NOW)
    put(spool, Lane.BULK, 2.0)
    assert walk(spool, Lane.BULK) == [1.0, 2.0]


def fill(spool: Spool, pages: int) -> None:
    """As a full disk: the file may not grow beyond what it has."""
    spool.file.execute(f"PRAGMA max_page_count={pages}")


def test_a_full_disk_keeps_frames_in_memory_until_it_has_room(spool: Spool) -> None:
    put(spool, Lane.BULK, 0.0)
    spool.flush(NOW)
    fill(spool, 1)
    for value in range(1, 50):
        put(spool, Lane.BULK, float(value), readings=200)
        spool.flush(NOW + value * 2_000)
    assert spool.failing
    assert spool.counters.disk_failures > 10
    assert walk(spool, Lane.BULK) == [float(value) for value in range(50)], "sent from memory"
    fill(spool, 1_000_000)
    spool.flush(NOW + 200_000)
    assert spool.failing is None
    assert walk(spool, Lane.BULK) == [float(value) for value in range(50)]


def test_a_start_without_a_usable_disk_keeps_frames_in_memory(tmp_path: Path) -> None:
    first = open_spool(tmp_path / "spool")
    put(first, Lane.BULK, 1.0)
    first.close(NOW)
    (tmp_path / "spool").rename(tmp_path / "kept")
    (tmp_path / "spool").write_text("no folder can be made here")
    second = open_spool(tmp_path / "spool", now=NOW + 2_000)
    assert second.in_memory
    assert second.epoch > first.epoch
    put(second, Lane.BULK, 2.0)
    second.flush(NOW)
    assert walk(second, Lane.BULK) == [2.0]
    second.close(NOW)
    (tmp_path / "spool").unlink()
    (tmp_path / "kept").rename(tmp_path / "spool")
    third = open_spool(tmp_path / "spool")
    third.renumber(second.epoch, NOW)
    assert third.epoch > second.epoch
    assert walk(third, Lane.BULK) == [1.0]
    third.close(NOW)


def test_memory_is_bounded_while_the_disk_refuses(spool: Spool) -> None:
    fill(spool, 1)
    put(spool, Lane.URGENT, 7.0)
    frames, builder = 3 * MEMORY_BYTES // 100_000, FrameBuilder()
    for value in range(frames):
        builder.add("d.m", NOW, float(value), 0)
        builder.add_event(FrameEvent("d.m", NOW, "long", {"said": "x" * 100_000}))
        spool.put(Lane.BULK, builder, NOW)
        spool.flush(NOW)
    assert spool.waiting_bytes <= MEMORY_BYTES
    assert walk(spool, Lane.URGENT) == [7.0]
    assert walk(spool, Lane.BULK)[-1] == float(frames - 1)
    assert spool.counters.dropped_frames > 0
    fill(spool, 1_000_000)


def damage(spool: Spool, path: Path) -> None:
    """The card gives back something else than what was written; SQLite has nothing of it in memory any more."""
    spool.file.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    path.write_bytes(b"\xff" * path.stat().st_size)
    spool.file.execute("PRAGMA shrink_memory")


def test_damage_met_while_running_begins_anew_and_loses_nothing_in_memory(spool: Spool, tmp_path: Path) -> None:
    put(spool, Lane.BULK, 1.0)
    spool.flush(NOW)
    epoch = spool.epoch
    put(spool, Lane.BULK, 2.0)
    damage(spool, tmp_path / FILE)
    spool.flush(NOW)
    assert spool.epoch > epoch
    assert spool.recovery is not None
    spool.flush(NOW + 10)
    assert walk(spool, Lane.BULK) == [1.0, 2.0]
    assert list(tmp_path.glob("*.damaged-1"))
