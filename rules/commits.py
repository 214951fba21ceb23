"""What was judged on its way into the database: alarms, the detector's state, and how far the stream was read, as one.

Judging does not wait for it. A database that is away, or hangs, has its try; what is found meanwhile is owed and goes
with the next one, and people are told of it without a record (rules/notify/unrecorded.py).
"""

import asyncio
import contextlib
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import structlog
from sqlalchemy import Connection

from backbone.database.positions import save_positions
from backbone.position import Position
from backbone.stream import MANY_READINGS, Stream
from rules.detect.checkpoint import Snapshot
from rules.detect.model import Transition
from rules.detect.retelling import Call, Told
from rules.kept_state import MANY_CALLS, KeptState
from rules.notify.unrecorded import Unrecorded
from rules.part import Part
from rules.respond.orders import Order
from rules.respond.responder import Responder
from rules.settings import RulesSettings
from rules.writer import FIRST_DELAY_S, LONGEST_DELAY_S, Unwritten, Writer

CONSUMER = "rules"
PATIENCE_S = 2.0
"""So long a transaction is waited for; then judging goes on without it."""
PAUSES, LONGEST_PAUSE_MS = 10, 2_000
"""Progress alone is not committed for so many times as long as it took: a disk may be slow."""
MOST_CALLS = 200_000
"""Of the detector that are remembered while nothing can be committed; see `RulesSettings.owed_readings`."""
log = structlog.get_logger()


class Judged(Protocol):
    """Who judges: what the detector was told, and what it knows."""

    @property
    def told(self) -> Told:
        """Since it was last committed."""
        ...


@dataclass(slots=True)
class _Try:
    """A transaction that has begun."""

    task: asyncio.Task[list[Order]]
    began: float
    found: list[Transition]
    positions: Mapping[str, Position]
    calls: list[Call]
    instead: Snapshot | None
    """The whole state, where it goes in place of the calls."""
    beside: Snapshot | None
    """The whole state, to be written beside once this is done."""
    parts: Sequence[Part]


class Commits:
    """The transactions of a site's rules, one at a time."""

    def __init__(
        self,
        site: str,
        judge: Judged,
        stream: Stream,
        writer: Writer,
        kept: KeptState,
        responder: Responder,
        unrecorded: Unrecorded,
        now: Callable[[], int],
        settings: RulesSettings,
    ) -> None:
        self._site = site
        self._judge = judge
        self._stream = stream
        self._writer = writer
        self._kept = kept
        self._responder = responder
        self._unrecorded = unrecorded
        self._now = now
        self._every_ms = settings.checkpoint_every_s * 1000
        self._most_owed = settings.owed_readings
        self.parts: Callable[[], Sequence[Part]] = tuple
        """What else is stored."""
        self.on_alarms: Callable[[list[Order]], None] = lambda _orders: None
        """Called with the commands to send once transitions are committed."""
        self._owed: list[Transition] = []
        self._try: _Try | None = None
        self._again_at = 0.0
        self._pause_s = FIRST_DELAY_S
        self._whole_owed = False
        self._stored: Mapping[str, Position] = {}
        self._judged = False
        self._unsaid = 0
        """Readings judged since the last transaction began."""
        self._committed_at = now()
        self._took_ms = 0.0

    @property
    def idle(self) -> bool:
        """Whether nothing is owed or under way, and the database takes what it is given."""
        return not (self._owed or self._try is not None or self._writer.away)

    @property
    def alive(self) -> bool:
        """Whether an alarm could be written."""
        trying = self._try
        return not self._writer.away and (trying is None or time.monotonic() - trying.began < PATIENCE_S)

    def judged(self, readings: int) -> None:
        """So many more readings were."""
        self._judged = True
        self._unsaid += readings

    def clock_set(self) -> None:
        """The clock shows another time."""
        self._committed_at = self._now()

    async def commit(self, transitions: Sequence[Transition], now: int) -> None:
        """Commit these at once, or progress alone when it is due; what cannot be is owed."""
        self._owed += transitions
        if await self._over(0) and time.monotonic() >= self._again_at and (self._owed or self._is_due(now)):
            self._try = trying = self._begin(now)
            with self._stream.quiet() if trying.found else contextlib.nullcontext():
                await self._over(PATIENCE_S)
        if not self.alive or self._try is not None:
            self._go_without(now)

    async def insist(self, now: int, also: Callable[[Connection], None] | None = None) -> None:
        """Commit all there is, with something else, however long it takes.

        Raises:
            Stopped: the service stops and the database is away.
        """
        await self._over(None)
        self._try = self._begin(now, also, insists=True)
        await self._over(None)

    def _is_due(self, now: int) -> bool:
        awaited = self._unsaid >= MANY_READINGS and self._stream.buffered_readings == 0
        pause_ms = max(self._every_ms, min(PAUSES * self._took_ms, LONGEST_PAUSE_MS))
        worth = self._judged or self._whole_owed or self._judge.told.calls >= MANY_CALLS
        return worth and (awaited or now - self._committed_at >= pause_ms)

    def _begin(self, now: int, also: Callable[[Connection], None] | None = None, *, insists: bool = False) -> _Try:
        told = self._judge.told
        found, self._owed = self._owed, []
        calls, parts, positions = told.take(), self.parts(), self._stream.positions
        instead = told.detector.snapshot() if self._whole_owed else None
        beside = told.detector.snapshot() if self._kept.wants_whole and instead is None else None
        moved = {gateway: at for gateway, at in positions.items() if at != self._stored.get(gateway)}
        self._judged, self._unsaid = False, 0

        def work(c: Connection) -> list[Order]:
            orders = self._responder.respond(c, found, now) if found else []
            if also is not None:
                also(c)
            if instead is None:
                self._kept.tell(c, calls)
            else:
                self._kept.keep(c, instead, told.detector.layout)
            save_positions(c, CONSUMER, self._site, moved)
            for part in parts:
                part.store(c)
            return orders

        task = asyncio.create_task(self._writer.do(work) if insists else self._writer.once(work), name="rules commit")
        return _Try(task, time.monotonic(), found, positions, calls, instead, beside, parts)

    async def _over(self, wait_s: float | None) -> bool:
        """Whether no transaction is under way any more."""
        trying = self._try
        if trying is None:
            return True
        await asyncio.wait({trying.task}, timeout=wait_s)
        if not trying.task.done():
            return False
        self._try = None
        try:
            orders = trying.task.result()
        except Unwritten:
            self._give_back(trying)
        else:
            self._done(trying, orders)
        return True

    def _done(self, trying: _Try, orders: list[Order]) -> None:
        if trying.instead is None:
            self._kept.told(trying.calls)
        else:
            self._whole_owed = False
        if trying.beside is not None:
            self._kept.renew(trying.beside)
        self._stored = trying.positions
        self._committed_at, self._took_ms = self._now(), (time.monotonic() - trying.began) * 1000
        self._pause_s = FIRST_DELAY_S
        if trying.found:
            self._unrecorded.recorded(trying.found)
            self.on_alarms(orders)
        self._stream.commit(trying.positions)

    def _give_back(self, trying: _Try) -> None:
        self._owed = trying.found + self._owed
        self._judge.told.give_back(trying.calls)
        self._judged = True
        for part in trying.parts:
            part.give_back()
        self._again_at = time.monotonic() + self._pause_s
        self._pause_s = min(LONGEST_DELAY_S, self._pause_s * 2)

    def _go_without(self, now: int) -> None:
        """People are told without a record, and what is remembered for the next try is bounded."""
        waiting = self._owed if self._try is None else self._try.found + self._owed
        self._unrecorded.owe(waiting, self._responder.rules.of, now)
        told = self._judge.told
        if told.readings >= self._most_owed or told.calls >= MOST_CALLS:
            told.take()
            self._whole_owed = True
