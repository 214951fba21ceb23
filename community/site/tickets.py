"""The rows of a site file about tickets: deadlines, who works them, and how long a closed one may be opened again."""

from typing import Annotated, Literal

from pydantic import Field

from community.site.fields import Duration, Id, Row
from community.site.listed import Ids


class Deadline(Row):
    """By when a ticket of a priority is answered and done."""

    respond: Duration = Field(default=7_200, description="a person's first answer; never over 24h")
    complete: Duration
    during: Ids = Field(default=(), description="calendars whose time counts; none: day and night")


class TicketRules(Row):
    """How tickets go here."""

    deadlines: dict[Literal["low", "medium", "high"], Deadline] = Field(default_factory=dict)
    reopen: Duration = Field(default=86_400, description="so long after its end what comes again opens it again")
    skills: dict[str, Id] = Field(
        default_factory=dict,
        description="the duty whoever works a ticket must have, by family of the point or category of the facility",
    )
    rates: dict[Id, Annotated[float, Field(ge=0)]] = Field(
        default_factory=dict,
        description="yuan for an hour of work: by the duty it takes, or else by the party whose people do it",
    )
