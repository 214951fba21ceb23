"""Activations in the database; none is ever deleted."""

from collections.abc import Iterable

from sqlalchemy import Connection

from backbone.database.objects import Objects, any_of
from backbone.database.tables import activations
from community.activations import IN_FORCE, Activation, ActivationState

_activations = Objects(activations, Activation)


def get_activation(connection: Connection, identifier: str) -> Activation | None:
    """An activation by id."""
    return _activations.get(connection, identifier)


def open_activation(
    connection: Connection, site: str, plan: str, zone: str, *, drill: bool = False
) -> Activation | None:
    """The activation of a plan in a zone that is in force, if any: a second one merges into it."""
    in_force = [state.value for state in IN_FORCE]
    columns = activations.c
    for found in _activations.list(
        connection, columns.site == site, columns.plan == plan, columns.zone == zone, columns.state.in_(in_force)
    ):
        if found.drill is drill:
            return found
    return None


def list_activations(
    connection: Connection,
    site: str,
    *,
    states: Iterable[ActivationState] | None = None,
    limit: int = 100,
    before: tuple[int, str] | None = None,
) -> list[Activation]:
    """Newest first."""
    values = None if states is None else [state.value for state in states]
    return _activations.list(
        connection, activations.c.site == site, *any_of(activations.c.state, values), limit=limit, before=before
    )


def save_activation(connection: Connection, activation: Activation) -> None:
    """Insert or replace; Conflict when it was changed meanwhile."""
    _activations.save(
        connection,
        activation,
        site=activation.site,
        state=activation.state.value,
        zone=activation.zone,
        at=activation.activated_at,
        plan=activation.plan,
    )
