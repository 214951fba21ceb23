"""What a gateway makes of the commits it hears, however late they come."""

from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from backbone import topics
from backbone.frames import FrameBuilder, decode
from backbone.ways import Ways
from community.site.profile import Lane
from gateway.refusals import Refusals
from gateway.spool import Spool
from gateway.uplink import UNDER_WAY_MS, Uplink
from tests.still_bus import StillBus

T = 1_790_000_000_000


class Rig:
    """A spool of three urgent frames and its uplink."""

    def __init__(self, spool: Spool) -> None:
        self.spool, self.bus, self.way, self.now = spool, StillBus(), StillBus(), T
        for _ in range(3):
            builder = FrameBuilder()
            builder.add("smoke.smoke", T, 1.0, 0)
            spool.put(Lane.URGENT, builder, T)
        spool.flush(T)
        self.uplink = Uplink(
            self.bus,  # type: ignore[arg-type]
            spool,
            "court",
            "gw",
            consumers=["rules"],
            refusals=Refusals(),
            now=lambda: self.now,
            platform_said=lambda _: None,
            ways=Ways([self.way]),  # type: ignore[list-item]
        )
        self.uplink.start()
        self.uplink.pump()

    def commit(self, urgent: int, at: int, *, by: StillBus | None = None) -> None:
        said = {"epoch": self.spool.epoch, "urgent": urgent, "bulk": 0, "at": at}
        (by or self.bus).hear(topics.committed("court", "gw", "rules"), msgspec.json.encode(said))

    def said_by_the_way(self) -> list[int]:
        return [decode(one.payload).seq for one in self.way.published]


@pytest.fixture
def rig(tmp_path: Path) -> Iterator[Rig]:
    spool = Spool.open(tmp_path, max_bytes=10_000_000, max_age_ms=10**9, now=T)
    yield Rig(spool)
    spool.close(T)


def test_a_commit_that_was_long_under_way_is_no_way_back(rig: Rig) -> None:
    """Over two connections, or a cluster that elects, commits come out of order; nothing was lost by that."""
    rig.commit(3, T + 5_000)
    rig.commit(1, T + 1_000)
    assert rig.uplink.safe(Lane.URGENT) == 3


def test_a_consumer_that_went_back_is_believed(rig: Rig) -> None:
    rig.commit(3, T + 1_000)
    rig.commit(1, T + 5_000)
    assert rig.uplink.safe(Lane.URGENT) == 1


def test_and_so_is_one_whose_clock_was_set_back_as_well(rig: Rig) -> None:
    rig.commit(3, T + UNDER_WAY_MS)
    rig.commit(1, T)
    assert rig.uplink.safe(Lane.URGENT) == 1


def test_what_a_way_says_is_judged_is_not_said_again_by_one_and_forgotten_by_nobody(rig: Rig) -> None:
    rig.commit(2, T + 1_000, by=rig.way)
    assert rig.uplink.safe(Lane.URGENT) == 0
    rig.way.published.clear()
    rig.now += 60_000
    rig.uplink.check()
    assert rig.said_by_the_way() == [3]


def test_a_consumer_that_went_back_is_said_everything_again_by_the_ways_too(rig: Rig) -> None:
    rig.commit(3, T + 1_000, by=rig.way)
    rig.commit(3, T + 1_000)
    rig.way.published.clear()
    rig.commit(1, T + 5_000)
    rig.commit(1, T + 6_000)
    rig.uplink.pump()
    assert rig.said_by_the_way() == [2, 3]


@pytest.mark.parametrize("nonsense", [99, -1])
def test_a_way_cannot_say_what_never_was(rig: Rig, nonsense: int) -> None:
    rig.commit(nonsense, T + 1_000, by=rig.way)
    rig.way.published.clear()
    rig.now += 60_000
    rig.uplink.check()
    assert rig.said_by_the_way() == [1, 2, 3]
