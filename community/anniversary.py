"""The same day a year later: years of a site file are the calendar's, not 365.25 days."""

from datetime import date, timedelta

from dateutil.relativedelta import relativedelta

YEAR_S = 365.25 * 86_400.0
"""What `1y` in a site file comes to."""


def later(day: date, duration_s: float) -> date:
    """The day that lies so much later: whole months and years by the calendar, anything else by days.

    Of a day that month has not, its last: a year after 29 February is 28 February.
    """
    months = duration_s / YEAR_S * 12
    if months >= 1 and abs(months - round(months)) < 1e-6:
        return day + relativedelta(months=round(months))
    return day + timedelta(seconds=duration_s)
