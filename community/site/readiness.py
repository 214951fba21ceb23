"""The rows of a site file about being ready: drills that are due, and what people must have learned."""

from typing import Literal

from pydantic import Field

from community.anniversary import YEAR_S
from community.site.fields import Day, Duration, Id, Row
from community.text import Text

DrillKind = Literal["fire", "evacuation", "natural-disaster", "safety-accident", "public-health"]


class DrillDuty(Row):
    """How often a kind of drill is held (演练计划)."""

    kind: DrillKind
    every: Duration = YEAR_S
    remind: Duration = Field(default=30 * 86_400.0, description="how long before it is due people are reminded")
    last: Day | None = Field(default=None, description="when the last one was held, if that is not on record here")


class Qualification(Row):
    """What somebody must have learned to be on duty for something (持证上岗)."""

    id: Id
    name: Text
    content: Literal["law", "safety-knowledge", "emergency-skills", "operating-rules"]
    valid: Duration = Field(default=YEAR_S, description="how long a training counts")
    remind: Duration = Field(default=30 * 86_400.0, description="how long before its end people are reminded")
    duties: tuple[Id, ...] = Field(description="duties of the roster and roles of plans that need it")
    without: Literal["warn", "refuse"] = Field(
        default="warn", description="what becomes of somebody on the roster who lacks it"
    )


class TrainingRow(Row):
    """A training somebody had, from the records on paper; later ones are recorded on the page."""

    person: Id
    qualification: Id
    on: Day
    form: Literal["theory", "practice", "case-study"] = "practice"
    expires: Day | None = Field(default=None, description="if the certificate itself says so")
