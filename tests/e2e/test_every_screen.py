"""Every page the router knows, for every role, in both languages, on a phone and on a desk, while a fire is on."""

import contextlib
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, ViewportSize, expect, sync_playwright
from playwright.sync_api import TimeoutError as PlaywrightTimeout

from tests.e2e.test_fire import DETECTOR_A, DETECTOR_B, SMOKE
from tests.e2e.test_page import QUIET
from tests.program import ADMIN_PASSWORD, Program
from tests.servers import CHROMIUM, ROOT, wait_until

WEB = ROOT / "dashboards/web/src"
PHONE, DESK = ViewportSize(width=390, height=844), ViewportSize(width=1440, height=900)
ROLES = {
    "wang-wei": "safety-officer",
    "zhang-min": "manager",
    "chen-gang": "crew",
    "sun-hong": "supervisor",
    "admin": "administrator",
}
EVERYTHING = "wang-wei"
"""Sees each page in both languages at both sizes; the others see each page once."""

WATCH = """
window.asked = 0
const send = window.fetch
window.fetch = (...what) => { window.asked++; return send(...what).finally(() => window.asked--) }
"""
SETTLED = """route => {
  const main = document.querySelector('main')
  const wanted = main?.dataset.route === route && main.querySelector('h1')
  return wanted && !window.asked && !main.querySelector('[aria-busy=true]')
}"""
GO = """path => { history.pushState(null, '', path); dispatchEvent(new PopStateEvent('popstate', { state: null })) }"""
LOOK = """() => {
  const main = document.querySelector('main')
  const wide = [...document.querySelectorAll('body *')].find((one) => {
    const box = one.getBoundingClientRect()
    const scrolls = (e) => e && (/auto|scroll|hidden/.test(getComputedStyle(e).overflowX) || scrolls(e.parentElement))
    return box.width > 1 && box.right > innerWidth + 1 && !scrolls(one.parentElement)
  })
  return {
    heading: main.querySelector('h1')?.textContent.trim() ?? '',
    text: main.innerText.trim(),
    whole: document.body.innerText,
    overflow: document.documentElement.scrollWidth - innerWidth,
    wide: wide ? wide.outerHTML.slice(0, 200) : '',
  }
}"""


@dataclass
class Walk:
    """One person's way over the pages; what is wrong is collected, so that one run tells everything."""

    page: Page
    who: str
    wrong: list[str] = field(default_factory=list)
    at: str = ""

    def hear(self, said: ConsoleMessage) -> None:
        asked = said.location["url"]
        # a headcount that has not begun is not there, which every browser notes down
        if said.type == "error" and not asked.endswith("/headcount"):
            self.wrong.append(f"{self.who} {self.at}: {said.text} {asked}")

    def go(self, name: str, path: str) -> None:
        self.at = path
        self.page.evaluate(GO, path)
        try:
            self.page.wait_for_function(SETTLED, arg=name, timeout=10_000)
        except PlaywrightTimeout:
            self.wrong.append(f"{self.who} {path}: no heading, or it loads for ever")

    def look(self, language: str, size: str) -> None:
        with contextlib.suppress(PlaywrightTimeout):  # a chart follows its place a moment later
            self.page.wait_for_function(f"() => !({LOOK})().wide", timeout=2_000)
        seen: dict[str, Any] = self.page.evaluate(LOOK)
        where = f"{self.who} {self.at} {language} {size}: "
        if not seen["heading"]:
            self.wrong.append(where + "no heading")
        if len(seen["text"]) <= len(seen["heading"]):
            self.wrong.append(where + "nothing but a heading")
        self.wrong += [where + f"untranslated {key}" for key in sorted(set(UNTRANSLATED.findall(seen["whole"])))]
        if seen["overflow"] > 0 or seen["wide"]:
            self.wrong.append(where + f"wider than the screen by {seen['overflow']} px: {seen['wide']}")


def _namespaces() -> str:
    """The first parts of all keys of the page's words."""
    found = {
        key
        for file in (WEB / "i18n/en").glob("*.ts")
        for key in re.findall(r"^  '?([\w-]+)'?: ", file.read_text(encoding="utf-8"), re.MULTILINE)
    }
    assert "alarms" in found
    found.discard("access")  # `access.denied` is an event's type, as rules write it
    return "|".join(sorted(found))


UNTRANSLATED = re.compile(rf"(?<![\w.@/-])(?:{_namespaces()})\.[a-z][\w-]*(?:\.[\w-]+)*(?![\w@])")


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=QUIET)
        yield chromium
        chromium.close()


@pytest.fixture(scope="module")
def addresses(program: Program) -> dict[str, str]:
    """An address for each of the router's pages: a fire is on, a drill planned, a round under way."""
    for username, role in ROLES.items():
        if username != "admin":
            program.add_user(username, role)
    with program.outside() as outside, program.client("wang-wei") as api:
        for detector in (DETECTOR_A, DETECTOR_B):
            outside.publish(detector, SMOKE)
        wait_until(lambda: api.get("/activations").json()["items"], 10, "the fire plan")
        wait_until(lambda: api.get("/tickets").json()["items"], 10, "a ticket")
        at = (datetime.now(UTC) + timedelta(days=3)).isoformat()
        drill: dict[str, Any] = {
            "kind": "evacuation",
            "plan": "fire",
            "level": "high",
            "zone": "b2-f1",
            "planned_at": at,
        }
        drill |= {"content": "疏散 / Evacuation", "participants": ["liu-yang"], "devices": ["smoke-b2-f1-a"]}
        planned = api.post("/drills", json=drill)
        assert planned.status_code == 201, planned.text
        begun = api.post("/inspections", json={"route": "special"})
        assert begun.status_code == 201, begun.text
        first = {name: api.get(f"/{name}").json()["items"][0]["id"] for name in ("activations", "tickets")}
        alarm = api.get("/alarms", params={"open": True}).json()["items"][0]["id"]
    return {
        "/places/:zone": "/places/b3",
        "/points/:device/:measure": "/points/env-b3-f1/temperature",
        "/rules/:id": "/rules/fire-confirmed",
        "/alarms/:parts+": "/alarms/" + alarm.replace(":", "/"),
        "/tickets/:parts+": "/tickets/" + first["tickets"].replace(":", "/"),
        "/plans/:id": "/plans/fire",
        "/activations/:parts+": "/activations/" + first["activations"].replace(":", "/"),
        "/drills/:id": f"/drills/{planned.json()['id']}",
        "/facilities/:id": "/facilities/hydrants",
        "/inspections/:id": f"/inspections/{begun.json()['id']}",
        "/:rest(.*)": "/no-such-page",
    }


def routes(addresses: dict[str, str]) -> list[tuple[str, str]]:
    """Name and address of every page behind the sign-in, from the router itself."""
    text = (WEB / "router.ts").read_text(encoding="utf-8")
    found = re.findall(r"path: '([^']+)', name: '([^']+)'", text)
    assert len(found) > 20
    assert set(addresses) <= {path for path, _ in found}
    return [(name, addresses.get(path, path)) for path, name in found if name != "sign-in"]


def sign_in(program: Program, context: BrowserContext, username: str) -> Walk:
    """Signed in on a phone, in Chinese; what the browser complains of from now on is wrong."""
    page = context.new_page()
    walk = Walk(page, username)
    page.add_init_script(WATCH)
    page.goto(program.url)
    page.get_by_test_id("login-username").fill(username)
    page.get_by_test_id("login-password").fill(ADMIN_PASSWORD)
    page.get_by_test_id("login-submit").click()
    expect(page.get_by_test_id("connection-state")).to_have_attribute("data-state", "connected", timeout=15_000)
    page.on("pageerror", lambda error: walk.wrong.append(f"{username} {walk.at}: {error}"))
    page.on("console", walk.hear)
    return walk


@pytest.mark.parametrize("username", ROLES)
def test_every_page_shows_itself_to(
    username: str, program: Program, browser: Browser, addresses: dict[str, str]
) -> None:
    """A heading and something below it, no raw key, nothing wider than the phone, and a silent console."""
    context = browser.new_context(locale="zh-CN", viewport=PHONE, timezone_id="Europe/Berlin")
    walk = sign_in(program, context, username)
    for name, address in routes(addresses):
        walk.go(name, address)
        walk.look("zh", "phone")
        if username == EVERYTHING:
            walk.page.set_viewport_size(DESK)
            walk.look("zh", "desk")
            walk.page.get_by_test_id("language-toggle").click()
            walk.look("en", "desk")
            walk.page.set_viewport_size(PHONE)
            walk.look("en", "phone")
            walk.page.set_viewport_size(DESK)
            walk.page.get_by_test_id("language-toggle").click()
            walk.page.set_viewport_size(PHONE)
    context.close()
    assert walk.wrong == []
