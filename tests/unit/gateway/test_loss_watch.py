"""Silence and time without a gateway go on record; a clock that was set makes nobody silent."""

import asyncio
from pathlib import Path

from backbone.frames import decode
from backbone.losses import EVENT_TYPE, loss_of
from community.losses import Loss, LossReason
from community.site.profile import Lane
from gateway.batches import Batches
from gateway.decoders.decoded import Decoded
from gateway.device_reader import reader_of
from gateway.event_time import ClockLimits
from gateway.loss_watch import SILENT_LOOKS, LossWatch
from gateway.pseudonyms import Pseudonyms
from gateway.readings import Pipeline
from gateway.refusals import Refusals
from gateway.spool import Spool
from tests.gateway_site import mqtt_device, site_of
from tests.waiting import until

NOW = 1_790_000_000_000
SITE = site_of([mqtt_device("climate", "zigbee2mqtt-climate", "zigbee2mqtt/climate")])


class Box:
    """A gateway's ledger, its one device, and the time."""

    def __init__(self, folder: Path) -> None:
        self.now = NOW
        self.steady_s = 0.0
        self.spool = Spool.open(folder, max_bytes=10**9, max_age_ms=10**10, now=NOW)
        self.reader = reader_of(SITE, SITE.devices["climate"])
        batches = Batches(self.spool, bulk_readings=300, bulk_age_ms=200)
        self.pipeline = Pipeline(
            batches, Refusals(), Pseudonyms(b"k" * 32), ClockLimits(60_000, 86_400_000), self.spool.losses
        )
        self.committed = 0
        readers = {"climate": self.reader}
        self.watch = LossWatch(
            "gw-1", self.spool, batches, lambda _: self.committed, readers, lambda: self.now, lambda: self.steady_s
        )

    def pass_s(self, seconds: int) -> None:
        for _ in range(SILENT_LOOKS):
            self.now += seconds * 1000 // SILENT_LOOKS
            self.steady_s += seconds / SILENT_LOOKS
            self.watch.look()

    def speak(self) -> None:
        self.pipeline.accept(self.reader, Decoded({"temperature": 1.0}), "x", self.now)

    def told(self) -> list[Loss]:
        losses = []
        at = 0
        self.spool.flush(self.now)
        while (row := self.spool.after(Lane.URGENT, at)) is not None:
            events = decode(self.spool.wire(row, at)).events
            losses += [loss_of(event, "gw-1") for event in events if event.type == EVENT_TYPE]
            at = row.seq
        return losses


def test_a_device_that_says_nothing_for_three_of_its_intervals_is_on_record_until_it_speaks(tmp_path: Path) -> None:
    box = Box(tmp_path)
    every_s = box.reader.every_ms // 1000
    box.speak()
    heard = box.now
    box.pass_s(2 * every_s)
    assert box.told() == []
    box.pass_s(2 * every_s)
    box.pass_s(2 * every_s)
    (silent,) = box.told()
    assert (silent.device, silent.reason, silent.first, silent.count) == ("climate", LossReason.SILENT, heard, 0)
    box.speak()
    spoke = box.now
    box.pass_s(every_s)
    last = box.told()[-1]
    assert (last.began, last.first) == (silent.began, heard)
    assert spoke - 10 * every_s * 1000 < last.last <= spoke
    count = len(box.told())
    box.speak()
    box.pass_s(every_s)
    assert len(box.told()) == count, "it is over"
    box.spool.close(NOW)


def test_a_clock_that_was_set_makes_nobody_silent(tmp_path: Path) -> None:
    box = Box(tmp_path)
    box.speak()
    for jump in (86_400_000, -7_200_000):
        box.now += jump
        box.pass_s(60)
    assert box.told() == []
    box.spool.close(NOW)


async def test_time_without_a_gateway_is_on_record(tmp_path: Path) -> None:
    box = Box(tmp_path)
    box.watch.look()
    box.spool.close(NOW)
    later = Box(tmp_path)
    later.now += 3_600_000
    task = asyncio.create_task(later.watch.run())
    await until(later.told, "the report")
    task.cancel()
    (down,) = later.told()
    assert (down.device, down.reason) == (None, LossReason.GATEWAY_DOWN)
    assert (down.first, down.last) == (NOW, NOW + 3_600_000)
    later.spool.close(NOW)
