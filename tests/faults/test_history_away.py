"""The whole program while its history takes nothing: alarms come as ever, and afterwards every reading is there."""

import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import datetime
from functools import partial
from pathlib import Path

import httpx
import psutil
import pytest

from tests.faults.disks import (
    UNPRIVILEGED,
    Disk,
    LimitedFiles,
    OpenDisk,
    full,
    limited,
    may_mount,
    protected,
    read_only,
)
from tests.faults.numbered import NumberedSensor, count_of, kept, nothing_lost_or_doubled, now_ms, stamp
from tests.faults.test_kill import CLIMATE, DETECTORS
from tests.program import Program
from tests.servers import Process, standing_still, wait_until

Away = contextlib.AbstractContextManager[None]
WAITING = 500
"""Readings that wait for the history."""
IN_A_FRAME_MS = 1_000
"""What is gone is told by when its frames were made; a reading in one is older by its way and `ANJU_BULK_AGE_S`."""
IN_TIME_S = 10
"""An alarm is there; of the processor it takes milliseconds, but others work on this machine."""


def test_a_full_disk_of_the_history_costs_no_reading_and_holds_no_alarm_up(tmp_path: Path) -> None:
    """Twice in one life: files that may not grow, and a disk that is full where one can be mounted."""
    with (full if may_mount() else limited)(tmp_path / "disk") as room:
        program = Program(
            tmp_path,
            simulate=False,
            environment={"ANJU_HISTORIAN_URL": f"duckdb:{room.folder}/history.duckdb"},
        )

        @contextlib.contextmanager
        def away(disk: Disk) -> Iterator[None]:
            keeper = Service(program, "ingest+api")
            disk.refuse(keeper)
            try:
                yield
            finally:
                disk.recover(keeper)

        disks = [LimitedFiles(room.folder), room] if may_mount() else [room]
        _nothing_lost(program, *(partial(away, disk) for disk in disks), answers_meanwhile=True)


@pytest.mark.parametrize("disk", [read_only if may_mount() else protected])
def test_a_disk_that_comes_up_read_only_costs_no_reading_and_holds_no_alarm_up(disk: OpenDisk, tmp_path: Path) -> None:
    """The service that keeps the history dies, and finds its disk read-only when it is started again."""
    with disk(tmp_path / "disk") as room:
        program = Program(
            tmp_path,
            simulate=False,
            environment={"ANJU_HISTORIAN_URL": f"duckdb:{room.folder}/history.duckdb"},
        )
        if disk is protected and os.getuid() == 0:
            program.process.command[:0] = UNPRIVILEGED

        @contextlib.contextmanager
        def away() -> Iterator[None]:
            keeper = Service(program, "ingest+api")
            # Started again sooner than its files were closed it has them, and the disk is busy; then later each time.
            wait_until(lambda: _killed(keeper) and _refuses(room), 40, "the disk to be read-only")
            try:
                _told(program, "away")
                yield
            finally:
                room.recover(keeper)

        _nothing_lost(program, away, answers_meanwhile=False)


def test_a_log_with_flipped_bytes_is_read_up_to_them_and_what_is_gone_is_on_record(tmp_path: Path) -> None:
    """The history is repaired while all else runs. What gateways still have comes again; the rest is told."""
    program = Program(tmp_path, simulate=False).start()
    log = program.data / "history.duckdb.wal"
    try:
        with program.client() as api, program.outside() as outside:
            outside.listen("anju/v1/jinxiu/events/alarm")
            with NumberedSensor(program.mqtt_port, CLIMATE) as sensor:
                wait_until(lambda: count_of(api, sensor.point) > 300, 30, "readings to be stored")
                with standing_still(program.process.pid):  # which starts it again
                    _killed(Service(program, "ingest+api"))
                    content = bytearray(log.read_bytes())
                    middle = len(content) // 2
                    content[middle : middle + 16] = bytes(byte ^ 0xFF for byte in content[middle : middle + 16])
                    log.write_bytes(content)
                _told(program, "damaged")
                outside.publish(f"zigbee2mqtt/{DETECTORS[0]}", {"smoke": True, "battery": 90})
                outside.wait_for("events/alarm", lambda alarm: alarm["rule"] == "smoke", IN_TIME_S)
                command = [sys.executable, "-m", "anju", "history", "repair"]
                done = subprocess.run(command, env=program.environment(), capture_output=True, text=True, check=False)
                assert done.returncode == 0, done.stderr
                assert "gone: the newest part of the log" in done.stdout
                after = sensor.sent
                wait_until(lambda: sensor.sent > after + 50, 20, "readings to flow")
            last = sensor.readings[-1].t
            wait_until(lambda: _newest(api, sensor.point) >= last, 60, "the last reading")
            wait_until(lambda: _losses(api), 30, "the loss to be told")
            told = _losses(api)
    finally:
        program.stop()
    sent, stored = set(sensor.readings), kept(program, [sensor.point])
    assert len(stored) == len(set(stored)), "none is doubled"
    assert set(stored) <= sent, "none is changed"
    missing = sent - set(stored)
    assert missing, "the log was damaged in what was committed"
    assert all(any(first - IN_A_FRAME_MS <= one.t <= end for first, end in told) for one in missing), told


def _killed(keeper: "Service") -> bool:
    """kill -9, and wait until it is gone; it is started again after half a second, and later each time."""
    pid = keeper.pid

    def ended() -> bool:
        """Its parent may not have asked after it yet."""
        with contextlib.suppress(psutil.NoSuchProcess):
            return psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
        return True

    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)
    wait_until(ended, 5, "its end")
    return True


def _refuses(room: Disk) -> bool:
    with contextlib.suppress(subprocess.CalledProcessError):
        room.refuse(Process("nobody", [], room.folder))
        return True
    return False


def _told(program: Program, state: str) -> None:
    """The platform says of its history that it is so."""

    with program.client() as api:

        def states() -> set[tuple[str, str]]:
            return {(one["name"], one["state"]) for one in api.get("/services").json()["items"]}

        wait_until(lambda: ("historian", state) in states(), 40, f"the history to be {state}")


def _newest(api: httpx.Client, point: str) -> int:
    answer = api.get("/readings", params={"point": point, "max_points": 5000, "start": stamp(now_ms() - 600_000)})
    buckets = answer.json()["buckets"] if answer.status_code == 200 else []
    return max((_ms(one["t"]) + answer.json()["step_ms"] for one in buckets), default=0)


def _losses(api: httpx.Client) -> list[tuple[int, int]]:
    """From when to when readings of some gateway are gone because the history went back, Unix ms."""
    found = []
    for gateway in api.get("/gateways").json()["items"]:
        rows = api.get(f"/gateways/{gateway['id']}/losses").json()["items"]
        found += [(_ms(row["first"]), _ms(row["last"])) for row in rows if row["reason"] == "history-went-back"]
    return found


def _ms(text: str) -> int:
    return round(datetime.fromisoformat(text).timestamp() * 1000)


def _nothing_lost(program: Program, *aways: Callable[[], Away], answers_meanwhile: bool) -> None:
    """Readings flow before, while the history is away, and after; a detector goes off while it is."""
    try:
        program.start()
        with program.client() as api, program.outside() as outside:
            outside.listen("anju/v1/jinxiu/events/alarm")
            with NumberedSensor(program.mqtt_port, CLIMATE) as sensor:
                for away, detector in zip(aways, DETECTORS, strict=False):
                    enough = sensor.sent + 50
                    wait_until(lambda enough=enough: _stored(api, sensor) > enough, 60, "readings to be stored")  # type: ignore[misc]
                    with away():
                        waiting = sensor.sent + WAITING
                        wait_until(lambda waiting=waiting: sensor.sent > waiting, 30, "readings to wait")  # type: ignore[misc]
                        outside.publish(f"zigbee2mqtt/{detector}", {"smoke": True, "battery": 90})
                        alarm = f"smoke:{detector}.smoke:"
                        outside.wait_for("events/alarm", lambda said, alarm=alarm: alarm in said["id"], IN_TIME_S)  # type: ignore[misc]
                        if answers_meanwhile:
                            assert count_of(api, sensor.point) < waiting - WAITING / 2, "it took readings"
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
        """Of its process; between two of them it is waited for."""
        found: list[int] = []

        def runs() -> bool:
            pid = self._program.services()[self.name]["pid"]
            found.extend([] if pid is None else [int(pid)])
            return bool(found)

        wait_until(runs, 40, f"{self.name} to run")
        return found[0]
