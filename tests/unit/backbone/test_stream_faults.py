"""The consumer's side as a state machine: crashes, loss, doubling, reordering, poison and a new numbering."""

from collections.abc import Callable
from itertools import pairwise
from typing import Any

import msgspec
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from backbone import topics
from backbone.deliveries import FEW_READINGS
from backbone.frames import FrameBuilder, encode_compact, encode_json
from backbone.gap import DOUBTFUL_TRIES, POISON_TRIES, RESEND_EVERY_MS
from backbone.position import Position
from backbone.stream import MAX_BUFFERED_BYTES, Refusal, Stream
from backbone.ways import Ways
from community.site.profile import Lane
from tests.still_bus import StillBus

SITE, GATEWAYS = "test", ("east", "west")
LANES = st.sampled_from(list(Lane))
POISON = b"\x81\x00"


def deliver(bus: StillBus, gateway: str, lane: Lane, payload: bytes) -> None:
    bus.hear(topics.frames(SITE, gateway, lane), payload)


def told(bus: StillBus) -> list[tuple[str, dict[str, Any]]]:
    """Each gateway that was told something, and what, but for the time."""
    found = [(one.topic.split("/")[3], msgspec.json.decode(one.payload)) for one in bus.published]
    for _, said in found:
        del said["at"]
    return found


def payload(epoch: int, seq: int, prev: int, mark: float, *, json: bool = False) -> bytes:
    builder = FrameBuilder()
    builder.add("a.x", 1_790_000_000_000, mark, 0)
    return (encode_json if json else encode_compact)(builder.seal(epoch=epoch, seq=seq, sent=0, prev=prev))


def stream_on(
    bus: StillBus,
    now: Callable[[], int],
    refused: list[Refusal],
    positions: dict[str, Position],
    max_buffered_bytes: int = 20_000,
) -> Stream:
    stream = Stream(
        bus,  # type: ignore[arg-type]  # all of a bus that a stream uses
        SITE,
        GATEWAYS,
        "ingest",
        positions,
        now=now,
        refuse=refused.append,
        max_buffered_bytes=max_buffered_bytes,
    )
    stream.start()
    return stream


class Consuming(RuleBasedStateMachine):
    """Two gateways, a wire that loses, doubles and reorders, a consumer that crashes: every frame once, in order.

    Some frames cannot be read, however often they are sent: they are stepped over, told as lost, and no other is.
    """

    def __init__(self) -> None:
        super().__init__()
        keys = [(gateway, lane) for gateway in GATEWAYS for lane in Lane]
        self.now = 1_790_000_000_000
        self.numbers: dict[tuple[str, Lane], list[int]] = {key: [] for key in keys}
        self.poison: dict[tuple[str, Lane], set[int]] = {key: set() for key in keys}
        self.cut = dict.fromkeys(keys, 0)
        self.durable: dict[tuple[str, Lane], list[int]] = {key: [] for key in keys}
        self.refused: list[Refusal] = []
        self.positions: dict[str, Position] = {}
        self.crash()

    @rule()
    def crash(self) -> None:
        """What was stored with its positions survives, nothing else."""
        self.bus = StillBus()
        self.stream = stream_on(self.bus, lambda: self.now, self.refused, self.positions)
        self.taken: dict[tuple[str, Lane], list[int]] = {key: [] for key in self.numbers}

    @rule(gateway=st.sampled_from(GATEWAYS), lane=LANES, skip=st.integers(0, 3), count=st.integers(1, 5))
    def put(self, gateway: str, lane: Lane, skip: int, count: int) -> None:
        """Frames enter the spool; numbers may be skipped."""
        numbers = self.numbers[gateway, lane]
        first = (numbers[-1] if numbers else 0) + 1 + skip
        numbers += range(first, first + count)

    @rule(gateway=st.sampled_from(GATEWAYS), lane=LANES)
    def spoil(self, gateway: str, lane: Lane) -> None:
        """A frame enters the spool that nobody can read."""
        numbers = self.numbers[gateway, lane]
        numbers.append((numbers[-1] if numbers else 0) + 1)
        self.poison[gateway, lane].add(numbers[-1])

    @rule(gateway=st.sampled_from(GATEWAYS), lane=LANES, count=st.integers(1, 12))
    def answer(self, gateway: str, lane: Lane, count: int) -> None:
        """The gateway sends what is not committed, in order; the connection may end on the way."""
        key = gateway, lane
        at = self.positions.get(gateway, Position()).of(lane)
        wanted = [number for number in self.numbers[key] if number > at]
        cut = self.poison[key].issuperset(wanted[:count])
        self.cut[key] = self.cut[key] + 1 if cut else 0
        # That all answers end with what cannot be read is another wire than any that brings readings.
        for seq in wanted[: None if self.cut[key] == DOUBTFUL_TRIES else count]:
            if not self.bus.paused:
                self._send(gateway, lane, seq)

    @rule(gateway=st.sampled_from(GATEWAYS), lane=LANES, times=st.integers(1, POISON_TRIES + 1))
    def answer_the_first_only(self, gateway: str, lane: Lane, times: int) -> None:
        """The newest frame is there, and what is missing before it comes one frame a time."""
        readable = self._readable()[gateway, lane]
        for _ in range(times):
            if readable and not self.bus.paused:
                self._send(gateway, lane, readable[-1])
            self.answer(gateway, lane, 1)
            self.now += RESEND_EVERY_MS

    @rule(gateway=st.sampled_from(GATEWAYS), lane=LANES, data=st.data())
    def arrive(self, gateway: str, lane: Lane, data: st.DataObject) -> None:
        """Some of the frames arrive. (One that has no number, before those that do, could be any of them.)"""
        numbers = [seq for seq in self.numbers[gateway, lane] if seq not in self.poison[gateway, lane]]
        if numbers and not self.bus.paused:
            for seq in data.draw(st.lists(st.sampled_from(numbers), max_size=12)):
                self._send(gateway, lane, seq)

    @rule(max_readings=st.integers(1, 6))
    def take(self, max_readings: int) -> None:
        """A batch is given out."""
        for delivery in self.stream.take(max_readings):
            self.taken[delivery.gateway, delivery.lane].append(delivery.frame.seq)

    @rule()
    def commit(self) -> None:
        """What was given out becomes durable together with the positions, and is told."""
        self.positions = dict(self.stream.positions)
        for key, numbers in self.taken.items():
            self.durable[key] += numbers
            numbers.clear()
        self.stream.commit(self.positions)

    @rule(passed_ms=st.integers(0, 3_000))
    def later(self, passed_ms: int) -> None:
        self.now += passed_ms

    @rule(garbage=st.sampled_from([b"", b"{", POISON]), lane=LANES)
    def garbage(self, garbage: bytes, lane: Lane) -> None:
        """Somebody publishes nonsense where nothing is missing."""
        if ("east", lane) not in self.stream.waiting:
            deliver(self.bus, "east", lane, garbage)
        deliver(self.bus, "nobody", lane, garbage)

    @rule(full=st.booleans())
    def broker_is_full(self, full: bool) -> None:
        self.bus.full = full

    @rule()
    def reconnect(self) -> None:
        self.bus.full = False
        self.bus.reconnect()

    @invariant()
    def in_order_and_once(self) -> None:
        for key, numbers in self._readable().items():
            found = self.durable[key] + self.taken[key]
            assert found == numbers[: len(found)]

    @invariant()
    def only_the_durable_is_told(self) -> None:
        for gateway, said in told(self.bus):
            for lane in Lane:
                assert said[lane.value] <= max(self.durable[gateway, lane], default=0)
        self.bus.published.clear()  # what is durable only grows

    def teardown(self) -> None:
        """In the end the gateways resend what was not committed, and everything is there."""
        self.bus.full = False
        for _ in range(400):
            self.now += RESEND_EVERY_MS
            for (gateway, lane), numbers in self.numbers.items():
                for seq in numbers:
                    if not self.bus.paused and seq > self.positions.get(gateway, Position()).of(lane):
                        self._send(gateway, lane, seq)
            self.take(1_000)
            self.commit()
            if self.durable == self._readable():
                break
        assert self.durable == self._readable()
        assert not self.bus.paused
        lost = sum(refusal.reason.startswith("lost") for refusal in self.refused)
        assert lost >= sum(self._stepped_over(key) for key in self.numbers)
        if not any(self.poison.values()):
            assert not lost

    def _readable(self) -> dict[tuple[str, Lane], list[int]]:
        return {key: [seq for seq in numbers if seq not in self.poison[key]] for key, numbers in self.numbers.items()}

    def _stepped_over(self, key: tuple[str, Lane]) -> int:
        """Before how many readable frames others lie that are not."""
        poison = self.poison[key]
        return sum(before in poison and seq not in poison for before, seq in pairwise(self.numbers[key]))

    def _send(self, gateway: str, lane: Lane, seq: int) -> None:
        if seq in self.poison[gateway, lane]:
            deliver(self.bus, gateway, lane, POISON + str(seq).encode())
            return
        previous = max((number for number in self.numbers[gateway, lane] if number < seq), default=0)
        deliver(self.bus, gateway, lane, payload(1, seq, previous, float(seq), json=seq % 2 == 0))


Consuming.TestCase.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)
TestConsuming = Consuming.TestCase


class Rig:
    """A stream on a still bus, with a clock that is set."""

    def __init__(self, positions: dict[str, Position] | None = None) -> None:
        self.bus, self.now = StillBus(), 1_790_000_000_000
        self.refused: list[Refusal] = []
        self.stream = stream_on(self.bus, lambda: self.now, self.refused, positions or {})

    def send(self, seq: int, *, epoch: int = 1, prev: int = -1, lane: Lane = Lane.BULK, gateway: str = "east") -> None:
        deliver(self.bus, gateway, lane, payload(epoch, seq, prev, float(seq)))

    async def taken(self, max_readings: int = 1_000) -> list[tuple[str, int, int]]:
        batch = await self.stream.batch(max_readings=max_readings, max_wait_s=0)
        return [(delivery.gateway, delivery.frame.epoch, delivery.frame.seq) for delivery in batch]


async def test_a_new_numbering_overtaken_by_its_urgent_frame_moves_no_old_position() -> None:
    """Otherwise the old bulk number would be committed in the new epoch, and frames up to it forgotten unread."""
    rig = Rig({"east": Position(1, 40, 10_411)})
    rig.send(10_412)
    rig.send(1, epoch=2, lane=Lane.URGENT)
    rig.send(1, epoch=2)
    assert await rig.taken(1) == [("east", 2, 1)]
    assert rig.stream.positions["east"] == Position(2, 1, 0)
    assert await rig.taken(1) == [("east", 1, 10_412)]
    assert rig.stream.positions["east"] == Position(2, 1, 0)
    assert await rig.taken() == [("east", 2, 1)]
    assert rig.stream.positions["east"] == Position(2, 1, 1)


async def test_one_gateways_backlog_does_not_starve_another() -> None:
    rig = Rig()
    for seq in range(1, 9):
        rig.send(seq)
    rig.send(1, gateway="west")
    assert ("west", 1, 1) in await rig.taken(2)


async def test_poison_is_stepped_over_after_three_bad_answers_and_nothing_else_is() -> None:
    rig = Rig()
    rig.send(1)
    for _ in range(10):
        deliver(rig.bus, "east", Lane.BULK, POISON)
    rig.send(9)
    for _ in range(POISON_TRIES):
        assert await rig.taken() in ([], [("east", 1, 1)])
        rig.now += RESEND_EVERY_MS
        deliver(rig.bus, "east", Lane.BULK, POISON)
        rig.send(9)  # a live frame, which must not be taken for the one after the poison
        rig.send(3)
    assert await rig.taken() == [("east", 1, 3)]
    assert rig.refused[-1].reason.startswith("lost")
    assert rig.refused[-1].sample == POISON


async def test_frames_that_stay_away_are_asked_for_once_a_second_and_never_stepped_over() -> None:
    rig = Rig()
    for _ in range(50):
        rig.send(5)
        rig.now += 200
    asked = [said["resend"] for _, said in told(rig.bus) if "resend" in said]
    assert asked == [{"bulk": 1}] * 10
    assert await rig.taken() == []


async def test_a_commit_the_broker_could_not_take_is_told_later() -> None:
    rig = Rig()
    rig.send(1)
    await rig.taken()
    rig.bus.full = True
    rig.stream.commit(rig.stream.positions)
    rig.bus.full = False
    await rig.taken()
    assert told(rig.bus)[-1] == ("east", {"epoch": 1, "urgent": 0, "bulk": 1})


async def test_a_gateway_that_sends_what_is_durable_is_told_again_but_seldom() -> None:
    rig = Rig({"east": Position(1, 0, 7)})
    said = len(told(rig.bus))
    for _ in range(30):
        rig.send(7)
        rig.now += 1_000
    assert 5 <= len(told(rig.bus)) - said <= 6
    assert told(rig.bus)[-1] == ("east", {"epoch": 1, "urgent": 0, "bulk": 7})


async def test_memory_is_bounded_and_reading_goes_on_when_there_is_room() -> None:
    rig = Rig()
    seq = 0
    while not rig.bus.paused:
        seq += 1
        rig.send(seq)
    assert seq <= 20, "each takes 1 kB and more"
    assert len(await rig.taken()) == seq
    assert not rig.bus.paused


class TwoWays:
    """A stream whose bulk frames come by a connection of their own, and urgent ones by some more."""

    def __init__(self, more: int = 0) -> None:
        self.bus, self.bulk, self.more = StillBus(), StillBus(), [StillBus() for _ in range(more)]
        self.stream = Stream(
            self.bus,  # type: ignore[arg-type]
            SITE,
            GATEWAYS,
            "rules",
            {},
            now=lambda: 1_790_000_000_000,
            refuse=lambda _: None,
            max_buffered_bytes=20_000,
            bulk_bus=self.bulk,  # type: ignore[arg-type]
            ways=Ways(self.more),  # type: ignore[arg-type]
        )
        self.stream.start()

    async def taken(self) -> list[tuple[Lane, int]]:
        batch = await self.stream.batch(max_readings=10_000, max_wait_s=0)
        return [(delivery.lane, delivery.frame.seq) for delivery in batch]


async def test_urgent_frames_come_while_no_more_bulk_is_read() -> None:
    ways, seq = TwoWays(), 0
    while not ways.bulk.paused:
        seq += 1
        deliver(ways.bulk, "east", Lane.BULK, payload(1, seq, -1, 0.0))
    assert not ways.bus.paused
    deliver(ways.bus, "east", Lane.URGENT, payload(1, 1, -1, 0.0))
    assert (await ways.taken())[0] == (Lane.URGENT, 1)
    assert not ways.bulk.paused


async def test_urgent_frames_are_bounded_too() -> None:
    ways, seq = TwoWays(), 0
    while not ways.bus.paused:
        seq += 1
        deliver(ways.bus, "east", Lane.URGENT, payload(1, seq, -1, 0.0))
    assert len(await ways.taken()) == seq
    assert not ways.bus.paused
    assert not ways.bulk.paused


async def test_of_a_cluster_urgent_frames_come_by_every_way_and_count_once() -> None:
    ways = TwoWays(more=2)
    urgent, bulk = (f"anju/v1/{SITE}/+/frames/{lane.value}" for lane in (Lane.URGENT, Lane.BULK))
    assert [one.filters for one in (ways.bus, ways.bulk, *ways.more)] == [{urgent: 1}, {bulk: 1}, *[{urgent: 0}] * 2]
    for seq, bus in enumerate((ways.more[0], ways.bus, ways.more[1]), 1):
        deliver(bus, "east", Lane.URGENT, payload(1, seq, -1, 0.0))
    for seq in (3, 1, 2, 3):
        deliver(ways.bus, "east", Lane.URGENT, payload(1, seq, -1, 0.0))
    assert await ways.taken() == [(Lane.URGENT, 1), (Lane.URGENT, 2), (Lane.URGENT, 3)]


async def test_how_far_urgent_frames_are_judged_is_said_by_every_way_and_of_bulk_by_none() -> None:
    ways = TwoWays(more=2)
    ways.stream.commit({"east": Position(1, 3, 0)})
    ways.stream.commit({"east": Position(1, 3, 9)})
    for way in ways.more:
        assert told(way) == [("east", {"epoch": 1, "urgent": 3, "bulk": 0})]


async def test_what_comes_by_a_way_is_bounded_too() -> None:
    ways, seq = TwoWays(more=1), 0
    while not ways.bus.paused:
        seq += 1
        deliver(ways.more[0], "east", Lane.URGENT, payload(1, seq, -1, 0.0))
    deliver(ways.more[0], "east", Lane.URGENT, payload(1, seq + 1, -1, 0.0))
    assert len(await ways.taken()) == seq
    deliver(ways.bus, "east", Lane.URGENT, payload(1, seq + 1, -1, 0.0))
    assert await ways.taken() == [(Lane.URGENT, seq + 1)]


async def test_while_an_alarm_is_written_no_bulk_is_read_unless_it_was_not_before() -> None:
    ways = TwoWays()
    with ways.stream.quiet():
        assert ways.bulk.paused
        assert not ways.bus.paused
    assert not ways.bulk.paused
    seq = 0
    while not ways.stream.held_back:
        seq += 1
        deliver(ways.bulk, "east", Lane.BULK, payload(1, seq, -1, 0.0))
    with ways.stream.quiet():
        pass
    assert ways.bulk.paused


async def test_with_urgent_frames_come_few_bulk_readings() -> None:
    """An alarm does not wait until a whole backlog is judged."""
    bus = StillBus()
    stream = stream_on(bus, lambda: 1, [], {}, max_buffered_bytes=MAX_BUFFERED_BYTES)
    for seq in range(1, 2 * FEW_READINGS):
        deliver(bus, "east", Lane.BULK, payload(1, seq, -1, 0.0))
    deliver(bus, "east", Lane.URGENT, payload(1, 1, -1, 0.0))
    first = await stream.batch(max_readings=50_000, max_wait_s=0)
    assert first[0].lane is Lane.URGENT
    assert len(first) == 1 + FEW_READINGS
    assert len(await stream.batch(max_readings=50_000, max_wait_s=0)) == FEW_READINGS - 1
