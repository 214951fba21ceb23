"""How long the rules take to begin: 100,000 points and 5,000 rules, from the text of a site file to the first batch.

Run `python -m benchmarks.rules_start`. Each figure is of a process of its own. A restart is after `kill -9`, of a site
that has run for a week, with rules of every kind that watches readings: from the start of the process until the site is
read, the rules compiled, the state restored, what was told since told again, and a batch evaluated. The process has
imported all that `anju rules` does, from bytecode, as after `make` or a start before. `cpu_s` is what it took of the
processor, whatever else the machine did.
"""

import compileall
import importlib
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import psutil

from backbone.building import building
from backbone.site_files import read_profiles
from benchmarks.figures import Figure, memory_mb
from community.site.load import load_site
from community.site.site import Site
from rules.detect.compile import compile_rules
from rules.detect.compiled import Compiled
from rules.detect.engine import Detector
from rules.detect.model import Batch
from rules.detect.retelling import Told, encoded, tell_again
from rules.kept_state import MANY_CALLS

ROOT = Path(__file__).resolve().parents[1]
DEMO = ROOT / "sites" / "jinxiu.yaml"
PROGRAM = ("anju", "backbone", "benchmarks", "community", "rules")
POINTS, RULES, ZONES = 100_000, 5_000, 1_000
MEASURES = 2
WEEK_MS = 7 * 86_400_000
BEGAN = 1_790_000_000_000
NOW = BEGAN + 600_000
LATER = NOW + 100 * MANY_CALLS
"""After what was told since the whole state."""
OTHERS = (
    "when: {mean: {over: 10m, above: 60}}",
    "when: {stale: {for: 3x}}",
    "when: {above: 60}, during: night",
    "per: device, when: {all: [{above: 60}, {select: {measure: humidity}, above: 90}]}",
    "per: device, when: {all: [{above: 60}, {not: {select: {measure: humidity}, below: 20}}]}",
    "when: {band: {low: -20, high: 60, deadband: 2}}",
    "when: {bit: {bit: 6}}",
    "when: {rate: {over: 10m, above: 200}}",
    "when: {deviation: {over: 7d}}",
    "when: {stuck: {for: 2m}}",
    "when: {dose: {limit: 5, over: 10m, level: 80}}",
    "when: {forecast: {reaches: 100, within: 2h, over: 1h}}",
    "when: {changes: {count: 6, within: 2m}}",
)
"""Half the rules take turns at these, and at votes of a zone's smoke detectors."""
DETECTORS = 2
"""Of the devices of each zone."""


def large_site() -> str:
    """A site file: half the rules are limits in a zone, the rest of every other kind that watches readings."""
    per_zone = POINTS // MEASURES // ZONES
    rows = ["site: {id: large, name: {zh: 大}}", "zones:"]
    rows += [f"  - {{id: z-{z}, name: {{zh: 区}}, kind: building}}" for z in range(ZONES)]
    rows += ["gateways:"]
    for gateway in range(100):
        rows += [f"  - id: gw-{gateway}", "    mqtt: {url: 'mqtt://127.0.0.1:1'}", "    devices:"]
        for d in range(gateway * POINTS // MEASURES // 100, (gateway + 1) * POINTS // MEASURES // 100):
            if d % per_zone < DETECTORS:
                source = f"mqtt: {{topic: z/{d}}}"
                rows.append(f"      - {{id: d-{d}, profile: zigbee2mqtt-smoke, zone: z-{d // per_zone}, {source}}}")
                continue
            source = f'{{tcp: "127.0.0.1:{1 + d // 200}", unit: {1 + d % 200}}}'
            rows.append(f"      - {{id: d-{d}, profile: xy-md02, zone: z-{d // per_zone}, modbus: {source}}}")
    rows += ["rules:"]
    rows += [f"  - {{id: r-{n}, {_watched(n)}, risk: low, message: {{zh: 报警}}}}" for n in range(RULES)]
    return "\n".join(rows) + "\n"


def _watched(n: int) -> str:
    zone, measure = f"z-{n % ZONES}", "temperature" if n // ZONES % 2 else "humidity"
    which = n // 2 % (len(OTHERS) + 1)
    if n % 2 == 0 and which == len(OTHERS):
        return f"select: {{zone: {zone}, measure: smoke}}, when: {{vote: {{at_least: 2, within: 60s}}}}"
    condition = "when: {above: 60, deadband: 2}, for: 1m" if n % 2 else OTHERS[which]
    return f"select: {{zone: {zone}, measure: {measure}}}, {condition}"


def begin(text: str, state: tuple[bytes, bytes, bytes] | None = None) -> tuple[dict[str, float], Detector]:
    """Seconds of each part of a start, up to the first batch, and the detector."""
    took: dict[str, float] = {}

    def timed(name: str, work: Callable[[], Any]) -> Any:
        at = time.perf_counter()
        with building():
            found = work()
        took[name] = time.perf_counter() - at
        return found

    profiles = timed("profiles_s", lambda: read_profiles(None))
    site: Site = timed("site_s", lambda: load_site(text, profiles))
    compiled = timed("compile_s", lambda: compile_rules(site))
    detector: Detector = timed("detector_s", lambda: Detector(compiled))
    if state is not None:
        exported, layout, told = state
        timed("restore_s", lambda: detector.restore(exported, layout))
        timed("told_again_s", lambda: tell_again(detector, told, layout))
    detector.listen(LATER)
    timed("batch_s", lambda: detector.evaluate(batch_of(len(compiled.points), LATER)))
    timed("tick_s", lambda: detector.tick(LATER + 1))
    return took, detector


def batch_of(points: int, t: int) -> Batch:
    """A reading of every point."""
    x = np.random.default_rng(t).normal(20, 5, points).clip(0, 45)
    return Batch(np.arange(points), np.full(points, t, dtype=np.int64), x, np.zeros(points, dtype=np.uint8))


def that_has_run(compiled: Compiled) -> Detector:
    """Its windows are full: of a week and of an hour where those count, and of ten minutes of every point."""
    from benchmarks.rules_engine import history_of  # noqa: PLC0415 - a restart has none of it

    detector = Detector(compiled)
    detector.listen(BEGAN - WEEK_MS)
    for batch in history_of(compiled):
        detector.evaluate(batch)
    for t in range(BEGAN, NOW, 30_000):
        detector.evaluate(batch_of(len(compiled.points), t))
        detector.tick(t)
    return detector


def told_since(detector: Detector) -> bytes:
    """What is told between two whole states, at most: readings one by one, and time passing."""
    told, points = Told(detector), len(detector.compiled.points)
    for number in range(MANY_CALLS // 2):
        p, t = np.array([number % points]), np.array([NOW + 100 * number])
        told.evaluate(Batch(p, t, np.array([20.0]), np.zeros(1, dtype=np.uint8)))
        told.tick(NOW + 100 * number, None)
    return encoded(told.take())


def child(text: Path, folder: Path) -> None:
    """A process: begin, from a state if there is one, else leave that of a site that has run; it prints figures."""
    saved = [folder / "state", folder / "layout", folder / "told"]
    state = (saved[0].read_bytes(), saved[1].read_bytes(), saved[2].read_bytes()) if saved[0].exists() else None
    own = psutil.Process()
    with building():
        for name in ("anju.services", "rules.service"):
            importlib.import_module(name)
    imports_s = time.time() - own.create_time()
    took, detector = begin(text.read_text(encoding="utf-8"), state)
    took["imports_s"] = imports_s
    took["since_start_s"] = time.time() - own.create_time()
    took["cpu_s"] = sum(own.cpu_times()[:2])
    took["memory_mb"] = memory_mb(own.pid)
    took["conditions"], took["kinds"] = len(detector.compiled.spots), len({s.kind for s in detector.compiled.spots})
    if state is None:
        detector = that_has_run(detector.compiled)
        at = time.perf_counter()
        exported = detector.state()
        took["export_s"] = time.perf_counter() - at
        for file, content in zip(saved, (exported, detector.layout, told_since(detector)), strict=True):
            file.write_bytes(content)
    took["state_mb"] = sum(file.stat().st_size for file in saved) / 1e6
    print(json.dumps(took))


def measured(text: Path, folder: Path) -> dict[str, float]:
    """The figures of a process."""
    arguments = [sys.executable, "-m", "benchmarks.rules_start", str(text), str(folder)]
    done = subprocess.run(arguments, check=True, capture_output=True, text=True)
    return dict(json.loads(done.stdout))


def figures() -> Iterator[Figure]:
    """Start and memory of the large site; restarts of both."""
    for package in PROGRAM:
        compileall.compile_dir(ROOT / package, quiet=2)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        large, states = folder / "large.yaml", {"demo": folder / "demo", "large": folder / "large"}
        large.write_text(large_site(), encoding="utf-8")
        for place in states.values():
            place.mkdir()
        first = measured(large, states["large"])
        again = measured(large, states["large"])
        measured(DEMO, states["demo"])
        demo = measured(DEMO, states["demo"])
    parts = {key: round(value, 3) for key, value in first.items()}
    conditions = int(first["conditions"])
    yield Figure("rules.start_s", first["since_start_s"], "s", conditions, 10, lower=True, more=parts)
    yield Figure("rules.start_memory_mb", first["memory_mb"], "MB", conditions, 1000, lower=True)
    more = {key: round(value, 3) for key, value in demo.items()}
    yield Figure("rules.restart_s", demo["since_start_s"], "s", int(demo["conditions"]), 2, lower=True, more=more)
    more = {key: round(value, 3) for key, value in again.items()}
    yield Figure("rules.restart_large_s", again["since_start_s"], "s", conditions, lower=True, more=more)


if __name__ == "__main__":
    if sys.argv[1:]:
        child(Path(sys.argv[1]), Path(sys.argv[2]))
    else:
        for figure in figures():
            print(json.dumps(figure.row()))
