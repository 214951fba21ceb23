"""Whom an escalation calls, by the roster as it is at that moment."""

import hashlib
import secrets
from collections.abc import Callable, Sequence

import structlog

from community.escalations import REPORT, TICKET_KINDS, Call, Escalation, call_tree
from community.notifications import Notification
from community.preferences import Preferences, channels_for, quiet_until
from community.roster import OnRecord, duty_begins
from community.site.duty import EscalationLevel, Notifications
from community.site.rules import Grade
from community.site.site import Site
from community.staffing import COMMANDER, everybody, rostered_now
from community.training import fit

log = structlog.get_logger()


class People:
    """The people of a site and who of them is on duty."""

    def __init__(self, site: Site, reachable: Callable[[str], object]) -> None:
        self._site = site
        self._reachable = reachable
        self._untrained: set[tuple[str, tuple[str, ...]]] = set()
        """Who was called for want of others, told once."""

    def everybody(self, name: str) -> tuple[str, ...]:
        """All who hold a role or a duty, or work for a party; or the person of that name."""
        return everybody(self._site, name)

    def on_duty(self, name: str, at: int, record: OnRecord) -> tuple[str, ...]:
        """Those on duty; where the roster says nothing or nobody, all who hold it: somebody must be told."""
        found = rostered_now(self._site, name, at, record)
        if found:
            self._warn_of(name, found, record)
        return found or self.everybody(name)

    def _warn_of(self, duty: str, people: tuple[str, ...], record: OnRecord) -> None:
        if (duty, people) in self._untrained or not all((duty, person) in record.barred for person in people):
            return
        self._untrained.add((duty, people))
        log.error("nobody on duty has a valid training; they are called all the same", duty=duty, people=people)

    def tree(
        self, escalation: Escalation, plan_commander: str, at: int, record: OnRecord, in_command: str | None = None
    ) -> list[Call]:
        """Everybody an escalation calls, in order.

        Args:
            plan_commander: the role that commands the plan it is about.
            in_command: who has taken command.
        """
        if escalation.kind == "alarm":
            return self.of_grade(escalation.facts.grade, at, record)
        roles: dict[str, list[str]] = {}
        for role in escalation.roles:
            for person in self.of_role(role, plan_commander, at, record, in_command):
                roles.setdefault(person, []).append(role)
        in_plan = escalation.kind not in TICKET_KINDS | {REPORT}
        return [Call(person, ", ".join(held), 0, in_plan) for person, held in roles.items()]

    def of_grade(self, grade: str, at: int, record: OnRecord) -> list[Call]:
        """Everybody an alarm of this grade calls, in order."""
        notifications = self._site.file.notifications or Notifications()
        levels: Sequence[EscalationLevel] = notifications.levels.get(grade, ())  # type: ignore[call-overload]
        return call_tree(levels, lambda duty: self.on_duty(duty, at, record), self.everybody, high=grade == "high")

    def told_from(
        self, escalation: Escalation, call: Call, chosen: Preferences | None, now: int, record: OnRecord
    ) -> int:
        """From when somebody may be told (Unix ms): after their quiet hours, and no later than their duty begins."""
        if call.on_duty or escalation.facts.grade == "high" or escalation.facts.at_once:
            return now
        quiet = quiet_until(chosen, escalation.kind, escalation.facts.grade, now, self._site.file.site.timezone)
        roster = self._site.file.roster
        if roster is None or quiet == now:
            return quiet
        begins = duty_begins(roster, self._site.file.site.timezone, call.person, now, quiet, record.changes)
        return quiet if begins is None else begins

    def of_role(
        self, role: str, commander: str, at: int, record: OnRecord, in_command: str | None = None
    ) -> tuple[str, ...]:
        """Those a plan's step means by a role; if none of them can be reached, also all who could stand in."""
        if role == COMMANDER and in_command is not None:
            found: tuple[str, ...] = (in_command,)
        else:
            found = fit(role, self.on_duty(role, at, record), record.barred)
        if any(self._reachable(person) for person in found):
            return found
        others = self.everybody(commander if role == COMMANDER else role) or self.everybody(commander)
        return tuple(dict.fromkeys((*found, *others)))


def notification_for(
    site: Site,
    escalation: Escalation,
    call: Call,
    reachable: Sequence[str],
    chosen: Preferences | None,
    now: int,
    told_from: int,
) -> Notification:
    """The notification a call makes; it waits until the person may be told."""
    facts = escalation.facts
    digest = hashlib.sha256(f"{escalation.id}:{call.person}".encode()).hexdigest()
    return Notification(
        id=f"n-{digest[:20]}",
        site=site.id,
        escalation=escalation.id,
        person=call.person,
        told_as=call.told_as,
        grade=Grade.MEDIUM.value if facts.gathered else facts.grade,
        zone=escalation.zone,
        occasion=escalation.occasion,
        channels=channels_for(reachable, chosen, escalation.kind, facts.grade),
        token=secrets.token_urlsafe(18),
        created_at=now,
        next_at=told_from,
    )
