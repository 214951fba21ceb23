"""The bus and the committed stream over real brokers, which die and come back."""

import asyncio
import time
from typing import Any

import msgspec
import pytest

from backbone import topics
from backbone.broker_access import Message
from backbone.broker_address import BrokerAddress, BusUrlError
from backbone.bus import Bus
from backbone.frames import FrameBuilder, encode_compact, encode_json
from backbone.position import Position
from backbone.stream import MAX_BUFFERED_BYTES, Refusal, Stream
from backbone.topics import matches
from community.site.profile import Lane
from tests import servers
from tests.waiting import until

SITE, GATEWAY = "test", "gw"


def frame(seq: int, *, lane_value: float = 1.0, prev: int = -1, json: bool = False) -> bytes:
    builder = FrameBuilder()
    builder.add("a.x", 1_790_000_000_000 + seq, lane_value, 0)
    return (encode_json if json else encode_compact)(builder.seal(epoch=1, seq=seq, sent=0, prev=prev))


class Rig:
    """A consumer and somebody who publishes frames and hears its commits."""

    def __init__(
        self,
        url: str,
        positions: dict[str, Position] | None = None,
        *,
        max_buffered_bytes: int = MAX_BUFFERED_BYTES,
    ) -> None:
        self.consumer, self.gateway = Bus(url, "consumer"), Bus(url, "gateway")
        self.refused: list[Refusal] = []
        self.committed: list[dict[str, Any]] = []
        self._later_ms = 0
        self.stream = Stream(
            self.consumer,
            SITE,
            [GATEWAY],
            "ingest",
            positions or {},
            now=lambda: time.time_ns() // 1_000_000 + self._later_ms,
            refuse=self.refused.append,
            max_buffered_bytes=max_buffered_bytes,
        )

    async def __aenter__(self) -> "Rig":
        def heard(_topic: str, payload: bytes) -> None:
            said = msgspec.json.decode(payload)
            assert said.pop("at") > 0
            self.committed.append(said)

        self.gateway.subscribe(topics.committed(SITE, GATEWAY, "+"), heard)
        self.stream.start()
        await self.gateway.__aenter__()
        await until(lambda: self.gateway.connected, "the gateway to connect")
        await self.consumer.__aenter__()
        await until(lambda: self.consumer.connected and self.committed, "the first commit to be heard")
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.consumer.__aexit__(None, None, None)
        await self.gateway.__aexit__(None, None, None)

    def send(self, payload: bytes, lane: Lane = Lane.BULK) -> None:
        assert self.gateway.publish(topics.frames(SITE, GATEWAY, lane), payload)

    @property
    def resends(self) -> list[dict[str, Any]]:
        """What the consumer asked for again."""
        return [said for said in self.committed if "resend" in said]

    def later(self, passed_ms: int) -> None:
        """Have the consumer's clock go on."""
        self._later_ms += passed_ms

    async def taken(self, count: int) -> list[int]:
        found: list[int] = []
        end = time.monotonic() + 10
        while len(found) < count and time.monotonic() < end:
            batch = await self.stream.batch(max_readings=10_000, max_wait_s=0.1)
            found += [delivery.frame.seq for delivery in batch]
        return found


async def test_frames_in_order_once_and_a_gap_asks_for_what_is_missing(broker: servers.Broker) -> None:
    async with Rig(broker.url) as rig:
        for payload in (frame(1), frame(2, json=True), frame(2), frame(5)):
            rig.send(payload)
        assert await rig.taken(2) == [1, 2]
        await until(lambda: rig.committed[-1].get("resend") == {"bulk": 3}, "the resend request")
        for payload in (frame(3), frame(5, prev=3), frame(6, prev=5)):
            rig.send(payload)
        assert await rig.taken(3) == [3, 5, 6]
        rig.stream.commit(rig.stream.positions)
        await until(lambda: rig.committed[-1] == {"epoch": 1, "urgent": 0, "bulk": 6}, "the commit")


async def test_urgent_frames_overtake_bulk(embedded_broker: servers.Broker) -> None:
    async with Rig(embedded_broker.url) as rig:
        for seq in range(1, 6):
            rig.send(frame(seq))
        rig.send(frame(1), Lane.URGENT)
        await until(lambda: rig.stream.buffered_readings == 6, "all frames to wait")
        batch = await rig.stream.batch(max_readings=10_000, max_wait_s=0)
        assert [delivery.lane for delivery in batch] == [Lane.URGENT] + [Lane.BULK] * 5


async def test_who_is_in_no_hurry_gathers_urgent_frames(embedded_broker: servers.Broker) -> None:
    async with Rig(embedded_broker.url) as rig:
        rig.send(frame(1), Lane.URGENT)
        assert len(await rig.stream.batch(max_readings=3, max_wait_s=10)) == 1
        gathering = asyncio.create_task(rig.stream.batch(max_readings=3, max_wait_s=10, hurry=False))
        for seq in (2, 3, 4):
            rig.send(frame(seq), Lane.URGENT)
            await until(lambda seq=seq: rig.stream.buffered_readings == seq - 1 or gathering.done(), "the frame")  # type: ignore[misc]
        assert [delivery.frame.seq for delivery in await gathering] == [2, 3, 4]


async def test_a_message_does_not_wait_behind_the_answer_to_another(embedded_broker: servers.Broker) -> None:
    """The embedded broker sends the next small message only when the last one is acknowledged (Nagle's algorithm)."""
    took: list[float] = []
    async with Bus(embedded_broker.url, "sensor") as sensor, Bus(embedded_broker.url, "service") as service:
        service.subscribe("sensor/x", lambda _topic, payload: took.append(time.perf_counter() - float(payload)))
        await until(lambda: sensor.connected and service.connected, "the broker")
        for number in range(40):
            service.publish("other", b"what the broker answers")
            await until(lambda: not service.unacknowledged, "the answer")
            sensor.publish("sensor/x", str(time.perf_counter()).encode())
            await until(lambda number=number: len(took) > number, "the message")  # type: ignore[misc]
    assert sorted(took)[10] < 0.010, "a quarter at least comes at once, however busy the machine is"


async def test_a_frame_that_cannot_be_read_is_refused_and_stepped_over(embedded_broker: servers.Broker) -> None:
    """Only after it came as poison each time it was asked for; frames that are merely late are waited for."""
    async with Rig(embedded_broker.url) as rig:
        rig.send(frame(1))
        for _ in range(5):
            rig.send(b"\x81\x00")
        rig.send(frame(9))
        assert await rig.taken(1) == [1]
        for asked in range(1, 4):
            await until(lambda asked=asked: len(rig.resends) >= asked, "the resend request")  # type: ignore[misc]
            rig.later(1_000)
            for payload in (b"\x81\x00", frame(3), frame(9)):
                rig.send(payload)
            if asked < 3:
                assert await rig.stream.batch(max_readings=1, max_wait_s=0.2) == []
        assert await rig.taken(1) == [3]
        reasons = [refusal.reason.split(":")[0] for refusal in rig.refused]
        assert set(reasons) == {"not a frame", "lost"}
        assert rig.refused[0].source == topics.frames(SITE, GATEWAY, Lane.BULK)


async def test_a_restarted_broker_hears_the_positions_again(broker: servers.Broker) -> None:
    async with Rig(broker.url, {GATEWAY: Position(1, 4, 7)}) as rig:
        heard = len(rig.committed)
        broker.process.kill()
        await until(lambda: not rig.consumer.connected, "the loss to be noticed")
        assert not rig.consumer.publish("a", b"b"), "nothing can be handed over while there is no broker"
        await asyncio.to_thread(broker.process.start, lambda: servers.listening(broker.port))
        await until(lambda: rig.gateway.connected and rig.consumer.connected, "both to be back")
        await until(lambda: len(rig.committed) > heard, "the positions")
        assert rig.committed[-1] == {"epoch": 1, "urgent": 4, "bulk": 7}
        rig.send(frame(8))
        assert await rig.taken(1) == [8]


async def test_a_consumer_that_stands_still_stops_reading_and_goes_on(embedded_broker: servers.Broker) -> None:
    """Memory is bounded: at its limit the socket is not read; what did not fit is asked for and arrives."""
    async with Rig(embedded_broker.url, max_buffered_bytes=20_000) as rig:
        sent = 400
        for seq in range(1, sent + 1):
            rig.send(frame(seq))
            await asyncio.sleep(0)
        await until(lambda: rig.stream.held_back, "the stream to stop reading")
        found = await rig.taken(sent)
        while len(found) < sent:
            for seq in range(len(found) + 1, sent + 1):
                rig.send(frame(seq))
                await asyncio.sleep(0)
            more = await rig.taken(sent - len(found))
            assert more, f"{len(found)} of {sent} frames arrived"
            found += more
        assert found == list(range(1, sent + 1))


async def test_the_will_tells_of_a_death(broker: servers.Broker) -> None:
    heard: list[bytes] = []
    async with Bus(broker.url, "watcher") as watcher:
        watcher.subscribe("status", lambda _topic, payload: heard.append(payload))
        await until(lambda: watcher.connected, "the watcher")
        mortal = Bus(broker.url, "mortal", will=Message("status", b"offline"))
        await mortal.__aenter__()
        await until(lambda: mortal.connected, "the mortal")
        assert mortal._client is not None
        mortal._client.abort()
        await until(lambda: heard, "the will")
        await mortal.__aexit__(None, None, None)
    assert heard == [b"offline"]


@pytest.mark.parametrize(
    ("url", "parsed"),
    [
        ("mqtt://broker", ("broker", 1883, False, None, None)),
        ("mqtts://gw-east:p%40ss@broker:8884", ("broker", 8884, True, "gw-east", "p@ss")),
    ],
)
def test_broker_urls(url: str, parsed: tuple[object, ...]) -> None:
    found = BrokerAddress.parse(url)
    assert (found.host, found.port, found.tls, found.username, found.password) == parsed


@pytest.mark.parametrize("url", ["http://broker", "mqtt://", "broker:1883"])
def test_what_is_no_broker_url_is_refused(url: str) -> None:
    with pytest.raises(BusUrlError, match="mqtt://host"):
        BrokerAddress.parse(url)


@pytest.mark.parametrize(
    ("topic_filter", "topic", "fits"),
    [
        ("a/+/c", "a/b/c", True),
        ("a/+/c", "a/b/d", False),
        ("a/#", "a", True),
        ("a/#", "a/b/c", True),
        ("#", "$SYS/x", False),
        ("a/+", "a/b/c", False),
        ("a/b", "a/b", True),
    ],
)
def test_filters(topic_filter: str, topic: str, fits: bool) -> None:
    assert matches(topic_filter, topic) is fits
