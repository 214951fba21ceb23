"""The list of devices a gateway found announced, as it goes up: retained, one message a gateway."""

import msgspec

from community.site.announced import Announced

MOST_BYTES = 300_000


class FoundError(ValueError):
    """A list that cannot be read."""


class FoundRow(msgspec.Struct, frozen=True):
    """One device, and when it was announced (Unix ms, the gateway's clock) since the gateway started."""

    device: Announced
    first: int
    last: int
    times: int


class FoundList(msgspec.Struct, frozen=True):
    """What a gateway found. `unheard`: filters the broker refuses; null: it does not look for devices at all."""

    at: int
    devices: tuple[FoundRow, ...] = ()
    left_off: int = 0
    """Devices that were found beside these."""
    unheard: tuple[str, ...] | None = ()


def encode(found: FoundList) -> bytes:
    """As it is published; devices that would make it too large are left off."""
    payload = msgspec.json.encode(found)
    while len(payload) > MOST_BYTES and found.devices:
        kept = found.devices[: len(found.devices) * 3 // 4]
        left_off = found.left_off + len(found.devices) - len(kept)
        found = msgspec.structs.replace(found, devices=kept, left_off=left_off)
        payload = msgspec.json.encode(found)
    return payload


def decode(payload: bytes) -> FoundList:
    """The list in `payload`.

    Raises:
        FoundError: it is none.
    """
    if len(payload) > MOST_BYTES:
        raise FoundError(f"a list of {len(payload)} bytes")
    try:
        return msgspec.json.decode(payload, type=FoundList)
    except (msgspec.MsgspecError, ValueError, RecursionError) as error:
        raise FoundError(str(error)) from error
