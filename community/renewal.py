"""Renewal of facilities (定期更新): what ends its life in which year, and what that costs."""

import calendar
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta

from community.site.upkeep import Facility

LIFE_YEARS = 15
CENTRE_YEARS = 5
"""Guide ch. 4: a facility lives 10 to 15 years, a service centre is renewed every 5."""
CENTRE = "service-centre"
REMIND = timedelta(days=180)
_YEAR_S = 365.25 * 86400


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
    months = usual * 12 if facility.life is None else round(facility.life / _YEAR_S * 12)
    return Renewal(facility.id, _later(facility.installed, months), facility.cost, facility.life is None)


def renewals(facilities: Iterable[Facility]) -> list[Renewal]:
    """Those that are known, the earliest first."""
    found = (renewal_of(facility) for facility in facilities)
    return sorted((row for row in found if row is not None), key=lambda row: (row.due, row.facility))


def _later(day: date, months: int) -> date:
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    last = calendar.monthrange(year, month + 1)[1]
    return date(year, month + 1, min(day.day, last))
