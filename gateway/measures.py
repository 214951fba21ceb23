"""From a decoded value to the number of a point: types are checked, never guessed."""

from collections.abc import Mapping
from math import isfinite

from community.quality import Quality
from community.site.devices import Bin

UNCERTAIN = int(Quality.UNCERTAIN)
OUT_OF_RANGE = int(Quality.OUT_OF_RANGE)
FILL = "fill"
_OVERFULL_MM = 50.0


class ValueRefusedError(ValueError):
    """A value that is none for its measure; the message is the reason."""


def number(value: object, *, boolean: bool) -> float:
    """`value` as the number of a measure.

    Raises:
        ValueRefusedError: a text, a list, a boolean for a number, another number than 0 or 1 for a boolean, not finite.
    """
    kind = type(value)
    if kind is bool:
        if not boolean:
            raise ValueRefusedError("a boolean where a number is expected")
        return 1.0 if value else 0.0
    if kind is int or kind is float:
        try:
            plain = float(value)  # type: ignore[arg-type]
        except OverflowError:
            raise ValueRefusedError("not a finite number") from None
        if not isfinite(plain):
            raise ValueRefusedError("not a finite number")
        if boolean and plain not in {0.0, 1.0}:
            raise ValueRefusedError("a number where true or false is expected")
        return plain
    word = "a text" if kind is str else "a list" if kind is list else "an object"
    raise ValueRefusedError(f"{word} where {'true or false' if boolean else 'a number'} is expected")


def at_path(values: Mapping[str, object], keys: tuple[str, ...]) -> object:
    """The value under nested `keys`; None when it is not there."""
    value: object = values
    for key in keys:
        if not isinstance(value, Mapping):
            return None
        value = value.get(key)
    return value


def fill_level(distance: object, inside: Bin, tilted: object) -> tuple[float, int] | None:
    """Fill (%) and quality of a bin from the sensor's `distance_mm` to what lies in it; None without a distance.

    The sensor sits `depth_mm` above the bottom and is full at its dead zone, within which it cannot measure.
    A tilted or open bin shows something else than its contents: uncertain.
    """
    if type(distance) is not int and type(distance) is not float:
        return None
    span = inside.depth_mm - inside.dead_zone_mm
    if span <= 0:
        return None
    fill = (inside.depth_mm - distance) / span * 100.0
    beyond = distance > inside.depth_mm + _OVERFULL_MM
    return min(100.0, max(0.0, fill)), UNCERTAIN if beyond or tilted is True else 0


def with_fill(
    values: Mapping[str, object], flags: Mapping[str, Quality], inside: Bin
) -> tuple[Mapping[str, object], Mapping[str, Quality]]:
    """What a sensor in a bin said, and how full that makes the bin."""
    level = fill_level(values["distance_mm"], inside, values.get("tilt"))
    if level is None:
        return values, flags
    fill, q = level
    return {**values, FILL: fill}, {**flags, FILL: Quality(q)} if q else flags
