"""Domain objects as JSON documents, and back."""

from typing import Any, TypeVar

import msgspec

from community.text import Text

T = TypeVar("T")


def _plain(value: Any) -> Any:
    if isinstance(value, Text):
        return {"zh": value.zh, "en": value.en}
    raise NotImplementedError(f"{type(value).__name__} is not a part of a document")


def _rich(kind: type, value: Any) -> Any:
    if kind is Text:
        return Text(**value)
    raise NotImplementedError(f"{kind.__name__} is not a part of a document")


_encoder = msgspec.json.Encoder(enc_hook=_plain)


def encode(thing: object) -> str:
    """A domain object (or plain data) as JSON text."""
    return _encoder.encode(thing).decode()


def decode(text: str, kind: type[T]) -> T:
    """The object a document describes."""
    return msgspec.json.decode(text, type=kind, dec_hook=_rich)


def plain(thing: object) -> dict[str, Any]:
    """A domain object as plain data."""
    found: dict[str, Any] = msgspec.json.decode(_encoder.encode(thing))
    return found


def storable(words: str, most: int) -> str:
    """Words from outside as every database takes them: PostgreSQL no NUL in a text, none half a surrogate pair."""
    return words[:most].replace("\0", "\ufffd").encode(errors="replace").decode()
