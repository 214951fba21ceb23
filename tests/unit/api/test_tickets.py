"""The closed loop of a ticket over HTTP (问题-整改-复查)."""

from io import BytesIO
from typing import Any

import httpx
from PIL import Image

from backbone.database.tickets import get_ticket, save_ticket
from community import tickets
from community.people import Role
from community.ticket_deadlines import mark_late
from community.tickets import Condition
from tests.pictures import photo
from tests.unit.api.house import NOW, SMOKE, House, take


async def act(client: httpx.AsyncClient, ticket: dict[str, Any], action: str, **fields: object) -> httpx.Response:
    return await client.post(f"/tickets/{ticket['id']}/{action}", json=fields)


async def test_from_report_to_close(house: House) -> None:
    async with (
        house.as_(Role.MANAGER) as manager,
        house.as_(Role.CREW) as crew,
        house.as_(Role.SUPERVISOR) as supervisor,
    ):
        made = await crew.post("/tickets", json={"zone": "b3-f1", "title": "灯坏了", "note": "闪烁", "priority": "low"})
        assert made.status_code == 201
        ticket = made.json()
        assert (ticket["state"], ticket["source"], ticket["priority"]) == ("reported", "person:crew", "low")
        assert ticket["respond_by"] == "2026-09-21T16:13:20.000Z"
        assert (await act(manager, ticket, "assign", to="crew")).json()["assignee"] == "crew"
        assert (await act(crew, ticket, "start")).json()["state"] == "in-progress"
        assert (await act(crew, ticket, "rectify", evidence="")).status_code == 422
        assert (await act(crew, ticket, "rectify", evidence="new lamp")).json()["state"] == "rectified"
        failed = await act(supervisor, ticket, "reinspect", passed=False, note="still dark")
        assert (failed.json()["state"], failed.json()["failed_inspections"]) == ("in-progress", 1)
        assert (await act(manager, ticket, "rectify", evidence="new switch")).json()["rectified_by"] == "manager"
        own = await act(manager, ticket, "reinspect", passed=True)
        assert own.status_code == 409
        assert "somebody else" in own.json()["detail"]
        assert (await act(supervisor, ticket, "reinspect", passed=True)).json()["state"] == "re-inspected"
        closed = (await act(supervisor, ticket, "close")).json()
        assert closed["state"] == "closed"
        assert [row["by"] for row in closed["history"]] == [
            "crew", "manager", "crew", "crew", "supervisor", "manager", "supervisor", "supervisor"
        ]  # fmt: skip
        assert (await crew.get("/tickets", params={"open": True})).json()["items"] == []
        assert len((await crew.get("/tickets")).json()["items"]) == 1
        assert (await crew.get(f"/tickets/{ticket['id']}")).json() == closed
    assert [event.change for event in house.events()][-1] == "closed"


async def test_a_ticket_goes_to_somebody_who_works_tickets(house: House) -> None:
    async with house.as_(Role.MANAGER) as manager:
        ticket = (await manager.post("/tickets", json={"zone": "b1", "title": "x"})).json()
        for nobody in ("supervisor", "ghost"):
            assert (await act(manager, ticket, "assign", to=nobody)).status_code == 409
        assert (await act(manager, ticket, "cancel", reason="   ")).status_code == 422
        assert (await act(manager, ticket, "cancel", reason="twice")).json()["state"] == "cancelled"


async def test_reports_are_checked(house: House) -> None:
    async with house.as_(Role.CREW) as crew:
        for bad in (
            {"zone": "nowhere", "title": "x"},
            {"zone": "b1", "title": ""},
            {"zone": "b1", "title": "x" * 201},
            {"zone": "b1", "title": "x", "priority": "urgent"},
            {"zone": "b1", "title": "x", "unknown": 1},
        ):
            answer = await crew.post("/tickets", json=bad)
            assert answer.status_code in {404, 422}, bad
            assert answer.headers["content-type"] == "application/problem+json"
        half = await crew.post(
            "/tickets", content=rb'{"zone":"b1","title":"\ud800"}', headers={"Content-Type": "application/json"}
        )
        assert half.status_code == 422, "half a character"
    assert house.events() == []


async def in_progress(crew: httpx.AsyncClient) -> dict[str, Any]:
    ticket: dict[str, Any] = (await crew.post("/tickets", json={"zone": "b3-f1", "title": "灯坏了"})).json()
    return dict((await act(crew, ticket, "start")).json())


async def test_a_photo_is_kept_and_is_evidence(house: House) -> None:
    picture = photo()
    assert b"TELLTALE" in picture
    async with house.as_(Role.CREW) as crew, house.as_(Role.SUPERVISOR) as supervisor:
        ticket = await in_progress(crew)
        place = f"/tickets/{ticket['id']}/photos"
        for wrong in (b"GIF89a", b"<svg onload=alert(1)>", b"", b"\xff\xd8\xff\xe0" + b"pixels" * 100, picture[:300]):
            assert (await crew.post(place, content=wrong)).status_code == 415
        assert (await supervisor.post(place, content=picture)).status_code == 403
        added = await crew.post(place, content=picture, params={"note": "after"})
        assert added.status_code == 201
        (kept,) = added.json()["photos"]
        seen = await supervisor.get(f"{place}/{kept['id']}")
        assert (kept["media_type"], kept["size"], kept["note"]) == ("image/jpeg", len(seen.content), "after")
        assert seen.headers["content-type"] == "image/jpeg"
        with Image.open(BytesIO(seen.content)) as bare:
            assert (bare.size, dict(bare.getexif())) == ((20, 40), {}), "upright, and silent about place and time"
        assert seen.headers["x-content-type-options"] == "nosniff"
        assert (await supervisor.get(f"{place}/..%2f..%2fanju.db")).status_code == 404
        assert (await act(crew, ticket, "rectify", photos=["nobody's"])).status_code == 409
        done = (await act(crew, ticket, "rectify", photos=[kept["id"]])).json()
        assert [row["photos"] for row in done["evidence"]] == [[kept["id"]]]


async def test_a_reading_proves_only_while_it_is_fresh(house: House) -> None:
    async with house.as_(Role.CREW) as crew:
        ticket = await in_progress(crew)
        assert (await act(crew, ticket, "rectify", reading="no.point")).status_code == 404
        assert (await act(crew, ticket, "rectify", reading=SMOKE)).status_code == 409
        take(house, (SMOKE, NOW, 0.0, 0))
        done = (await act(crew, ticket, "rectify", reading=SMOKE)).json()
        assert [(row["point"], row["value"]) for row in done["evidence"]] == [(SMOKE, 0.0)]


async def test_a_ticket_whose_sensor_still_sees_it_does_not_close(house: House) -> None:
    standing = tickets.open_ticket(
        id="t-sensor",
        site=house.site.id,
        zone="b3-f1",
        title_zh="温度过高",
        title_en="Too hot",
        source="rule:too-hot:env-b3-f1.temperature",
        priority="medium",
        now=NOW,
        by="system",
        conditions=(Condition(source="rule:too-hot:env-b3-f1.temperature", standing=True, at=NOW),),
    )
    with house.database.begin() as connection:
        save_ticket(connection, standing)
    async with house.as_(Role.CREW) as crew, house.as_(Role.SAFETY_OFFICER) as officer:
        ticket = {"id": "t-sensor"}
        await act(crew, ticket, "start")
        await act(crew, ticket, "rectify", evidence="opened a window")
        assert (await act(officer, ticket, "reinspect", passed=True)).json()["standing"] is True
        refused = await act(officer, ticket, "close")
        assert (refused.status_code, "still sees it" in refused.json()["detail"]) == (409, True)
        signed = (
            await act(officer, ticket, "close", override="the sensor hangs over the stove; moved on Monday")
        ).json()
        assert (signed["state"], signed["override"][:10]) == ("closed", "the sensor")
        again = (await act(officer, ticket, "reopen", reason="hot again")).json()
        assert (again["state"], again["reopened"], again["override"]) == ("reported", 1, None)
        assert [row["note"] for row in again["evidence"]] == ["opened a window"]
    assert [(row.action, row.outcome) for row in house.audit()][:3] == [
        ("ticket.reopened", "done"),
        ("ticket.closed", "done"),
        ("ticket.closed", "refused"),
    ]


async def test_two_tickets_of_one_problem_become_one(house: House) -> None:
    async with house.as_(Role.MANAGER) as manager, house.as_(Role.CREW) as crew:
        first, second = [
            (await crew.post("/tickets", json={"zone": "b1", "title": title})).json() for title in ("漏水", "地上有水")
        ]
        worked = {"minutes": 45, "parts": [{"name": "gasket", "quantity": 2, "cost": 1250}], "note": "tightened"}
        assert (await crew.post(f"/tickets/{second['id']}/work", json=worked)).json()["cost"] == 1250
        await crew.post(f"/tickets/{second['id']}/comments", json={"text": "the tap drips"})
        assert (await act(crew, second, "merge", into=first["id"], reason="one leak")).status_code == 403
        assert (await act(manager, second, "merge", into=second["id"], reason="one leak")).status_code == 409
        merged = (await act(manager, second, "merge", into=first["id"], reason="one leak")).json()
        assert (merged["state"], merged["merged_into"]) == ("merged", first["id"])
        goes_on = (await manager.get(f"/tickets/{first['id']}")).json()
        assert (goes_on["minutes"], goes_on["work"][0]["note"]) == (45, "tightened")
        assert (await act(manager, first, "merge", into=second["id"], reason="back")).status_code == 409


async def test_time_costs_what_the_skill_costs_and_else_what_the_party_does(house: House) -> None:
    async with house.as_(Role.CREW) as crew:
        found = []
        for about in ({"point": SMOKE}, {"facility": "playground"}, {"facility": "b1-lift"}):
            ticket = (await crew.post("/tickets", json={"zone": "b3-f1", "title": "坏了", **about})).json()
            worked = (await crew.post(f"/tickets/{ticket['id']}/work", json={"minutes": 45})).json()
            found.append((worked["labour"], worked["cost"]))
    assert found == [(4500, 0), (0, 0), (3750, 0)], "repair 60 an hour, the committee none, property 50"


async def test_my_tickets_my_teams_and_the_late_ones(house: House) -> None:
    async with house.as_(Role.MANAGER) as manager, house.as_(Role.CREW) as crew:
        made = [(await crew.post("/tickets", json={"zone": "b1", "title": str(n)})).json() for n in range(3)]
        await act(manager, made[0], "assign", to="crew")
        await act(manager, made[1], "assign", to="manager")
        with house.database.begin() as connection:
            waiting = get_ticket(connection, made[2]["id"])
            assert waiting is not None
            save_ticket(connection, mark_late(waiting, "respond", NOW))

        async def titles(client: httpx.AsyncClient, **params: Any) -> list[str]:
            return [row["title_zh"] for row in (await client.get("/tickets", params=params)).json()["items"]]

        assert await titles(crew, whose="me") == ["0"]
        assert await titles(manager, whose="team") == ["1"]
        assert sorted(await titles(manager, whose=["me", "crew"])) == ["0", "1"]
        assert await titles(crew, late=True) == ["2"]


async def test_a_report_names_only_what_there_is(house: House) -> None:
    alarm = house.raise_alarm()
    async with house.as_(Role.CREW) as crew:
        for link in ({"point": "a.b"}, {"facility": "x"}, {"alarm": "x"}, {"activation": "x"}):
            assert (await crew.post("/tickets", json={"zone": "b1", "title": "x", **link})).status_code == 404
        body = {"zone": "b1", "title": "电梯异响", "facility": "b1-lift", "alarm": alarm.id, "point": SMOKE}
        made = (await crew.post("/tickets", json=body)).json()
        assert (made["facility"], made["party"], made["alarm"], made["point"]) == (
            "b1-lift", "property", alarm.id, SMOKE
        )  # fmt: skip
