"""Drills and training records in the database; none is ever deleted."""

from collections.abc import Iterable

from sqlalchemy import Connection, bindparam

from backbone.database.objects import Objects, any_of
from backbone.database.tables import drills, trainings
from community.drills import Drill, DrillState
from community.training import Training

MOST_TRAININGS = 10_000
_drills = Objects(drills, Drill)
_trainings = Objects(trainings, Training)
_of_site = _trainings.all_that(trainings.c.site == bindparam("site"))


def get_drill(connection: Connection, identifier: str) -> Drill | None:
    """A drill by id."""
    return _drills.get(connection, identifier)


def drill_of(connection: Connection, activation: str) -> Drill | None:
    """The drill an activation belongs to."""
    found = _drills.list(connection, drills.c.activation == activation, limit=1)
    return found[0] if found else None


def list_drills(
    connection: Connection,
    site: str,
    *,
    states: Iterable[DrillState] | None = None,
    limit: int = 100,
    before: tuple[int, str] | None = None,
) -> list[Drill]:
    """The latest planned first."""
    values = None if states is None else [state.value for state in states]
    return _drills.list(connection, drills.c.site == site, *any_of(drills.c.state, values), limit=limit, before=before)


def save_drill(connection: Connection, drill: Drill) -> None:
    """Insert or replace; Conflict when it was changed meanwhile."""
    _drills.save(
        connection,
        drill,
        site=drill.site,
        state=drill.state.value,
        zone=drill.zone,
        at=drill.planned_at,
        activation=drill.activation,
    )


def get_training(connection: Connection, identifier: str) -> Training | None:
    """A training record by id."""
    return _trainings.get(connection, identifier)


def list_trainings(connection: Connection, site: str) -> list[Training]:
    """Every record of a site, the latest first."""
    return _trainings.all(connection, _of_site, {"site": site, "limit": MOST_TRAININGS})


def save_training(connection: Connection, training: Training) -> None:
    """Insert or replace; Conflict when it was changed meanwhile."""
    _trainings.save(connection, training, site=training.site, at=training.recorded_at, person=training.person)
