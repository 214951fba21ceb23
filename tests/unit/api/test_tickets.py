"""The closed loop of a ticket over HTTP (问题-整改-复查)."""

from typing import Any

import httpx

from community.people import Role
from tests.unit.api.house import House


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
