"""The rows of a site file. Keys keep the names of the published schema; durations become seconds."""

from enum import StrEnum
from functools import cached_property
from typing import Annotated, Any, Literal, NamedTuple, get_args

from pydantic import BeforeValidator, ConfigDict, Field

from community.people import Role
from community.site.duty import Notifications, Roster
from community.site.fields import Day, Duration, Id, OneOrMore, Row
from community.site.listed import Days, Families, Hours, Ids, Weekdays, Words
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


class Line(NamedTuple):
    """What several Modbus units share: one connection, on which they are asked in turn."""

    kind: Literal["tcp", "rtu", "rtu_tcp"]
    address: str
    """`host:port`, or a serial port."""
    baud: int
    parity: str
    stop_bits: int


class ModbusSource(Row):
    """The unit behind a Modbus TCP address, a serial port, or a converter that passes RTU frames over TCP."""

    model_config = ConfigDict(json_schema_extra={"oneOf": [{"required": [key]} for key in ("tcp", "rtu", "rtu_tcp")]})

    tcp: str | None = Field(default=None, description="host:port")
    rtu: str | None = Field(default=None, description="a serial port such as /dev/ttyUSB0")
    rtu_tcp: str | None = Field(default=None, description="host:port of a converter to a serial line")
    unit: int = Field(default=1, ge=0, le=255)
    baud: int = Field(default=9600, ge=300, le=4_000_000, description="of the serial port")
    parity: Literal["none", "even", "odd"] = "none"
    stop_bits: Literal[1, 2] = 1

    @property
    def line(self) -> Line:
        """The connection it shares with others; a serial port's settings count for serial ports only."""
        if self.rtu is not None:
            return Line("rtu", self.rtu, self.baud, self.parity, self.stop_bits)
        if self.rtu_tcp is not None:
            return Line("rtu_tcp", self.rtu_tcp, 0, "", 0)
        return Line("tcp", self.tcp or "", 0, "", 0)


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


class DeviceMode(StrEnum):
    """Whether what a device says is meant."""

    NORMAL = "normal"
    TEST = "test"
    DISABLED = "disabled"


class Device(Row):
    """One device in a zone, of a profile, behind a gateway."""

    id: Id
    profile: Id
    zone: Id
    name: Text | None = None
    mqtt: MqttSource | None = None
    modbus: ModbusSource | None = None
    every: Duration | None = None
    mode: DeviceMode = Field(
        default=DeviceMode.NORMAL, description="test: its values raise nothing; disabled: they count for nothing"
    )
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


class InterlockCause(Row):
    """`at_least` different devices of a zone (and all in it) are 1 within a window.

    Two by default: linkage takes two independent detectors, or a detector and a call point (GB 50116-2013, 4.1.6).
    """

    of: OneOrMore[Id] = Field(description="the measures that count, such as smoke or [smoke, heat, call-point]")
    zone: Id
    at_least: int = Field(default=2, ge=1)
    within: Duration = 60


class InterlockEffect(Row):
    """Outputs and the state they are set to; `safe` is each output's own."""

    set: OneOrMore[str] = Field(description="`device.measure` of outputs of the same gateway")
    to: Literal["safe", 0, 1] = "safe"


class Interlock(Row):
    """A row of the cause-and-effect table that the gateway carries out by itself, with no server and no network."""

    id: Id
    name: Text | None = None
    when: OneOrMore[InterlockCause] = Field(description="any one of these trips it")
    then: OneOrMore[InterlockEffect]
    latch: bool = Field(default=True, description="always: it stays tripped until a person resets it")


class Gateway(Row):
    """An edge box and the devices it reads."""

    id: Id
    name: Text | None = None
    mqtt: LocalMqtt | None = None
    devices: tuple[Device, ...]
    interlocks: tuple[Interlock, ...] = ()


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


def _one_row(value: object) -> object:
    return (value,) if isinstance(value, dict) else value


class Select(Row):
    """The points a rule watches; all that is given must match, and a list is any of several.

    A zone means its subtree.
    """

    family: Families = ()
    measure: Ids = ()
    zone: Ids = ()
    device: Ids = ()
    point: Words = ()
    tag: Words = ()
    except_: Annotated[tuple["Select", ...], BeforeValidator(_one_row)] = Field(
        default=(), alias="except", description="not the points any of these rows matches"
    )


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


class Band(Row):
    """Outside `low` to `high`; with `inside`, within them."""

    low: float
    high: float
    deadband: float = Field(default=0, ge=0)
    inside: bool = False


class Bit(Row):
    """One bit of a whole number, such as a fire panel's register; bit 0 is the lowest."""

    bit: int = Field(ge=0, le=52)
    is_: Literal[0, 1] = Field(default=1, alias="is")


class Rate(Row):
    """The slope over a window (Theil-Sen), in units of the value per `per`."""

    over: Duration
    per: Duration = Field(default=3600, description="the unit of time of the limit: 1h, 1m")
    above: float | None = None
    below: float | None = None
    deadband: float = Field(default=0, ge=0)
    min_samples: int = Field(default=5, ge=3, le=24, description="parts of the window, of 24, that must hold a reading")


class Deviation(Row):
    """A robust z-score: how far a value is from what is usual for its point, in units of its usual spread."""

    baseline: Literal["rolling", "seasonal"] = Field(
        default="rolling", description="the last `over`; or the same hour of the week, local time, in the last 4 weeks"
    )
    over: Duration = Field(default=7 * 86400, description="rolling: what is usual is learnt from so long")
    z: float | None = Field(default=None, gt=0, description="3.5 if unset; 6 for a seasonal baseline")
    deadband: float = Field(default=1, ge=0, description="in units of z")
    side: Literal["both", "above", "below"] = "both"
    least: float = Field(default=0, ge=0, description="a distance (in units of the value) that is never too far")
    min_samples: int = Field(default=24, ge=3, le=168)

    @property
    def limit(self) -> float:
        """The z beyond which a value is unusual; docs/decisions/0005-deviation-defaults.md says where it comes from."""
        return self.z if self.z is not None else {"rolling": 3.5, "seasonal": 6.0}[self.baseline]


class Stuck(Row):
    """The device speaks, and the value has not moved by more than `epsilon` for so long."""

    for_: Duration = Field(alias="for")
    epsilon: float = Field(default=0, ge=0)


class Dose(Row):
    """What has come together over a window: value x time, in units of the value x `per`, while at or above `level`."""

    limit: float = Field(gt=0)
    per: Duration = Field(default=3600, description="the unit of time of the limit: 1h for ppm·h, 1m for ppm·min")
    over: Duration
    level: float = Field(default=0, ge=0, description="lower values count nothing")
    deadband: float = Field(default=0, ge=0)


class Forecast(Row):
    """The trend (Theil-Sen) says that the value `reaches` a limit `within` a time, and its whole interval says so."""

    reaches: float
    within: Duration
    over: Duration
    direction: Literal["up", "down"] = "up"
    confidence: float = Field(default=0.9, ge=0.5, le=0.99)
    min_samples: int = Field(default=8, ge=5, le=24, description="parts of the window, of 24, that must hold a reading")
    restart: float | None = Field(
        default=None, gt=0, description="a move so far the other way begins a new trend: a bin was emptied"
    )


class Changes(Row):
    """The point changed its value `count` times within a window: a contact that chatters."""

    count: int = Field(ge=2, le=1000)
    within: Duration


CONDITION_KINDS = (
    "above",
    "below",
    "equals",
    "band",
    "bit",
    "stale",
    "stuck",
    "mean",
    "rate",
    "dose",
    "deviation",
    "forecast",
    "changes",
    "vote",
    "sequence",
    "event",
)
COMPOSITE_KINDS = ("all", "any", "not", "alarm")
ALL_KINDS = CONDITION_KINDS + COMPOSITE_KINDS


class Condition(Row):
    """Exactly one of the kinds; `deadband` belongs to above and below."""

    model_config = ConfigDict(json_schema_extra={"oneOf": [{"required": [kind]} for kind in ALL_KINDS]})

    above: float | None = None
    below: float | None = None
    deadband: float = Field(default=0, ge=0)
    equals: float | None = None
    stale: Stale | None = None
    mean: Mean | None = None
    vote: Vote | None = None
    sequence: Sequence | None = None
    event: EventSeen | None = None
    band: Band | None = None
    bit: Bit | None = None
    rate: Rate | None = None
    deviation: Deviation | None = None
    stuck: Stuck | None = None
    dose: Dose | None = None
    forecast: Forecast | None = None
    changes: Changes | None = None
    all_: tuple["Part", ...] | None = Field(default=None, alias="all", description="every one of these is true")
    any_: tuple["Part", ...] | None = Field(default=None, alias="any", description="one of these is true")
    not_: "Part | None" = Field(default=None, alias="not", description="this is known to be false")
    alarm: Id | None = Field(default=None, description="the alarm of this rule stands, at the same scope")

    @property
    def given(self) -> list[str]:
        """The kinds that are given; a good condition has one."""
        return [kind for kind in ALL_KINDS if self.part(kind) is not None]

    @cached_property
    def kind(self) -> str:
        """The one kind that is given."""
        return self.given[0]

    def part(self, kind: str) -> Any:
        """What is given for a kind; None where nothing is."""
        return getattr(self, _FIELD_OF.get(kind, kind))

    @property
    def parts(self) -> tuple["Part", ...]:
        """The conditions an `all`, `any` or `not` is made of."""
        return self.all_ or self.any_ or ((self.not_,) if self.not_ is not None else ())


_FIELD_OF = {"all": "all_", "any": "any_", "not": "not_"}


class Part(Condition):
    """A condition inside another; without a `select` it watches the rule's points."""

    select: Select | None = None


class Times(Row):
    """Times in the site's time zone; all that is given must match."""

    hours: Hours = Field(default=(), description="such as 22:00-06:00, which belongs to the day it begins on")
    weekdays: Weekdays = ()
    dates: Days = Field(default=(), description="such as 2026-10-01, or 2026-07-01..2026-08-31")
    holiday: bool | None = Field(default=None, description="only on public holidays, or only on other days")
    workday: bool | None = Field(
        default=None, description="only on days people work, moved ones (调休) with them, or only on days of rest"
    )


class Calendar(Times):
    """A calendar with a name, for `during` of rules."""

    id: Id
    name: Text | None = None


class Holidays(Row):
    """Days that differ from the public holidays of China as they are known to us, year by year (国务院办公厅通知)."""

    off: Days = ()
    working: Days = Field(default=(), description="weekend days that are worked (调休上班)")


class Override(Row):
    """What is different for some points of a rule; the nearest wins, key by key."""

    select: Select
    when: Condition | None = None
    for_: Duration | None = Field(default=None, alias="for")
    clear_after: Duration | None = None
    during: Ids | None = None
    risk: Grade | None = None
    plan: Id | None = None
    latch: bool | None = None
    message: Text | None = None
    cause: Text | None = None
    consequence: Text | None = None
    action: Text | None = None
    party: Id | None = None
    re_alarm: Duration | None = None


GATEWAY_OFFLINE = "gateway-offline"
"""The id of the platform's own rule; a site's rules are named otherwise."""


class Rule(Row):
    """Which points, what is wrong with them, for how long, how bad, and what to do."""

    id: Id
    select: Select
    when: Condition
    per: Literal["point", "device", "zone", "building", "site"] = Field(
        default="point", description="what all, any, not and alarm are judged at"
    )
    for_: Duration = Field(default=0, alias="for", description="on-delay")
    clear_after: Duration = Field(default=0, description="off-delay")
    during: Ids = Field(default=(), description="calendars: the rule holds while one of them does; none: always")
    risk: Grade
    plan: Id | None = None
    latch: bool = False
    message: Text
    cause: Text | None = None
    consequence: Text | None = None
    action: Text | None = None
    party: Id | None = None
    re_alarm: Duration | None = Field(
        default=None, description="an alarm acknowledged this long ago that still stands wants to be seen again"
    )
    overrides: tuple[Override, ...] = ()


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
    calendars: tuple[Calendar, ...] = ()
    holidays: Holidays = Holidays()
    rules: tuple[Rule, ...] = ()
    risks: tuple[Risk, ...] = ()
    plans: tuple[Plan, ...] = ()
    roster: Roster | None = None
    notifications: Notifications | None = None
