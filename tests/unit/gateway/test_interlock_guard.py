"""The interlock's shell: it acts before the disk, remembers across processes, and fails towards open doors."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from community.commands import SET
from community.quality import Quality
from gateway.drivers.modbus_client import Failure, ModbusError
from gateway.interlock_guard import BACKLOG_MS, LATE_MS, InterlockGuard
from gateway.interlock_record import FILE
from gateway.interlocks import Cause, Effect, Hold, Row
from tests.unit.gateway.sink import Remembered
from tests.waiting import until

NOW = 1_790_000_000_000
DOOR = Effect("doors.relay-1", "doors", 0, egress=True, held=True)
SIREN = Effect("doors.relay-2", "doors", 1, egress=False, held=False)
FIRE = Row("fire", (Cause({"a.smoke": "a", "b.smoke": "b"}, 2, 60_000),), (DOOR, SIREN))
CALL = Row("call", (Cause({"c.call-point": "c"}, 1, 60_000),), (DOOR,))


class Board:
    """A relay board behind the port the guard uses."""

    def __init__(self) -> None:
        self.relays = {"doors.relay-1": 1.0, "doors.relay-2": 0.0}
        self.writes: list[tuple[str, int]] = []
        self.broken: Failure | None = None
        self.stuck = False

    async def write(self, device: str, point: str, value: int) -> float:
        assert device == "doors"
        if self.broken:
            raise ModbusError(self.broken)
        self.writes.append((point, value))
        if not self.stuck:
            self.relays[point] = value
        return self.relays[point]

    async def read_back(self, device: str, point: str) -> float:
        assert device == "doors"
        return self.relays[point]


class Rig:
    """A guard, its board, and what it told."""

    def __init__(self, folder: Path, rows: tuple[Row, ...] = (FIRE, CALL), board: Board | None = None) -> None:
        self.board = board or Board()
        self.sink = Remembered()
        self.clock_s = 1000.0
        self.wall = NOW
        self.guard = InterlockGuard(
            rows,
            folder,
            switches={"doors": self.board},
            sink=self.sink,
            now=lambda: self.wall,
            monotonic=lambda: self.clock_s,
        )

    def say(self, point: str, x: float = 1.0, q: int = 0, t: int | None = None) -> None:
        self.guard.observe(point, self.wall if t is None else t, x, q)

    def told(self) -> list[str]:
        return [event.type.removeprefix("interlock.") for event, urgent in self.sink.events if urgent]

    def outputs(self, row: str = "fire") -> dict[str, str]:
        return self.guard.states()[row].outputs

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator["Rig"]:
        self.guard.load()
        task = asyncio.create_task(self.guard.run())
        try:
            yield self
        finally:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task
            self.guard.finish()

    async def until_set(self, *rows: str) -> None:
        await until(lambda: all(set(self.outputs(row).values()) == {SET} for row in rows or ("fire",)), "outputs")

    async def until_saved(self) -> None:
        await until(lambda: self.guard.saved() is None, "the record")


async def test_two_detectors_open_the_doors_and_tell(tmp_path: Path) -> None:
    async with Rig(tmp_path).running() as rig:
        rig.say("a.smoke")
        assert not rig.guard.states()["fire"].tripped
        rig.say("b.smoke")
        await rig.until_set()
        assert rig.board.relays == {"doors.relay-1": 0, "doors.relay-2": 1}
        assert rig.told() == ["tripped", "output-done", "output-done"]
        tripped = rig.sink.events[0][0]
        assert (tripped.point, tripped.t) == ("b.smoke", NOW)
        assert tripped.data == {
            "interlock": "fire",
            "causes": [{"point": p, "t": NOW, "x": 1.0, "q": 0} for p in ("a.smoke", "b.smoke")],
            "outputs": ["doors.relay-1", "doors.relay-2"],
        }
        assert rig.guard.hold("doors.relay-1") == Hold(0, "fire")
        assert rig.guard.hold("doors.relay-2") is None
        rig.say("a.smoke")
        assert len(rig.told()) == 3, "tripped once"


async def test_it_is_reset_by_a_person_once_its_cause_is_gone(tmp_path: Path) -> None:
    async with Rig(tmp_path).running() as rig:
        rig.say("a.smoke")
        rig.say("b.smoke")
        await rig.until_set()
        rig.say("a.smoke", 0)
        rig.say("b.smoke", 1, int(Quality.COMMUNICATION_FAILURE))
        assert rig.guard.reset("fire", "person:wang-wei") == "its cause stands: b.smoke"
        rig.say("b.smoke", 0, int(Quality.TEST_MODE))
        assert rig.guard.reset("fire", "person:wang-wei") == "its cause stands: b.smoke"
        rig.say("b.smoke", 0)
        assert rig.guard.reset("fire", "person:wang-wei") is None
        assert rig.guard.hold("doors.relay-1") is None
        assert rig.board.relays["doors.relay-1"] == 0, "what is open stays open until somebody locks it"
        assert rig.told()[-1] == "reset"
        assert rig.guard.reset("fire", "person:wang-wei") is None, "again: it is reset already"
        assert rig.guard.reset("flood", "person:wang-wei") == "no interlock flood at this gateway"
        rig.clock_s += 120
        rig.say("b.smoke")
        rig.say("a.smoke")
        assert rig.guard.states()["fire"].tripped, "and it is ready for the next fire"


async def test_after_a_reset_one_detector_within_the_window_is_enough(tmp_path: Path) -> None:
    async with Rig(tmp_path).running() as rig:
        for x in (1.0, 0.0):
            rig.say("a.smoke", x)
            rig.say("b.smoke", x)
        assert rig.guard.reset("fire", "person:w") is None
        assert not rig.guard.states()["fire"].tripped
        rig.say("a.smoke")
        assert rig.guard.states()["fire"].tripped


async def test_one_of_two_that_share_a_door_keeps_holding_it(tmp_path: Path) -> None:
    async with Rig(tmp_path).running() as rig:
        rig.say("c.call-point")
        rig.say("a.smoke")
        rig.say("b.smoke")
        await rig.until_set("fire", "call")
        rig.say("c.call-point", 0)
        assert rig.guard.reset("call", "person:w") is None
        assert rig.guard.hold("doors.relay-1") == Hold(0, "fire")


@pytest.mark.parametrize("jump_ms", [-86_400_000, 86_400_000, -NOW])
async def test_a_jump_of_the_clock_changes_nothing(tmp_path: Path, jump_ms: int) -> None:
    async with Rig(tmp_path).running() as rig:
        rig.say("a.smoke")
        rig.say("a.smoke", 0)
        rig.wall += jump_ms
        rig.clock_s += 59
        rig.say("b.smoke")
        assert rig.guard.states()["fire"].tripped
        rig.say("b.smoke", 0)
        assert rig.guard.reset("fire", "person:w") is None
        rig.wall -= jump_ms
        rig.clock_s += 60
        rig.say("a.smoke")
        assert not rig.guard.states()["fire"].tripped, "the window is over, whatever the clock says"


async def test_what_waited_in_the_broker_since_long_ago_is_no_news(tmp_path: Path) -> None:
    async with Rig(tmp_path).running() as rig:
        old = NOW - LATE_MS - 1
        rig.say("a.smoke", t=old)
        rig.say("b.smoke", t=old)
        assert not rig.guard.states()["fire"].tripped
        rig.say("b.smoke", t=old + 2)
        assert rig.guard.states()["fire"].tripped, "a detector that says so now makes it news"
    async with Rig(tmp_path / "later").running() as rig:
        rig.clock_s += BACKLOG_MS / 1000
        rig.say("a.smoke", t=old)
        rig.say("b.smoke", t=old)
        assert rig.guard.states()["fire"].tripped, "later a device's odd clock must not hide a fire"


async def test_an_output_that_does_not_obey_is_told_once_and_set_until_it_does(tmp_path: Path) -> None:
    rig = Rig(tmp_path)
    rig.board.broken = Failure.NO_ANSWER
    async with rig.running():
        rig.say("c.call-point")
        await until(lambda: rig.outputs("call") == {"doors.relay-1": "no answer in time"}, "the failure")
        rig.board.broken, rig.board.stuck = None, True
        await until(lambda: rig.outputs("call") == {"doors.relay-1": "reads back 1"}, "the other failure")
        rig.board.stuck = False
        await rig.until_set("call")
        assert rig.told() == ["tripped", "output-failed", "output-failed", "output-done"]
        assert rig.sink.events[1][0].data["reason"] == "no answer in time"


async def test_a_door_that_is_locked_behind_its_back_is_opened_again(tmp_path: Path) -> None:
    async with Rig(tmp_path).running() as rig:
        rig.say("a.smoke")
        rig.say("b.smoke")
        await rig.until_set()
        rig.board.writes.clear()
        rig.say("doors.relay-1", 1)  # read before it was set
        rig.board.relays["doors.relay-2"] = 0
        rig.say("doors.relay-2", 0)  # somebody silenced the siren
        rig.say("doors.relay-1", 1, int(Quality.COMMUNICATION_FAILURE))
        await asyncio.sleep(0)
        rig.board.relays["doors.relay-1"] = 1
        rig.say("doors.relay-1", 1)
        await until(lambda: rig.board.relays["doors.relay-1"] == 0, "the door")
        assert rig.board.writes in ([("doors.relay-1", 0)], [])


async def test_what_was_tripped_stays_so_across_processes(tmp_path: Path) -> None:
    async with Rig(tmp_path).running() as rig:
        rig.say("a.smoke")
        rig.say("b.smoke")
        await rig.until_saved()
        board = rig.board
    board.relays["doors.relay-1"] = 1
    async with Rig(tmp_path, board=board).running() as again:
        await again.until_set()
        assert board.relays["doors.relay-1"] == 0
        state = again.guard.states()["fire"]
        assert (state.tripped, state.since, state.causes) == (True, NOW, ("a.smoke", "b.smoke"))
        assert again.guard.reset("fire", "person:w") == "its cause stands: a.smoke, b.smoke"
        again.say("a.smoke", 0)
        again.say("b.smoke", 0)
        assert again.guard.reset("fire", "person:w") is None
    async with Rig(tmp_path).running() as third:
        assert not third.guard.states()["fire"].tripped


async def test_a_vote_survives_the_process_that_heard_it(tmp_path: Path) -> None:
    async with Rig(tmp_path).running() as rig:
        rig.say("a.smoke")
        assert rig.guard.saved() is not None, "the sensor's message is not acknowledged before"
        await rig.until_saved()
    async with Rig(tmp_path).running() as again:
        again.say("b.smoke")
        assert again.guard.states()["fire"].tripped


@pytest.mark.parametrize("damage", [b"", b"{", b'{"v":2,"latched":{},"voices":[]}', b"\xff\xfe", b"[]"])
async def test_a_record_that_cannot_be_read_opens_the_doors(tmp_path: Path, damage: bytes) -> None:
    (tmp_path / FILE).write_bytes(damage)
    async with Rig(tmp_path).running() as rig:
        await rig.until_set("fire", "call")
        assert rig.board.relays == {"doors.relay-1": 0, "doors.relay-2": 0}, "doors are opened, nothing else happens"
        failure = rig.guard.states()["fire"].failure
        assert failure is not None
        assert FILE in failure
        assert rig.told()[:2] == ["failed", "failed"]
        await rig.until_saved()
        assert rig.guard.reset("fire", "person:w") is None
        await rig.until_saved()
    async with Rig(tmp_path).running() as again:
        assert not again.guard.states()["fire"].tripped
        assert again.guard.states()["call"].tripped, "each is reset by itself"


class Faulty(dict[str, str]):
    """A table whose look-ups fail once it is armed."""

    armed = False

    def __getitem__(self, key: str) -> str:
        if self.armed:
            raise RuntimeError("a fault of ours")
        return super().__getitem__(key)


async def test_a_fault_of_its_own_opens_the_doors_and_costs_no_other_its_work(tmp_path: Path) -> None:
    devices = Faulty({"a.smoke": "a", "b.smoke": "b"})
    broken = Row("broken", (Cause(devices, 2, 60_000),), (DOOR, SIREN))
    async with Rig(tmp_path, (broken, CALL)).running() as rig:
        devices.armed = True
        rig.say("a.smoke")
        await rig.until_set("broken")
        assert rig.board.relays == {"doors.relay-1": 0, "doors.relay-2": 0}
        assert not rig.guard.states()["call"].tripped
        rig.say("c.call-point")
        assert rig.guard.states()["call"].tripped


async def test_a_full_disk_keeps_no_door_shut(tmp_path: Path) -> None:
    folder = tmp_path / "a-file"
    folder.write_text("no folder")
    async with Rig(folder, (CALL,)).running() as rig:
        rig.say("c.call-point")
        waited_for = rig.guard.saved()
        await rig.until_set("call")
        assert waited_for is not None
        await waited_for
        assert rig.guard.problem is not None


async def test_telling_never_keeps_it_from_acting(tmp_path: Path) -> None:
    rig = Rig(tmp_path)
    rig.sink.end = _raise  # type: ignore[method-assign]
    async with rig.running():
        rig.say("c.call-point")
        await rig.until_set("call")
        assert rig.guard.states()["call"].failure is None


def _raise(_now: int) -> None:
    raise RuntimeError("no sink")
