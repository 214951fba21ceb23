"""An hour of readings waits at the gateway while nobody consumes them: all of it is stored, once, each in its time."""

from pathlib import Path

from tests.faults.numbered import Careful, Numbered, count_of, kept, nothing_lost_or_doubled, now_ms, stamp
from tests.faults.test_kill import CLIMATE, DETECTORS, alarms_of
from tests.program import Program
from tests.servers import standing_still, wait_until

HOUR_MS = 3_600_000
READINGS = 12_000
"""One each 300 ms; the embedded broker holds them all, should the gateway be slow."""


def test_an_hour_of_backlog_is_stored_once(tmp_path: Path) -> None:
    unhurried = {"ANJU_DEVICE_MESSAGES_PER_S": "100000"}  # what it measured in an hour it says in seconds here
    program = Program(tmp_path, simulate=False, environment=unhurried)
    point, sent = f"{CLIMATE}.temperature", list[Numbered]()
    try:
        program.start()
        pids = [program.services()[name]["pid"] for name in ("ingest+api", "rules")]
        begin = now_ms() - HOUR_MS
        with standing_still(program.process.pid):  # it ends who is silent for ten seconds
            with Careful(program.mqtt_port, "sensors") as line, standing_still(*pids):
                for number in range(READINGS):
                    reading = Numbered(point, begin + number * HOUR_MS // READINGS, 20_000 + number)
                    seen = f'"humidity":50,"last_seen":"{stamp(reading.t)}"'
                    line.note(f"zigbee2mqtt/{CLIMATE}", f'{{"temperature":{reading.value / 1000},{seen}}}', reading.t)
                    sent.append(reading)
                line.say(f"zigbee2mqtt/{DETECTORS[0]}", '{"smoke":true,"battery":90}', now_ms())
            with program.client() as api:
                wait_until(lambda: alarms_of(api, DETECTORS[0]), 30, "the alarm")
        assert [program.services()[name]["pid"] for name in ("ingest+api", "rules")] == pids, "nobody was started anew"
        with program.client() as api:
            wait_until(lambda: count_of(api, point, begin) >= READINGS, 60, "every reading")
            assert len(alarms_of(api, DETECTORS[0])) == 1
    finally:
        program.stop()
    nothing_lost_or_doubled(sent, kept(program, [point]))
