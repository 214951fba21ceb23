"""Whom open escalations call now: each turn of some of them, within the caller's transaction."""

from collections.abc import Iterator, Sequence
from functools import partial

from sqlalchemy import Connection

from backbone.database.activations import get_activation
from backbone.database.duty import duty_on_record
from backbone.database.notifications import (
    all_browsers,
    all_preferences,
    escalations_of,
    insert_notifications,
    notifications_of,
    open_escalations,
    save_escalation,
)
from community.escalations import Call, Escalation, EscalationState, called, due
from community.notifications import Notification, NotificationState, unreachable
from community.preferences import Preferences
from community.push import CHANNEL
from community.roster import OnRecord
from community.site.site import Site
from rules.notify.calls import People, notification_for
from rules.notify.channels import Channels
from rules.notify.endings import commander_of, ended, keep_ended
from rules.notify.into_plan import into_plan
from rules.notify.push import Push
from rules.respond.plans import Plans

AT_ONCE = 5
"""Escalations taken in one transaction: an alarm may be waiting for its turn to write."""
_NEWEST = 3
"""Alarms of an activation whose telling is looked for: one that begins has few."""


class Calling:
    """By one version of a site file."""

    def __init__(self, site: Site, channels: Channels, push: Push) -> None:
        self._site = site
        self._channels = channels
        self._push = push
        self._people = People(site, self._reachable)
        self._plans = Plans(site)
        self._names = {person.id: person.name for person in site.file.people}

    def call(self, c: Connection, now: int) -> tuple[bool, bool]:
        """Call whoever is due; whether there may be more, and whether others are to be called for who cannot be."""
        self._push.browsers = all_browsers(c, self._site.id)
        calling = open_escalations(c, self._site.id, [EscalationState.CALLING], AT_ONCE)
        ready = {escalation.id: escalation for escalation in calling if escalation.next_at <= now}
        more = len(ready) == AT_ONCE
        for escalation in list(ready.values()):
            ready.update((e.id, e) for e in self._beside(c, escalation) if e.next_at <= now)
        record = duty_on_record(c, self._site, now)
        trees: dict[tuple[str, ...], list[Call]] = {}
        chosen = all_preferences(c, self._site.id)
        new: list[Notification] = []
        for escalation in ready.values():
            over = ended(c, escalation, now)
            if over is not escalation:
                keep_ended(c, over)
                continue
            commander, in_command = commander_of(c, escalation)
            key = (escalation.kind, escalation.facts.grade, commander, in_command or "", *escalation.roles)
            if key not in trees:
                trees[key] = self._people.tree(escalation, commander, now, record, in_command)
            new += self._call_one(c, escalation, trees[key], chosen, record, now)
        insert_notifications(c, new)
        return more, any(n.state is NotificationState.FAILED for n in new)

    def _beside(self, c: Connection, escalation: Escalation) -> Iterator[Escalation]:
        """What begins with it, of the same activation: it is told in the same message."""
        activation = get_activation(c, escalation.occasion) if escalation.occasion and not escalation.told else None
        if activation is not None:
            for cause in (activation.id, *activation.alarms[-_NEWEST:]):
                for other in escalations_of(c, self._site.id, cause):
                    if other.state is EscalationState.CALLING and not other.told:
                        yield other

    def _call_one(
        self,
        c: Connection,
        escalation: Escalation,
        tree: Sequence[Call],
        chosen: dict[str, Preferences],
        record: OnRecord,
        now: int,
    ) -> list[Notification]:
        told = notifications_of(c, escalation.id) if escalation.told else []
        failed = frozenset(n.person for n in told if n.state is NotificationState.FAILED)
        calls, next_at = due(escalation, tree, failed, now)
        made = [self._notification(escalation, call, chosen.get(call.person), now, record) for call in calls]
        lost = [unreachable(n, self._channels.why_not(n.person)) for n in made if not n.channels]
        found = [n for n in made if n.channels]
        if lost and next_at is not None:
            next_at = now  # the next person is called for those who cannot be
        after = called(escalation, [call.person for call in calls], next_at)
        save_escalation(c, after)
        if escalation.kind == "step":
            self.take_into_plan(c, after, lost, [*told, *found, *lost], now)
        return found + lost

    def _notification(
        self, escalation: Escalation, call: Call, chosen: Preferences | None, now: int, record: OnRecord
    ) -> Notification:
        told_from = self._people.told_from(escalation, call, chosen, now, record)
        return notification_for(self._site, escalation, call, self._reachable(call.person), chosen, now, told_from)

    def _reachable(self, person: str) -> tuple[str, ...]:
        """By the site file's channels, then by the browsers they have subscribed."""
        return (*self._channels.of(person), *((CHANNEL,) if self._push.of(person) else ()))

    def take_into_plan(
        self,
        c: Connection,
        escalation: Escalation,
        news: Sequence[Notification],
        everybody: Sequence[Notification],
        now: int,
    ) -> None:
        """What became of a step that tells people, into its plan."""
        change = partial(into_plan, escalation=escalation, news=news, everybody=everybody, names=self._names, now=now)
        self._plans.told(c, escalation.cause, change, now)
