"""Duty swaps: asked, answered by the one who was asked, on record; the roster changes with the yes, not before."""

from datetime import datetime
from typing import Any

import httpx
import pytest

from community.people import Role
from tests.unit.api.house import PASSWORD, House


async def sign_in(house: House, person: str) -> httpx.AsyncClient:
    """A client of somebody of the crew."""
    client = house.client()
    answer = await client.post("/session", json={"username": person, "password": PASSWORD})
    client.headers["authorization"] = f"Bearer {answer.json()['token']}"
    return client


@pytest.fixture
async def signed_in(house: House) -> dict[str, httpx.AsyncClient]:
    people = ("chen-gang", "zhao-lei", "liu-yang")
    for person in people:
        house.add_user(person, Role.CREW)
    return {person: await sign_in(house, person) for person in people}


async def spells_of(client: httpx.AsyncClient, person: str) -> list[dict[str, Any]]:
    """Their turns of maintenance in the week, those that have not begun."""
    roster = (await client.get("/rosters")).json()
    return [s for s in roster["spells"] if s["duty"] == "maintenance" and s["people"] == [person]][1:]


async def test_a_swap_counts_once_the_other_has_said_yes(house: House, signed_in: dict[str, httpx.AsyncClient]) -> None:
    chen, zhao, liu = signed_in["chen-gang"], signed_in["zhao-lei"], signed_in["liu-yang"]
    mine, theirs = (await spells_of(chen, "chen-gang"))[0], (await spells_of(chen, "zhao-lei"))[-1]
    wanted = {
        "duty": "maintenance", "since": mine["since"], "until": mine["until"], "in": "zhao-lei", "reason": "dentist",
        "swap_since": theirs["since"], "swap_until": theirs["until"],
    }  # fmt: skip
    assert (await liu.post("/rosters/requests", json=wanted)).status_code == 422, "only one's own duty"
    asked = (await chen.post("/rosters/requests", json=wanted)).json()
    request = asked["asked"][0]["request"]
    assert ({row["request"] for row in asked["asked"]}, asked["changes"]) == ({request}, [])
    assert mine in (await spells_of(chen, "chen-gang")), "nothing has changed yet"
    answer = f"/rosters/requests/{request}/answer"
    assert (await liu.post(answer, json={"accepted": True})).status_code == 404
    assert (await chen.post(answer, json={"accepted": True})).status_code == 404, "nobody answers for another"
    agreed = (await zhao.post(answer, json={"accepted": True})).json()
    assert (agreed["asked"], len(agreed["changes"])) == ([], 2)
    by_time = {s["since"]: s["people"] for s in agreed["spells"] if s["duty"] == "maintenance"}
    assert (by_time[mine["since"]], by_time[theirs["since"]]) == (["zhao-lei"], ["chen-gang"])
    assert (await zhao.post(answer, json={"accepted": False})).status_code == 409, "it was answered"
    said = [(row.who, row.action, row.outcome) for row in house.audit()]
    assert ("zhao-lei", "roster.answer", "done") in said
    assert ("chen-gang", "roster.ask", "done") in said


async def test_a_no_and_what_is_taken_back_change_nothing(
    house: House, signed_in: dict[str, httpx.AsyncClient]
) -> None:
    chen, zhao = signed_in["chen-gang"], signed_in["zhao-lei"]
    mine = (await spells_of(chen, "chen-gang"))[0]
    wanted = {"duty": "maintenance", "since": mine["since"], "until": mine["until"], "in": "zhao-lei", "reason": "ill"}
    for _ in range(2):
        request = (await chen.post("/rosters/requests", json=wanted)).json()["asked"][0]["request"]
        refused = await zhao.post(f"/rosters/requests/{request}/answer", json={"accepted": False})
        assert (refused.json()["asked"], refused.json()["changes"]) == ([], [])
    request = (await chen.post("/rosters/requests", json=wanted)).json()["asked"][0]["request"]
    assert (await zhao.delete(f"/rosters/requests/{request}")).status_code == 404
    assert (await chen.delete(f"/rosters/requests/{request}")).json()["asked"] == []
    late = (await chen.post("/rosters/requests", json=wanted)).json()["asked"][0]["request"]
    house.clock.now = round(datetime.fromisoformat(mine["since"]).timestamp() * 1000) + 1_000
    zhao = await sign_in(house, "zhao-lei")  # sessions end of themselves meanwhile
    begun = await zhao.post(f"/rosters/requests/{late}/answer", json={"accepted": True})
    assert (begun.status_code, "has begun" in begun.json()["detail"]) == (409, True)


async def test_whose_training_has_run_out_is_flagged_and_called_only_for_want_of_others(house: House) -> None:
    async with house.as_(Role.MANAGER) as manager:
        roster = (await manager.get("/rosters", params={"until": "2026-09-22T00:00:00Z"})).json()
    assert [row["untrained"] for row in roster["now"]] == [[], [], []]
    house.clock.turn(600 * 86_400)  # the law was taught for two years, in April 2026
    house.add_user("chen-gang", Role.CREW)
    roster = (await (await sign_in(house, "chen-gang")).get("/rosters")).json()
    commander = next(row for row in roster["now"] if row["duty"] == "commander")
    assert commander["people"] == commander["untrained"] != []
    assert all(s["untrained"] == s["people"] for s in roster["spells"] if s["duty"] == "commander")
    assert not any(s["untrained"] for s in roster["spells"] if s["duty"] == "maintenance"), "there it is a warning"
