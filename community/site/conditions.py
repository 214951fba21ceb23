"""The rows of a site file that say what is wrong with a reading, and which readings are meant."""

from functools import cached_property
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, ConfigDict, Field

from community.site.fields import Duration, Id, Row
from community.site.listed import Families, Ids, Words


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
    z: float = Field(
        default=3.5, gt=0, description="docs/decisions/0005-deviation-defaults.md says where it comes from"
    )
    deadband: float = Field(default=1, ge=0, description="in units of z")
    side: Literal["both", "above", "below"] = "both"
    least: float = Field(default=0, ge=0, description="a distance (in units of the value) that is never too far")
    min_samples: int = Field(default=24, ge=3, le=168)
    lasting: bool = Field(
        default=True,
        description="rolling: also while the mean of `over` / 7 is unusual beside such means of 4 x `over`",
    )

    @property
    def day_s(self) -> float:
        """The mean of so long is judged, too, where `lasting`."""
        return self.over / 7

    @property
    def weeks_s(self) -> float:
        """By such means of so long."""
        return self.over * 4


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
