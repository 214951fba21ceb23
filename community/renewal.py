"""Renewal of facilities (定期更新): what ends its life in which year, and what that costs."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta

from community.anniversary import YEAR_S, later
from community.site.upkeep import Facility

LIFE_YEARS = 15
CENTRE_YEARS = 5
"""Guide ch. 4: a facility lives 10 to 15 years, a service centre is renewed every 5."""
CENTRE = "service-centre"
REMIND = timedelta(days=180)


@dataclass(frozen=True, slots=True)
class Renewal:
    """When a facility has to be renewed; cost in yuan, None where nobody has estimated it."""

    facility: str
    due: date
    cost: float | None
    assumed: bool
    """No life is written down; the guide's is taken."""


def renewal_of(facility: Facility) -> Renewal | None:
    """None where nobody knows when it was installed."""
    if facility.installed is None:
        return None
    usual = CENTRE_YEARS if facility.category == CENTRE else LIFE_YEARS
    life_s = usual * YEAR_S if facility.life is None else facility.life
    return Renewal(facility.id, later(facility.installed, life_s), facility.cost, facility.life is None)


def renewals(facilities: Iterable[Facility]) -> list[Renewal]:
    """Those that are known, the earliest first."""
    found = (renewal_of(facility) for facility in facilities)
    return sorted((row for row in found if row is not None), key=lambda row: (row.due, row.facility))
