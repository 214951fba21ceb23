"""Signing in and out, guessing, time limits, and pages of others."""

import re
from collections.abc import Callable

import httpx
import pytest
from sqlalchemy.exc import OperationalError

from api.security.access import COOKIE
from api.security.sessions import digest
from backbone.database import users
from backbone.database.users import StoredSession
from community.people import Role
from tests.unit.api.house import PASSWORD, House

HOUR_S = 3600


async def sign_in(client: httpx.AsyncClient, username: str = "crew", password: str = PASSWORD) -> httpx.Response:
    return await client.post("/session", json={"username": username, "password": password})


async def test_signing_in_gives_a_token_and_a_cookie(house: House, web: httpx.AsyncClient) -> None:
    answer = await sign_in(web)
    assert answer.status_code == 201
    body = answer.json()
    assert body["user"] == {"username": "crew", "name": "Crew", "roles": ["crew"]}
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", body["expires"])
    cookie = answer.headers["set-cookie"].lower()
    assert "httponly" in cookie
    assert "samesite=strict" in cookie
    assert len(body["token"]) >= 43, "256 bits"
    assert answer.headers["cache-control"] == "no-store"
    assert (await web.get("/session")).json()["user"]["username"] == "crew", "by cookie"
    async with house.client(authorization=f"Bearer {body['token']}") as other:
        assert (await other.get("/session")).status_code == 200, "by token"


async def test_the_cookie_is_secure_behind_tls(house: House) -> None:
    transport = httpx.ASGITransport(house.app)
    async with httpx.AsyncClient(transport=transport, base_url="https://anju.test/api/v1") as client:
        assert "secure" in (await sign_in(client)).headers["set-cookie"].lower()


@pytest.mark.parametrize(("username", "password"), [("crew", "wrong"), ("nobody", PASSWORD), ("nobody", "wrong")])
async def test_a_wrong_name_and_a_wrong_password_are_told_alike(
    house: House, web: httpx.AsyncClient, username: str, password: str
) -> None:
    answer = await sign_in(web, username, password)
    assert answer.status_code == 401
    assert answer.json()["detail"] == "user name or password is wrong"
    row = house.audit()[0]
    assert (row.who, row.action, row.outcome) == (username, "session.open", "failed")


async def test_guessing_is_slowed_where_it_happens_and_nowhere_else(house: House, web: httpx.AsyncClient) -> None:
    for _ in range(5):
        assert (await sign_in(web, password="wrong")).status_code == 401  # pragma: allowlist secret
    refused = await sign_in(web)
    assert refused.status_code == 429
    assert int(refused.headers["retry-after"]) >= 1
    async with house.client("10.9.9.9") as elsewhere:
        assert (await sign_in(elsewhere)).status_code == 201, "the owner is not locked out"
    house.clock.turn(2)
    assert (await sign_in(web)).status_code == 201


async def test_signing_out_ends_the_session(house: House, web: httpx.AsyncClient) -> None:
    token = (await sign_in(web)).json()["token"]
    assert (await web.delete("/session")).status_code == 204
    async with house.client(authorization=f"Bearer {token}") as other:
        assert (await other.get("/alarms")).status_code == 401
    assert house.audit()[0].action == "session.close"


async def test_a_session_ends_unused_or_after_its_time(house: House, web: httpx.AsyncClient) -> None:
    await sign_in(web)
    house.clock.turn(11 * HOUR_S)
    assert (await web.get("/session")).status_code == 200
    house.clock.turn(11 * HOUR_S)
    assert (await web.get("/session")).status_code == 200, "it was used meanwhile"
    house.clock.turn(12 * HOUR_S)
    assert (await web.get("/session")).status_code == 401, "idle"
    await sign_in(web)
    for _ in range(16):
        house.clock.turn(10.5 * HOUR_S)
        alive = (await web.get("/session")).status_code
    assert alive == 401, "seven days, used or not"
    house.platform.sessions.forget_old(house.clock())


async def test_another_sites_page_may_not_act_with_the_cookie(house: House, web: httpx.AsyncClient) -> None:
    await sign_in(web, "manager")
    foreign = {"Origin": "https://evil.test"}
    own = {"Origin": "http://anju.test"}
    ticket = {"zone": "b1", "title": "x"}
    assert (await web.post("/tickets", json=ticket, headers=foreign)).status_code == 403
    assert (await web.post("/tickets", json=ticket, headers=own)).status_code == 201
    assert (
        await web.post("/session", json={"username": "crew", "password": PASSWORD}, headers=foreign)
    ).status_code == 403


async def test_the_password_appears_in_no_answer(web: httpx.AsyncClient) -> None:
    answer = await web.post(
        "/session",
        json={"username": ["x"], "password": "secret-in-a-typo"},  # pragma: allowlist secret
    )  # pragma: allowlist secret
    assert answer.status_code == 422
    assert "secret-in-a-typo" not in answer.text


async def test_nothing_is_kept_that_opens_a_session(house: House, web: httpx.AsyncClient) -> None:
    token = (await sign_in(web)).json()["token"]
    assert COOKIE in web.cookies
    assert token.encode() not in (house.folder / "anju.db").read_bytes()
    assert token.encode() not in (house.folder / "anju.db-wal").read_bytes()
    assert PASSWORD.encode() not in (house.folder / "anju.db").read_bytes()
    assert Role.CREW in (house.platform.sessions.find(token, house.clock()) or pytest.fail("no session")).roles


@pytest.fixture
def unwritable(house: House) -> Callable[[], None]:
    """No sign-in can be written, as on a full disk; call it to have room again."""

    def rename(table: str, to: str) -> None:
        with house.database.begin() as connection:
            connection.exec_driver_sql(f"ALTER TABLE {table} RENAME TO {to}")

    rename("audit", "no_room")
    return lambda: rename("no_room", "audit")


async def test_a_disk_that_is_full_keeps_nobody_from_looking(
    house: House, web: httpx.AsyncClient, unwritable: Callable[[], None]
) -> None:
    assert (await sign_in(web, password="wrong")).status_code == 401  # pragma: allowlist secret
    assert (await sign_in(web)).status_code == 201
    assert (await web.get("/alarms")).status_code == 200
    house.clock.turn(11 * HOUR_S)
    assert (await web.get("/alarms")).status_code == 200
    with pytest.raises(OperationalError):
        house.platform.sessions.write_down()
    unwritable()
    house.platform.sessions.write_down()
    row = house.audit()[0]
    assert (row.who, row.action, row.outcome) == ("crew", "session.open", "done")
    house.clock.turn(11 * HOUR_S)
    assert (await web.get("/alarms")).status_code == 200, "that it was used was written, too"
    assert (await web.delete("/session")).status_code == 204
    assert (await web.get("/alarms")).status_code == 401


async def test_who_signs_out_while_the_disk_is_full_is_out_and_both_are_on_record_later(
    house: House, web: httpx.AsyncClient, unwritable: Callable[[], None]
) -> None:
    """Also of a session that was opened before."""
    token = (await sign_in(web)).json()["token"]
    before = house.as_(Role.MANAGER)
    for page in (web, before):
        assert (await page.delete("/session")).status_code == 204
        assert (await page.get("/alarms")).status_code == 401
    unwritable()
    house.platform.sessions.write_down()
    rows = [(row.who, row.action) for row in house.audit()]
    assert {("crew", "session.open"), ("crew", "session.close"), ("manager", "session.close")} <= set(rows)
    assert house.platform.sessions.find(token, house.clock()) is None
    assert (await before.get("/alarms")).status_code == 401


@pytest.mark.parametrize("written_first", [False, True])
async def test_a_session_that_is_not_written_ends_with_the_password_it_was_opened_with(
    house: House, web: httpx.AsyncClient, unwritable: Callable[[], None], written_first: bool
) -> None:
    token = (await sign_in(web)).json()["token"]
    unwritable()
    if written_first:
        house.platform.sessions.write_down()
    changed = {"password": "another-password-for-tests"}  # pragma: allowlist secret
    assert (await house.as_(Role.ADMINISTRATOR).patch("/users/crew", json=changed)).status_code == 200
    assert house.platform.sessions.find(token, house.clock()) is None
    house.platform.sessions.write_down()
    assert house.platform.sessions.find(token, house.clock()) is None


async def test_a_session_that_was_written_without_our_hearing_of_it_is_no_obstacle(
    house: House, web: httpx.AsyncClient, unwritable: Callable[[], None]
) -> None:
    """A database that goes away while it commits may have done so."""
    token = (await sign_in(web)).json()["token"]
    unwritable()
    now = house.clock()
    with house.database.begin() as connection:
        users.insert_session(
            connection,
            StoredSession(token_hash=digest(token), username="crew", created=now, last_used=now, expires=now + 10**9),
        )
    house.clock.turn(11 * HOUR_S)
    assert house.platform.sessions.find(token, house.clock()) is not None
    house.platform.sessions.write_down()
    house.clock.turn(11 * HOUR_S)
    assert house.platform.sessions.find(token, house.clock()) is not None, "that it was used is on record"
