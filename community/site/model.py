"""The rows of a site file. Keys keep the names of the published schema; durations become seconds."""

from enum import StrEnum
from typing import Literal, get_args

from pydantic import ConfigDict, Field

from community.people import Role
from community.site.fields import Day, Duration, Id, Row
from community.site.profile import Family
from community.text import Text


class Community(Row):
    """The site itself."""

    id: Id
    name: Text
    timezone: str = "Asia/Shanghai"


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
    contacts: tuple[Contact, ...] = ()


class MqttSource(Row):
    """The topic a device speaks on; `+` stands for one level."""

    topic: str


class ModbusSource(Row):
    """The unit behind a Modbus TCP address `host:port`."""

    tcp: str
    unit: int = Field(default=1, ge=0, le=255)


OutputKind = Literal["egress-lock", "siren", "pump", "fan", "barrier", "lift", "light", "valve", "other"]
OUTPUT_KINDS: tuple[str, ...] = get_args(OutputKind)


class Output(Row):
    """An actuator's kind and its safe state; an egress lock's safe state is unlocked."""

    kind: OutputKind
    safe: Literal[0, 1]
    name: Text | None = None


class Bin(Row):
    """A bin's inside, by which a distance becomes a fill level (%)."""

    depth_mm: float = Field(gt=0)
    dead_zone_mm: float = Field(default=0, ge=0)


class Device(Row):
    """One device in a zone, of a profile, behind a gateway."""

    id: Id
    profile: Id
    zone: Id
    name: Text | None = None
    mqtt: MqttSource | None = None
    modbus: ModbusSource | None = None
    every: Duration | None = None
    outputs: dict[Id, Output] = Field(default_factory=dict, description="by measure: what may be commanded")
    names: dict[Id, Text] = Field(
        default_factory=dict, description="a name by measure, where the profile's will not do"
    )
    zones: dict[Id, Id] = Field(
        default_factory=dict, description="a zone by measure, for a panel whose points are elsewhere"
    )
    bin: Bin | None = None
    tags: tuple[str, ...] = ()


class LocalMqtt(Row):
    """The broker sensors speak to; unset: the platform's own."""

    url: str


class Gateway(Row):
    """An edge box and the devices it reads."""

    id: Id
    name: Text | None = None
    mqtt: LocalMqtt | None = None
    devices: tuple[Device, ...]


class Facility(Row):
    """A facility on the register (设施台账) with exactly one responsible party."""

    id: Id
    name: Text
    zone: Id
    party: Id
    category: str = "other"
    installed: Day | None = None
    life: Duration | None = None
    inspect: str | None = Field(default=None, description="when, as RFC 5545 says: FREQ=MONTHLY;BYMONTHDAY=5")
    points: tuple[str, ...] = ()


class Grade(StrEnum):
    """Risk grade: low makes a ticket, medium an alarm and a ticket, high an alarm and its plan."""

    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"


class Select(Row):
    """The points a rule watches; all that is given must match. A zone means its subtree."""

    family: Family | None = None
    measure: Id | None = None
    zone: Id | None = None
    device: Id | None = None
    point: str | None = None
    tag: str | None = None


class Stale(Row):
    """Silent for a duration, or `3x`: three times the point's expected interval."""

    for_: str = Field(alias="for")


class Mean(Row):
    """Rolling mean over a window, compared with a limit."""

    over: Duration
    above: float | None = None
    below: float | None = None
    deadband: float = Field(default=0, ge=0)


class Vote(Row):
    """`at_least` different devices of the selection are 1 within a window, per zone or in all."""

    at_least: int = Field(ge=2)
    within: Duration
    per: Literal["zone", "site"] = "zone"


class Sequence(Row):
    """The point becomes `state` with no `unless` event from the same device in the time before."""

    state: float = 1
    unless: str = Field(description="an event type, such as access.granted")
    within: Duration


class EventSeen(Row):
    """An event of this type, `count` times within a window."""

    type: str
    count: int = Field(default=1, ge=1)
    within: Duration = 60


CONDITION_KINDS = ("above", "below", "equals", "stale", "mean", "vote", "sequence", "event")


class Condition(Row):
    """Exactly one of the kinds; `deadband` belongs to above and below."""

    model_config = ConfigDict(json_schema_extra={"oneOf": [{"required": [kind]} for kind in CONDITION_KINDS]})

    above: float | None = None
    below: float | None = None
    deadband: float = Field(default=0, ge=0)
    equals: float | None = None
    stale: Stale | None = None
    mean: Mean | None = None
    vote: Vote | None = None
    sequence: Sequence | None = None
    event: EventSeen | None = None

    @property
    def kind(self) -> str:
        """The one kind that is given."""
        return next(k for k in CONDITION_KINDS if getattr(self, k) is not None)


GATEWAY_OFFLINE = "gateway-offline"
"""The id of the platform's own rule; a site's rules are named otherwise."""


class Rule(Row):
    """Which points, what is wrong with them, for how long, how bad, and what to do."""

    id: Id
    select: Select
    when: Condition
    for_: Duration = Field(default=0, alias="for", description="on-delay")
    clear_after: Duration = Field(default=0, description="off-delay")
    risk: Grade
    plan: Id | None = None
    latch: bool = False
    message: Text
    cause: Text | None = None
    consequence: Text | None = None
    action: Text | None = None
    party: Id | None = None


class Risk(Row):
    """An entry of the risk register: likelihood x severity, 1-5 each."""

    id: Id
    name: Text | None = None
    zone: Id
    source: Literal["food", "people", "equipment", "environment", "process"]
    likelihood: int = Field(ge=1, le=5)
    severity: int = Field(ge=1, le=5)
    grade: Grade
    owner: Id | None = None
    plan: Id | None = None
    assessed: Day | None = None
    review: Day | None = None


class SetOutput(Row):
    """Command outputs: one point, or every output of a kind in the event's zone and its building."""

    set: str = Field(description="`device.measure`, or `egress-lock` for all of that kind in the zone")
    to: Literal["safe", 0, 1] = "safe"


class Step(Row):
    """One step of a level's response: the machine does it, people are told, or a role does it."""

    model_config = ConfigDict(json_schema_extra={"oneOf": [{"required": [key]} for key in ("do", "notify", "who")]})

    id: Id
    name: Text
    do: SetOutput | None = None
    notify: tuple[str, ...] = ()
    who: str | None = None
    within: Duration
    proof: Literal["none", "note", "reading", "photo"] = "none"


class Level(Row):
    """How the response flows at one level."""

    steps: tuple[Step, ...]


class Organisation(Row):
    """Commander and roles; each names a platform role or a plan role people are rostered to."""

    commander: Role
    roles: tuple[Id, ...] = ()


class Resource(Row):
    """Something the plan relies on (保障措施)."""

    id: Id
    name: Text
    kind: str = "other"


class Approval(Row):
    """Who approved this version, and when."""

    by: Id
    on: Day


class Plan(Row):
    """An emergency plan (应急预案)."""

    id: Id
    name: Text
    kind: Literal["fire", "natural-disaster", "safety-accident", "public-health"]
    version: int = Field(ge=1)
    approved: Approval
    next_revision: Day
    organisation: Organisation
    levels: dict[Literal["low", "medium", "high"], Level]
    resources: tuple[Resource, ...] = ()


class SiteFile(Row):
    """A whole site file."""

    site: Community
    zones: tuple[Zone, ...]
    parties: tuple[Party, ...] = ()
    people: tuple[Person, ...] = ()
    gateways: tuple[Gateway, ...]
    facilities: tuple[Facility, ...] = ()
    rules: tuple[Rule, ...] = ()
    risks: tuple[Risk, ...] = ()
    plans: tuple[Plan, ...] = ()
