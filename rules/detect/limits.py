"""The intervals of a condition that compares a value."""

import math
from dataclasses import dataclass

from community.site.conditions import Band, Condition

_INF = math.inf


@dataclass(frozen=True, slots=True)
class Limits:
    """Open intervals a value lies in when the condition is true: to become true, and to stay so."""

    rise: tuple[float, float]
    hold: tuple[float, float]
    outside: bool = False
    """The other way round: true outside `rise`, and while it is, outside `hold`."""


def limits_of(condition: Condition) -> Limits | None:
    """The intervals of a condition that compares a value; None for the kinds that do not."""
    match condition.kind:
        case "above" | "below" | "equals":
            return _limits(condition.above, condition.below, condition.equals, condition.deadband)
        case "band":
            assert condition.band is not None
            return _band(condition.band)
        case "vote":
            return _limits(None, None, 1.0, 0.0)
        case "sequence":
            assert condition.sequence is not None
            return _limits(None, None, condition.sequence.state, 0.0)
        case _:
            return None


def _limits(above: float | None, below: float | None, equals: float | None, deadband: float) -> Limits:
    if above is not None:
        return Limits((above, _INF), (above - deadband, _INF))
    if below is not None:
        return Limits((-_INF, below), (-_INF, below + deadband))
    assert equals is not None
    return Limits(_closed(equals, equals), _closed(equals, equals))


def _band(band: Band) -> Limits:
    low, high, deadband = band.low, band.high, band.deadband
    if band.inside:
        return Limits(_closed(low, high), _closed(low - deadband, high + deadband))
    return Limits(_closed(low, high), _closed(low + deadband, high - deadband), outside=True)


def _closed(low: float, high: float) -> tuple[float, float]:
    return math.nextafter(low, -_INF), math.nextafter(high, _INF)
