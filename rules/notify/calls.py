"""Whom an escalation calls, by the roster as it is at that moment."""

import hashlib
import secrets
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

import structlog

from community.escalations import Call, Escalation, call_tree, party_of
from community.notifications import Notification, Preferences, channels_for, quiet_until
from community.roster import OnRecord, on_duty
from community.site.duty import EscalationLevel, Notifications
from community.site.site import Site
from community.training import fit

log = structlog.get_logger()


class People:
    """The people of a site and who of them is on duty."""

    def __init__(self, site: Site, reachable: Callable[[str], object]) -> None:
        self._site = site
        self._reachable = reachable
        self._untrained: set[tuple[str, tuple[str, ...]]] = set()
        """Who was called for want of others, told once."""
        self._duties = frozenset(d.id for d in site.file.roster.duties) if site.file.roster is not None else frozenset()

    def everybody(self, name: str) -> tuple[str, ...]:
        """All who hold a role or a duty, or work for a party; or the person of that name."""
        if (party := party_of(name)) is not None:
            return tuple(p.id for p in self._site.file.people if p.party == party)
        return tuple(p.id for p in self._site.file.people if name in p.roles or name in p.duties or name == p.id)

    def on_duty(self, name: str, at: int, record: OnRecord) -> tuple[str, ...]:
        """Those on duty; where the roster says nothing or nobody, all who hold it: somebody must be told."""
        roster = self._site.file.roster
        if roster is not None and name in self._duties:
            found = on_duty(roster, self._site.file.site.timezone, name, at, record)
            if found:
                self._warn_of(name, found, record)
                return found
        return self.everybody(name)

    def _warn_of(self, duty: str, people: tuple[str, ...], record: OnRecord) -> None:
        if (duty, people) in self._untrained or not all((duty, person) in record.barred for person in people):
            return
        self._untrained.add((duty, people))
        log.error("nobody on duty has a valid training; they are called all the same", duty=duty, people=people)

    def tree(self, escalation: Escalation, plan_commander: str, at: int, record: OnRecord) -> list[Call]:
        """Everybody an escalation calls, in order."""
        notifications = self._site.file.notifications or Notifications()
        if escalation.kind == "alarm":
            levels: Sequence[EscalationLevel] = notifications.levels.get(escalation.facts.grade, ())  # type: ignore[call-overload]
            high = escalation.facts.grade == "high"
            return call_tree(levels, lambda duty: self.on_duty(duty, at, record), self.everybody, high=high)
        roles: dict[str, list[str]] = {}
        for role in escalation.roles:
            for person in self.of_role(role, plan_commander, at, record):
                roles.setdefault(person, []).append(role)
        return [Call(person, ", ".join(held), 0, True) for person, held in roles.items()]

    def of_role(self, role: str, commander: str, at: int, record: OnRecord) -> tuple[str, ...]:
        """Those a plan's step means by a role; if none of them can be reached, also all who could stand in."""
        found = fit(role, self.on_duty(role, at, record), record.barred)
        if any(self._reachable(person) for person in found):
            return found
        others = self.everybody(commander if role == "commander" else role) or self.everybody(commander)
        return tuple(dict.fromkeys((*found, *others)))


def notification_for(
    site: Site,
    escalation: Escalation,
    call: Call,
    reachable: Sequence[str],
    preferences: Mapping[str, Preferences | None],
    now: int,
) -> Notification:
    """The notification a call makes; queued for after the quiet hours of somebody who is not on duty."""
    chosen = preferences.get(call.person)
    grade = escalation.facts.grade
    local = datetime.fromtimestamp(now / 1000, ZoneInfo(site.file.site.timezone))
    wait_min = quiet_until(chosen, grade, local.hour * 60 + local.minute, on_duty=call.on_duty)
    digest = hashlib.sha256(f"{escalation.id}:{call.person}".encode()).hexdigest()
    return Notification(
        id=f"n-{digest[:20]}",
        site=site.id,
        escalation=escalation.id,
        person=call.person,
        told_as=call.told_as,
        grade=grade,
        zone=escalation.zone,
        channels=channels_for(reachable, chosen, grade),
        token=secrets.token_urlsafe(18),
        created_at=now,
        next_at=now + wait_min * 60_000,
    )
