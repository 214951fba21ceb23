"""The demo community's rules with a history stay silent in two ordinary days, and speak when something happens."""

from pathlib import Path

import numpy as np

from backbone.settings import Settings
from backbone.site_files import read_site
from firmware_sim.world import Happening, World
from rules.detect.compile import compile_rules
from rules.detect.engine import Detector
from rules.detect.model import Batch, Transition

SITE = read_site(Settings(site=Path(__file__).parents[3] / "sites" / "jinxiu.yaml"))
WATCHED = {
    "pump-room-level-rising",
    "pressure-stuck",
    "bin-full-soon",
    "fire-door-contact-chatters",
    "voltage-unfit",
    "unusual-power",
    "tvoc-dose",
}
BEGIN_S = 1_790_000_000


def watch(world: World, hours: int) -> list[Transition]:
    """What the rules with a history say, one reading a minute (of a bin, every ten)."""
    compiled = compile_rules(SITE)
    detector = Detector(compiled)
    detector.listen(BEGIN_S * 1000)
    scopes = {spot.scope for spot in compiled.spots if spot.rule in WATCHED}
    points = [(place, SITE.points[point]) for place, point in enumerate(compiled.points) if point in scopes]
    found: list[Transition] = []
    for minute in range(hours * 60):
        now = BEGIN_S + minute * 60
        speaking = [(place, point) for place, point in points if minute % 10 == 0 or point.measure != "fill"]
        values = [round(world.value(SITE.devices[point.device], point.measure, now), 3) for _, point in speaking]
        batch = Batch(
            np.array([place for place, _ in speaking], dtype=np.intp),
            np.full(len(speaking), now * 1000),
            np.array(values),
            np.zeros(len(speaking), dtype=np.uint8),
        )
        found += [t for t in detector.evaluate(batch) if t.rule in WATCHED]
        found += [t for t in detector.tick(now * 1000 + 1) if t.rule in WATCHED]
    return found


def test_two_ordinary_days() -> None:
    assert watch(World(SITE, 1), 48) == []


def test_water_that_rises_and_a_bin_that_fills_fast() -> None:
    ends = BEGIN_S + 24 * 3600
    rising = Happening(BEGIN_S + 3600, ends, lambda s: 1.8 + s / 3600 * 1.5)
    filling = Happening(BEGIN_S, ends, lambda s: 5 + s / 3600 * 7)
    found = watch(World(SITE, 1, {("level-1", "level"): rising, ("bin-1", "fill"): filling}), 12)
    assert {(t.rule, t.scope) for t in found} == {
        ("pump-room-level-rising", "level-1.level"),
        ("bin-full-soon", "bin-1.fill"),
    }
    forecast = next(t for t in found if t.rule == "bin-full-soon")
    full = (BEGIN_S + 85 / 7 * 3600) * 1000
    assert abs(forecast.detail["reached_at"] - full) < 600_000
    assert forecast.detail["reached_from"] <= forecast.detail["reached_at"] <= forecast.detail["reached_to"]
