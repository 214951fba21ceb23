"""A drill on the running program: the real machinery, nothing moves, and a real fire takes over."""

from typing import Any

import httpx
from playwright.sync_api import expect, sync_playwright

from tests.e2e.test_every_screen import GO, PHONE, routes, sign_in
from tests.e2e.test_fire import DETECTOR_A, DETECTOR_B, SMOKE, egress_relays
from tests.e2e.test_page import QUIET
from tests.program import Outside, Program
from tests.servers import CHROMIUM, wait_until

DRILL = {
    "kind": "fire",
    "plan": "fire",
    "level": "high",
    "zone": "b2-f1",
    "planned_at": "2026-09-22T09:00:00Z",
    "content": "二号楼疏散 / Evacuate building 2",
    "participants": ["liu-yang"],
    "scenario": "corridor-fire",
    "devices": ["smoke-b2-f1-a", "smoke-b2-f1-b"],
}
ADDRESSES = {
    "/places/:zone": "/places/b2",
    "/points/:device/:measure": "/points/env-b3-f1/temperature",
    "/rules/:id": "/rules/fire-confirmed",
    "/plans/:id": "/plans/fire",
    "/facilities/:id": "/facilities/hydrants",
    "/:rest(.*)": "/no-such-page",
}
"""Pages of objects there are before anything happens; the others are walked as they are written."""


def test_a_drill_moves_nothing_and_gives_way_to_a_real_fire(program: Program, outside: Outside) -> None:
    """Simulated smoke on devices in test is the drill's; smoke anywhere else is real, and the drill stops at once."""
    outside.listen("anju/v1/jinxiu/#")
    program.add_user("wang-wei", "safety-officer")
    here, there = egress_relays(program, "b2"), egress_relays(program, "b3")
    wait_until(lambda: all(program.coil(*relay) for relay in (*here, *there)), 20, "the doors to be locked")
    with program.client("wang-wei") as officer:
        drill = officer.post("/drills", json=DRILL).json()["id"]
        started = officer.post(f"/drills/{drill}/start")
        assert started.status_code == 201, started.text
        practised = started.json()["id"]
        wait_until(lambda: _step(officer, practised, "release")["state"] == "done", 15, "the doors' step")
        release = _step(officer, practised, "release")
        assert {action["reason"] for action in release["actions"]} == {"drill: not switched"}
        wait_until(lambda: _detected(officer, practised, "fire-confirmed"), 60, "the simulated fire in the drill")
        commands = outside.heard("/commands/", lambda body: body["point"].startswith("doors-b2"))
        assert commands
        assert all(body["drill"] and body["cause"].startswith("drill:") for _, body, _ in commands)
        assert all(program.coil(*relay) for relay in here), "in a drill no door moves"
        assert officer.get("/alarms", params={"open": True, "limit": 1000}).json()["items"] == []

        _walk(program, practised)

        outside.publish(DETECTOR_A, SMOKE)
        outside.publish(DETECTOR_B, SMOKE)
        wait_until(lambda: not any(program.coil(*relay) for relay in there), 10, "the real doors to be unlocked")
        _, real, _ = outside.wait_for("events/plan", lambda e: e["plan"] == "fire" and not e["drill"])
        assert real["zone"].startswith("b3")
        assert officer.get(f"/drills/{drill}").json()["suspended_by"] == real["id"]
        assert officer.get(f"/activations/{practised}").json()["state"] == "paused"
        assert all(program.coil(*relay) for relay in here)
        assert all(
            not body["drill"] for _, body, _ in outside.heard("/commands/", lambda b: b["point"].startswith("doors-b3"))
        )
        refused = officer.post(f"/activations/{practised}/resume", json={"reason": "go on"})
        assert refused.status_code == 409
        wait_until(lambda: _in_service(outside), 30, "the devices to be back in service")


def _walk(program: Program, practised: str) -> None:
    """Every page of a phone says that it is a drill, in the words of the page and in no alarm's colour alone."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=QUIET)
        context = browser.new_context(locale="zh-CN", viewport=PHONE)
        page = sign_in(program, context, "wang-wei").page
        for name, address in routes(ADDRESSES):
            page.evaluate(GO, address)
            page.wait_for_function("route => document.querySelector('main')?.dataset.route === route", arg=name)
            banner = page.locator(f"[data-testid=activation-banner][data-activation='{practised}']")
            expect(banner).to_be_visible()
            assert "演练" in banner.inner_text(), address
        page.evaluate(GO, f"/activations/{practised}")
        expect(page.get_by_test_id("activation-detail").get_by_text("演练", exact=True)).to_be_visible()
        browser.close()


def _in_service(outside: Outside) -> bool:
    """The gateway has carried out what puts the drill's devices back."""
    given = {topic.rpartition("/")[2] for topic, body, _ in outside.heard("/commands/", _puts_back)}
    answered = {
        topic.rpartition("/")[2] for topic, body, _ in outside.heard("/replies/", lambda b: b["outcome"] == "done")
    }
    return len(given & answered) >= len(DRILL["devices"])


def _puts_back(body: dict[str, Any]) -> bool:
    return bool(body["point"].startswith("mode:") and body["value"] == 0)


def _step(api: httpx.Client, activation: str, step: str) -> dict[str, Any]:
    steps: list[dict[str, Any]] = api.get(f"/activations/{activation}").json()["steps"]
    return next(row for row in steps if row["id"] == step)


def _detected(api: httpx.Client, activation: str, rule: str) -> bool:
    timeline = api.get(f"/activations/{activation}").json()["timeline"]
    return any(entry["what"] == "detected" and entry["detail"].startswith(f"{rule}:") for entry in timeline)
