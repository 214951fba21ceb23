"""The notifier: calls the people an escalation calls, hands messages to channels, and writes down what became of it.

All it knows is in the database, so that it goes on after a crash where it was: what was handed over and not yet written
down is handed over once more, with the same reference. Deliveries block, so they have threads and time limits of their
own; its transactions are small, because alarms wait for the same turn to write.
"""

import asyncio
import contextlib
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import msgspec
import structlog
from sqlalchemy import Connection

from backbone import metrics
from backbone.database.database import Database
from backbone.database.notifications import (
    all_browsers,
    escalations_of,
    get_escalation,
    oldest_due,
    open_escalations,
    push_key,
    save_browsers,
    save_push_key,
    save_reach,
)
from backbone.database.outbox import Relay
from community.escalations import OPEN, EscalationState
from community.notice_text import Message, render
from community.push import CHANNEL, Browsers
from community.site.duty import Notifications
from community.site.site import Site
from rules.notify.calling import AT_ONCE, Calling
from rules.notify.channels import Channels, hand_over, prepare
from rules.notify.delivery import Delivery, Outcome
from rules.notify.due import due
from rules.notify.endings import ended, keep_ended
from rules.notify.push import Push
from rules.notify.results import write_down
from rules.notify.slots import Slots, Way
from rules.notify.taken import NotTaken
from rules.writer import Writer

LOOK_EVERY_S = 1.0
GATHER_S = 0.05
"""What happens together is told in one go, and the next alarm is not written behind a telling of each."""
SETTLE_EVERY_MS = 30_000
RESULTS_AT_ONCE = 200
MOST_STANDING = 20_000
THREADS = 64
log = structlog.get_logger()


class _Event(msgspec.Struct):
    id: str
    change: str


_event = msgspec.json.Decoder(_Event)


class Notifier:
    """Runs beside detection in the rules service; nothing waits for it."""

    def __init__(
        self,
        site: Site,
        database: Database,
        writer: Writer,
        relay: Relay,
        channels: Channels,
        push: Push,
        public_url: str,
        now: Callable[[], int],
    ) -> None:
        self._push = push
        self.use(site, channels)
        self._database = database
        self._writer = writer
        self._relay = relay
        self._url = public_url.rstrip("/")
        self._now = now
        self._wake = asyncio.Event()
        self._busy: set[str] = set()
        """Notifications in delivery; and `person:` whose ordinary message is."""
        self._outcomes: list[Outcome] = []
        self._slots = Slots()
        self._changed: set[str] = set()
        self._settled_at = 0
        self._failing = False

    def use(self, site: Site, channels: Channels) -> None:
        """Tell people by this site from now on."""
        self._site = site
        self._channels = channels
        self._judged: Channels | None = None
        self._settings = site.file.notifications or Notifications()
        self._calling = Calling(site, channels, self._push)

    def clock_set(self, by: int) -> None:
        """The clock shows so many ms more, and what is due was moved."""
        self._settled_at += by
        self._wake.set()

    def wake(self) -> None:
        """There may be something to tell."""
        self._wake.set()

    def on_event(self, _topic: str, payload: bytes) -> None:
        """An alarm or an activation changed: who was to be told of it may not need to be any more."""
        event = _event.decode(payload)
        if event.change not in {"raised", "activated", "reported"}:
            self._changed.add(event.id)
        self._wake.set()

    async def run(self) -> None:
        """Tell people until cancelled."""
        await asyncio.to_thread(prepare)
        await asyncio.to_thread(self._push.prepare)
        pool = ThreadPoolExecutor(THREADS, thread_name_prefix="notify")
        try:
            async with asyncio.TaskGroup() as group:
                while True:
                    self._wake.clear()
                    try:
                        pause_s = await self._once(group, pool)
                    except Exception as error:
                        self._note_failure(error)
                        pause_s = LOOK_EVERY_S
                    with contextlib.suppress(TimeoutError):
                        async with asyncio.timeout(pause_s):
                            await self._wake.wait()
                    if pause_s:
                        await asyncio.sleep(GATHER_S)
        finally:
            pool.shutdown(wait=False, cancel_futures=True)

    async def _judge(self) -> None:
        """Whom the channels of this site lead to: known, and shown, before anything has to be said."""
        channels = self._channels
        await asyncio.to_thread(channels.judge)
        for person, why in channels.unreachable.items():
            log.warning("not reachable outside the page", person=person, why=why)
        await self._writer.do(self._tell_the_page)
        self._judged = channels

    def _tell_the_page(self, c: Connection) -> None:
        save_reach(c, self._site.id, self._channels.reach)
        key = self._push.public_key
        if key is None:
            return
        if push_key(c, self._site.id) not in {None, key}:
            log.warning("the key of web push is another one: everybody has to subscribe again")
            for browsers in all_browsers(c, self._site.id).values():
                save_browsers(c, self._site.id, Browsers(person=browsers.person))
        save_push_key(c, self._site.id, key)

    async def _once(self, group: asyncio.TaskGroup, pool: ThreadPoolExecutor) -> float:
        now = self._now()
        await self._record()
        if self._judged is not self._channels:
            await self._judge()
        causes, self._changed = self._changed, set()
        if now - self._settled_at >= SETTLE_EVERY_MS:
            self._settled_at = now
            await self._settle(None)
        elif causes:
            await self._settle(causes)
        next_call = await asyncio.to_thread(self._next_call)
        more = False
        if next_call is not None and next_call <= now:
            more, lost = await self._writer.do(self._call)
            if lost:
                self._wake.set()
            self._relay.wake()
        # while many are being called, what is gathered for a person is not complete: only the urgent goes out
        deliveries, next_due = await asyncio.to_thread(self._due, urgent_only=more)
        for delivery in deliveries:
            self._busy.update(delivery.keys)
            group.create_task(self._deliver(delivery, pool), name=f"notify {delivery.lead.person}")
        if self._failing:
            self._failing = False
            log.info("the notifier goes on")
        if more:
            return 0.0
        waits = [t - self._now() for t in (next_due, next_call) if t is not None and t > now]
        return max(min([LOOK_EVERY_S, *(w / 1000 for w in waits)]), 0.005)

    # whom to call

    def _next_call(self) -> int | None:
        with self._database.read() as c:
            first = open_escalations(c, self._site.id, [EscalationState.CALLING], 1)
        return first[0].next_at if first else None

    def _call(self, c: Connection) -> tuple[bool, bool]:
        return self._calling.call(c, self._now())

    async def _settle(self, causes: set[str] | None) -> None:
        """End what has nothing to be told of any more; of these causes, or of all."""
        over = await asyncio.to_thread(self._over, causes)
        for start in range(0, len(over), AT_ONCE):
            await self._writer.do(partial(self._settle_some, over[start : start + AT_ONCE]))

    def _over(self, causes: set[str] | None) -> list[str]:
        now = self._now()
        with self._database.read() as c:
            if causes is None:
                standing = open_escalations(c, self._site.id, list(OPEN), MOST_STANDING)
            else:
                standing = [e for cause in causes for e in escalations_of(c, self._site.id, cause)]
            return [e.id for e in standing if ended(c, e, now) is not e]

    def _settle_some(self, identifiers: Sequence[str], c: Connection) -> None:
        for identifier in identifiers:
            escalation = get_escalation(c, identifier)
            if escalation is not None and (over := ended(c, escalation, self._now())) is not escalation:
                keep_ended(c, over)

    # what to hand over

    def _due(self, *, urgent_only: bool) -> tuple[list[Delivery], int | None]:
        """Deliveries to begin now, and when the next one may be."""
        with self._database.read() as c:
            self._push.browsers = all_browsers(c, self._site.id)
            return due(c, self._site, self._now(), self._busy, urgent_only=urgent_only)

    async def _deliver(self, delivery: Delivery, pool: ThreadPoolExecutor) -> None:
        lead = delivery.lead
        channel = lead.channels[lead.channel] if lead.channel < len(lead.channels) else ""
        why, gone = "", tuple[str, ...]()
        try:
            way = self._way(lead.person, channel)
            gone = tuple(await self._slots.run(pool, channel, way, self._message(delivery), self._settings.timeout))
        except NotTaken as error:
            why, gone = str(error) or "not taken", error.gone
        except Exception as error:
            metrics.loop_errors.labels("notify delivery").inc()
            log.exception("a message could not be handed over", person=lead.person, channel=channel)
            why = type(error).__name__
        self._outcomes.append(Outcome(delivery, self._now(), why, lead.grade != "high", gone))
        self._wake.set()

    def _way(self, person: str, channel: str) -> Way:
        if channel == CHANNEL:
            return partial(self._push.hand_over, person)
        url = self._channels.url(person, channel)
        if url is None:
            raise NotTaken(f"{channel} is not configured any more")
        return partial(hand_over, url)

    def _message(self, delivery: Delivery) -> Message:
        return render(
            delivery.facts,
            language=self._settings.language,
            timezone=self._site.file.site.timezone,
            link=f"{self._url}/n/{delivery.lead.token}",
            ref=delivery.lead.id,
            templates=self._settings.templates,
            in_full=delivery.of_one_activation,
        )

    # what became of it

    async def _record(self) -> None:
        while self._outcomes:
            some = self._outcomes[:RESULTS_AT_ONCE]
            await self._writer.do(partial(write_down, self._site, self._calling, some))
            del self._outcomes[: len(some)]
            for outcome in some:
                self._busy.difference_update(outcome.delivery.keys)
            self._relay.wake()

    def backlog_ms(self) -> int:
        """How long the longest waiting notification has been due; blocking."""
        with self._database.read() as c:
            oldest = oldest_due(c, self._site.id)
        return max(self._now() - oldest, 0) if oldest is not None else 0

    def _note_failure(self, error: Exception) -> None:
        metrics.loop_errors.labels("notify").inc()
        if not self._failing:
            self._failing = True
            log.error("the notifier failed; trying again", exc_info=error)
