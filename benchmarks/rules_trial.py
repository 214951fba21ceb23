"""Rules tried on recorded readings: the demo's rules on fourteen hours of all its points, in the order of time.

Run `python -m benchmarks.rules_trial`. Of the engine alone, and of the command as a user runs it on a Parquet file,
beside the rules in force, from its start to its report; both in seconds of the processor.
"""

import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import psutil

from backbone.historian import exchange
from backbone.historian.port import ReadingBatch
from backbone.settings import Settings
from backbone.site_files import read_site
from benchmarks.figures import Figure
from community.site.profile import ValueKind
from community.site.site import Site
from rules.trial.replay import replay

BEGIN = 1_790_000_000_000
EVERY_MS = 5_000
TURNS = 10_080
AIM = 1_000_000


def batches(site: Site) -> Iterator[ReadingBatch]:
    """A reading every five seconds of every point, five minutes a batch; numbers about 21, the rest 0."""
    points = tuple(site.points)
    rng = np.random.default_rng(1)
    is_number = np.array([point.kind is ValueKind.NUMBER for point in site.points.values()])
    for piece in range(TURNS // 60):
        t = BEGIN + (piece * 60 + np.arange(60)) * EVERY_MS
        x = np.where(is_number, 21 + rng.normal(0, 0.2, (60, len(points))), 0.0)
        n = x.size
        yield ReadingBatch(
            site.id,
            points,
            np.tile(np.arange(len(points), dtype=np.uint32), 60),
            np.repeat(t, len(points)),
            x.ravel(),
            np.zeros(n, np.uint8),
        )


def figures() -> list[Figure]:
    """Readings judged a second."""
    site = read_site(Settings(site=Path("sites/jinxiu.yaml")))
    prepared = list(batches(site))
    n = sum(batch.t.size for batch in prepared)
    began = time.process_time()
    (done,) = replay([site], prepared, [], BEGIN, BEGIN + TURNS * EVERY_MS)
    took_s = time.process_time() - began
    assert done.readings == n
    command_s = command(site, prepared)
    return [
        Figure("rules.trial_readings_per_s", n / took_s, "readings/s", n, AIM, more={"episodes": len(done.episodes)}),
        Figure("rules.trial_command_readings_per_s", n / command_s, "readings/s", n, AIM),
    ]


def command(site: Site, prepared: list[ReadingBatch]) -> float:
    """Seconds of the processor `anju rules test` takes, all of it."""
    with tempfile.TemporaryDirectory() as folder:
        readings = Path(folder) / "readings.parquet"
        exchange.write(iter(prepared), readings, site, lambda _written: None)
        before = psutil.Process().cpu_times()
        program = [sys.executable, "-m", "anju", "rules", "test", "sites/jinxiu.yaml", "--csv", str(readings)]
        subprocess.run([*program, "--against", "sites/jinxiu.yaml", "--json"], check=True, capture_output=True)
        after = psutil.Process().cpu_times()
    return float(after.children_user + after.children_system - before.children_user - before.children_system)


if __name__ == "__main__":
    for figure in figures():
        print(json.dumps(figure.row()))
