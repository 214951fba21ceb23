"""What a condition says about itself, and whether its points speak often enough for it ever to be judged."""

from community.site.conditions import Condition, Deviation, Forecast, Rate
from community.site.subject import Found, Selected
from community.site.yaml_text import Path

NUMBERS_ONLY = frozenset({"band", "bit", "rate", "dose", "deviation", "forecast"})
_TIMES = {
    "mean": ("over",),
    "vote": ("within",),
    "sequence": ("within",),
    "event": ("within",),
    "rate": ("over", "per"),
    "deviation": ("over",),
    "stuck": ("for_",),
    "dose": ("over", "per"),
    "forecast": ("within", "over"),
    "changes": ("within",),
}
_STEPS = {Rate: 24, Forecast: 24, Deviation: 168}
"""Parts a window is cut into; each holds one sample."""


def check_row(path: Path, when: Condition, kind: str) -> Found:
    """The condition alone; `kind` is the one that is given."""
    for key in _TIMES.get(kind, ()):
        if getattr(getattr(when, kind), key) <= 0:
            name = key.rstrip("_")
            yield (*path, kind, name), f"{name} must be longer than 0s"
    if when.mean is not None and (when.mean.above is None) == (when.mean.below is None):
        yield (*path, "mean"), "a mean is compared with one limit: give above or below"
    if when.rate is not None and (when.rate.above is None) == (when.rate.below is None):
        yield (*path, "rate"), "a rate is compared with one limit: give above or below"
    if when.band is not None:
        low, high, deadband = when.band.low, when.band.high, when.band.deadband
        if low > high:
            yield (*path, "band"), f"low ({low:g}) is above high ({high:g}); swap them"
        elif not when.band.inside and 2 * deadband > high - low:
            yield (*path, "band", "deadband"), "this deadband leaves nothing of the band, so the alarm would never end"
    if when.deviation is not None and when.deviation.deadband >= when.deviation.z:
        yield (*path, "deviation", "deadband"), "the deadband must be smaller than z, or the alarm would never end"
    if when.dose is not None and when.dose.deadband >= when.dose.limit:
        yield (*path, "dose", "deadband"), "the deadband must be smaller than the limit, or the alarm would never end"


def check_points(path: Path, when: Condition, kind: str, selected: Selected) -> Found:
    """The condition and the points it watches."""
    if kind in NUMBERS_ONLY and (truth := selected.truth) is not None:
        yield (*path, kind), f"'{truth.id}' says yes or no and this watches a number; select a measure that fits"
        return
    slowest = selected.slowest
    if slowest.every_s <= 0:
        return
    speaks = f"'{slowest.id}' speaks every {_time(slowest.every_s)}"
    row = getattr(when, kind)
    if isinstance(row, Rate | Forecast) or (isinstance(row, Deviation) and row.baseline == "rolling"):
        samples = min(_STEPS[type(row)], int(row.over / slowest.every_s))
        if samples < row.min_samples:
            yield (
                (*path, kind, "over"),
                f"{speaks}, so {_time(row.over)} hold {samples} samples and never {row.min_samples}; lengthen it",
            )
    elif when.stuck is not None and when.stuck.for_ < slowest.every_s:
        yield (*path, kind, "for"), f"{speaks}, so after {_time(when.stuck.for_)} nothing is known; lengthen it"
    elif when.dose is not None and when.dose.over < slowest.every_s:
        yield (*path, kind, "over"), f"{speaks}, so a dose over {_time(when.dose.over)} cannot be known; lengthen it"


def _time(seconds: float) -> str:
    for unit, length in (("d", 86400), ("h", 3600), ("m", 60)):
        if seconds >= length and seconds % length == 0:
            return f"{seconds / length:g}{unit}"
    return f"{seconds:g}s"
