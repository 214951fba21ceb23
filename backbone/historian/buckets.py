"""The step of a downsampled series: round spans, so that bucket edges stay where they are as a chart scrolls."""

_MS = (1, 2, 5, 10, 20, 50, 100, 200, 500)
_S = tuple(1000 * n for n in (1, 2, 3, 4, 5, 6, 10, 12, 15, 20, 30))
_MIN = tuple(60_000 * n for n in (1, 2, 3, 4, 5, 6, 10, 12, 15, 20, 30))
_H = tuple(3_600_000 * n for n in (1, 2, 3, 4, 6, 8, 12))
DAY_MS = 86_400_000
STEPS_MS = _MS + _S + _MIN + _H


def step_for(start: int, end: int, max_points: int) -> int:
    """The smallest round step (ms) with which `start <= t < end` touches at most `max_points` buckets.

    Raises:
        ValueError: the interval is empty, or `max_points` is less than one.
    """
    if max_points < 1 or end <= start:
        raise ValueError(f"a series needs start < end and at least one bucket, not {start}, {end}, {max_points}")
    for step in STEPS_MS:
        if _touched(start, end, step) <= max_points:
            return step
    days = 1
    while _touched(start, end, days * DAY_MS) > max_points and days * DAY_MS < end:
        days += 1 if days < 7 else days
    return days * DAY_MS


def _touched(start: int, end: int, step: int) -> int:
    return (end - 1) // step - start // step + 1
