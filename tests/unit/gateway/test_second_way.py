"""Urgent frames by their second way: each once, in order, and again while nobody judges them."""

from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest

from backbone.frames import FrameBuilder, decode
from community.site.profile import Lane
from gateway.second_way import FRAMES, LONGEST_PATIENCE_MS, PATIENCE_MS, SecondWay
from gateway.spool import Spool
from tests.still_bus import StillBus

T = 1_790_000_000_000


class Rig:
    """A spool, its second way, and how far the rules are."""

    def __init__(self, spool: Spool) -> None:
        self.spool, self.bus, self.judged = spool, StillBus(), 0
        self.way = SecondWay(self.bus, spool, "court", "gw", lambda: self.judged)  # type: ignore[arg-type]

    def put(self, frames: int) -> None:
        for _ in range(frames):
            builder = FrameBuilder()
            builder.add("smoke.smoke", T, 1.0, 0)
            self.spool.put(Lane.URGENT, builder, T)
        self.spool.flush(T)

    def said(self) -> list[int]:
        """The numbers of the frames it was sent by."""
        assert {(one.topic, one.qos) for one in self.bus.published} <= {("anju/v1/court/gw/frames/urgent", 0)}
        return [decode(one.payload).seq for one in self.bus.published]


@pytest.fixture
def rig(tmp_path: Path) -> Iterator[Rig]:
    spool = Spool.open(tmp_path, max_bytes=10_000_000, max_age_ms=10**9, now=T)
    yield Rig(spool)
    spool.close(T)


def test_each_frame_is_said_once_in_order(rig: Rig) -> None:
    for _ in range(3):
        rig.put(2)
        rig.way.pump(T)
        rig.way.check(T)
    assert rig.said() == [1, 2, 3, 4, 5, 6]


def test_what_nobody_judges_is_said_again_after_longer_and_longer(rig: Rig) -> None:
    rig.put(1)
    said: list[int] = []
    for now in range(T, T + 20_000, 100):
        rig.way.check(now)
        said += [now - T] * (len(rig.said()) - len(said))
    pauses = [later - before for before, later in pairwise(said)]
    assert pauses[:2] == [PATIENCE_MS, 2 * PATIENCE_MS]
    assert max(pauses) == LONGEST_PATIENCE_MS
    rig.judged = 1
    rig.way.check(T + 60_000)
    assert len(rig.said()) == len(said)


def test_after_a_connection_it_begins_where_the_rules_are(rig: Rig) -> None:
    rig.put(3)
    rig.way.pump(T)
    rig.judged, rig.bus.connected = 2, False
    rig.put(1)
    rig.way.pump(T)
    rig.bus.reconnect()
    rig.way.pump(T)
    assert rig.said() == [1, 2, 3, 3, 4]


def test_it_is_never_far_ahead_of_the_rules(rig: Rig) -> None:
    rig.put(FRAMES + 100)
    for _ in range(100):
        rig.way.pump(T)
    assert rig.said() == list(range(1, FRAMES + 1))
    rig.judged = 100
    for _ in range(100):
        rig.way.pump(T)
    assert rig.said()[-1] == FRAMES + 100


def test_a_new_numbering_begins_anew(rig: Rig) -> None:
    rig.put(3)
    rig.way.pump(T)
    rig.spool.renumber(rig.spool.epoch, T)
    rig.way.pump(T)
    assert rig.said() == [1, 2, 3, 1, 2, 3]
