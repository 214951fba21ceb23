"""Reports are due by the clock of the site, on the first day after their period."""

from datetime import UTC, datetime

import pytest

from community.report_dates import due_reports
from community.site.duty import ReportTo

ROWS = [
    ReportTo(every="month", to=("manager",), at="08:00"),
    ReportTo(every="quarter", to=("manager", "party:street-office"), at="09:30"),
    ReportTo(every="year", to=("supervisor",), at="08:00"),
]


def due(timezone: str, at: str) -> list[tuple[str, str]]:
    now = round(datetime.fromisoformat(at).replace(tzinfo=UTC).timestamp() * 1000)
    return [(period.name, name) for period, name in due_reports(ROWS, timezone, now)]


@pytest.mark.parametrize(
    ("timezone", "at", "expected"),
    [
        ("Asia/Shanghai", "2027-01-31T23:59:59", []),
        ("Asia/Shanghai", "2027-01-31T00:00:00", []),
        ("Asia/Shanghai", "2027-02-01T00:00:00", [("2027-01", "manager")]),
        ("Asia/Shanghai", "2027-02-14T23:00:00", [("2027-01", "manager")]),
        ("Asia/Shanghai", "2027-02-15T00:00:01", []),
        ("Asia/Shanghai", "2027-01-01T00:00:00", [("2026-12", "manager"), ("2026", "supervisor")]),
        (
            "Asia/Shanghai",
            "2027-01-01T01:30:00",
            [
                ("2026-12", "manager"),
                ("2026-Q4", "manager"),
                ("2026-Q4", "party:street-office"),
                ("2026", "supervisor"),
            ],
        ),
        # the hour that was put forward on 28 March makes 08:00 come an hour earlier by UTC
        ("Europe/Berlin", "2027-04-01T05:59:59", []),
        ("Europe/Berlin", "2027-04-01T06:00:00", [("2027-03", "manager")]),
    ],
)
def test_a_report_is_due_once_its_period_is_over_there(timezone: str, at: str, expected: list[tuple[str, str]]) -> None:
    assert due(timezone, at) == expected
