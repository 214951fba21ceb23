"""People respond, on phones: a ticket's photo, a headcount two people confirm, and what calls nobody for a while."""

import base64
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from tests.program import ADMIN_PASSWORD, Program
from tests.servers import CHROMIUM, ROOT, wait_until

SHOTS = ROOT / "test-output"
PIXEL = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)
Opener = Callable[..., Page]


@pytest.fixture(scope="module")
def staff(program: Program) -> Program:
    program.add_user("wang-wei", "safety-officer")
    program.add_user("zhang-min", "manager")
    program.add_user("liu-yang", "crew")
    return program


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    SHOTS.mkdir(exist_ok=True)
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"])
        yield chromium
        chromium.close()


@pytest.fixture
def open_page(staff: Program, browser: Browser) -> Iterator[Opener]:
    contexts = []

    def opened(username: str, path: str, *, phone: bool = True) -> Page:
        size = {"width": 390, "height": 844} if phone else {"width": 1440, "height": 900}
        context = browser.new_context(locale="zh-CN", viewport=size, timezone_id="Asia/Shanghai")  # type: ignore[arg-type]
        contexts.append(context)
        page = context.new_page()
        page.goto(f"{staff.url}{path}")
        page.get_by_test_id("login-username").fill(username)
        page.get_by_test_id("login-password").fill(ADMIN_PASSWORD)
        page.get_by_test_id("login-submit").click()
        expect(page.get_by_test_id("connection-state")).to_have_attribute("data-state", "connected", timeout=30_000)
        return page

    yield opened
    for context in contexts:
        context.close()


def test_a_phone_shows_what_is_asked_and_sends_a_photo_as_evidence(
    open_page: Opener, staff: Program, tmp_path: Path
) -> None:
    picture = tmp_path / "lamp.png"
    picture.write_bytes(PIXEL)
    with staff.client() as admin, staff.client("zhang-min") as manager:
        made = manager.post("/tickets", json={"zone": "b1-f1", "title": "走廊灯不亮", "priority": "low"}).json()
        assert admin.get(f"/tickets/{made['id']}").status_code == 200
    crew = open_page("liu-yang", f"/tickets/{made['id']}")
    crew.get_by_test_id("ticket-ask-start").click(timeout=30_000)
    crew.get_by_test_id("ticket-confirm").click()
    crew.get_by_test_id("ticket-ask-rectify").click(timeout=15_000)
    dialog = crew.get_by_role("dialog")
    dialog.get_by_test_id("ticket-camera").set_input_files(picture)
    expect(dialog.locator("img")).to_have_count(1, timeout=15_000)
    crew.get_by_test_id("ticket-confirm").click()
    expect(crew.get_by_test_id("ticket-detail")).to_have_attribute("data-state", "rectified", timeout=15_000)
    photo = crew.get_by_test_id("ticket-photo")
    expect(photo).to_have_count(1)
    assert photo.evaluate("image => image.decode().then(() => image.naturalWidth)") > 0
    crew.screenshot(path=SHOTS / "ticket-photo-phone.png", full_page=True)
    inspector = open_page("wang-wei", f"/tickets/{made['id']}")
    expect(inspector.get_by_test_id("ticket-photo")).to_be_visible(timeout=30_000)
    inspector.get_by_test_id("ticket-ask-reinspect").click()
    inspector.get_by_test_id("ticket-confirm").click()
    expect(crew.get_by_test_id("ticket-detail")).to_have_attribute("data-state", "re-inspected", timeout=15_000)
    with staff.client() as admin:
        ticket = admin.get(f"/tickets/{made['id']}").json()
    assert ticket["evidence"][0]["photos"] == [ticket["photos"][0]["id"]]
    assert ticket["photos"][0]["media_type"] == "image/jpeg", "made smaller, and without what the camera wrote into it"


def test_a_headcount_is_checked_off_on_a_phone_and_confirmed_by_two(open_page: Opener, staff: Program) -> None:
    """Somebody with no card is named, a card that was lost is struck with its reason, the others are checked off."""
    with staff.outside() as door, staff.client("wang-wei") as officer:
        now = int(time.time())
        swiped = {
            "type": "access",
            "time": now,
            "isKnown": "true",
            "access": "Always",
            "username": "x",
            "uid": "10575ca2",
        }
        door.publish("esp-rfid/door-b2/send", {**swiped, "hostname": "d", "doorName": "d"})
        wait_until(lambda: officer.get("/access-events", params={"zone": "b2"}).json()["items"], 15, "the card")
        body = {"zone": "b2-f1", "level": "high", "reason": "烟雾"}
        activation = officer.post("/plans/fire/activations", json=body).json()["id"]
        officer.post(f"/activations/{activation}/headcount", json={})
        named = {"person": "302 奶奶，坐轮椅", "zone": "b2-f3"}
        assert officer.post(f"/activations/{activation}/headcount/people", json=named).json()["missing"]
    commander = open_page("wang-wei", f"/activations/{activation}")
    theirs = commander.get_by_test_id("headcount")
    cards = theirs.locator("[data-testid=headcount-row][data-status=missing]").filter(has_text="门卡")
    expect(cards.first).to_be_visible(timeout=30_000)
    many = cards.count()
    cards.first.get_by_test_id("headcount-strike").click()
    commander.get_by_test_id("reason-words").fill("上月挂失的卡")
    commander.get_by_test_id("reason-confirm").click()
    expect(cards).to_have_count(many - 1, timeout=15_000)
    with staff.client("wang-wei") as officer:
        found = officer.get(f"/activations/{activation}/headcount").json()
        struck = [row["note"] for row in found["people"] if row["status"] == "struck"]
        missing = found["missing"]
    assert struck == ["上月挂失的卡"]
    crew = open_page("liu-yang", f"/activations/{activation}")
    panel = crew.get_by_test_id("headcount")
    expect(panel.get_by_test_id("headcount-row").filter(has_text="302")).to_have_attribute(
        "data-status", "missing", timeout=30_000
    )
    panel.scroll_into_view_if_needed()
    crew.screenshot(path=SHOTS / "headcount-phone.png", full_page=True)
    for left in range(missing, 0, -1):
        panel.get_by_test_id("headcount-safe").first.click()
        expect(panel.locator("[data-status=missing]")).to_have_count(left - 1, timeout=15_000)
    panel.get_by_test_id("headcount-confirm").click()
    expect(panel).to_have_attribute("data-state", "confirmed-once", timeout=15_000)
    theirs.get_by_test_id("headcount-confirm").click(timeout=30_000)
    expect(theirs).to_have_attribute("data-state", "confirmed", timeout=15_000)
    commander.screenshot(path=SHOTS / "headcount.png", full_page=True)
    expect(panel).to_have_attribute("data-state", "confirmed", timeout=30_000)


def test_what_calls_nobody_is_seen_by_everybody_with_its_reason_and_calls_again_when_it_ends(
    open_page: Opener, staff: Program
) -> None:
    """A shelved alarm and a place under maintenance, as the one who does it sees it and as another on a phone does."""
    with staff.outside() as garage, staff.client("wang-wei") as api:
        garage.publish("zigbee2mqtt/leak-garage-a", {"water_leak": True, "battery": 90, "linkquality": 90})
        wait_until(lambda: _leaks(api), 10, "the leak's alarm")
        (alarm,) = _leaks(api)
    officer = open_page("wang-wei", "/alarms/" + alarm.replace(":", "/"), phone=False)
    other = open_page("zhang-min", "/alarms")
    row = other.locator(f"[data-testid=alarm-row][data-alarm-id='{alarm}']")
    expect(row).to_be_visible(timeout=30_000)
    officer.get_by_test_id("alarm-shelve").click(timeout=30_000)
    officer.get_by_test_id("suppress-reason").fill("正在修理水管")
    officer.get_by_test_id("suppress-confirm").click()
    expect(officer.get_by_test_id("suppression-note")).to_contain_text("正在修理水管", timeout=15_000)
    expect(row).to_have_count(0, timeout=15_000)
    other.get_by_text("已抑制", exact=True).click()
    expect(row).to_be_visible(timeout=15_000)
    listed = other.get_by_test_id("suppressions")
    expect(listed.locator("[data-kind=shelved]")).to_contain_text("正在修理水管")

    officer.goto(f"{staff.url}/places/pump-room")
    officer.get_by_test_id("maintain").click(timeout=30_000)
    officer.get_by_test_id("suppress-reason").fill("更换水泵")
    officer.get_by_test_id("suppress-confirm").click()
    expect(listed.locator("[data-kind=maintenance]")).to_contain_text("更换水泵", timeout=15_000)
    other.screenshot(path=SHOTS / "suppressed-phone.png", full_page=True)

    officer.goto(f"{staff.url}/alarms?view=suppressed")
    officer.locator("[data-kind=shelved]").get_by_test_id("suppression-end").click(timeout=30_000)
    expect(listed.locator("[data-kind=shelved]")).to_have_count(0, timeout=15_000)
    other.get_by_text("未恢复", exact=True).click()
    expect(row).to_be_visible(timeout=15_000)


def _leaks(api: httpx.Client) -> list[str]:
    alarms = api.get("/alarms", params={"open": True, "limit": 1000}).json()["items"]
    return [alarm["id"] for alarm in alarms if alarm["rule"] == "water-leak" and "garage-a" in alarm["scope"]]


def test_an_officer_activates_a_plan_on_a_phone_with_one_reason_touched_and_a_manager_takes_command(
    open_page: Opener, staff: Program
) -> None:
    officer = open_page("wang-wei", "/places/b4-f1")
    officer.get_by_test_id("plan-activate").click(timeout=30_000)
    dialog = officer.get_by_role("dialog")
    suggested = dialog.locator("[data-testid=activate-plan][aria-pressed=true]")
    expect(suggested).to_have_attribute("data-plan", "fire", timeout=15_000)
    dialog.locator("[data-plan=accident]").click()
    dialog.locator("[data-reason='safety-accident:lift']").click()
    officer.screenshot(path=SHOTS / "activate-phone.png")
    dialog.get_by_test_id("activate-confirm").click()
    command = officer.get_by_test_id("command")
    expect(command).to_have_attribute("data-person", "wang-wei", timeout=15_000)
    activation = officer.get_by_test_id("activation-detail").get_attribute("data-activation")
    officer.screenshot(path=SHOTS / "command-phone.png", full_page=True)
    manager = open_page("zhang-min", f"/activations/{activation}")
    manager.get_by_test_id("take-command").click(timeout=30_000)
    manager.get_by_test_id("reason-words").fill("王伟进入现场救援")
    manager.get_by_test_id("reason-confirm").click()
    expect(command).to_have_attribute("data-person", "zhang-min", timeout=15_000)
    with staff.client("wang-wei") as api:
        found = api.get(f"/activations/{activation}").json()
        assert (found["plan"], found["zone"]) == ("accident", "b4-f1")
        assert found["reason"] == "电梯困人 / Trapped in a lift"
        assert [row["detail"] for row in found["timeline"] if row["what"] == "command-taken-over"] == [
            "wang-wei: 王伟进入现场救援"
        ]
        assert api.post(f"/activations/{activation}/stand-down", json={"reason": "救出"}).status_code == 200
