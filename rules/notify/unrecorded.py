"""Alarms that cannot be recorded: people are told of them all the same, from memory and directly.

While the database takes nothing there is no ticket, no plan and nobody's acknowledgement, and of a fire nobody would
hear before the disk has room again. So those whom the grade's levels call are called, level by level, and the message
says what is lacking; whoever has a page open sees it there. Once the alarm is recorded everything else follows as ever,
and they are told once more.
"""

import asyncio
import time
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from functools import partial

import structlog

from backbone import metrics
from backbone.unrecorded import UnrecordedAlarm
from community.alarms import Alarm, AlarmState, clear
from community.escalations import Call
from community.notice_text import Facts, Message, render
from community.push import CHANNEL
from community.roster import OnRecord
from community.site.duty import Notifications
from community.site.rules import Grade, Rule
from community.site.site import Site
from rules.detect.model import Transition
from rules.notify.calls import People
from rules.notify.channels import Channels, hand_over
from rules.notify.push import Push
from rules.notify.slots import Slots, Way
from rules.notify.taken import NotTaken
from rules.notify.unrecorded_pages import UnrecordedPages
from rules.respond.alarm_record import raised
from rules.respond.notices import facts_of

AFTER_S = 5.0
"""A database that is started again is there by then."""
LOOK_EVERY_S = 0.5
AGAIN_S = 5.0
"""Until somebody who could not be told is tried again."""
PACE_S = 15.0
"""Between two messages to one person of what is not high."""
MOST_AT_ONCE = 10
"""Alarms in one message, the high ones first; the others go with the next."""
THREADS = 32
log = structlog.get_logger()


_Key = tuple[str, str, int]


def _key(transition: Transition) -> _Key:
    return transition.rule, transition.scope, transition.at


@dataclass(slots=True)
class _Owed:
    """An alarm that is not recorded yet."""

    alarm: Alarm
    facts: Facts
    calls: Sequence[Call]
    since: float
    """`time.monotonic` when it could not be recorded."""
    told: set[str] = field(default_factory=set)

    @property
    def is_high(self) -> bool:
        return self.facts.grade == Grade.HIGH.value

    def due(self, now: float) -> list[str]:
        """Who is to be told by now, and was not."""
        passed_ms = (now - self.since) * 1000
        late = now - self.since >= AFTER_S
        return [call.person for call in self.calls if late and call.after <= passed_ms and call.person not in self.told]


class Unrecorded:
    """What is owed to people while the database is away. Runs beside detection; nothing waits for it."""

    def __init__(
        self,
        site: Site,
        channels: Channels,
        push: Push,
        pages: UnrecordedPages,
        public_url: str,
        late_after_ms: int,
    ) -> None:
        self._push = push
        self._pages = pages
        self._late_after_ms = late_after_ms
        self._url = public_url.rstrip("/")
        self._owed: dict[_Key, _Owed] = {}
        self._newest: dict[tuple[str, str], _Key] = {}
        """By rule and scope: what pages show of it."""
        self._busy: set[str] = set()
        """People to whom something is being said."""
        self._not_before: dict[str, float] = {}
        self._paced: dict[str, float] = {}
        """By person: from when on they may be told of what is not high."""
        self._slots = Slots()
        self.use(site, channels)

    def use(self, site: Site, channels: Channels) -> None:
        """Tell people by this site from now on."""
        self._site = site
        self._channels = channels
        self._settings = site.file.notifications or Notifications()
        self._people = People(site, self._ways)

    def owe(self, transitions: Iterable[Transition], rule_of: Callable[[Transition], Rule | None], now: int) -> None:
        """These could not be recorded; repeats have no effect, and old news calls nobody. `now`: Unix ms."""
        for transition in transitions:
            key = _key(transition)
            if not transition.active:
                self._clear(transition)
                continue
            if key in self._owed or (rule := rule_of(transition)) is None:
                continue
            late = now - transition.at > self._late_after_ms
            calls = [] if late else self._people.of_grade(rule.risk.value, now, OnRecord())
            alarm = raised(self._site, rule, transition, late=late)
            facts = replace(facts_of(self._site, alarm), kind="unrecorded")
            self._owed[key] = _Owed(alarm, facts, calls, time.monotonic())
            self._newest[key[:2]] = key
            log.error("an alarm cannot be recorded", rule=transition.rule, scope=transition.scope, people=len(calls))

    def _clear(self, transition: Transition) -> None:
        newest = self._newest.get((transition.rule, transition.scope))
        owed = None if newest is None else self._owed[newest]
        if owed is None or owed.alarm.state is not AlarmState.UNACKNOWLEDGED or owed.alarm.raised_at > transition.at:
            return
        owed.alarm = clear(owed.alarm, transition.at, transition.causes)

    def recorded(self, transitions: Iterable[Transition]) -> None:
        """These are in the database by now."""
        keys = [_key(transition) for transition in transitions]
        known = [self._owed.pop(key, None) for key in keys]
        for key in keys:
            if self._newest.get(key[:2]) == key:
                del self._newest[key[:2]]
        if told := sum(bool(one.told) for one in known if one is not None):
            log.warning("alarms that people were told of without a record have one now", alarms=told)
        if not self._owed:
            self._not_before.clear()
            self._paced.clear()

    async def run(self) -> None:
        """Tell people until cancelled."""
        pool = ThreadPoolExecutor(THREADS, thread_name_prefix="unrecorded")
        try:
            async with asyncio.TaskGroup() as group:
                while True:
                    await asyncio.sleep(LOOK_EVERY_S)
                    self._tell_pages()
                    for person, owed in self._due(time.monotonic()).items():
                        self._busy.add(person)
                        group.create_task(self._tell(person, owed, pool), name=f"unrecorded {person}")
        finally:
            pool.shutdown(wait=False, cancel_futures=True)

    def _tell_pages(self) -> None:
        shown = [self._owed[key] for key in self._newest.values()]
        try:
            self._pages.tell([UnrecordedAlarm(owed.alarm, tuple(sorted(owed.told))) for owed in shown])
        except Exception:
            metrics.loop_errors.labels("unrecorded pages").inc()
            log.exception("pages are not told of alarms without a record")

    def _due(self, now: float) -> dict[str, list[_Owed]]:
        found: dict[str, list[_Owed]] = {}
        for owed in sorted(self._owed.values(), key=lambda one: (not one.is_high, one.facts.at)):
            for person in owed.due(now):
                may = max(self._not_before.get(person, 0), 0 if owed.is_high else self._paced.get(person, 0)) <= now
                if may and person not in self._busy:
                    found.setdefault(person, []).append(owed)
        return {person: owed[:MOST_AT_ONCE] for person, owed in found.items()}

    async def _tell(self, person: str, owed: Sequence[_Owed], pool: ThreadPoolExecutor) -> None:
        """By the first way that takes it."""
        try:
            message = self._message([one.facts for one in owed])
            for channel in self._ways(person):
                try:
                    await self._slots.run(pool, channel, self._way(person, channel), message, self._settings.timeout)
                except NotTaken as error:
                    log.warning("somebody could not be told", person=person, channel=channel, why=str(error))
                else:
                    for one in owed:
                        one.told.add(person)
                    self._paced[person] = time.monotonic() + PACE_S
                    return
        except Exception:
            metrics.loop_errors.labels("notify unrecorded").inc()
            log.exception("a message could not be handed over", person=person)
        finally:
            self._busy.discard(person)
        self._not_before[person] = time.monotonic() + AGAIN_S

    def _ways(self, person: str) -> tuple[str, ...]:
        return (*self._channels.of(person), *((CHANNEL,) if self._push.of(person) else ()))

    def _way(self, person: str, channel: str) -> Way:
        url = self._channels.url(person, channel)
        return partial(self._push.hand_over, person) if url is None else partial(hand_over, url)

    def _message(self, facts: Sequence[Facts]) -> Message:
        return render(
            facts,
            language=self._settings.language,
            timezone=self._site.file.site.timezone,
            link=f"{self._url}/",
            ref="",
            templates=self._settings.templates,
            in_full=True,
        )
