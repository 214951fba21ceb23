"""JSON objects from devices: anything else is a DecodeError, and nothing crashes the gateway."""

import msgspec

from gateway.decoders.decoded import DecodeError

_decode = msgspec.json.Decoder().decode


def parse(payload: bytes) -> dict[str, object]:
    """The object in `payload`.

    Raises:
        DecodeError: broken JSON (NaN and Infinity are not JSON), nested too deeply, or not an object.
    """
    try:
        value = _decode(payload)
    except (msgspec.MsgspecError, UnicodeDecodeError, ValueError) as error:
        raise DecodeError("not JSON") from error
    except RecursionError as error:
        raise DecodeError("JSON nested too deeply") from error
    if type(value) is not dict:
        raise DecodeError("JSON, but not an object")
    return value
