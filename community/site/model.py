"""The rows of a site file. Keys keep the names of the published schema; durations become seconds."""

from typing import Literal

from pydantic import Field

from community.people import Role
from community.site.devices import Gateway
from community.site.duty import Notifications, Roster
from community.site.fields import Id, Row
from community.site.plans import Plan, Risk
from community.site.readiness import DrillDuty, Qualification, TrainingRow
from community.site.rules import Calendar, Holidays, Rule
from community.site.safety import Safety
from community.site.tickets import TicketRules
from community.site.upkeep import Checklist, Facility, Route, Schedule
from community.text import Text

PersonalData = Literal["pseudonyms", "as-read"]


class Community(Row):
    """The site itself."""

    id: Id
    name: Text
    timezone: str = "Asia/Shanghai"
    personal_data: PersonalData = Field(
        default="pseudonyms",
        description="how gateways pass on card numbers and the names readers say: as keyed hashes, or as they are",
    )
    personal_data_rationale: Text | None = Field(
        default=None, description="why as they are: who was told and agreed, and where that is kept (GB/T 35273)"
    )


class Zone(Row):
    """A place, and the places inside it."""

    id: Id
    name: Text
    kind: str = Field(description="building, corridor, garage, gate, refuse, pump-room, lobby, roof, …")
    zones: tuple["Zone", ...] = ()


class Party(Row):
    """Who answers for facilities (责任清单)."""

    id: Id
    name: Text
    kind: str


class Contact(Row):
    """How a person is reached; `to` may be `env:NAME`, never a secret in the file."""

    channel: str
    to: str


class Person(Row):
    """Somebody with duties in the community."""

    id: Id
    name: str
    roles: tuple[Role, ...]
    duties: tuple[Id, ...] = Field(default=(), description="roles in emergency plans this person takes")
    party: Id | None = Field(default=None, description="whom they work for; the tickets of a party go to its people")
    contacts: tuple[Contact, ...] = ()


class SiteFile(Row):
    """A whole site file."""

    site: Community
    zones: tuple[Zone, ...]
    parties: tuple[Party, ...] = ()
    people: tuple[Person, ...] = ()
    gateways: tuple[Gateway, ...]
    facilities: tuple[Facility, ...] = ()
    schedules: tuple[Schedule, ...] = ()
    checklists: tuple[Checklist, ...] = ()
    routes: tuple[Route, ...] = ()
    calendars: tuple[Calendar, ...] = ()
    holidays: Holidays = Holidays()
    rules: tuple[Rule, ...] = ()
    risks: tuple[Risk, ...] = ()
    plans: tuple[Plan, ...] = ()
    drills: tuple[DrillDuty, ...] = ()
    qualifications: tuple[Qualification, ...] = ()
    trainings: tuple[TrainingRow, ...] = ()
    safety: Safety = Safety()
    tickets: TicketRules = TicketRules()
    roster: Roster | None = None
    notifications: Notifications | None = None
