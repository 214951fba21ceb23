"""The `deviation` rule with its default settings on a labelled series of the Numenta Anomaly Benchmark.

Run `python -m benchmarks.nab`. An office's temperature, hourly, with its labelled windows (data/nab, MIT licence); with
the path of a checkout of github.com/numenta/NAB, all its 58 files. What counts as a detection is what a person is told:
the moment an alarm is raised. `score_by_row` counts every reading of an alarm that stands, as NAB does with detectors
that give a score to each row.

Scoring: A. Lavin, S. Ahmad, Evaluating Real-Time Anomaly Detection Algorithms, ICMLA 2015, standard profile. Given the
rows that five detectors of NAB's own table found, it gives their published scores, file by file.
"""

import csv
import json
import math
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.figures import Figure
from rules.detect.compile import compile_rules
from rules.detect.engine import Detector
from rules.detect.model import Batch
from tests.unit.rules.sites import make_site

DATA = Path(__file__).parent / "data" / "nab"
SERIES = "realKnownCause/ambient_temperature_system_failure.csv"
AIM = 39.6
"""The score published for Windowed Gaussian on all files; on this one it finds nothing, and has 0."""
_TRUE_POSITIVE, _FALSE_POSITIVE, _FALSE_NEGATIVE = 1.0, 0.11, 1.0
_MONTH_MS = 30 * 86_400_000


@dataclass(frozen=True)
class Series:
    """A labelled series: Unix ms and value by row, and each window's first and last row."""

    t: list[int]
    x: list[float]
    windows: list[tuple[int, int]]


def series() -> Series:
    """The file, its clock taken as UTC."""
    labels = json.loads((DATA / "windows.json").read_text(encoding="utf-8"))
    return _read(DATA / Path(SERIES).name, labels[SERIES])


def corpus(checkout: Path) -> dict[str, Series]:
    """Every file of a checkout of NAB, by its name."""
    labels = json.loads((checkout / "labels" / "combined_windows.json").read_text(encoding="utf-8"))
    return {name: _read(checkout / "data" / name, windows) for name, windows in labels.items()}


def _read(path: Path, labels: list[list[str]]) -> Series:
    with path.open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    t = [_ms(row["timestamp"]) for row in rows]
    windows = []
    for begin, end in labels:
        inside = [i for i, at in enumerate(t) if _ms(begin) <= at <= _ms(end)]
        windows.append((inside[0], inside[-1]))
    return Series(t, [float(row["value"]) for row in rows], windows)


def probation(rows: int) -> int:
    """The first rows, which are for learning and do not count."""
    return math.floor(min(0.15 * rows, 0.15 * 5000))


def alarms(of: Series, settings: dict[str, Any] | None = None) -> tuple[list[int], list[int]]:
    """Rows at which an alarm is raised, and rows at which one stands, of the rule through the engine."""
    rule = {"id": "unusual", "select": {"measure": "temperature"}, "when": {"deviation": settings or {}}}
    every_s = float(np.median(np.diff(of.t))) / 1000
    detector = Detector(compile_rules(make_site({"office.temperature": {"every": every_s}}, [rule])))
    detector.listen(of.t[0])
    raised, standing, active = list[int](), list[int](), False
    for row, (t, x) in enumerate(zip(of.t, of.x, strict=True)):
        one = Batch(np.array([0]), np.array([t]), np.array([x]), np.zeros(1, dtype=np.uint8))
        for transition in (*detector.tick(t - 1), *detector.evaluate(one)):
            active = transition.active
            if active:
                raised.append(row)
        if active:
            standing.append(row)
    return raised, standing


def score(of: Series, detections: Sequence[int]) -> float:
    """NAB's score: 100 for the first row of every window and nothing else, 0 for nothing at all."""
    return _of_perfect(_points(of, detections), len(of.windows))


def score_of_all(detections: Sequence[tuple[Series, Sequence[int]]]) -> float:
    """NAB's score of several series together."""
    points = sum(_points(of, rows) for of, rows in detections)
    return _of_perfect(points, sum(len(of.windows) for of, _ in detections))


def _of_perfect(points: float, windows: int) -> float:
    perfect, nothing = _TRUE_POSITIVE * windows, -_FALSE_NEGATIVE * windows
    return 100 * (points - nothing) / (perfect - nothing)


def _points(of: Series, detections: Sequence[int]) -> float:
    since = probation(len(of.t))
    counted = [row for row in detections if row >= since]
    raw = 0.0
    for begin, end in of.windows:
        first = next((row for row in counted if begin <= row <= end), None)
        if first is None:
            raw -= _FALSE_NEGATIVE
        else:
            raw += _TRUE_POSITIVE * _sigmoid((first - end - 1) / (end - begin + 1)) / _sigmoid(-1)
    for row in counted:
        if not any(begin <= row <= end for begin, end in of.windows):
            before = max(((begin, end) for begin, end in of.windows if end < row), default=None)
            # a late detection of the last window weighs less the nearer it is; before all windows it weighs all
            weight = 1.0 if before is None else -_sigmoid((row - before[1]) / max(before[1] - before[0], 1))
            raw -= _FALSE_POSITIVE * weight
    return raw


def false_alarms_per_month(of: Series, raised: Sequence[int]) -> float:
    """Alarms outside the windows, after probation."""
    since = probation(len(of.t))
    false = [row for row in raised if row >= since and not any(begin <= row <= end for begin, end in of.windows)]
    return len(false) / ((of.t[-1] - of.t[since]) / _MONTH_MS)


def _sigmoid(y: float) -> float:
    """NAB's scaled sigmoid: near 1 well before 0, 0 at 0, near -1 well after."""
    return -1.0 if y > 3 else 2 / (1 + math.exp(5 * y)) - 1


def _ms(text: str) -> int:
    return round(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp() * 1000)


def figures() -> Iterator[Figure]:
    """The score, and what it costs people."""
    of = series()
    raised, standing = alarms(of)
    found = sum(any(begin <= row <= end for row in raised) for begin, end in of.windows)
    yield Figure(
        "nab.score",
        score(of, raised),
        "points",
        len(of.t),
        AIM,
        more={"score_by_row": round(score(of, standing), 1), "windows_found": found, "windows": len(of.windows)},
    )
    yield Figure("nab.false_alarms_per_month", false_alarms_per_month(of, raised), "alarms", len(raised))


def figures_of_all(checkout: Path) -> Iterator[Figure]:
    """The score of each of NAB's groups of files and of all."""
    found = {name: (of, alarms(of)[0]) for name, of in corpus(checkout).items()}
    groups = {name.split("/")[0] for name, (of, _) in found.items() if of.windows}
    for group in ("", *sorted(groups)):
        its = [one for name, one in found.items() if name.startswith(group)]
        hit = [any(begin <= row <= end for row in rows) for of, rows in its for begin, end in of.windows]
        more = {"windows_found": sum(hit), "windows": len(hit)}
        yield Figure(f"nab.{group or 'all'}", score_of_all(its), "points", len(its), None if group else AIM, more=more)


def main() -> int:
    """Print the figures."""
    for figure in figures_of_all(Path(sys.argv[1])) if sys.argv[1:] else figures():
        print(json.dumps(figure.row()))
    return 0


if __name__ == "__main__":
    sys.exit(main())
