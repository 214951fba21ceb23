"""What uplinks of every LoRaWAN network server have in common: JSON around base64 around a device's own bytes."""

import base64
from collections.abc import Mapping
from typing import TypeVar

import msgspec

from gateway.decoders.decoded import Codec, DecodeError

T = TypeVar("T")


def message(decoder: msgspec.json.Decoder[T], payload: bytes, otherwise: str) -> T:
    """The message in `payload`.

    Raises:
        DecodeError: broken JSON, nested too deeply, or of another shape (`otherwise` says so).
    """
    try:
        return decoder.decode(payload)
    except msgspec.ValidationError as error:
        raise DecodeError(otherwise) from error
    except (msgspec.MsgspecError, ValueError) as error:
        raise DecodeError("not JSON") from error
    except RecursionError as error:
        raise DecodeError("JSON nested too deeply") from error


def read(data: str, codec: Codec, field: str) -> tuple[Mapping[str, object], tuple[str, ...]]:
    """What the codec makes of the bytes, and what it could not read of them; of none nothing.

    Raises:
        DecodeError: `data` is not base64, or not a payload of the codec.
    """
    if not data:
        return {}, ()
    try:
        raw = base64.b64decode(data, validate=True)
    except ValueError as error:
        raise DecodeError(f"{field} is not base64") from error
    values = dict(codec(raw))
    problem = values.pop("problem", None)
    return values, () if problem is None else (str(problem),)
