"""Headcounts in the database; none is ever deleted."""

from sqlalchemy import Connection

from backbone.database.objects import Objects
from backbone.database.tables import headcounts
from community.headcount import Headcount

_headcounts = Objects(headcounts, Headcount)


def get_headcount(connection: Connection, activation: str) -> Headcount | None:
    """The headcount of an activation."""
    return _headcounts.get(connection, activation)


def save_headcount(connection: Connection, headcount: Headcount) -> None:
    """Insert or replace; Conflict when it was changed meanwhile."""
    _headcounts.save(
        connection,
        headcount,
        site=headcount.site,
        state=headcount.state.value,
        zone=headcount.zone,
        at=headcount.started_at,
    )
