"""When evaluation reports are due: on the first day after their month, quarter or year, by the clock of the site."""

from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, time
from zoneinfo import ZoneInfo

from community.evaluation import Period
from community.site.duty import ReportTo

CATCH_UP_MS = 14 * 86_400_000
"""A report is still told of so long after it was due: the platform may have been away."""


def due_reports(rows: Sequence[ReportTo], timezone: str, now: int) -> Iterator[tuple[Period, str]]:
    """The periods that are over and whose report is due, with each that is to be told of it. `now` Unix ms."""
    zone = ZoneInfo(timezone)
    today = datetime.fromtimestamp(now / 1000, zone).date()
    for row in rows:
        period = _of(row.every, today).before
        hour, minute = row.at.split(":")
        at = datetime.combine(period.end, time(int(hour), int(minute)), tzinfo=zone).astimezone(UTC)
        if 0 <= now - round(at.timestamp() * 1000) <= CATCH_UP_MS:
            yield from ((period, name) for name in row.to)


def _of(every: str, day: date) -> Period:
    """The period a day lies in."""
    names = {"month": f"{day:%Y-%m}", "quarter": f"{day.year}-Q{(day.month + 2) // 3}", "year": str(day.year)}
    return Period.parse(names[every])
