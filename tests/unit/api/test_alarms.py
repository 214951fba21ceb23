"""Alarms over HTTP: listed, acknowledged, reset; once, however often it is sent."""

from api import paging
from community.people import Role
from tests.unit.api.house import NOW, House

LATCHED_RULE = "fire-confirmed"


async def test_an_alarm_is_shown_whole(house: House) -> None:
    alarm = house.raise_alarm()
    async with house.as_(Role.CREW) as crew:
        shown = (await crew.get(f"/alarms/{alarm.id}")).json()
        listed = (await crew.get("/alarms", params={"open": True})).json()
    assert listed == {"items": [shown], "next": None}
    assert shown["id"] == alarm.id
    assert shown["state"] == "unacknowledged"
    assert shown["message"]["zh"]
    assert shown["raised_at"] == "2026-09-21T14:13:20.000Z"
    assert shown["acknowledged_at"] is None
    assert shown["points"] == list(alarm.points)


async def test_acknowledging_changes_it_and_tells_everybody(house: House) -> None:
    alarm = house.raise_alarm()
    house.clock.turn(4)
    async with house.as_(Role.MANAGER) as manager:
        answer = await manager.post(f"/alarms/{alarm.id}/acknowledge", json={"note": "on my way"})
        assert answer.status_code == 200
        assert answer.json()["state"] == "acknowledged"
        assert answer.json()["acknowledged_by"] == "manager"
        assert answer.json()["acknowledged_at"] == "2026-09-21T14:13:24.000Z"
        again = await manager.post(f"/alarms/{alarm.id}/acknowledge", json={})
    assert again.status_code == 409
    assert again.json()["detail"] == "the alarm is acknowledged already"
    assert again.headers["content-type"] == "application/problem+json"
    (event,) = house.events()
    assert (event.kind, event.change, event.object_id) == ("alarm", "acknowledged", alarm.id)
    assert event.document["acknowledged_by"] == "manager"
    assert house.woken, "the relay was told"
    refused, done = house.audit()[:2]
    assert (refused.outcome, done.outcome) == ("refused", "done")
    assert (done.who, done.action, done.target, done.at) == ("manager", "alarm.acknowledge", alarm.id, NOW + 4000)


async def test_an_alarm_that_stands_cannot_be_reset(house: House) -> None:
    alarm = house.raise_alarm()
    async with house.as_(Role.SAFETY_OFFICER) as officer:
        assert (await officer.post(f"/alarms/{alarm.id}/reset", json={"reason": "looked"})).status_code == 409
        assert (await officer.post(f"/alarms/{alarm.id}/reset", json={})).status_code == 422
        assert (await officer.post("/alarms/nothing/reset", json={"reason": "looked"})).status_code == 404
    assert house.events() == []


async def test_a_repeated_request_has_one_effect_and_one_answer(house: House) -> None:
    alarm = house.raise_alarm()
    key = {"Idempotency-Key": "k-1"}
    async with house.as_(Role.MANAGER) as manager, house.as_(Role.SAFETY_OFFICER) as officer:
        first = await manager.post(f"/alarms/{alarm.id}/acknowledge", json={"note": "a"}, headers=key)
        house.clock.turn(1)
        second = await manager.post(f"/alarms/{alarm.id}/acknowledge", json={"note": "a"}, headers=key)
        assert (second.status_code, second.json()) == (first.status_code, first.json())
        other = await manager.post(f"/alarms/{alarm.id}/acknowledge", json={"note": "b"}, headers=key)
        assert other.status_code == 422
        theirs = await officer.post(f"/alarms/{alarm.id}/acknowledge", json={"note": "a"}, headers=key)
        assert theirs.status_code == 409, "a key is a user's own"
        too_long = await manager.post(
            f"/alarms/{alarm.id}/acknowledge", json={}, headers={"Idempotency-Key": "k" * 300}
        )
        assert too_long.status_code == 400
    assert len(house.events()) == 1


async def test_lists_come_in_pages_the_newest_first(house: House) -> None:
    ids = [house.raise_alarm(at=NOW + n // 2, scope=f"smoke-b3-f1-{n}.smoke").id for n in range(7)]
    async with house.as_(Role.MANAGER) as manager:
        seen: list[str] = []
        cursor = None
        for _ in range(4):
            params = {"limit": "2"} | ({"cursor": cursor} if cursor else {})
            page = (await manager.get("/alarms", params=params)).json()
            seen += [row["id"] for row in page["items"]]
            cursor = page["next"]
        assert cursor is None
        assert sorted(seen) == sorted(ids)
        assert seen == sorted(ids, key=lambda i: (int(i.rsplit(":", 1)[1]), i), reverse=True)
        for bad in ("zzz", "bnVsbA", "WzFd", "é", paging.encode((10**30, "x")), paging.encode((-1, "x"))):
            assert (await manager.get("/alarms", params={"cursor": bad})).status_code == 400


async def test_lists_are_filtered_by_state(house: House) -> None:
    alarm = house.raise_alarm()
    other = house.raise_alarm(at=NOW + 1, scope="smoke-b1-f1-a.smoke")
    async with house.as_(Role.MANAGER) as manager:
        await manager.post(f"/alarms/{alarm.id}/acknowledge", json={})

        async def ids(**params: str) -> set[str]:
            return {row["id"] for row in (await manager.get("/alarms", params=params)).json()["items"]}

        assert await ids(state="acknowledged") == {alarm.id}
        assert await ids(state="unacknowledged", open="true") == {other.id}
        assert await ids(open="false") == set()
        assert await ids() == {alarm.id, other.id}
        assert (await manager.get("/alarms", params={"state": "on-fire"})).status_code == 422
