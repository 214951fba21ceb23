"""Who works a ticket: of the responsible party's people those with the skill, on duty, with the least to do."""

from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass

from community.people import Role
from community.roster import OnRecord, all_on_duty
from community.site.model import Person
from community.site.site import Site
from community.tickets import Ticket

_ON_DUTY = "当班 / on duty"
_OFF_DUTY = "当班人员中无合适人选 / nobody who fits is on duty"


@dataclass(frozen=True, slots=True)
class Choice:
    """Somebody, and why."""

    person: str
    why: str
    on_duty: bool


def choose(
    site: Site, ticket: Ticket, accounts: Set[str], load: Mapping[str, int], at: int, record: OnRecord
) -> Choice | None:
    """The one to work a ticket; None: nobody fits, a person decides.

    Args:
        accounts: who can sign in and may work tickets.
        load: open tickets by assignee.
        at: Unix ms.
        record: who stands in for whom, and who lacks a training.
    """
    if _is_the_offices(ticket):
        return None
    crew = [p for p in site.file.people if Role.CREW in p.roles and p.id in accounts]
    party = [p for p in crew if p.party == ticket.party] if ticket.party is not None else []
    fitting = party or [p for p in crew if p.party is None or ticket.party is None]
    skill = skill_of(site, ticket)
    here = _on_duty(site, at, record)
    if skill is not None:
        fitting = [p for p in fitting if skill in p.duties or skill in here.get(p.id, ())]
    if not fitting:
        return None
    best = min(fitting, key=lambda p: (p.id not in here, load.get(p.id, 0)))
    return Choice(best.id, _ON_DUTY if best.id in here else _OFF_DUTY, best.id in here)


def _is_the_offices(ticket: Ticket) -> bool:
    """About nothing that stands anywhere, and reported by no person: a drill to plan, a review to write."""
    about = (*ticket.conditions, ticket.point, ticket.facility, ticket.alarm)
    return not any(about) and not ticket.source.startswith("person:")


def skill_of(site: Site, ticket: Ticket) -> str | None:
    """The duty its worker must have, by what the site file says of the facility or the point."""
    skills = site.file.tickets.skills
    facility = next((f for f in site.file.facilities if f.id == ticket.facility), None)
    if facility is not None and facility.category in skills:
        return skills[facility.category]
    point = site.points.get(ticket.point or "")
    return None if point is None else skills.get(point.family.value)


def labour_cost(site: Site, ticket: Ticket, minutes: int, by: str) -> int:
    """What somebody's work on it costs (分): at the rate of the skill it takes, or else of whom they work for."""
    rates = site.file.tickets.rates
    keys = (skill_of(site, ticket), team_of(site.file.people, by) or ticket.party)
    rate = next((rates[key] for key in keys if key in rates), 0.0)
    return round(rate * 100 * minutes / 60)


def team_of(people: Sequence[Person], person: str) -> str | None:
    """The party somebody works for."""
    return next((p.party for p in people if p.id == person), None)


def _on_duty(site: Site, at: int, record: OnRecord) -> Mapping[str, tuple[str, ...]]:
    """Everybody on duty and their duties; without a roster everybody always is, with those they hold."""
    roster = site.file.roster
    if roster is None:
        return {p.id: tuple(p.duties) for p in site.file.people}
    found: dict[str, tuple[str, ...]] = {}
    there = all_on_duty(roster, site.file.site.timezone, at, record)
    for duty in roster.duties:
        for person in there.get(duty.id, ()):
            found[person] = (*found.get(person, ()), duty.id)
    return found
