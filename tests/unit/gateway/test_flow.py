"""Whatever is lost, repeated or restarted: every consumer gets every frame, in order."""

from collections import deque
from dataclasses import dataclass, field

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from backbone.position import Position, Verdict, decide
from community.site.profile import Lane
from gateway.flow import LONGEST_PATIENCE_MS, PATIENCE_MS, LaneFlow, Window
from gateway.uplink import WINDOW as WINDOWS

WINDOW = Window(5, 50)
TOGETHER = Window(5, 50, hold_up_ms=1_000)
SIZE = 9
NAMES = ("ingest", "rules")


@dataclass
class Consumer:
    """A consumer as the contract describes it; what it committed survives its restart."""

    committed: int = 0
    accepted: int = 0
    got: list[int] = field(default_factory=list)
    durable: list[int] = field(default_factory=list)
    alive: bool = True

    def take(self, seq: int, prev: int) -> int | None:
        """Take a frame; the number it asks for when it sees a gap."""
        verdict, _ = decide(Position(1, 0, self.accepted), Lane.BULK, 1, seq, prev)
        if verdict is Verdict.ACCEPT:
            self.accepted = seq
            self.got.append(seq)
        return self.accepted + 1 if verdict is Verdict.GAP else None

    def commit(self) -> int:
        self.committed = self.accepted
        self.durable += self.got
        self.got = []
        return self.committed

    def restart(self) -> None:
        self.accepted, self.got, self.alive = self.committed, [], True


class World:
    """A gateway's lane, a network that loses and repeats, two consumers."""

    def __init__(self, window: Window = WINDOW) -> None:
        self.now = 0
        self.frames: dict[int, int] = {}
        self.newest = 0
        self.flow = LaneFlow(dict.fromkeys(NAMES, 0), window)
        self.consumers = {name: Consumer() for name in NAMES}
        self.wire: deque[tuple[int, int]] = deque()
        self.connected = True

    def put(self, skip: int) -> None:
        seq = self.newest + 1 + skip
        self.frames[seq] = self.newest
        self.newest = seq

    def after(self, at: int) -> int | None:
        return min((seq for seq in self.frames if seq > at), default=None)

    def pump(self) -> None:
        if not self.connected:
            return
        for cursor in tuple(self.flow.may_send()):
            while self.flow.has_room(cursor) and (seq := self.after(cursor.at)) is not None:
                self.wire.append((seq, min(self.frames[seq], cursor.at)))
                self.flow.sent(cursor, seq, SIZE, self.now)

    def deliver(self, lost_by: frozenset[str], repeated: bool) -> None:
        if not self.wire:
            return
        seq, prev = self.wire.popleft()
        for _ in range(1 + repeated):
            for name, consumer in self.consumers.items():
                if consumer.alive and name not in lost_by:
                    wanted = consumer.take(seq, prev)
                    if wanted is not None and self.connected:
                        self.flow.resend(name, wanted, self.now)

    def commit(self, name: str) -> None:
        consumer = self.consumers[name]
        if consumer.alive and self.connected:
            before = consumer.committed
            committed = consumer.commit()
            if committed == before:
                self.flow.greet(name, self.now)
            else:
                self.flow.commit(name, committed, self.now)
            for seq in [s for s in self.frames if s <= self.flow.slowest]:
                del self.frames[seq]

    def reconnect(self) -> None:
        self.wire.clear()
        self.connected = True
        self.flow.reset(self.now)

    def settle(self) -> None:
        """With everything healthy again, everything arrives."""
        for consumer in self.consumers.values():
            if not consumer.alive:
                consumer.restart()
        self.reconnect()
        for _ in range(400):
            self.now += 500
            self.flow.check_patience(self.now)
            self.pump()
            while self.wire:
                self.deliver(frozenset(), False)
            for name in NAMES:
                self.commit(name)


STEPS = st.one_of(
    st.tuples(st.just("put"), st.integers(0, 3)),
    st.tuples(st.just("pump"), st.none()),
    st.tuples(st.just("deliver"), st.tuples(st.frozensets(st.sampled_from(NAMES)), st.booleans())),
    st.tuples(st.just("commit"), st.sampled_from(NAMES)),
    st.tuples(st.just("die"), st.sampled_from(NAMES)),
    st.tuples(st.just("restart"), st.sampled_from(NAMES)),
    st.tuples(st.just("cut"), st.none()),
    st.tuples(st.just("reconnect"), st.none()),
    st.tuples(st.just("wait"), st.integers(1, 20_000)),
)


@settings(max_examples=300, deadline=None)
@given(st.lists(STEPS, max_size=80), st.sampled_from([WINDOW, TOGETHER]))
def test_every_consumer_gets_every_frame_in_order(steps: list[tuple[str, object]], window: Window) -> None:
    world = World(window)
    put: list[int] = []
    for what, detail in steps:
        if what == "put":
            assert isinstance(detail, int)
            world.put(detail)
            put.append(world.newest)
        elif what == "deliver":
            assert isinstance(detail, tuple)
            world.deliver(*detail)
        elif what == "commit":
            world.commit(str(detail))
        elif what == "die":
            world.consumers[str(detail)].alive = False
        elif what == "restart":
            world.consumers[str(detail)].restart()
        elif what == "cut":
            world.connected = False
            world.wire.clear()
        elif what == "reconnect":
            world.reconnect()
        elif what == "wait":
            assert isinstance(detail, int)
            world.now += detail
            world.flow.check_patience(world.now)
        else:
            world.pump()
        for cursor in (world.flow.live, *(c.cursor for c in world.flow._consumers.values() if c.cursor)):
            assert len(cursor.in_flight) <= WINDOW.frames
    world.settle()
    for consumer in world.consumers.values():
        assert consumer.durable == put
    assert not world.frames


def test_a_dead_consumer_delays_nothing_for_the_other() -> None:
    world = World()
    world.consumers["ingest"].alive = False
    for _ in range(10 * WINDOW.frames):
        world.put(0)
        world.pump()
        while world.wire:
            world.deliver(frozenset(), False)
        world.commit("rules")
    assert world.consumers["rules"].committed == 10 * WINDOW.frames
    assert len(world.frames) == 10 * WINDOW.frames


def test_a_slow_consumer_is_not_left_behind_and_a_dead_one_holds_up_for_a_second_only() -> None:
    world = World(TOGETHER)

    def go_on() -> None:
        world.put(0)
        world.pump()
        while world.wire:
            world.deliver(frozenset(), False)
        world.commit("rules")

    for _ in range(4 * WINDOW.frames):
        go_on()
    assert world.consumers["rules"].committed == WINDOW.frames, "the broker need not keep more than a window"
    world.commit("ingest")
    go_on()
    assert world.consumers["rules"].committed == 2 * WINDOW.frames
    world.consumers["ingest"].alive = False
    world.now += TOGETHER.hold_up_ms
    world.flow.check_patience(world.now)
    for _ in range(4 * WINDOW.frames):
        go_on()
    assert world.consumers["rules"].committed == world.newest


def test_the_live_cursor_goes_before_catching_up() -> None:
    flow = LaneFlow({"ingest": 0, "rules": 50}, WINDOW)
    flow.reset(0)
    cursors = list(flow.may_send())
    assert cursors[0] is flow.live
    assert [cursor.at for cursor in cursors] == [50, 0]


def test_catching_up_ends_where_live_frames_continue() -> None:
    flow = LaneFlow({"ingest": 0, "rules": 3}, WINDOW)
    flow.reset(0)
    _, catching_up = flow.may_send()
    for seq in (1, 2, 3):
        assert flow.has_room(catching_up)
        flow.sent(catching_up, seq, SIZE, 0)
    assert list(flow.may_send()) == [flow.live]


def sent_and_lost() -> LaneFlow:
    flow = LaneFlow({"rules": 0}, WINDOW)
    for seq in (1, 2, 3):
        flow.sent(flow.live, seq, SIZE, 0)
    return flow


def waited(flow: LaneFlow, now: int) -> int:
    """How long it has patience (ms) until it sends again what was sent."""
    wait = 0
    while len(list(flow.may_send())) == 1:
        wait += 100
        flow.check_patience(now + wait)
    return wait


def test_patience_doubles_up_to_a_minute_and_comes_back_with_progress() -> None:
    flow = sent_and_lost()
    flow.check_patience(PATIENCE_MS - 1)
    assert list(flow.may_send()) == [flow.live]
    now, waits = 0, list[int]()
    for _ in range(6):
        waits.append(waited(flow, now))
        now += waits[-1]
        for cursor in flow.may_send():
            if cursor is not flow.live:
                for seq in (1, 2, 3):
                    flow.sent(cursor, seq, SIZE, now)
    assert waits == [PATIENCE_MS, 10_000, 20_000, 40_000, LONGEST_PATIENCE_MS, LONGEST_PATIENCE_MS]
    flow.commit("rules", 1, now)
    flow.check_patience(now + PATIENCE_MS)
    assert len(list(flow.may_send())) == 2


def test_urgent_frames_that_were_lost_are_never_longer_than_seconds_under_way() -> None:
    """A broker that dies may lose one several times, and each time an alarm waits."""
    urgent = WINDOWS[Lane.URGENT]
    flow = LaneFlow({"rules": 0}, urgent)
    flow.sent(flow.live, 1, SIZE, 0)
    now, waits = 0, list[int]()
    for _ in range(4):
        waits.append(waited(flow, now))
        now += waits[-1]
        flow.sent(next(cursor for cursor in flow.may_send() if cursor is not flow.live), 1, SIZE, now)
    assert waits == [2_000, 4_000, 5_000, 5_000]


def test_a_gap_is_filled_once_unless_asked_for_again() -> None:
    flow = LaneFlow({"rules": 0}, Window(4, 1_000))
    for seq in (1, 2, 3, 4):
        flow.sent(flow.live, seq, SIZE, 0)
    flow.resend("rules", 2, 0)
    flow.commit("rules", 1, 0)
    _, cursor = flow.may_send()
    assert cursor.at == 1
    flow.sent(cursor, 2, SIZE, 0)
    flow.sent(cursor, 3, SIZE, 0)
    flow.resend("rules", 3, 1_000)
    assert [c.at for c in flow.may_send()] == [4, 3], "3 is on its way"
    flow.resend("rules", 3, 2_000)
    assert [c.at for c in flow.may_send()] == [4, 2], "asked for again: it was lost"


@pytest.mark.parametrize(("after_ms", "again"), [(100, False), (1_000, True)])
def test_a_consumer_that_greets_is_sent_what_it_lacks_but_not_at_every_word(after_ms: int, again: bool) -> None:
    flow = sent_and_lost()
    flow.greet("rules", 10_000)
    _, cursor = flow.may_send()
    flow.sent(cursor, 1, SIZE, 10_000)
    flow.greet("rules", 10_000 + after_ms)
    assert [c.at for c in flow.may_send()] == ([3, 0] if again else [3, 1])


def test_a_consumer_that_went_back_is_believed() -> None:
    flow = sent_and_lost()
    flow.commit("rules", 3, 0)
    flow.commit("rules", 1, 0)
    assert flow.slowest == 1
    assert [c.at for c in flow.may_send()] == [3, 1]


def test_what_is_in_flight_is_bounded_in_bytes_and_a_frame_larger_than_that_goes_alone() -> None:
    flow = LaneFlow({"rules": 0}, Window(100, 1_000))
    sizes = [400, 400, 400, 5_000, 10]
    sent: list[int] = []

    def pump(now: int) -> None:
        while flow.has_room(flow.live) and len(sent) < len(sizes):
            sent.append(len(sent) + 1)
            flow.sent(flow.live, sent[-1], sizes[sent[-1] - 1], now)

    pump(0)
    assert sent == [1, 2, 3]
    flow.commit("rules", 1, 1)
    pump(1)
    assert sent == [1, 2, 3, 4]
    flow.commit("rules", 3, 2)
    pump(2)
    assert sent == [1, 2, 3, 4]
    flow.commit("rules", 4, 3)
    pump(3)
    assert sent == [1, 2, 3, 4, 5]
