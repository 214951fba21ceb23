"""The people behind a plan's roles, and how to call them."""

import os
import re
from collections.abc import Iterable, Mapping

from api.plans.schemas import PlanStaffOut, StaffOut
from community.roster import OnRecord, duty_begins
from community.site.model import Person
from community.site.plans import Plan
from community.site.site import Site
from community.staffing import COMMANDER, filling, line_of_command

BY_VOICE = ("phone", "sms")
"""Channels whose addresses can be dialled."""
_NUMBER = re.compile(r"\+?[0-9][0-9 ()-]{1,24}")


def staff_of(
    site: Site,
    plan: Plan,
    now: int,
    record: OnRecord,
    *,
    numbers: bool,
    environment: Mapping[str, str] = os.environ,
) -> PlanStaffOut:
    """Who fills the roles of a plan at a time (Unix ms).

    Args:
        numbers: whether telephone numbers are shown.
        environment: what `env:NAME` is looked up in.
    """
    people = {person.id: person for person in site.file.people}

    def shown(ids: Iterable[str]) -> list[StaffOut]:
        return [
            StaffOut(
                person=person.id,
                name=person.name,
                on_duty=_on_duty(site, person.id, now, record),
                phone=_phone(person, environment) if numbers else None,
            )
            for person in (people[i] for i in ids if i in people)
        ]

    organisation = plan.organisation
    steps = [step for level in plan.levels.values() for step in level.steps]
    named = [*organisation.roles, *(name for step in steps for name in (*step.notify, step.who) if name)]
    called = {resource.id: _dialled(resource.contact, environment) for resource in plan.resources if resource.contact}
    return PlanStaffOut(
        command=shown(line_of_command(site, organisation.commander, organisation.deputies, now, record)),
        roles={name: shown(filling(site, name, now, record)) for name in dict.fromkeys(named) if name != COMMANDER},
        contacts={name: number for name, number in called.items() if number is not None},
    )


def _on_duty(site: Site, person: str, now: int, record: OnRecord) -> bool:
    roster = site.file.roster
    if roster is None:
        return False
    return duty_begins(roster, site.file.site.timezone, person, now, now + 1, record.changes) is not None


def _phone(person: Person, environment: Mapping[str, str]) -> str | None:
    for channel in BY_VOICE:
        for contact in person.contacts:
            if contact.channel == channel and (number := _dialled(contact.to, environment)) is not None:
                return number
    return None


def _dialled(text: str, environment: Mapping[str, str]) -> str | None:
    value = environment.get(text.removeprefix("env:"), "") if text.startswith("env:") else text
    return value.strip() if _NUMBER.fullmatch(value.strip()) else None
