"""A point's readings as an SVG picture that prints: no script, no file beside it."""

from collections.abc import Sequence
from datetime import datetime
from html import escape
from zoneinfo import ZoneInfo

from backbone.historian.port import Bucket, Series

WIDTH, HEIGHT = 720, 150
LEFT, RIGHT, TOP, BOTTOM = 56, 8, 10, 22
MARKS = 4


def chart(series: Series, name: str, unit: str, moments: Sequence[tuple[int, str]], timezone: str) -> str:
    """The mean of each bucket with its range behind it; `moments` (Unix ms, colour) are upright lines."""
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

    parts = [f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{escape(name)}">']
    for value in (low, high):
        parts.append(f'<line x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y(value):.1f}" y2="{y(value):.1f}" class="grid"/>')
        parts.append(f'<text x="{LEFT - 6}" y="{y(value) + 4:.1f}" class="end">{value:.4g}</text>')
    zone = ZoneInfo(timezone)
    for number in range(MARKS + 1):
        t = series.start + (series.end - series.start) * number // MARKS
        clock = f"{datetime.fromtimestamp(t / 1000, zone):%H:%M:%S}"
        anchor = "start" if number == 0 else "end" if number == MARKS else "mid"
        parts.append(f'<text x="{x(t):.1f}" y="{HEIGHT - 6}" class="{anchor}">{clock}</text>')
    for run in _runs(usable, series.step_ms):
        upper = [f"{x(b.t):.1f},{y(b.max):.1f}" for b in run if b.max is not None]
        lower = [f"{x(b.t):.1f},{y(b.min):.1f}" for b in reversed(run) if b.min is not None]
        parts.append(f'<polygon points="{" ".join((*upper, *lower))}" class="range"/>')
        line = " ".join(f"{x(b.t):.1f},{y(b.mean):.1f}" for b in run if b.mean is not None)
        parts.append(f'<polyline points="{line}" class="mean"/>')
        if len(run) == 1 and run[0].mean is not None:
            parts.append(f'<circle cx="{x(run[0].t):.1f}" cy="{y(run[0].mean):.1f}" r="2" class="dot"/>')
    for at, colour in moments:
        if series.start <= at <= series.end:
            parts.append(
                f'<line x1="{x(at):.1f}" x2="{x(at):.1f}" y1="{TOP}" y2="{HEIGHT - BOTTOM}" stroke="{colour}"/>'
            )
    parts.append("</svg>")
    title = escape(name) + (f" ({escape(unit)})" if unit else "")
    return f"<figure><figcaption>{title}</figcaption>{''.join(parts)}</figure>"


def _runs(buckets: Sequence[Bucket], step_ms: int) -> list[list[Bucket]]:
    """Buckets that follow each other; sensors that speak seldom leave buckets empty, and that is no gap yet."""
    runs: list[list[Bucket]] = []
    for bucket in buckets:
        if runs and bucket.t - runs[-1][-1].t <= max(step_ms * 10, 120_000):
            runs[-1].append(bucket)
        else:
            runs.append([bucket])
    return runs
