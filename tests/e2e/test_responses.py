"""The four kinds of emergency, each from its sensor to its closed review, while services are killed between steps."""

from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from tests.e2e.test_fire import DETECTOR_A, DETECTOR_B, SMOKE, egress_relays
from tests.pictures import photo
from tests.program import Outside, Program
from tests.servers import wait_until

PLANS = {"fire": "b3", "flood": "garage", "accident": "b1", "public-health": "centre"}
SCENARIOS = (("garage-flood", "garage"), ("overcurrent", "b1-shaft"), ("air-contaminated", "centre-hall"))
AT_ONCE = {
    "when: {above: 0.3, deadband: 0.05}\n    for: 30s": "when: {above: 0.3, deadband: 0.05}\n    for: 1s",
    "when: {above: 63, deadband: 5}\n    for: 10s": "when: {above: 63, deadband: 5}\n    for: 1s",
    "when: {above: 10000, deadband: 1000}\n    for: 60s": "when: {above: 10000, deadband: 1000}\n    for: 1s",
}
PUMPS = [("127.0.0.1:15020", 20, 0), ("127.0.0.1:15020", 20, 1)]


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Program]:
    """The demo, its conditions not waiting as long as they do there."""
    running = Program(tmp_path_factory.mktemp("responses"), changes=AT_ONCE).start()
    try:
        for name, role in (("wang-wei", "safety-officer"), ("chen-gang", "crew"), ("zhang-min", "manager")):
            running.add_user(name, role)
        yield running
    finally:
        running.stop()


def test_every_kind_goes_from_its_sensor_to_its_closed_review(program: Program, outside: Outside) -> None:
    outside.listen("anju/v1/jinxiu/#")
    doors = egress_relays(program, "b3")
    wait_until(lambda: all(program.coil(*relay) for relay in doors), 20, "the doors to be locked")
    for name, zone in SCENARIOS:
        outside.publish("firmware-sim/jinxiu/scenario", {"name": name, "zone": zone})
    for detector in (DETECTOR_A, DETECTOR_B):
        outside.publish(detector, SMOKE)
    wait_until(lambda: outside.heard("events/plan", lambda e: e["plan"] == "fire"), 10, "the fire's plan")
    program.kill("rules")
    with program.client("wang-wei") as officer:
        wait_until(lambda: set(_in_force(officer)) == set(PLANS), 60, "the four plans in force")
        program.kill("gateway gw-east")
        found = _in_force(officer)
        assert all(found[plan]["zone"].startswith(zone) for plan, zone in PLANS.items())
        wait_until(lambda: all(_machines_done(officer, row["id"]) for row in found.values()), 40, "the machine's steps")
        assert not any(program.coil(*relay) for relay in doors)
        _pumps_run_or_are_somebodys(program, officer, found["flood"]["id"])
    program.kill("ingest+api")
    with program.client("chen-gang") as crew, program.client("zhang-min") as boss:
        for row in found.values():
            _finish_steps(crew, row["id"])
            _finish_steps(boss, row["id"])  # what two people confirm
    program.kill("rules")
    with program.client("wang-wei") as officer, program.client("chen-gang") as crew:
        for row in found.values():
            path = f"/activations/{row['id']}"
            _done(officer.post(f"{path}/contain", json={"reason": "looked at"}))
            over = _done(officer.post(f"{path}/stand-down", json={"reason": "all clear"}))
            assert {s["state"] for s in over["steps"]} == {"done"}, [
                s["id"] for s in over["steps"] if s["state"] != "done"
            ]
            assert officer.post(f"{path}/review", json={"reason": "x"}).status_code == 409, "its ticket is open"
    with (
        program.client("wang-wei") as officer,
        program.client("chen-gang") as crew,
        program.client("zhang-min") as boss,
    ):
        for row in found.values():
            _close_ticket(crew, boss, f"plan:{row['id']}")
            path = f"/activations/{row['id']}"
            reviewed = _done(officer.post(f"{path}/review", json={"reason": "doors are checked weekly from now on"}))
            assert reviewed["state"] == "reviewed"
            report = officer.get(f"{path}/report")
            assert report.status_code == 200
            assert "doors are checked weekly" in report.text
        everything = officer.get("/activations").json()["items"]
    assert len(everything) == len(PLANS), "no kill has activated a plan twice"
    _nothing_was_done_twice(outside)


def _pumps_run_or_are_somebodys(program: Program, api: httpx.Client, activation: str) -> None:
    """A gateway killed while it switched something does not switch it again: the step is a person's at once."""
    steps = {row["id"]: row for row in api.get(f"/activations/{activation}").json()["steps"]}
    for step, pump in zip(("pumps", "pumps-2"), PUMPS, strict=True):
        if steps[step]["state"] == "done":
            assert program.coil(*pump), step
        else:
            assert (steps[step]["kind"], steps[step]["who"]) == ("person", "commander"), steps[step]


def _nothing_was_done_twice(outside: Outside) -> None:
    """Each output was commanded under one id, and nothing was answered in two ways."""
    given: dict[str, set[str]] = {}
    for topic, body, _ in outside.heard("/commands/"):
        given.setdefault(body["point"], set()).add(topic.rpartition("/")[2])
    assert given
    assert all(len(ids) == 1 for ids in given.values()), given
    answers: dict[str, set[str]] = {}
    for topic, body, _ in outside.heard("/replies/"):
        answers.setdefault(topic, set()).add(f"{body['outcome']} {body['read_back']} {body['at']}")
    assert all(len(said) == 1 for said in answers.values()), answers


def _in_force(api: httpx.Client) -> dict[str, dict[str, Any]]:
    items = api.get("/activations").json()["items"]
    return {row["plan"]: row for row in items}


def _machines_done(api: httpx.Client, activation: str) -> bool:
    """Done, or failed for good because the place has no such output: a person's then."""
    steps = api.get(f"/activations/{activation}").json()["steps"]
    machines = [step for step in steps if step["kind"] == "machine" or step["actions"]]
    return all(step["state"] in {"done", "failed"} for step in machines)


def _finish_steps(api: httpx.Client, activation: str) -> None:
    for step in api.get(f"/activations/{activation}").json()["steps"]:
        if step["state"] == "done":
            continue
        shown: dict[str, Any] = {"note": "done and seen"}
        if step["proof"] == "headcount":
            _count(api, activation)
            continue
        if step["proof"] == "photo":
            taken = _done(api.post(f"/activations/{activation}/photos", content=photo()))
            shown["photos"] = [taken["photos"][-1]["id"]]
        if step["proof"] == "reading":
            shown["value"] = 0.0
        _done(api.post(f"/activations/{activation}/steps/{step['id']}/done", json=shown))


def _count(api: httpx.Client, activation: str) -> None:
    """Everybody is safe, says this one; the step is done once another says so too."""
    path = f"/activations/{activation}/headcount"
    found = api.get(path)
    listed = _done(found if found.status_code == 200 else api.post(path, json={}))
    for row in listed["people"]:
        if row["status"] == "missing":
            _done(api.post(f"{path}/check", json={"person": row["person"], "status": "safe", "where": "muster-north"}))
    _done(api.post(f"{path}/confirm", json={}))


def _close_ticket(crew: httpx.Client, boss: httpx.Client, source: str) -> None:
    ticket = next(row for row in boss.get("/tickets", params={"limit": 500}).json()["items"] if row["source"] == source)
    path = f"/tickets/{ticket['id']}"
    _done(crew.post(f"{path}/start", json={}))
    _done(crew.post(f"{path}/rectify", json={"evidence": "a list is on the wall"}))
    _done(boss.post(f"{path}/reinspect", json={"passed": True}))
    _done(boss.post(f"{path}/close", json={}))


def _done(answer: httpx.Response) -> dict[str, Any]:
    assert answer.status_code in {200, 201}, answer.text
    body: dict[str, Any] = answer.json()
    return body
