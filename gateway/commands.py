"""Commands: judged (gateway/judgement.py), carried out once by id, verified by reading back, always answered."""

import asyncio
from collections.abc import Callable, Mapping
from functools import partial
from typing import Protocol

import msgspec
import structlog

from backbone import metrics, topics
from backbone.bus import Bus
from backbone.ways import Ways
from community.commands import Command, Outcome, Reply
from community.site.devices import DeviceMode
from community.site.site import Point
from gateway.command_log import CommandLog
from gateway.interlocks import EGRESS_LOCK, Hold
from gateway.judgement import INTERLOCK, MODE, MODES, STAND_DOWN, Verdict, judge, releases
from gateway.refusals import Refusals
from gateway.switch import Switch, SwitchError

TRIES = 2
READ_BACKS = 3
READ_BACK_PAUSE_S = 0.05
_ID_LIMIT = 128
_decoder = msgspec.json.Decoder(Command)

log = structlog.get_logger()


class Interlocks(Protocol):
    """What commands need of the interlocks."""

    def hold(self, point: str) -> Hold | None:
        """What an output is held at."""
        ...

    def reset(self, identifier: str, by: str) -> str | None:
        """Reset one; why not, when it cannot be."""
        ...

    def tripped(self, identifier: str) -> bool:
        """Whether it is."""
        ...


class Modes(Protocol):
    """What commands need of the devices' modes."""

    def command(self, device: str, mode: DeviceMode) -> str | None:
        """Put a device in a mode; why not, when it cannot be."""
        ...

    def commanded(self, device: str) -> DeviceMode:
        """What it was commanded to last; `normal` when nothing was."""
        ...


class Commands:
    """Takes commands from the bus and the ways, each id once, and answers by both."""

    def __init__(
        self,
        bus: Bus,
        ways: Ways,
        site: str,
        gateway: str,
        *,
        points: Mapping[str, Point],
        switches: Mapping[str, Switch],
        interlocks: Interlocks,
        modes: Modes,
        record: CommandLog,
        refusals: Refusals,
        now: Callable[[], int],
        trusted: bool,
    ) -> None:
        """`points`: of this gateway; `switches`: by device; `trusted`: strangers cannot speak to the broker."""
        self._bus = bus
        self._ways = ways
        self._site = site
        self._gateway = gateway
        self._points = points
        self._switches = switches
        self._interlocks = interlocks
        self._modes = modes
        self._record = record
        self._refusals = refusals
        self._now = now
        self._trusted = trusted
        self._queue: asyncio.Queue[tuple[str, Command, bool]] = asyncio.Queue()
        self._unsent: dict[str, Reply] = {}
        self.done = 0
        self.refused = 0

    def start(self) -> None:
        """Subscribe; and send again what was answered while nobody heard it."""
        commands = topics.command(self._site, self._gateway, "+")
        self._bus.subscribe(commands, lambda topic, body: self._on_command(topic, body, retained=self._bus.retained))
        self._ways.subscribe(commands, partial(self._on_command, retained=False))
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

    def _on_command(self, topic: str, payload: bytes, *, retained: bool) -> None:
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
        self._queue.put_nowait((identifier, command, retained))

    async def _handle(self, identifier: str, command: Command, retained: bool) -> None:
        if self._record.known(identifier):
            reply = self._record.reply_to(identifier)
            if reply is not None:
                self._answer(identifier, reply)
            return
        now = self._now()
        point = self._points.get(command.point)
        verdict = self._judge(command, point, now, retained=retained)
        self._record.begin(identifier, command, now)
        try:
            reply = self._reply(command, verdict.outcome, verdict.reason) if verdict.outcome else None
            reply = reply or self._said_so(command) or await self._switched(command, point, now)
        except Exception:
            metrics.loop_errors.labels("gateway commands").inc()
            log.exception("command failed", command=identifier)
            reply = self._reply(command, Outcome.FAILED, "unexpected error, see the gateway's log")
        self._finish(identifier, reply)

    def _judge(self, command: Command, point: Point | None, now: int, *, retained: bool) -> Verdict:
        released_by, hold = self._record.released_by(command.point), self._interlocks.hold(command.point)
        return judge(command, point, now, released_by=released_by, hold=hold, retained=retained, trusted=self._trusted)

    def _said_so(self, command: Command) -> Reply | None:
        """Of a command that concerns the gateway itself, an interlock or a mode: done."""
        if command.point.startswith(INTERLOCK):
            refusal = self._interlocks.reset(command.point.removeprefix(INTERLOCK), command.cause)
            if refusal is None:
                return self._reply(command, Outcome.DONE, "its outputs stay as they are")
            return self._reply(command, Outcome.REFUSED, f"life safety: {refusal}")
        if command.point.startswith(MODE):
            refusal = self._modes.command(command.point.removeprefix(MODE), MODES[command.value])
            return self._reply(command, Outcome.DONE if refusal is None else Outcome.REFUSED, refusal or "")
        return None

    async def _switched(self, command: Command, point: Point | None, now: int) -> Reply:
        assert point is not None  # it was judged
        if releases(command, point):
            self._record.release(point.id, command.cause, now)
        elif command.cause.startswith(STAND_DOWN):
            self._record.stand_down(point.id)
        return await self._carry_out(command, point)

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
            except SwitchError as error:
                reason = str(error)
            else:
                return self._reply(command, Outcome.FAILED, f"reads back {value:g}", value)
        return self._reply(command, Outcome.FAILED, reason)

    async def _settle(self, identifier: str, command: Command) -> None:
        """The process ended while this was carried out: say what is so now, and do nothing."""
        point, value, reason = self._points.get(command.point), None, "the gateway restarted meanwhile"
        if command.point.startswith(INTERLOCK):
            value = float(self._interlocks.tripped(command.point.removeprefix(INTERLOCK)))
        elif command.point.startswith(MODE):
            mode = self._modes.commanded(command.point.removeprefix(MODE))
            value = next(number for number, known in MODES.items() if known is mode)
        switch = self._switches.get(point.device) if point is not None else None
        if point is not None and switch is not None:
            try:
                value = await switch.read_back(point.device, point.id)
            except SwitchError as error:
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
        topic, body = topics.reply(self._site, self._gateway, identifier), msgspec.json.encode(reply)
        self._ways.publish(topic, body)
        if not self._bus.publish(topic, body):
            self._unsent[identifier] = reply

    def _send_unsent(self) -> None:
        waiting, self._unsent = self._unsent, {}
        for identifier, reply in waiting.items():
            self._answer(identifier, reply)
