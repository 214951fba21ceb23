"""Activations in the database; none is ever deleted."""

from collections.abc import Iterable

from sqlalchemy import Connection

from backbone.database.objects import Objects, any_of
from backbone.database.tables import activations
from community.activations import Activation, ActivationState

_activations = Objects(activations, Activation)


def get_activation(connection: Connection, identifier: str) -> Activation | None:
    """An activation by id."""
    return _activations.get(connection, identifier)


def list_activations(
    connection: Connection,
    site: str,
    *,
    states: Iterable[ActivationState] | None = None,
    limit: int = 100,
    before: tuple[int, str] | None = None,
) -> list[Activation]:
    """Newest first."""
    if states is not None and before is None:
        return _activations.all(connection, _activations.in_states(tuple(states)), {"site": site, "limit": limit})
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
