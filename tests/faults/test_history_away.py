"""The whole program while its history takes nothing: alarms come as ever, and afterwards every reading is there."""

import contextlib
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest

from tests.faults.disks import OpenDisk, full, limited, may_mount
from tests.faults.numbered import NumberedSensor, count_of, kept, nothing_lost_or_doubled
from tests.faults.test_kill import CLIMATE, DETECTORS
from tests.program import Program
from tests.servers import Process, influxdb, wait_until

Away = contextlib.AbstractContextManager[None]
WAITING = 500
"""Readings that wait for the history."""
IN_TIME_S = 10
"""An alarm is there; of the processor it takes milliseconds, but others work on this machine."""


@pytest.mark.parametrize("disk", [limited, full] if may_mount() else [limited])
def test_a_full_disk_of_the_history_costs_no_reading_and_holds_no_alarm_up(disk: OpenDisk, tmp_path: Path) -> None:
    with disk(tmp_path / "disk") as room:
        program = Program(
            tmp_path,
            simulate=False,
            environment={"ANJU_HISTORIAN_URL": f"duckdb:{room.folder}/history.duckdb"},
        )

        @contextlib.contextmanager
        def away() -> Iterator[None]:
            keeper = Service(program, "ingest+api")
            room.refuse(keeper)
            try:
                yield
            finally:
                room.recover(keeper)

        _nothing_lost(program, away, answers_meanwhile=True)


def test_an_influxdb_that_is_gone_costs_no_reading_and_holds_no_alarm_up(tmp_path: Path) -> None:
    with influxdb(tmp_path / "influxdb") as influx:
        program = Program(tmp_path, simulate=False, environment={"ANJU_HISTORIAN_URL": influx.url})

        @contextlib.contextmanager
        def away() -> Iterator[None]:
            influx.process.kill()
            try:
                yield
            finally:
                influx.process.start()

        _nothing_lost(program, away, answers_meanwhile=False)


def _nothing_lost(program: Program, away: Callable[[], Away], *, answers_meanwhile: bool) -> None:
    """Readings flow before, while the history is away, and after; a detector goes off while it is."""
    try:
        program.start()
        with program.client() as api, program.outside() as outside:
            outside.listen("anju/v1/jinxiu/events/alarm")
            with NumberedSensor(program.mqtt_port, CLIMATE) as sensor:
                wait_until(lambda: count_of(api, sensor.point) > 50, 20, "readings to be stored")
                with away():
                    before = sensor.sent
                    wait_until(lambda: sensor.sent > before + WAITING, 30, "readings to wait")
                    outside.publish(f"zigbee2mqtt/{DETECTORS[0]}", {"smoke": True, "battery": 90})
                    outside.wait_for("events/alarm", lambda alarm: alarm["rule"] == "smoke", IN_TIME_S)
                    if answers_meanwhile:
                        assert count_of(api, sensor.point) < before + WAITING / 2, "it took readings"
                after = sensor.sent
                wait_until(lambda: sensor.sent > after + 50, 20, "readings to flow")
            wait_until(lambda: _stored(api, sensor) >= sensor.sent, 60, f"all {sensor.sent} readings")
    finally:
        program.stop()
    nothing_lost_or_doubled(sensor.readings, kept(program, [sensor.point]))


def _stored(api: httpx.Client, sensor: NumberedSensor) -> int:
    """None while the history is not back."""
    with contextlib.suppress(AssertionError):
        return count_of(api, sensor.point)
    return 0


class Service(Process):
    """A service of the program, for who limits its files."""

    def __init__(self, program: Program, name: str) -> None:
        super().__init__(name, [], program.folder)
        self._program = program

    @property
    def pid(self) -> int:
        """While it runs."""
        return int(self._program.services()[self.name]["pid"])
