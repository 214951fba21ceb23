"""kill -9 of everything in turn and together, at random points, while readings and alarms flow: nothing lost, nothing
doubled, nothing changed.

`ANJU_SOAK_KILLS` (8) says how often, `ANJU_SOAK_SEED` repeats a run; 200 take ten minutes.
"""

import contextlib
import os
import random
import signal
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import httpx
import psutil
import pytest

from backbone.database.alarm_journal import RAISED, rows
from backbone.database.database import Database
from backbone.historian.duckdb import DuckDBHistorian
from tests.faults.numbered import Careful, NumberedSensor, count_of, kept, nothing_lost_or_doubled, now_ms, stamp
from tests.program import Program
from tests.servers import wait_until

KILLS = int(os.environ.get("ANJU_SOAK_KILLS", "8"))
SEED = int(os.environ.get("ANJU_SOAK_SEED", "0")) or random.SystemRandom().randrange(1, 1 << 31)
A_BURST = 8
"""So many kills, also in the midst of starting; then everything may come back and catch up."""
LONGEST_PAUSE_S = 2.5
PATIENCE_S = 120
"""For everything to come back: five processes start at once, and others may work on this machine."""
SUPERVISOR = "anju up"
GATEWAYS = ("east", "west")
SENSORS = tuple(f"climate-{gateway}-{n}" for gateway in GATEWAYS for n in (1, 2))
SITE = """
site: {{id: soak, name: {{zh: 院}}}}
zones: [{{id: hall, name: {{zh: 大厅}}, kind: lobby}}]
gateways:
{gateways}
rules:
  - {{id: smoke, select: {{measure: smoke}}, when: {{equals: 1}}, risk: medium, message: {{zh: 烟雾}}}}
"""


class Soak:
    """A program whose processes die, and the devices around it."""

    def __init__(
        self, program: Program, devices: Careful, sensors: list[NumberedSensor], chance: random.Random
    ) -> None:
        self._program = program
        self._devices = devices
        self._sensors = sensors
        self._chance = chance
        self._calm_since = now_ms()
        """What was said before has arrived."""
        self._broker_died = False
        self._detectors = iter(detectors())
        self.killed: Counter[str] = Counter()
        self.went_off: dict[str, int] = {}

    def burst(self, kills: int) -> None:
        """So many kills at random points; a detector goes off at about each."""
        for _ in range(kills):
            time.sleep(self._chance.uniform(0, LONGEST_PAUSE_S))
            detectors_turn = self._chance.random() < 0.5
            if detectors_turn:
                self._go_off()
            self._kill_some()
            if not detectors_turn:
                self._go_off()

    def _kill_some(self) -> None:
        wait_until(self._running, what="anything to kill")
        running = self._running()
        names = sorted(running)
        together = self._chance.random()
        victims = names if together < 0.15 else self._chance.sample(names, min(len(names), 1 + (together < 0.35)))
        for name in sorted(victims, key=lambda name: name != SUPERVISOR):
            with contextlib.suppress(ProcessLookupError):
                os.kill(running[name], signal.SIGKILL)
        self.killed.update(victims)
        if SUPERVISOR in victims:
            self._program.process.kill()
        # Who keeps it, ends the broker too.
        self._broker_died |= bool({"broker", SUPERVISOR} & set(victims))

    def _running(self) -> dict[str, int]:
        """Process ids; of the supervisor too. One that was killed is started again, as systemd would."""
        if not self._program.process.running:
            self._program.process.start()
            return {}
        with contextlib.suppress(FileNotFoundError, psutil.NoSuchProcess):
            supervisor = psutil.Process(self._program.process.pid)
            children = {child.pid for child in supervisor.children()}
            found = {name: row["pid"] for name, row in self._program.services().items() if row["pid"] in children}
            return {**found, SUPERVISOR: supervisor.pid} if found else {}
        return {}

    def _go_off(self) -> None:
        """Smoke at the next detector, said at once; a dead broker gets it when it is back."""
        detector = next(self._detectors)
        at = self.went_off[f"{detector}.smoke"] = now_ms()
        self._devices.note(f"zigbee2mqtt/{detector}", f'{{"smoke":true,"last_seen":"{stamp(at)}"}}', at)

    def calm(self) -> None:
        """Everything comes back by itself and catches up; what a broker took with it is said again."""
        wait_until(self._all_up, PATIENCE_S, "all services to run")
        began = now_ms()
        self._flows_since(began)
        if self._broker_died:
            for sensor in self._sensors:
                sensor.repeat(self._calm_since)
            self._devices.repeat(self._calm_since)
            began = now_ms()
            self._flows_since(began)
        self._broker_died, self._calm_since = False, began

    def _all_up(self) -> bool:
        return len(self._running()) == len(self._program.services()) + 1

    def _flows_since(self, moment: int) -> None:
        wait_until(lambda: self._flowing(moment), PATIENCE_S, "readings of every sensor to flow")

    def _flowing(self, moment: int) -> bool:
        # An API whose supervisor was killed may still answer as it ends.
        with contextlib.suppress(httpx.HTTPError), self._program.client() as api:
            return all(count_of(api, sensor.point, moment) for sensor in self._sensors)
        return False

    def finish(self) -> None:
        """Wait until all that was said is there."""
        for sensor in self._sensors:
            sensor.rest()
        with self._program.client() as api:
            wait_until(lambda: all(count_of(api, s.point) >= s.sent for s in self._sensors), PATIENCE_S, "all readings")
            wait_until(lambda: len(_smoke(self._program)) >= len(self.went_off), PATIENCE_S, "all alarms")


def detectors() -> list[str]:
    """One for each kill."""
    return [f"smoke-{number}" for number in range(KILLS)]


@pytest.fixture
def program(tmp_path: Path) -> Iterator[Program]:
    gateways = []
    for number, gateway in enumerate(GATEWAYS):
        gateways += [f"  - id: gw-{gateway}", "    devices:"]
        of_it = [name for name in SENSORS if gateway in name], detectors()[number :: len(GATEWAYS)]
        for names, profile in zip(of_it, ("zigbee2mqtt-climate", "zigbee2mqtt-smoke"), strict=True):
            gateways += [
                f"      - {{id: {name}, profile: {profile}, zone: hall, mqtt: {{topic: zigbee2mqtt/{name}}}}}"
                for name in names
            ]
    site = tmp_path / "soak.yaml"
    site.write_text(SITE.format(gateways="\n".join(gateways)), encoding="utf-8")
    running = Program(tmp_path / "program", simulate=False, site=site)
    try:
        yield running
    finally:
        running.stop()


@pytest.mark.timeout(120 + 8 * KILLS)
def test_whatever_dies_when_nothing_is_lost_doubled_or_changed(program: Program) -> None:
    print(f"ANJU_SOAK_KILLS={KILLS} ANJU_SOAK_SEED={SEED}")
    program.start()
    with contextlib.ExitStack() as stack:
        devices = stack.enter_context(Careful(program.mqtt_port, "detectors"))
        sensors = [stack.enter_context(NumberedSensor(program.mqtt_port, name, rate_hz=25)) for name in SENSORS]
        soak = Soak(program, devices, sensors, random.Random(SEED))
        for done in range(0, KILLS, A_BURST):
            soak.burst(min(A_BURST, KILLS - done))
            soak.calm()
        soak.finish()
    program.stop()
    sent = [reading for sensor in sensors for reading in sensor.readings]
    print(f"{len(sent)} readings, {len(soak.went_off)} alarms; killed: {dict(soak.killed)}")
    nothing_lost_or_doubled(sent, kept(program, [sensor.point for sensor in sensors]))
    assert Counter(scope for scope, _ in _smoke(program)) == Counter([*soak.went_off]), "each alarm once"
    with closing(DuckDBHistorian(program.data / "history.duckdb", "soak").open()) as history:
        assert list(history.check(lambda _: None)) == []


def _smoke(program: Program) -> list[tuple[str, int]]:
    """Every alarm that was raised, with the time it was raised at."""
    with closing(Database.open(f"sqlite:///{program.data / 'anju.db'}")) as database, database.read() as c:
        return [(row.scope, row.at) for row in rows(c, "soak", rule="smoke", changes=RAISED, limit=10_000)]
