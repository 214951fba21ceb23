"""What a parser of announcements gives: who is announced, in the words of the format it speaks."""

from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple

from community.site.announced import Announced, AnnouncedValue
from gateway.decoders.decoded import DecodeError
from gateway.decoders.json_object import parse

MOST_VALUES = 48
MOST_TEXT = 120
MOST_TOPIC = 250


class Heard(NamedTuple):
    """One device an announcement tells of. What several topics say under one `identity` is one device."""

    identity: str
    announced: Announced


Parse = Callable[[str, bytes], tuple[Heard, ...]]
"""What a message says, in full: whom it does not name any more its topic takes back. Raises DecodeError."""


class Source(NamedTuple):
    """One kind of announcement."""

    name: str
    filters: tuple[str, ...]
    parse: Parse
    stands: bool
    """The broker keeps it (retained), and it holds until it is taken back; otherwise it was an event and grows old."""
    device_topic: Callable[[str], str] = str
    """The topic a row would name, to pass over what the site file has without reading it; itself: not known."""


def text(value: object) -> str:
    """A text of bounded length without line breaks; empty for anything else."""
    return " ".join(value.split())[:MOST_TEXT] if isinstance(value, str) else ""


def obj(value: object) -> dict[str, object]:
    """An object; an empty one for anything else."""
    return value if isinstance(value, dict) else {}


def json_object(payload: bytes) -> dict[str, object]:
    """The object in `payload`. Raises DecodeError."""
    return parse(payload)


def usable(topic: str) -> bool:
    """Whether a row of a site file may name the topic."""
    return 0 < len(topic) <= MOST_TOPIC and "#" not in topic and topic.isprintable()


def values_of(message: dict[str, object], above: str = "", deeper: int = 3) -> Iterator[AnnouncedValue]:
    """The numbers and truths in a message that was seen, by path."""
    for key, value in message.items():
        path = f"{above}.{key}" if above else key
        if len(path) > MOST_TEXT or not path.isprintable():
            continue
        if isinstance(value, dict):
            if deeper:
                yield from values_of(value, path, deeper - 1)
        elif isinstance(value, (bool, int, float)):
            yield AnnouncedValue(path, boolean=isinstance(value, bool))


def bounded(values: Iterable[AnnouncedValue]) -> tuple[AnnouncedValue, ...]:
    """The first of each path, not more than a device is listed with."""
    return tuple({value.path: value for value in values}.values())[:MOST_VALUES]


__all__ = ["Announced", "AnnouncedValue", "DecodeError", "Heard", "Parse", "Source"]
