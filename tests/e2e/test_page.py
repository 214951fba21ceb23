"""The page in Chromium, as the people of the community use it. Screenshots are kept in test-output/."""

import json
import os
import re
import signal
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from playwright.sync_api import Browser, Locator, Page, expect, sync_playwright

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
    program.add_user("zhao-lei", "crew")
    return program


@pytest.fixture
def open_page(staff: Program, browser: Browser) -> Iterator[object]:
    """Opens the page signed in as somebody; whatever the browser complained of fails the test."""
    contexts = []
    complaints: list[str] = []

    def opened(username: str, *, locale: str = "zh-CN", phone: bool = False, clock: str = "Asia/Shanghai") -> Page:
        size = {"width": 390, "height": 844} if phone else {"width": 1440, "height": 900}
        context = browser.new_context(locale=locale, viewport=size, timezone_id=clock)  # type: ignore[arg-type]
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


def test_a_found_device_is_offered_with_lines_for_its_place(open_page, outside: Outside) -> None:  # type: ignore[no-untyped-def]
    definition = {"vendor": "Aqara", "model": "WSDCGQ11LM", "exposes": []}
    outside.publish(
        "zigbee2mqtt/bridge/devices", json.dumps([{"friendly_name": "new-climate", "definition": definition}])
    )
    page: Page = open_page("wang-wei", phone=True)
    page.goto(f"{page.url.split('#')[0].rstrip('/')}/platform")
    found = page.locator("[data-gateway=gw-east]").get_by_test_id("found-devices")
    row = found.locator('[data-topic="zigbee2mqtt/new-climate"]')
    expect(row).to_have_attribute("data-match", "model", timeout=40_000)
    row.get_by_test_id("found-lines").click()
    expect(row).to_contain_text("尚未选择位置")
    found.get_by_test_id("found-zone").click()
    page.get_by_role("option", name="水泵房").click()
    expect(row.get_by_test_id("found-row-lines")).to_contain_text(
        "zone: pump-room, mqtt: {topic: zigbee2mqtt/new-climate}"
    )
    row.get_by_test_id("found-copy").click()
    expect(row.get_by_role("status")).to_be_visible()
    page.screenshot(path=SHOTS / "found-phone.png")


def test_refusals_are_said_in_chinese_and_fit_a_phone(open_page, staff: Program, outside: Outside) -> None:  # type: ignore[no-untyped-def]
    outside.publish("zigbee2mqtt/smoke-b3-f1-a", {"smoke": "perhaps"})
    page: Page = open_page("wang-wei", phone=True)
    page.goto(f"{staff.url}/platform")
    refusals = page.locator("[data-gateway=gw-east]").get_by_test_id("gateway-refusals")
    row = refusals.locator("tr", has_text="zigbee2mqtt/smoke-b3-f1-a")
    expect(row).to_contain_text("smoke：应为真/假值，收到的是文字", timeout=40_000)
    assert refusals.evaluate("table => table.scrollWidth <= table.parentElement.clientWidth")
    page.screenshot(path=SHOTS / "refusals-phone.png")


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
    expect(page.get_by_test_id("coverage")).to_contain_text("数据完整率")
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


CREW = ["陈刚", "赵磊", "刘洋"]
FIRST_DAY = date(2026, 1, 5)


def _turn(day: date, shift: str) -> str:
    """Who has the maintenance's shift that begins on a day: one a day in turn, as the demo's roster says."""
    names = CREW if shift == "day" else [CREW[1], CREW[2], CREW[0]]
    return names[(day - FIRST_DAY).days % 3]


def _of(page: Page, day: date, shift: str) -> Locator:
    cell = page.locator(f'[data-testid=roster-day][data-day="{day}"] [data-duty=maintenance]')
    return cell.locator(f'[data-testid=roster-spell][data-shift="{shift}"]')


def test_the_roster_is_read_by_the_sites_clock_and_swapped_by_those_on_it(open_page, staff: Program) -> None:  # type: ignore[no-untyped-def]
    """On a phone far away: days, shifts and ends are the community's; one asks, the other takes over, both see it."""
    chen: Page = open_page("chen-gang", phone=True, clock="America/Los_Angeles")
    chen.goto(f"{staff.url}/duty")
    expect(chen.get_by_test_id("on-duty")).to_contain_text(re.compile("至 (08|20):00"))
    today = datetime.now(ZoneInfo("Asia/Shanghai")).date()
    for ahead in range(1, 7):
        day = today + timedelta(days=ahead)
        for shift in ("day", "night"):
            expect(_of(chen, day, shift)).to_contain_text(_turn(day, shift))
    mine = next(day for n in range(1, 4) if _turn(day := today + timedelta(days=n), "day") == "陈刚")
    _of(chen, mine, "day").get_by_test_id("own-duty").click()
    chen.get_by_test_id("swap-whom").click()
    chen.get_by_role("option", name="赵磊").click()
    chen.get_by_test_id("swap-reason").fill("看牙医")
    chen.get_by_test_id("swap-ask").click()
    expect(chen.get_by_test_id("swap-request")).to_contain_text("看牙医")
    expect(_of(chen, mine, "day")).to_contain_text("陈刚")
    zhao: Page = open_page("zhao-lei", locale="en-GB", phone=True)
    zhao.goto(f"{staff.url}/duty")
    zhao.get_by_test_id("swap-accept").click()
    expect(_of(zhao, mine, "day")).to_contain_text("赵磊")
    officer: Page = open_page("wang-wei", locale="en-GB")
    officer.goto(f"{staff.url}/duty")
    expect(_of(officer, mine, "day")).to_contain_text("stand-in")
    _of(officer, mine, "night").get_by_test_id("stand-in").click()
    officer.get_by_test_id("stand-in-who").click()
    officer.get_by_role("option", name="陈刚").click()
    officer.get_by_test_id("stand-in-reason").fill("fever")
    officer.get_by_test_id("stand-in-confirm").click()
    expect(_of(officer, mine, "night")).to_contain_text("陈刚")
    officer.screenshot(path=SHOTS / "duty.png", full_page=True)


def test_somebody_chooses_how_they_are_told_of_one_kind_and_grade(open_page, staff: Program) -> None:  # type: ignore[no-untyped-def]
    page: Page = open_page("zhang-min", phone=True)
    page.goto(f"{staff.url}/duty")
    page.get_by_test_id("my-kinds").click()
    lamps, fires = page.get_by_test_id("my-ticket.low"), page.get_by_test_id("my-alarm.high")
    lamps.locator(".el-checkbox").click()
    lamps.get_by_label("免打扰从").fill("18:00")
    lamps.get_by_label("到").fill("09:00")
    fires.locator(".el-checkbox").click()
    expect(fires).to_contain_text("此类任何时间都通知")
    page.get_by_test_id("my-save").click()
    expect(page.get_by_test_id("my-saved")).to_be_visible()
    page.screenshot(path=SHOTS / "my-notifications.png", full_page=True)
    page.reload()
    expect(page.get_by_test_id("my-ticket.low").get_by_label("免打扰从")).to_have_value("18:00")


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
