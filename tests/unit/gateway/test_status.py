"""What the status says of the spool."""

from pathlib import Path

import pytest

from backbone.frames import FrameBuilder
from community.site.profile import Lane
from gateway.compaction import READING_BYTES
from gateway.spool import Spool
from gateway.status import RATE_EVERY_S, RATE_LOOKS, Outage

NOW = 1_790_000_000_000


def test_how_long_an_outage_may_last_follows_from_the_rate_of_the_last_minutes(tmp_path: Path) -> None:
    spool = Spool.open(tmp_path, max_bytes=10**9, max_age_ms=10**10, now=NOW)
    outage, builder = Outage(), FrameBuilder()
    assert outage.hours_left(spool, 0.0) is None, "nothing is known yet"
    for second in range(1, 31):
        for _ in range(50):
            builder.add("d.m", NOW, 1.0, 0)
        spool.put(Lane.BULK, builder, NOW)
        hours = outage.hours_left(spool, float(second))
    spool.flush(NOW)
    assert hours == pytest.approx(10**9 / (50 * 3600 * READING_BYTES), rel=0.05)
    for look in range(RATE_LOOKS + 1):
        quiet = outage.hours_left(spool, 30 + look * RATE_EVERY_S)
    assert quiet is None, "while nothing comes it lasts for ever"
    spool.close(NOW)
