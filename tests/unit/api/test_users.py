"""Users: made and changed by administrators, at once in force."""

import httpx

from community.people import Role
from tests.unit.api.house import PASSWORD, House

NEW = {
    "username": "li-na",
    "name": "李娜",
    "roles": ["crew"],
    "password": "a-long-one-of-hers",  # pragma: allowlist secret
}  # pragma: allowlist secret


async def test_a_new_user_may_sign_in(house: House, web: httpx.AsyncClient) -> None:
    async with house.as_(Role.ADMINISTRATOR) as admin:
        made = await admin.post("/users", json=NEW)
        assert made.status_code == 201
        assert made.json()["roles"] == ["crew"]
        assert "password" not in made.text
        names = [row["username"] for row in (await admin.get("/users")).json()["items"]]
        assert "li-na" in names
        again = await admin.post("/users", json=NEW)
        assert again.status_code == 409
    signed_in = await web.post("/session", json={"username": "li-na", "password": NEW["password"]})
    assert signed_in.status_code == 201
    assert "user.create" in {row.action for row in house.audit()}


async def test_poor_passwords_are_refused(house: House) -> None:
    async with house.as_(Role.ADMINISTRATOR) as admin:
        for password in ("short", "password123", "aaaaaaaaaa", "Qwerty123", "li-na-li"):
            username = "li-na-li" if password == "li-na-li" else "li-na"  # pragma: allowlist secret
            answer = await admin.post("/users", json={**NEW, "username": username, "password": password})
            assert answer.status_code == 422, password
            assert password not in answer.text.replace(username, "")


async def test_disabling_acts_at_once(house: House) -> None:
    async with house.as_(Role.CREW) as crew, house.as_(Role.ADMINISTRATOR) as admin:
        page = house.platform.hub.add("crew", "session")
        assert (await crew.get("/alarms")).status_code == 200
        assert (await admin.patch("/users/crew", json={"disabled": True})).status_code == 200
        assert (await crew.get("/alarms")).status_code == 401
        assert page.close_reason is not None
        answer = await crew.post("/session", json={"username": "crew", "password": PASSWORD})
        assert answer.status_code == 401


async def test_a_changed_role_acts_at_once(house: House) -> None:
    async with house.as_(Role.CREW) as crew, house.as_(Role.ADMINISTRATOR) as admin:
        page = house.platform.hub.add("crew", "session")
        assert (await crew.post("/tickets", json={"zone": "b1", "title": "x"})).status_code == 201
        assert (await admin.patch("/users/crew", json={"roles": ["supervisor"]})).status_code == 200
        assert (await crew.post("/tickets", json={"zone": "b1", "title": "x"})).status_code == 403
        assert page.close_reason is not None
    assert house.audit()[0].outcome == "forbidden"


async def test_a_new_password_ends_all_sessions(house: House) -> None:
    changed_to = "another-long-one"
    async with house.as_(Role.CREW) as crew, house.as_(Role.ADMINISTRATOR) as admin:
        changed = await admin.patch("/users/crew", json={"password": changed_to})
        assert changed.status_code == 200
        assert (await crew.get("/alarms")).status_code == 401
        answer = await crew.post(
            "/session", json={"username": "crew", "password": changed_to}
        )  # pragma: allowlist secret
        assert answer.status_code == 201
    rows = [row for row in house.audit() if row.action == "user.change"]
    assert rows[0].detail == "password"


async def test_somebody_remains_who_manages_users(house: House) -> None:
    async with house.as_(Role.ADMINISTRATOR) as admin:
        for change in ({"disabled": True}, {"roles": ["crew"]}):
            answer = await admin.patch("/users/administrator", json=change)
            assert answer.status_code == 409
            assert "somebody must remain" in answer.json()["detail"]
        assert (await admin.get("/users")).status_code == 200
        assert (await admin.patch("/users/nobody", json={"disabled": True})).status_code == 404
