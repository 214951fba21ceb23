"""A point's readings as a picture, in plain shapes: a page draws them as SVG and a PDF as its own."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from zoneinfo import ZoneInfo

from backbone.historian.port import Bucket, Series

WIDTH, HEIGHT = 720, 150
LEFT, RIGHT, TOP, BOTTOM = 56, 8, 10, 22
MARKS = 4
Place = tuple[float, float]
"""From the upper left corner."""


@dataclass(frozen=True, slots=True)
class Line:
    """A straight line of the grid, or where something happened."""

    start: Place
    end: Place
    colour: str


@dataclass(frozen=True, slots=True)
class Label:
    """A figure beside an axis."""

    at: Place
    text: str
    anchor: Literal["start", "middle", "end"]


@dataclass(frozen=True, slots=True)
class Curve:
    """The mean of each bucket, and behind it the area between least and most."""

    mean: tuple[Place, ...]
    area: tuple[Place, ...]


@dataclass(frozen=True, slots=True)
class Chart:
    """The picture of one point."""

    title: str
    shapes: tuple[Line | Label | Curve, ...]


def chart(series: Series, name: str, unit: str, moments: Sequence[tuple[int, str]], timezone: str) -> Chart:
    """The mean of each bucket with its range behind it; `moments` (Unix ms, colour) are upright lines."""
    title = f"{name} ({unit})" if unit else name
    return Chart(title, tuple(_shapes(series, moments, ZoneInfo(timezone))))


def _shapes(series: Series, moments: Sequence[tuple[int, str]], zone: ZoneInfo) -> Iterator[Line | Label | Curve]:
    usable = [b for b in series.buckets if b.mean is not None]
    lows = [b.min for b in usable if b.min is not None]
    highs = [b.max for b in usable if b.max is not None]
    low, high = min(lows, default=0.0), max(highs, default=1.0)
    if high - low < 1e-9:
        low, high = low - 0.5, high + 0.5

    def x(t: int) -> float:
        return LEFT + (t - series.start) / max(series.end - series.start, 1) * (WIDTH - LEFT - RIGHT)

    def y(value: float) -> float:
        return TOP + (high - value) / (high - low) * (HEIGHT - TOP - BOTTOM)

    for value in (low, high):
        yield Line((LEFT, y(value)), (WIDTH - RIGHT, y(value)), "#dddddd")
        yield Label((LEFT - 6, y(value) + 4), f"{value:.4g}", "end")
    for number in range(MARKS + 1):
        t = series.start + (series.end - series.start) * number // MARKS
        clock = f"{datetime.fromtimestamp(t / 1000, zone):%H:%M:%S}"
        yield Label((x(t), HEIGHT - 6), clock, "start" if number == 0 else "end" if number == MARKS else "middle")
    for run in _runs(usable, series.step_ms):
        upper = [(x(b.t), y(b.max)) for b in run if b.max is not None]
        lower = [(x(b.t), y(b.min)) for b in reversed(run) if b.min is not None]
        yield Curve(tuple((x(b.t), y(b.mean)) for b in run if b.mean is not None), (*upper, *lower))
    for at, colour in moments:
        if series.start <= at <= series.end:
            yield Line((x(at), TOP), (x(at), HEIGHT - BOTTOM), colour)


def _runs(buckets: Sequence[Bucket], step_ms: int) -> list[list[Bucket]]:
    """Buckets that follow each other; sensors that speak seldom leave buckets empty, and that is no gap yet."""
    runs: list[list[Bucket]] = []
    for bucket in buckets:
        if runs and bucket.t - runs[-1][-1].t <= max(step_ms * 10, 120_000):
            runs[-1].append(bucket)
        else:
            runs.append([bucket])
    return runs
