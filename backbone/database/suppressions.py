"""Suppressions in the database."""

from collections.abc import Iterable

from sqlalchemy import Connection, bindparam

from backbone.database.objects import Objects
from backbone.database.tables import suppressions
from community.suppression import Suppression, SuppressionState

MOST = 10_000
UNFINISHED = (SuppressionState.ACTIVE, SuppressionState.ENDING)
_suppressions = Objects(suppressions, Suppression)
_in_states = _suppressions.all_that(
    suppressions.c.site == bindparam("site"), suppressions.c.state.in_(bindparam("states", expanding=True))
)


def get_suppression(c: Connection, identifier: str) -> Suppression | None:
    """A suppression by id."""
    return _suppressions.get(c, identifier)


def list_suppressions(
    c: Connection, site: str, states: Iterable[SuppressionState] | None = None, limit: int = MOST
) -> list[Suppression]:
    """Newest first."""
    values = [state.value for state in (SuppressionState if states is None else states)]
    return _suppressions.all(c, _in_states, {"site": site, "states": values, "limit": limit})


def save_suppression(c: Connection, suppression: Suppression) -> None:
    """Insert or replace; Conflict when it was changed meanwhile."""
    _suppressions.save(c, suppression, site=suppression.site, state=suppression.state.value, at=suppression.since)
