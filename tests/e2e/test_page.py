"""The page in Chromium, as the people of the community use it. Screenshots are kept in test-output/."""

import os
import re
import signal
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from tests.program import ADMIN_PASSWORD, Outside, Program
from tests.servers import CHROMIUM, ROOT, wait_until

SHOTS = ROOT / "test-output"
QUIET = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    SHOTS.mkdir(exist_ok=True)
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=QUIET)
        yield chromium
        chromium.close()


@pytest.fixture(scope="module")
def staff(program: Program) -> Program:
    """The program with the people who use it."""
    program.add_user("wang-wei", "safety-officer")
    program.add_user("zhang-min", "manager")
    program.add_user("chen-gang", "crew")
    return program


@pytest.fixture
def open_page(staff: Program, browser: Browser) -> Iterator[object]:
    """Opens the page signed in as somebody; whatever the browser complained of fails the test."""
    contexts = []
    complaints: list[str] = []

    def opened(username: str, *, locale: str = "zh-CN", phone: bool = False) -> Page:
        size = {"width": 390, "height": 844} if phone else {"width": 1440, "height": 900}
        context = browser.new_context(locale=locale, viewport=size, timezone_id="Asia/Shanghai")  # type: ignore[arg-type]
        contexts.append(context)
        page = context.new_page()
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.goto(staff.url)
        page.get_by_test_id("login-username").fill(username)
        page.get_by_test_id("login-password").fill(ADMIN_PASSWORD)
        page.get_by_test_id("login-submit").click()
        expect(page.get_by_test_id("connection-state")).to_have_attribute("data-state", "connected", timeout=15_000)
        return page

    yield opened
    for context in contexts:
        context.close()
    assert not complaints


def test_a_wrong_password_is_told_in_words(staff: Program, browser: Browser) -> None:
    page = browser.new_page(locale="en-GB")
    page.goto(staff.url)
    page.get_by_test_id("login-username").fill("wang-wei")
    page.get_by_test_id("login-password").fill("not-the-password")
    page.get_by_test_id("login-submit").click()
    expect(page.get_by_test_id("login-problem")).to_be_visible()
    page.close()


def test_an_alarm_arrives_is_acknowledged_and_its_chart_opened(open_page, staff: Program, outside: Outside) -> None:  # type: ignore[no-untyped-def]
    page: Page = open_page("wang-wei")
    expect(page.get_by_test_id("building-tile")).not_to_have_count(0)
    page.screenshot(path=SHOTS / "overview-calm.png")
    outside.publish("zigbee2mqtt/smoke-b3-f1-a", {"smoke": True, "battery": 90, "test": False})
    row = page.locator('[data-testid=alarm-row][data-alarm-id^="jinxiu:smoke:smoke-b3-f1-a.smoke"]').first
    expect(row).to_have_attribute("data-state", "unacknowledged", timeout=2_000)
    outside.publish("zigbee2mqtt/smoke-b3-f1-b", {"smoke": True, "battery": 90, "test": False})
    expect(page.get_by_test_id("activation-banner")).to_be_visible(timeout=5_000)
    page.screenshot(path=SHOTS / "overview.png")
    row.get_by_test_id("alarm-acknowledge").click()
    page.get_by_test_id("ack-note").fill("已派人到现场")
    page.get_by_test_id("ack-confirm").click()
    expect(row).to_have_attribute("data-state", "acknowledged", timeout=5_000)
    page.goto(f"{staff.url}/points/env-b3-f1/temperature")
    expect(page.get_by_test_id("point-chart").locator("canvas").first).to_be_visible(timeout=10_000)
    expect(page.get_by_test_id("point-chart")).to_have_attribute("data-buckets", re.compile("[1-9]"), timeout=10_000)
    page.screenshot(path=SHOTS / "point.png")


def test_the_activation_shows_its_steps_and_their_proof(open_page, staff: Program) -> None:  # type: ignore[no-untyped-def]
    page: Page = open_page("wang-wei")
    page.get_by_test_id("activation-banner").get_by_role("link").or_(
        page.get_by_test_id("activation-banner")
    ).first.click()
    release = page.locator('[data-testid=activation-step][data-step="release"]')
    expect(release).to_have_attribute("data-state", "done", timeout=10_000)
    expect(page.get_by_test_id("activation-step")).to_have_count(11)
    page.screenshot(path=SHOTS / "activation.png", full_page=True)
    phone: Page = open_page("wang-wei", phone=True)
    phone.goto(page.url)
    expect(phone.get_by_test_id("activation-step")).to_have_count(11, timeout=10_000)
    phone.screenshot(path=SHOTS / "activation-phone.png", full_page=True)


def test_a_ticket_is_worked_by_one_and_inspected_by_another(open_page, staff: Program) -> None:  # type: ignore[no-untyped-def]
    with staff.client() as api:
        ticket = next(
            t
            for t in api.get("/tickets", params={"limit": 200}).json()["items"]
            if t["state"] in {"reported", "assigned"}
        )
    crew: Page = open_page("chen-gang", phone=True)
    crew.goto(f"{staff.url}/tickets/{ticket['id']}")
    crew.get_by_test_id("ticket-action-start").click()
    _say(crew, "")
    crew.get_by_test_id("ticket-action-rectify").click()
    _say(crew, "现场无火，厨房油烟，已通风")
    expect(crew.get_by_test_id("ticket-action-reinspect")).to_have_count(0)
    crew.screenshot(path=SHOTS / "ticket-phone.png", full_page=True)
    manager: Page = open_page("zhang-min", locale="en-GB")
    manager.goto(f"{staff.url}/tickets/{ticket['id']}")
    manager.get_by_test_id("ticket-action-reinspect").first.click()
    _say(manager, "looked, all clear")
    manager.screenshot(path=SHOTS / "ticket-en.png", full_page=True)
    with staff.client() as api:
        wait_until(
            lambda: api.get(f"/tickets/{ticket['id']}").json()["state"] == "re-inspected", 10, "the re-inspection"
        )


def _say(page: Page, words: str) -> None:
    if words:
        page.get_by_test_id("ticket-words").or_(page.get_by_test_id("ticket-note")).first.fill(words)
    page.get_by_test_id("ticket-confirm").click()
    expect(page.get_by_test_id("ticket-confirm")).to_have_count(0, timeout=5_000)


def test_a_lost_connection_is_said_and_heals(open_page, staff: Program) -> None:  # type: ignore[no-untyped-def]
    """The API dies: the page says so and how old what it shows is; it comes back by itself."""
    page: Page = open_page("zhang-min")
    staff.kill("ingest+api")
    state = page.get_by_test_id("connection-state")
    expect(state).not_to_have_attribute("data-state", "connected", timeout=8_000)
    page.screenshot(path=SHOTS / "connection-lost.png")
    expect(state).to_have_attribute("data-state", "connected", timeout=40_000)


def test_a_service_that_died_is_named_meanwhile(open_page, staff: Program) -> None:  # type: ignore[no-untyped-def]
    """Each death in a row is followed by a longer wait; meanwhile the page names the service."""
    page: Page = open_page("zhang-min")
    for _ in range(2):
        staff.kill("simulator")
    os.kill(staff.services()["simulator"]["pid"], signal.SIGKILL)
    expect(page.get_by_test_id("service-notice")).to_be_visible(timeout=5_000)
    page.screenshot(path=SHOTS / "service-away.png")
    expect(page.get_by_test_id("service-notice")).to_have_count(0, timeout=30_000)
