"""Bytes of the spool's file turn bad, at random places: what can be read is right, and what cannot is on record."""

import random
from pathlib import Path

import pytest

from backbone.frames import FrameBuilder, decode
from backbone.losses import loss_of
from community.losses import LossReason
from community.site.profile import Lane
from gateway.spool import Spool
from gateway.spool_file import FILE

NOW = 1_790_000_000_000
FRAMES = 400


def open_spool(folder: Path, now: int = NOW) -> Spool:
    return Spool.open(folder, max_bytes=10**9, max_age_ms=10**10, now=now)


def values(spool: Spool, lane: Lane) -> list[float]:
    found: list[float] = []
    at = 0
    while (row := spool.after(lane, at)) is not None:
        found += decode(spool.wire(row, at)).x.tolist()
        at = row.seq
    return found


@pytest.mark.parametrize("seed", range(20))
def test_damage_costs_what_is_damaged_and_is_told(tmp_path: Path, seed: int) -> None:
    chance = random.Random(seed)
    spool = open_spool(tmp_path)
    builder = FrameBuilder()
    for number in range(FRAMES):
        for _ in range(20):
            builder.add("d.m", NOW + number, float(number), 0)
        spool.put(Lane.URGENT if number % 4 == 0 else Lane.BULK, builder, NOW + number)
    spool.close(NOW)
    path = tmp_path / FILE
    content = bytearray(path.read_bytes())
    for _ in range(chance.choice([1, 3, 10])):
        at = chance.randrange(len(content))
        size = chance.choice([1, 16, 4096])
        content[at : at + size] = chance.randbytes(len(content[at : at + size]))
    if seed % 5 == 4:
        del content[chance.randrange(len(content)) :]
    path.write_bytes(content)

    again = open_spool(tmp_path, NOW + 10_000)
    kept = {lane: values(again, lane) for lane in Lane}
    for lane in Lane:
        wanted = [float(n) for n in range(FRAMES) if (n % 4 == 0) is (lane is Lane.URGENT) for _ in range(20)]
        assert set(kept[lane]) <= set(wanted)
        assert kept[lane] == sorted(kept[lane]), "in order"
        assert all(kept[lane].count(value) == 20 for value in set(kept[lane])), "whole frames, each once"
    told = [loss_of(event, "gw-1") for event, _ in again.losses.reports("gw-1", NOW + 10_000)]
    if sum(map(len, kept.values())) < FRAMES * 20:
        assert LossReason.DAMAGED in {loss.reason for loss in told}
    builder.add("d.m", NOW, -1.0, 0)
    again.put(Lane.BULK, builder, NOW)
    again.flush(NOW)
    assert values(again, Lane.BULK)[-1] == -1.0, "it goes on"
    again.close(NOW)
