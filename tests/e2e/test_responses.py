"""The four kinds of emergency, each from its sensor to its closed review, while every service is killed on the way.

What is killed when is drawn anew by `ANJU_TEST_SEED`; the draw is in the output of a test that fails.
"""

import contextlib
import json
import os
import random
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest

from tests.e2e.test_fire import DETECTOR_A, DETECTOR_B, SMOKE, egress_relays
from tests.faults.numbered import Careful, now_ms
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
SERVICES = ("broker", "rules", "gateway gw-east", "gateway gw-west", "ingest+api")
"""The database's users are among them; the simulator stands for the hardware."""
PATIENCE_S = 60
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


class Kills:
    """kill -9 of each service once, in an order and at moments that are drawn."""

    def __init__(self, program: Program, seed: int) -> None:
        self._program = program
        self._draw = random.Random(seed)
        self._turns = self._draw.sample(SERVICES, len(SERVICES))
        self.done: list[str] = []
        """Which are dead or have been."""
        print(f"ANJU_TEST_SEED={seed}")

    @contextlib.contextmanager
    def within(self, longest_s: float) -> Iterator[Callable[[], str]]:
        """One service dies while the block runs, `longest_s` after its beginning at most; it is back at the end.

        The block is given what waits until it is back, and says which it is.
        """
        service = self._turns.pop()
        after_s = self._draw.uniform(0, longest_s)
        print(f"{service} after {after_s:.2f} s")
        failed: list[BaseException] = []

        def kill() -> None:
            try:
                threading.Event().wait(after_s)
                self._program.kill(service)
            except BaseException as error:
                failed.append(error)

        thread = threading.Thread(target=kill, name=f"kill {service}")
        thread.start()
        self.done.append(service)

        def back() -> str:
            thread.join()
            assert not failed, failed
            return service

        try:
            yield back
        finally:
            thread.join()
        back()


class Insistent:
    """A person at the page: what was not answered is asked again, as the page does, under the same key."""

    def __init__(self, client: httpx.Client) -> None:
        self._client = client
        self._asked = 0

    def get(self, path: str, **more: Any) -> httpx.Response:
        """Read."""
        return self._until_answered("GET", path, **more)

    def post(self, path: str, **more: Any) -> httpx.Response:
        """Do, once."""
        self._asked += 1
        key = {"Idempotency-Key": f"{id(self)}-{self._asked}"}
        return self._until_answered("POST", path, headers=key, **more)

    def _until_answered(self, method: str, path: str, **more: Any) -> httpx.Response:
        end = time.monotonic() + PATIENCE_S
        while True:
            with contextlib.suppress(httpx.TransportError):
                answer = self._client.request(method, path, **more)
                if answer.status_code not in {502, 503}:
                    return answer
            assert time.monotonic() < end, f"no answer to {method} {path}"


def test_every_kind_goes_from_its_sensor_to_its_closed_review(program: Program, outside: Outside) -> None:
    kills = Kills(program, int(os.environ.get("ANJU_TEST_SEED", random.randrange(10_000))))
    outside.listen("anju/v1/jinxiu/#")
    doors = egress_relays(program, "b3")
    wait_until(lambda: all(program.coil(*relay) for relay in doors), 20, "the doors to be locked")
    with Careful(program.mqtt_port, "detectors") as detectors, contextlib.ExitStack() as stack:
        clients = [stack.enter_context(program.client(name)) for name in ("wang-wei", "chen-gang", "zhang-min")]
        _live_through(program, outside, detectors, kills, doors, *map(Insistent, clients))
    _nothing_was_done_twice(outside)


def _live_through(
    program: Program,
    outside: Outside,
    detectors: Careful,
    kills: Kills,
    doors: list[tuple[str, int, int]],
    officer: Insistent,
    crew: Insistent,
    boss: Insistent,
) -> None:
    for name, zone in SCENARIOS:
        outside.publish("firmware-sim/jinxiu/scenario", {"name": name, "zone": zone})
    with kills.within(4) as back:  # from the sensors to the plans
        seen_at = now_ms()
        for detector in (DETECTOR_A, DETECTOR_B):
            detectors.note(detector, json.dumps(SMOKE), seen_at)
        if back() == "broker":  # what it took it may have taken along
            detectors.repeat(seen_at)
        wait_until(lambda: set(_in_force(officer)) == set(PLANS), 60, "the four plans in force")
    found = _in_force(officer)
    assert all(found[plan]["zone"].startswith(zone) for plan, zone in PLANS.items())
    paths_of = {plan: f"/activations/{row['id']}" for plan, row in found.items()}
    paths = [*paths_of.values()]
    with kills.within(2):  # while the machine's steps are carried out, and the next who may command are asked
        wait_until(lambda: all(_machines_done(officer, path) for path in paths), 40, "the machine's steps")
        wait_until(lambda: all(_command(officer, path)["asked"] for path in paths), 40, "somebody asked to command")
    excused = not {"broker", "gateway gw-east"}.isdisjoint(kills.done)
    if _is_done(officer, paths_of["fire"], "release", excused=excused):
        assert not any(program.coil(*door) for door in doors)
    for step, pump in zip(("pumps", "pumps-2"), PUMPS, strict=True):
        if _is_done(officer, paths_of["flood"], step, excused=excused):
            assert program.coil(*pump), step
    with kills.within(2):  # while people work
        for path in paths:
            assert _done(officer.post(f"{path}/command", json={}))["command"]["person"] == "wang-wei"
            _finish_steps(crew, path)
            _finish_steps(boss, path)  # what two people confirm
    with kills.within(1):  # while it ends
        for path in paths:
            _done(officer.post(f"{path}/contain", json={"reason": "looked at"}))
            over = _done(officer.post(f"{path}/stand-down", json={"reason": "all clear"}))
            assert {s["state"] for s in over["steps"]} == {"done"}, [
                s["id"] for s in over["steps"] if s["state"] != "done"
            ]
            assert officer.post(f"{path}/review", json={"reason": "x"}).status_code == 409, "its ticket is open"
    with kills.within(1):  # while it is reviewed
        for row, path in zip(found.values(), paths, strict=True):
            _close_ticket(crew, boss, f"plan:{row['id']}")
            reviewed = _done(officer.post(f"{path}/review", json={"reason": "doors are checked weekly from now on"}))
            assert reviewed["state"] == "reviewed"
    assert len(officer.get("/activations").json()["items"]) == len(PLANS), "no kill has activated a plan twice"
    for path in paths:
        report = officer.get(f"{path}/report")
        assert report.status_code == 200
        assert "doors are checked weekly" in report.text
        _timeline_is_whole(officer.get(path).json())


def _is_done(api: Insistent, path: str, step: str, *, excused: bool) -> bool:
    """Whether it is; if not, whoever switches it was killed meanwhile, does not do so again, and a person is to."""
    row = next(row for row in api.get(path).json()["steps"] if row["id"] == step)
    if row["state"] == "done":
        return True
    assert excused, row
    assert (row["kind"], row["who"]) == ("person", "commander"), row
    return False


def _timeline_is_whole(activation: dict[str, Any]) -> None:
    """What everybody and every machine did is on it, once."""
    entries = activation["timeline"]
    what = Counter(entry["what"] for entry in entries)
    once = ("activated", "contain", "stand-down", "review", "command-taken")
    assert {name: what[name] for name in once} == dict.fromkeys(once, 1)
    done = Counter(entry["detail"].partition(":")[0] for entry in entries if entry["what"] in {"step-done", "notified"})
    assert done == Counter(step["id"] for step in activation["steps"])


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


def _command(api: Insistent, path: str) -> dict[str, Any]:
    command: dict[str, Any] = api.get(path).json()["command"]
    return command


def _in_force(api: Insistent) -> dict[str, dict[str, Any]]:
    items = api.get("/activations").json()["items"]
    return {row["plan"]: row for row in items}


def _machines_done(api: Insistent, path: str) -> bool:
    """Done, or failed for good because the place has no such output: a person's then."""
    steps = api.get(path).json()["steps"]
    machines = [step for step in steps if step["kind"] == "machine" or step["actions"]]
    return all(step["state"] in {"done", "failed"} for step in machines)


def _finish_steps(api: Insistent, path: str) -> None:
    for step in api.get(path).json()["steps"]:
        if step["state"] == "done":
            continue
        shown: dict[str, Any] = {"note": "done and seen"}
        if step["proof"] == "headcount":
            _count(api, f"{path}/headcount")
            continue
        if step["proof"] == "photo":
            taken = _done(api.post(f"{path}/photos", content=photo()))
            shown["photos"] = [taken["photos"][-1]["id"]]
        if step["proof"] == "reading":
            shown["value"] = 0.0
        _done(api.post(f"{path}/steps/{step['id']}/done", json=shown))


def _count(api: Insistent, path: str) -> None:
    """Everybody is safe, says this one; the step is done once another says so too."""
    found = api.get(path)
    listed = _done(found if found.status_code == 200 else api.post(path, json={}))
    for row in listed["people"]:
        if row["status"] == "missing":
            _done(api.post(f"{path}/check", json={"person": row["person"], "status": "safe", "where": "muster-north"}))
    _done(api.post(f"{path}/confirm", json={}))


def _close_ticket(crew: Insistent, boss: Insistent, source: str) -> None:
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
