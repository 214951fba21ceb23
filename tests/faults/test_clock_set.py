"""The clock of the whole platform leaps three years ahead, and then lies two hours back, in the middle of a fire.

What is due is due when it would have been, neither at once nor two hours later; and nothing of the history is deleted.
"""

import time
from pathlib import Path
from typing import Any

import httpx

from tests.e2e.test_fire import DETECTOR_A, DETECTOR_B, SMOKE
from tests.faults.clocks import SetClock
from tests.faults.numbered import NumberedSensor, kept
from tests.program import Program
from tests.servers import wait_until

CLIMATE = "climate-b1-f1"
AHEAD_S, BACK_S = 3 * 365 * 86_400, -7_200
FIRST_S, SECOND_S = 12, 30
QUICK = {
    "name: {zh: 拨打119报警, en: Call 119}, who: liaison, within: 1m": f"name: {{zh: 拨打119报警, en: Call 119}}, "
    f"who: liaison, within: {FIRST_S}s",
    "who: liaison, within: 3m, proof: note}": f"who: liaison, within: {SECOND_S}s, proof: note}}",
}


def test_a_clock_that_leaps_ends_no_deadline_early_holds_none_and_deletes_no_history(tmp_path: Path) -> None:
    clock = SetClock(tmp_path)
    kept_days = {"ANJU_KEEP_DAYS": '{"environment": 30}'}
    program = Program(
        tmp_path / "program", simulate=False, changes=QUICK, environment={**clock.environment, **kept_days}
    )
    try:
        program.start()
        with program.outside() as outside, NumberedSensor(program.mqtt_port, CLIMATE) as sensor:
            wait_until(lambda: sensor.sent > 100, 20, "readings to flow")
            before = sensor.sent
            outside.publish(DETECTOR_A, SMOKE)
            began = outside.publish(DETECTOR_B, SMOKE)
            with program.client() as api:
                wait_until(lambda: _plan(api), 20, "the fire's plan")
                calendar = _of_the_calendar(api)
            clock.set_by(AHEAD_S)
            with program.client() as api:  # its session has expired with the years
                wait_until(lambda: _sets(api) == 1, 20, "the clock's being set")
                wait_until(lambda: _is_late(api, "call-119"), 60, "the first step that is late")
                assert time.monotonic() - began > FIRST_S, "and no sooner"
                assert not _is_late(api, "fire-lane") or time.monotonic() - began > SECOND_S
            looks = [_Look(program, service) for service in ("rules", "ingest+api")]
            for look in looks:  # who starts makes what is due, and deletes what is old
                program.kill(look.service)
            for look in looks:
                wait_until(look.is_over, 40, f"{look.service} to look at what is old or due")
            clock.set_by(BACK_S)
            with program.client() as api:
                wait_until(lambda: _sets(api) == 2, 20, "the clock's being set back")
                wait_until(lambda: _is_late(api, "fire-lane"), 60, "the second step that is late")
                assert time.monotonic() - began > SECOND_S
                said = [t["title_zh"] for t in _tickets(api) if t["source"] == "clock"]
                assert len(said) == 1, said
                assert _of_the_calendar(api) == calendar, "nothing of three years has come due"
    finally:
        program.stop()
    values = {reading.value for reading in kept(program, [sensor.point])}
    assert {reading.value for reading in sensor.readings[:before]} <= values


class _Look:
    """The first that a service takes by the time that was lived through, after it was started anew from now on."""

    def __init__(self, program: Program, service: str) -> None:
        self.service = service
        self._log = program.data / "logs" / f"{service}.log"
        self._before = self._log.stat().st_size

    def is_over(self) -> bool:
        said = self._log.read_bytes()[self._before :]
        return b"the clock leapt ahead" in said


def _plan(api: httpx.Client) -> dict[str, object] | None:
    items = api.get("/activations").json()["items"]
    return next((row for row in items if row["plan"] == "fire"), None)


def _tickets(api: httpx.Client) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = api.get("/tickets", params={"limit": 500}).json()["items"]
    return found


def _of_the_calendar(api: httpx.Client) -> set[str]:
    """What its tickets are of that come of a date."""
    now = ("clock", "rule:", "plan:", "alarm:")
    return {ticket["source"] for ticket in _tickets(api) if not ticket["source"].startswith(now)}


def _sets(api: httpx.Client) -> int:
    plan = _plan(api)
    assert plan is not None
    return sum(entry["what"] == "clock-set" for entry in api.get(f"/activations/{plan['id']}").json()["timeline"])


def _is_late(api: httpx.Client, step: str) -> bool:
    plan = _plan(api)
    assert plan is not None
    steps = api.get(f"/activations/{plan['id']}").json()["steps"]
    return any(row["id"] == step and row["state"] == "late" for row in steps)
