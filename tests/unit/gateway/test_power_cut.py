"""A power cut: what was fsynced is there afterwards, and no number ever names two frames (decision 2).

The disk is a copy of the files as of the last fsync, plus what the cut makes of the sectors written since: some
arrived, in any order, some did not, some are zeros or noise from where they changed on. (Bytes of a sector that were
not written stay: SQLite's "powersafe overwrite", which disks and cards with a sector's worth of energy keep.)
"""

from __future__ import annotations

import os
import random
import shutil
from pathlib import Path

import pytest

from backbone.frames import FrameBuilder, decode
from community.site.profile import Lane
from gateway.compaction import plain
from gateway.spool import Spool

NOW = 1_790_000_000_000
WAL = "spool.db-wal"
SECTOR = 512
CUTS = 12
"""In the life of one spool, each at another place."""


def opened(folder: Path, now: int) -> Spool:
    return Spool.open(folder, max_bytes=10**9, max_age_ms=10**12, now=now)


def put(spool: Spool, lane: Lane, value: float, now: int) -> int:
    builder = FrameBuilder()
    builder.add("d.m", now, value, 0)
    spool.put(lane, builder, now)
    spool.flush(now)
    return spool.newest(lane)


def contents(spool: Spool, lane: Lane) -> dict[int, float]:
    """By number, the value in each frame."""
    found, at = {}, 0
    while (row := spool.after(lane, at)) is not None:
        found[row.seq] = float(decode(plain(row.body)).x[0])
        at = row.seq
    return found


def synced(spool: Spool, folder: Path, disk: Path) -> None:
    """What the disk is sure to hold from here on."""
    spool.sync()
    shutil.rmtree(disk, ignore_errors=True)
    shutil.copytree(folder, disk, ignore=shutil.ignore_patterns("*-shm"))


def cut(chance: random.Random, spool: Spool, folder: Path, disk: Path) -> None:
    """The power fails: `folder` is what the disk makes of it. Of each sector written since, anything may be there."""
    written, log = (folder / WAL).read_bytes(), bytearray((disk / WAL).read_bytes())
    assert (folder / "spool.db").read_bytes() == (disk / "spool.db").read_bytes(), "only the log is written"
    spool.close(NOW)  # lets go of files; what it still writes is not on the disk
    log.extend(bytes(max(0, len(written) - len(log))))
    arrived = chance.random()
    for at in range(0, len(written), SECTOR):
        new, old = written[at : at + SECTOR], bytes(log[at : at + SECTOR])
        first = next((i for i, (one, other) in enumerate(zip(new, old, strict=False)) if one != other), None)
        if first is not None:
            size = len(new) - first
            torn = chance.choice((old[first : len(new)], bytes(size), chance.randbytes(size)))
            log[at + first : at + len(new)] = new[first:] if chance.random() < arrived else torn
    shutil.rmtree(folder)
    shutil.copytree(disk, folder)
    (folder / WAL).write_bytes(log)


@pytest.mark.parametrize("seed", range(5))
def test_everything_before_the_last_fsync_is_there_and_no_number_names_two_frames(tmp_path: Path, seed: int) -> None:
    chance = random.Random(seed)
    folder, disk = tmp_path / "spool", tmp_path / "disk"
    spool, now, value = opened(folder, NOW), NOW, 0.0
    named: dict[tuple[int, Lane, int], float] = {}
    safe: dict[Lane, dict[int, float]] = {lane: {} for lane in Lane}
    synced(spool, folder, disk)
    for _ in range(CUTS):
        for _ in range(chance.randint(1, 60)):
            lane, now, value = chance.choice(tuple(Lane)), now + 10, value + 1
            seq = put(spool, lane, value, now)
            assert named.setdefault((spool.epoch, lane, seq), value) == value, "a number was given out twice"
            if chance.random() < 0.1:
                synced(spool, folder, disk)
                safe = {lane: contents(spool, lane) for lane in Lane}
        cut(chance, spool, folder, disk)
        spool = opened(folder, now)
        for lane in Lane:
            kept = contents(spool, lane)
            assert safe[lane].items() <= kept.items(), "what was fsynced is gone"
            for seq, value_kept in kept.items():
                assert value_kept <= value
                assert seq <= spool.assigned(lane)
        synced(spool, folder, disk)
        safe = {lane: contents(spool, lane) for lane in Lane}
    spool.close(now)


def test_the_cut_really_takes_something(tmp_path: Path) -> None:
    folder, disk = tmp_path / "spool", tmp_path / "disk"
    spool = opened(folder, NOW)
    synced(spool, folder, disk)
    put(spool, Lane.URGENT, 1.0, NOW)
    assert os.stat(folder / WAL).st_size > os.stat(disk / WAL).st_size
    spool.close(NOW)
    shutil.rmtree(folder)
    shutil.copytree(disk, folder)
    spool = opened(folder, NOW)
    assert contents(spool, Lane.URGENT) == {}
    assert put(spool, Lane.URGENT, 2.0, NOW) > 100_000, "the numbers given out before the cut are not given out again"
    spool.close(NOW)
