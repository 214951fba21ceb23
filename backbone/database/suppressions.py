"""Suppressions in the database."""

from collections.abc import Iterable

from sqlalchemy import Connection

from backbone.database.objects import Objects
from backbone.database.tables import suppressions
from community.suppression import Suppression, SuppressionState

MOST = 10_000
UNFINISHED = (SuppressionState.ACTIVE, SuppressionState.ENDING)
_suppressions = Objects(suppressions, Suppression)


def get_suppression(c: Connection, identifier: str) -> Suppression | None:
    """A suppression by id."""
    return _suppressions.get(c, identifier)


def list_suppressions(
    c: Connection, site: str, states: Iterable[SuppressionState] | None = None, limit: int = MOST
) -> list[Suppression]:
    """Newest first."""
    values = tuple(SuppressionState if states is None else states)
    return _suppressions.all(c, _suppressions.in_states(values), {"site": site, "limit": limit})


def save_suppression(c: Connection, suppression: Suppression) -> None:
    """Insert or replace; Conflict when it was changed meanwhile."""
    _suppressions.save(c, suppression, site=suppression.site, state=suppression.state.value, at=suppression.since)
