"""Commands to actuators: judged purely, carried out once, verified by reading back, always answered.

Egress locks fail open: once an activation released one, it is not locked again until a command whose cause begins with
`stand-down:`. What a tripped interlock of this gateway holds stays so until a person resets that, by a command to
`interlock:{id}` with value 0. A command to `mode:{device}` puts a device in test (1), out of service (2) or back (0).
"""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Protocol

import msgspec
import structlog

from backbone import metrics, topics
from backbone.bus import Bus
from community.commands import Command, Outcome, Reply
from community.site.devices import DeviceMode
from community.site.site import Point
from gateway.command_log import CommandLog
from gateway.drivers.modbus_client import ModbusError
from gateway.interlocks import EGRESS_LOCK, Hold
from gateway.refusals import Refusals

STAND_DOWN = "stand-down:"
INTERLOCK = "interlock:"
MODE = "mode:"
_MODES = {0.0: DeviceMode.NORMAL, 1.0: DeviceMode.TEST, 2.0: DeviceMode.DISABLED}
PERSON = "person:"
"""A door a person unlocked for a visitor may be locked again."""
SIMULATED = "drill: not switched"
TRIES = 2
READ_BACKS = 3
READ_BACK_PAUSE_S = 0.05
_ID_LIMIT = 128
_decoder = msgspec.json.Decoder(Command)

log = structlog.get_logger()


class Switch(Protocol):
    """Sets outputs and reads them back."""

    async def write(self, device: str, point: str, value: int) -> float:
        """Set, and what it is afterwards. Raises ModbusError."""
        ...

    async def read_back(self, device: str, point: str) -> float:
        """What it is. Raises ModbusError."""
        ...


class Interlocks(Protocol):
    """What commands need of the interlocks."""

    def hold(self, point: str) -> Hold | None:
        """What an output is held at."""
        ...

    def reset(self, identifier: str, by: str) -> str | None:
        """Reset one; why not, when it cannot be."""
        ...


@dataclass(frozen=True, slots=True)
class Verdict:
    """What is to become of a command: carried out (`outcome` None), or answered at once."""

    outcome: Outcome | None
    reason: str = ""


def judge(
    command: Command,
    point: Point | None,
    released_by: str | None,
    now: int,
    *,
    retained: bool,
    hold: Hold | None = None,
) -> Verdict:
    """Whether a command may be carried out now."""
    if (untimely := _untimely(command, now, retained=retained)) is not None:
        return untimely
    if point is None:
        return Verdict(Outcome.REFUSED, f"no point {command.point} on this gateway")
    if point.output is None:
        return Verdict(Outcome.REFUSED, f"{command.point} is not among its device's outputs")
    if command.value not in {0.0, 1.0}:
        return Verdict(Outcome.REFUSED, f"value {command.value:g}; an output takes 0 or 1")
    unsafe = command.value != point.output.safe
    if point.output.kind == EGRESS_LOCK and unsafe and released_by and not command.cause.startswith(STAND_DOWN):
        return Verdict(Outcome.REFUSED, f"life safety: released by {released_by}, until stood down")
    if hold is not None and command.value != hold.value:
        return Verdict(Outcome.REFUSED, f"life safety: held by interlock {hold.by}, until a person resets it")
    if command.drill:
        return Verdict(Outcome.DONE, SIMULATED)
    return Verdict(None)


def judge_reset(command: Command, now: int, *, retained: bool) -> Verdict:
    """Whether a command to an interlock may be tried; the interlock itself refuses while its cause stands."""
    if (untimely := _untimely(command, now, retained=retained)) is not None:
        return untimely
    if command.value != 0:
        return Verdict(
            Outcome.REFUSED, f"value {command.value:g}; an interlock is reset by 0 and tripped by its causes"
        )
    if not command.cause.startswith(PERSON):
        return Verdict(Outcome.REFUSED, "life safety: only a person resets an interlock")
    if command.drill:
        return Verdict(Outcome.DONE, SIMULATED)
    return Verdict(None)


def judge_mode(command: Command, now: int, *, retained: bool) -> Verdict:
    """Whether a device may be put in another mode."""
    if (untimely := _untimely(command, now, retained=retained)) is not None:
        return untimely
    if command.value not in _MODES:
        return Verdict(Outcome.REFUSED, f"value {command.value:g}; a mode is 0 (normal), 1 (test) or 2 (disabled)")
    if not command.cause.startswith(PERSON):
        return Verdict(Outcome.REFUSED, "life safety: only a person takes a device out of service")
    if command.drill:
        return Verdict(Outcome.DONE, SIMULATED)
    return Verdict(None)


def _untimely(command: Command, now: int, *, retained: bool) -> Verdict | None:
    if retained:
        return Verdict(Outcome.REFUSED, "retained: a command is for the moment it is sent")
    if now >= command.expires:
        return Verdict(Outcome.EXPIRED, f"expired {now - command.expires} ms ago")
    return None


def releases(command: Command, point: Point) -> bool:
    """Whether this command opens an egress lock that must then stay open."""
    return (
        point.output is not None
        and point.output.kind == EGRESS_LOCK
        and command.value == point.output.safe
        and not command.drill
        and not command.cause.startswith((STAND_DOWN, PERSON))
    )


class Commands:
    """Takes commands from the bus."""

    def __init__(
        self,
        bus: Bus,
        site: str,
        gateway: str,
        *,
        points: Mapping[str, Point],
        switches: Mapping[str, Switch],
        interlocks: Interlocks,
        modes: Callable[[str, DeviceMode], str | None],
        record: CommandLog,
        refusals: Refusals,
        now: Callable[[], int],
    ) -> None:
        """`points`: of this gateway; `switches`: by device; `modes` puts a device in one, or says why not."""
        self._bus = bus
        self._site = site
        self._gateway = gateway
        self._points = points
        self._switches = switches
        self._interlocks = interlocks
        self._modes = modes
        self._record = record
        self._refusals = refusals
        self._now = now
        self._queue: asyncio.Queue[tuple[str, Command, bool]] = asyncio.Queue()
        self._unsent: dict[str, Reply] = {}
        self.done = 0
        self.refused = 0

    def start(self) -> None:
        """Subscribe; and send again what was answered while nobody heard it."""
        self._bus.subscribe(topics.command(self._site, self._gateway, "+"), self._on_command)
        self._bus.on_connect(self._send_unsent)

    def release_all(self, cause: str) -> None:
        """Nothing is known of earlier releases: no egress lock is locked until it is stood down."""
        for point in self._points.values():
            if point.output is not None and point.output.kind == EGRESS_LOCK:
                self._record.release(point.id, cause, self._now())

    async def run(self) -> None:
        """Carry out what comes, each output in its own task, until cancelled."""
        async with asyncio.TaskGroup() as group:
            for identifier, command in self._record.unfinished():
                group.create_task(self._settle(identifier, command), name=f"settle {identifier}")
            while True:
                identifier, command, retained = await self._queue.get()
                group.create_task(self._handle(identifier, command, retained), name=f"command {identifier}")

    def _on_command(self, topic: str, payload: bytes) -> None:
        identifier = topics.last_level(topic)
        if not payload:
            return
        try:
            command = _decoder.decode(payload)
        except (msgspec.MsgspecError, RecursionError):
            self._refusals.count(topic, "no command", self._now())
            self._answer(identifier, Reply(outcome=Outcome.REFUSED, point="", at=self._now(), reason="no command"))
            return
        if len(identifier) > _ID_LIMIT:
            self._refusals.count(topic, "an id this long is none", self._now())
            return
        self._queue.put_nowait((identifier, command, self._bus.retained))

    async def _handle(self, identifier: str, command: Command, retained: bool) -> None:
        if self._record.known(identifier):
            reply = self._record.reply_to(identifier)
            if reply is not None:
                self._answer(identifier, reply)
            return
        now = self._now()
        if command.point.startswith(INTERLOCK):
            self._reset(identifier, command, judge_reset(command, now, retained=retained))
            return
        if command.point.startswith(MODE):
            self._set_mode(identifier, command, judge_mode(command, now, retained=retained))
            return
        point = self._points.get(command.point)
        verdict = self._judge(command, point, now, retained=retained)
        self._record.begin(identifier, command, now)
        if verdict.outcome is not None or point is None:
            outcome = verdict.outcome or Outcome.REFUSED
            self._finish(identifier, self._reply(command, outcome, verdict.reason))
            return
        if releases(command, point):
            self._record.release(point.id, command.cause, now)
        elif command.cause.startswith(STAND_DOWN):
            self._record.stand_down(point.id)
        try:
            reply = await self._carry_out(command, point)
        except Exception:
            metrics.loop_errors.labels("gateway commands").inc()
            log.exception("command failed", command=identifier)
            reply = self._reply(command, Outcome.FAILED, "unexpected error, see the gateway's log")
        self._finish(identifier, reply)

    def _judge(self, command: Command, point: Point | None, now: int, *, retained: bool) -> Verdict:
        released_by, hold = self._record.released_by(command.point), self._interlocks.hold(command.point)
        return judge(command, point, released_by, now, retained=retained, hold=hold)

    def _reset(self, identifier: str, command: Command, verdict: Verdict) -> None:
        if verdict.outcome is not None:
            self._finish(identifier, self._reply(command, verdict.outcome, verdict.reason))
            return
        refusal = self._interlocks.reset(command.point.removeprefix(INTERLOCK), command.cause)
        outcome = Outcome.DONE if refusal is None else Outcome.REFUSED
        reason = "its outputs stay as they are" if refusal is None else f"life safety: {refusal}"
        self._finish(identifier, self._reply(command, outcome, reason))

    def _set_mode(self, identifier: str, command: Command, verdict: Verdict) -> None:
        outcome, reason = verdict.outcome, verdict.reason
        if outcome is None:
            refusal = self._modes(command.point.removeprefix(MODE), _MODES[command.value])
            outcome, reason = (Outcome.DONE, "") if refusal is None else (Outcome.REFUSED, refusal)
        self._finish(identifier, self._reply(command, outcome, reason))

    async def _carry_out(self, command: Command, point: Point) -> Reply:
        switch = self._switches.get(point.device)
        if switch is None:
            return self._reply(command, Outcome.REFUSED, f"{point.device} cannot be switched by this gateway")
        reason = ""
        for attempt in range(TRIES):
            if attempt:
                # Meanwhile it may have expired, or the door been released.
                again = self._judge(command, point, self._now(), retained=False)
                if again.outcome is not None:
                    return self._reply(command, again.outcome, f"{again.reason}; before that: {reason}")
            try:
                value = await switch.write(point.device, point.id, int(command.value))
                for _ in range(READ_BACKS):
                    if value == command.value:
                        return self._reply(command, Outcome.DONE, "", value)
                    await asyncio.sleep(READ_BACK_PAUSE_S)
                    value = await switch.read_back(point.device, point.id)
            except ModbusError as error:
                reason = str(error)
            else:
                return self._reply(command, Outcome.FAILED, f"reads back {value:g}", value)
        return self._reply(command, Outcome.FAILED, reason)

    async def _settle(self, identifier: str, command: Command) -> None:
        """The process ended while this was carried out: say what the output is now, and switch nothing."""
        point, value, reason = self._points.get(command.point), None, "the gateway restarted meanwhile"
        switch = self._switches.get(point.device) if point is not None else None
        if point is not None and switch is not None:
            try:
                value = await switch.read_back(point.device, point.id)
            except ModbusError as error:
                reason = f"{reason}; {error}"
        outcome = Outcome.DONE if value == command.value else Outcome.FAILED
        self._finish(identifier, self._reply(command, outcome, reason, value))

    def _reply(self, command: Command, outcome: Outcome, reason: str, read_back: float | None = None) -> Reply:
        return Reply(
            outcome=outcome,
            point=command.point,
            at=self._now(),
            reason=reason,
            read_back=read_back,
            drill=command.drill,
        )

    def _finish(self, identifier: str, reply: Reply) -> None:
        self._record.finish(identifier, reply)
        if reply.outcome is Outcome.DONE:
            self.done += 1
        else:
            self.refused += 1
        log.info("command", command=identifier, point=reply.point, outcome=reply.outcome.value, reason=reply.reason)
        self._answer(identifier, reply)

    def _answer(self, identifier: str, reply: Reply) -> None:
        body = msgspec.json.encode(reply)
        if not self._bus.publish(topics.reply(self._site, self._gateway, identifier), body):
            self._unsent[identifier] = reply

    def _send_unsent(self) -> None:
        waiting, self._unsent = self._unsent, {}
        for identifier, reply in waiting.items():
            self._answer(identifier, reply)
