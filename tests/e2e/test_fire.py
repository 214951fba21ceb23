"""The fire: two detectors of one corridor, seen from outside on every wire."""

import time
from typing import Any

from backbone.settings import Settings
from backbone.site_files import read_site
from tests.program import Outside, Program
from tests.servers import wait_until

DETECTOR_A = "zigbee2mqtt/smoke-b3-f1-a"
DETECTOR_B = "zigbee2mqtt/smoke-b3-f1-b"
SMOKE = {"smoke": True, "battery": 88, "linkquality": 90, "test": False}
ALARM_WITHIN_S = 1.0
DOORS_WITHIN_S = 3.0


def test_a_fire_from_the_first_detector_to_the_stand_down(program: Program, outside: Outside) -> None:
    """Smoke is an alarm within 1 s; a second detector activates the plan and the doors are unlocked within 3 s."""
    outside.listen("anju/v1/jinxiu/events/#")
    relays = egress_relays(program)
    assert relays, "the demo has egress locks in building 3"
    wait_until(lambda: all(program.coil(*relay) for relay in relays), 10, "the doors to be locked")
    with program.client() as api:
        sent = outside.publish(DETECTOR_A, SMOKE)
        _, alarm, at = outside.wait_for(
            "events/alarm", lambda e: e["rule"] == "smoke" and "smoke-b3-f1-a" in e["scope"]
        )
        assert at - sent < ALARM_WITHIN_S
        assert alarm["change"] == "raised"
        assert alarm["state"] == "unacknowledged"
        assert alarm["message"]["zh"]
        listed = {row["id"]: row for row in api.get("/alarms", params={"open": True}).json()["items"]}
        assert listed[alarm["id"]]["state"] == "unacknowledged"

        # Its clock is ten minutes slow: that must not make old news of it.
        confirmed = outside.publish(DETECTOR_B, {**SMOKE, "last_seen": round((time.time() - 600) * 1000)})
        wait_until(lambda: not any(program.coil(*relay) for relay in relays), 10, "the doors to be unlocked")
        assert time.monotonic() - confirmed < DOORS_WITHIN_S
        _, event, _ = outside.wait_for("events/plan", lambda e: e["plan"] == "fire")
        activation = api.get(f"/activations/{event['id']}").json()
        assert activation["zone"] in {"b3-f1", "b3"}
        wait_until(lambda: _release(api, event["id"])["state"] == "done", 5, "the step to be done")
        release = _release(api, event["id"])
        assert all(action["outcome"] == "done" and action["read_back"] == 0 for action in release["actions"])

        refused = api.post(f"/activations/{event['id']}/stand-down", json={"reason": "all clear"})
        assert refused.status_code == 403, "an administrator is no safety officer"
    program.add_user("wang-wei", "safety-officer")
    with program.client("wang-wei") as officer:
        step = next(s for s in steps_of(officer, event["id"]) if s["kind"] == "person")
        done = officer.post(f"/activations/{event['id']}/steps/{step['id']}/done", json={"note": "119 called"})
        assert done.status_code == 200, done.text
        acknowledged = officer.post(f"/alarms/{alarm['id']}/acknowledge", json={"note": "on my way"})
        assert acknowledged.status_code == 200, acknowledged.text
        assert acknowledged.json()["acknowledged_by"] == "wang-wei"
        down = officer.post(f"/activations/{event['id']}/stand-down", json={"reason": "burnt rice, aired"})
        assert down.json()["state"] == "stood-down", down.text
        assert next(entry["what"] for entry in down.json()["timeline"]) == "activated"
        while_it_burns = reset_interlock(officer)
        assert while_it_burns["outcome"] == "refused", "the detectors still see smoke"
        # The simulator goes on reporting for both: either may say meanwhile that it sees nothing.
        assert while_it_burns["reason"].startswith("life safety: its cause stands: smoke-b3-f1-")
        for detector in (DETECTOR_A, DETECTOR_B):
            outside.publish(detector, {**SMOKE, "smoke": False})
        wait_until(lambda: reset_interlock(officer)["outcome"] == "done", 15, "the interlock's reset")
        assert not any(program.coil(*relay) for relay in relays), "nothing locks by itself"
        back = officer.post(f"/activations/{event['id']}/restore", json={"reason": "walked round, everybody is well"})
        assert back.status_code == 200, back.text
        wait_until(lambda: all(program.coil(*relay) for relay in relays), 10, "the doors to be locked again")
        wait_until(lambda: _all_restored(officer, event["id"]), 5, "the answers")


def reset_interlock(officer: Any) -> dict[str, Any]:
    """What becomes of it when an officer resets the building's interlock; it tripped beside the plan."""
    (gateway,) = [row for row in officer.get("/gateways").json()["items"] if row["id"] == "gw-east"]
    assert {"b1-release", "b2-release", "b3-release"} == {row["id"] for row in gateway["interlocks"]}
    given = officer.post("/gateways/gw-east/interlocks/b3-release/reset", json={"reason": "all clear"})
    assert given.status_code == 202, given.text
    command = f"/commands/{given.json()['id']}"
    wait_until(lambda: officer.get(command).json()["outcome"], 10, "the gateway's answer")
    answer: dict[str, Any] = officer.get(command).json()
    return answer


def steps_of(api: Any, activation: str) -> list[dict[str, Any]]:
    """The steps of an activation."""
    steps: list[dict[str, Any]] = api.get(f"/activations/{activation}").json()["steps"]
    return steps


def _all_restored(api: Any, activation: str) -> bool:
    restoring = api.get(f"/activations/{activation}").json()["restoring"]
    return all(action["outcome"] == "done" and action["read_back"] == action["value"] for action in restoring)


def _release(api: Any, activation: str) -> dict[str, Any]:
    return next(step for step in steps_of(api, activation) if step["id"] == "release")


def egress_relays(program: Program, building: str = "b3") -> list[tuple[str, int, int]]:
    """Address, unit and coil of every egress lock in a building, from the site file and the board's profile."""
    site = read_site(Settings())
    found = []
    for point in site.points.values():
        if point.output and point.output.kind == "egress-lock" and site.building_of(point.zone) == building:
            source = site.devices[point.device].modbus
            modbus = site.profiles[site.devices[point.device].profile].measures[point.measure].modbus
            assert source is not None
            assert modbus is not None
            found.append((source.line.address, source.unit, modbus.address))
    return found
