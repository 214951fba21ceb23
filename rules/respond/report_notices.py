"""Who is told that an evaluation report can be read: whom the site file names, once for each period."""

from datetime import timedelta

from sqlalchemy import Connection

from backbone.database.notifications import get_escalation
from backbone.database.site_versions import first_at
from community.escalations import REPORT
from community.evaluation import Period
from community.notice_text import Facts
from community.report_dates import due_reports
from community.site.site import Site
from community.text import Text
from rules.respond import notices


def untold(c: Connection, site: Site, now: int) -> list[tuple[Period, str]]:
    """Reports that are due, and who has not been told of them; none of a time before the platform watched this site."""
    rows = site.file.notifications.reports if site.file.notifications is not None else ()
    timezone = site.file.site.timezone
    due = list(due_reports(rows, timezone, now))
    since = first_at(c, site.id) if due else None
    return [
        (period, name)
        for period, name in due
        if since is not None
        and since < period.span(timezone)[1]
        and get_escalation(c, notices.identifier(site, REPORT, period.name, name)) is None
    ]


def tell_report(c: Connection, site: Site, period: Period, name: str, now: int) -> None:
    """Have them told; what was begun before stays as it is."""
    days = f"{period.begin} – {period.end - timedelta(days=1)}"
    community = site.file.site.name
    facts = Facts(
        kind=REPORT,
        grade="low",
        message=Text(zh=f"评估报告 {period.name}", en=f"Evaluation report {period.name}"),
        action=Text(zh=days, en=days),
        place=community,
        building=community,
        at=now,
        page=f"/evaluation?period={period.name}",
    )
    zone = next(iter(site.zones))  # it is of all of them
    notices.begin(c, site, REPORT, period.name, name, (name,), zone, facts, now)
