"""Formats whose messages mean something only after earlier ones, and that have to be asked for what is missing.

Pure: what is remembered of a party goes in and comes out; who hands messages over also publishes what is to be said.
"""

from typing import NamedTuple, Protocol

from gateway.decoders.decoded import Decoded


class Report(NamedTuple):
    """What a message says of one device; `address` is what `Conversation.address` makes of its topic."""

    address: str
    decoded: Decoded


class Saying(NamedTuple):
    """What is to be published, at most once, not retained."""

    topic: str
    payload: bytes


class Turn(NamedTuple):
    """What became of one message. `missed`: so many messages before it never came."""

    state: object
    reports: tuple[Report, ...] = ()
    sayings: tuple[Saying, ...] = ()
    problems: tuple[str, ...] = ()
    missed: int = 0


class Conversation(Protocol):
    """What a module of such a format offers beside `Format`."""

    def party(self, topic: str) -> str | None:
        """With whom: one name for all topics of one edge node; None for topics that are no part of it."""
        ...

    def address(self, topic: str) -> str | None:
        """The device a topic of a site file means; None when it means none."""
        ...

    def behind(self, address: str) -> bool:
        """Whether the address is one of a device behind a party, and not the party itself."""
        ...

    def topics(self, party: str) -> tuple[str, ...]:
        """Filters for all that a party and the devices behind it say."""
        ...

    def hear(self, state: object | None, topic: str, payload: bytes, now: int) -> Turn:
        """One message; state None: nothing was heard of the party yet. Raises DecodeError."""
        ...

    def greet(self, state: object | None, party: str, now: int) -> Turn:
        """The gateway is (again) connected and may have missed anything."""
        ...
