"""What is stored in the transaction of the stream's positions, so that it counts each reading once."""

from collections.abc import Callable
from typing import NamedTuple

from sqlalchemy import Connection


class Part(NamedTuple):
    """What one of those who follow the stream has to store, as of one moment."""

    store: Callable[[Connection], None]
    """May be called several times, by any thread, while its owner goes on."""
    give_back: Callable[[], None]
    """The transaction came to nothing: it goes with the next one."""
