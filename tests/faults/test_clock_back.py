"""The platform's clock is set back two hours while readings and smoke wait: nothing is lost, and no alarm waits."""

import os
import signal
from pathlib import Path

from tests.faults.clocks import SetClock
from tests.faults.numbered import NumberedSensor, count_of, kept, nothing_lost_or_doubled, without_times
from tests.faults.test_kill import DETECTORS, alarms_of
from tests.program import Program
from tests.servers import wait_until

BACK_S = 7_200
CLIMATE = "climate-b1-f1"


def test_a_clock_set_back_loses_no_reading_and_holds_no_alarm_up(tmp_path: Path) -> None:
    """Readings and smoke wait for services that stand still; these begin again two hours earlier."""
    clock = SetClock(tmp_path)
    program = Program(tmp_path / "program", simulate=False, environment=clock.environment)
    waiting, anew = DETECTORS[:2]
    try:
        program.start()
        with (
            program.outside() as outside,
            NumberedSensor(program.mqtt_port, CLIMATE) as sensor,
        ):
            wait_until(lambda: sensor.sent > 100, 20, "readings to flow")
            for service in ("ingest+api", "rules"):
                os.kill(program.services()[service]["pid"], signal.SIGSTOP)
            outside.publish(f"zigbee2mqtt/{waiting}", {"smoke": True, "battery": 90})
            wait_until(lambda sent=sensor.sent: sensor.sent > sent + 100, 20, "readings to wait")  # type: ignore[misc]
            clock.set_by(-BACK_S)
            for service in ("rules", "ingest+api"):
                program.kill(service)
            with program.client() as api:
                wait_until(lambda: alarms_of(api, waiting), 20, "the alarm that waited")
                outside.publish(f"zigbee2mqtt/{anew}", {"smoke": True, "battery": 90})
                wait_until(lambda: alarms_of(api, anew), 10, "an alarm after the clock was set")
                wait_until(lambda sent=sensor.sent: sensor.sent > sent + 100, 20, "readings to flow")  # type: ignore[misc]
                clock.set_by(0)
                wait_until(lambda sent=sensor.sent: sensor.sent > sent + 100, 20, "readings to flow")  # type: ignore[misc]
        with program.client() as api:
            wait_until(lambda: count_of(api, sensor.point) >= sensor.sent, 40, f"all {sensor.sent} readings")
            refused = [entry["source"] for entry in api.get("/quarantine").json()["items"]]
            assert not [source for source in refused if source.startswith(CLIMATE)]
    finally:
        program.stop()
    # Who sets a clock dates its readings anew.
    nothing_lost_or_doubled(without_times(sensor.readings), without_times(kept(program, [sensor.point])))
