"""A command on its way to a gateway."""

import hashlib
from typing import NamedTuple

from community.commands import Command


class Order(NamedTuple):
    """A command, its id, and the gateway that carries it out."""

    id: str
    gateway: str
    command: Command


def order_id(activation: str, step: str, number: int) -> str:
    """The id of a step's command: the same step always gives the same, so that it is carried out once."""
    return f"{step[:40]}-{number}-{hashlib.sha256(f'{activation}|{step}'.encode()).hexdigest()[:16]}"
