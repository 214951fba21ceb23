"""Activations in the database; none is ever deleted."""

import zlib
from collections.abc import Iterable

from sqlalchemy import Connection, text

from backbone.database.objects import Objects, any_of
from backbone.database.tables import activations
from community.activations import IN_FORCE, Activation, ActivationState

_activations = Objects(activations, Activation)
_LOCK = 0x706C616E


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


def alone_with_plan(connection: Connection, site: str, plan: str) -> None:
    """Until the transaction ends nobody else who asks decides whether to activate this plan.

    Looking for one in force and making one is two steps; SQLite's write transactions are one after another anyway.
    """
    if connection.dialect.name == "postgresql":
        key = zlib.crc32(f"{site}:{plan}".encode())
        connection.execute(text("SELECT pg_advisory_xact_lock(:space, :key)"), {"space": _LOCK, "key": key - 2**31})


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
