"""The headcount of an activation over HTTP: from the doors' events to a list two people confirm."""

from typing import Any

import httpx
import pytest

from api.headcounts.doors import MOST_EVENTS
from backbone.database.activations import save_activation
from backbone.database.last_places import save_last_places
from backbone.frames import FrameEvent
from backbone.historian.port import HistorianUnavailable
from community.activation_begin import activate
from community.headcount import DAY_MS, Pass
from community.people import Role
from tests.unit.api.house import NOW, House

CARDS = [f"{n:016x}" for n in range(4)]


@pytest.fixture
def place(house: House) -> str:
    activation = activate(
        id="act-1",
        site=house.site.id,
        plan=house.site.plans["fire"],
        level="high",
        zone="b3-f1",
        cause="person:wang-wei",
        reason="smoke",
        now=NOW,
    )
    with house.database.begin() as connection:
        save_activation(connection, activation)
    return "/activations/act-1/headcount"


def went(house: House, device: str, card: str, at: int) -> None:
    house.history.happened.append(FrameEvent(f"{device}.credential", at, "access.granted", {"card": card}))


def status_of(answer: httpx.Response) -> dict[str, str]:
    body: dict[str, Any] = answer.json()
    return {row["person"]: row["status"] for row in body["people"]}


async def test_from_the_doors_to_a_list_two_people_confirm(house: House, place: str) -> None:
    for card in CARDS[:3]:
        went(house, "door-b3", card, NOW - 60_000)
    went(house, "door-b1", CARDS[3], NOW - 60_000)
    went(house, "door-gate-1", CARDS[2], NOW - 30_000)
    async with house.as_(Role.CREW) as crew, house.as_(Role.SAFETY_OFFICER) as officer:
        inside = {row["zone"]: row["people"] for row in (await crew.get("/presence")).json()["items"]}
        assert (inside["b3-lobby"], inside["b1-lobby"]) == (2, 1)
        assert (await crew.get(place)).status_code == 404
        begun = await officer.post(place, json={})
        assert begun.status_code == 201
        assert status_of(begun) == {CARDS[0]: "missing", CARDS[1]: "missing"}
        assert begun.json()["muster_points"]["muster-north"]["zh"] == "北门集合点"
        assert (await crew.post(place, json={})).status_code == 409
        named = await crew.post(f"{place}/people", json={"person": "302 奶奶", "zone": "b3-f3"})
        assert named.json()["missing"] == 3
        checked = {"person": "302 奶奶", "status": "safe", "where": "muster-north"}
        assert (await crew.post(f"{place}/check", json=checked)).json()["missing"] == 2
        went(house, "door-gate-1", CARDS[0], NOW + 5)
        house.clock.turn(1)
        assert status_of(await crew.get(place))[CARDS[0]] == "out"
        assert (await crew.post(f"{place}/confirm", json={})).status_code == 409
        known = {"note": "消防队正在三层搜索"}
        assert (await crew.post(f"{place}/confirm", json=known)).json()["state"] == "confirmed-once"
        assert (await crew.post(f"{place}/confirm", json=known)).status_code == 409
        confirmed = (await officer.post(f"{place}/confirm", json=known)).json()
        assert (confirmed["state"], confirmed["missing"]) == ("confirmed", 1)
        assert (await crew.get(place)).json() == confirmed
        told = (await crew.get("/activations/act-1")).json()["timeline"]
    assert [(row["what"], row["by"]) for row in told[1:]] == [
        ("headcount-begun", "safety-officer"),
        ("headcount-confirmed", "safety-officer"),
    ]


async def test_the_step_to_count_people_is_done_by_a_list_on_which_nobody_is_missing(house: House, place: str) -> None:
    went(house, "door-b3", CARDS[0], NOW - 60_000)

    async def step(client: httpx.AsyncClient) -> dict[str, Any]:
        body = (await client.get("/activations/act-1")).json()
        found: dict[str, Any] = next(row for row in body["steps"] if row["id"] == "headcount")
        return found

    async with house.as_(Role.CREW) as crew, house.as_(Role.SAFETY_OFFICER) as officer:
        by_words = await crew.post("/activations/act-1/steps/headcount/done", json={"note": "all there"})
        assert by_words.status_code == 409
        await crew.post(place, json={})
        known = {"note": "somebody looks for them"}
        for one in (crew, officer):
            assert (await one.post(f"{place}/confirm", json=known)).status_code == 200
        assert (await step(crew))["state"] != "done", "somebody is missing"
        await crew.post(f"{place}/check", json={"person": CARDS[0], "status": "injured", "where": "muster-north"})
        for one in (crew, officer):
            assert (await one.post(f"{place}/confirm", json={})).status_code == 200
        done = await step(crew)
    assert (done["state"], done["confirmed_by"]) == ("done", ["crew", "safety-officer"])
    assert done["evidence"][0]["note"] == done["note"] == "清点 1 人，未到 0 人 / 1 counted, 0 missing", "said once"


async def test_without_the_doors_people_are_counted_all_the_same(house: House, place: str) -> None:
    async with house.as_(Role.CREW) as crew:
        house.history.fault = HistorianUnavailable("down")
        begun = (await crew.post(place, json={"zone": "b3"})).json()
        assert (begun["doors_known"], begun["people"]) == (False, [])
        named = await crew.post(f"{place}/people", json={"person": "a guest", "zone": "b3-f2"})
        assert named.json()["missing"] == 1
        assert (await crew.get("/presence")).status_code == 409


async def test_who_passed_no_door_for_days_is_still_missing_however_many_others_did(house: House, place: str) -> None:
    ill, away = "a" * 16, "b" * 16
    with house.database.begin() as connection:
        long_ago = [Pass(ill, "b3-f2", NOW - 3 * DAY_MS), Pass(away, "b3-f1", NOW - 3 * DAY_MS)]
        save_last_places(connection, house.site.id, long_ago)
    went(house, "door-gate-1", away, NOW - 90_000)
    busy = (FrameEvent("door-b1.credential", NOW - n, "access.granted", {"card": CARDS[0]}) for n in range(MOST_EVENTS))
    house.history.happened += busy
    went(house, "door-b3", CARDS[1], NOW - 60_000)
    async with house.as_(Role.CREW) as crew:
        places = {row["zone"]: row for row in (await crew.get("/presence")).json()["items"]}
        assert places["b3-f2"] == {"zone": "b3-f2", "people": 1, "older": 1}
        begun = await crew.post(place, json={})
        house.history.fault = HistorianUnavailable("down")
        without_history = (await crew.get(place)).json()
    listed = {row["person"]: row["status"] for row in begun.json()["people"]}
    assert listed[ill] == "missing"
    assert without_history["doors_known"] is False
    assert ill in {row["person"] for row in without_history["people"]}


async def test_a_lost_card_is_struck_with_a_reason_and_is_missing_again_only_once_it_is_used(
    house: House, place: str
) -> None:
    for card in CARDS[:2]:
        went(house, "door-b3", card, NOW - 40 * DAY_MS)
    with house.database.begin() as connection:
        save_last_places(connection, house.site.id, [Pass(card, "b3-lobby", NOW - 40 * DAY_MS) for card in CARDS[:2]])
    reason = {"reason": "reported lost in October, its holder is in Nanjing"}
    async with house.as_(Role.CREW) as crew, house.as_(Role.MANAGER) as manager:
        assert (await crew.get("/presence/cards")).status_code == 403
        assert (await crew.post(f"/presence/cards/{CARDS[0]}/retire", json=reason)).status_code == 403
        old = (await manager.get("/presence/cards")).json()["items"]
        assert [row["card"] for row in old] == CARDS[:2]
        assert (await manager.get("/presence/cards", params={"days": 60})).json()["items"] == []
        assert (await manager.post("/presence/cards/ffffffffffffffff/retire", json=reason)).status_code == 404
        assert (await manager.post(f"/presence/cards/{CARDS[0]}/retire", json={"reason": " "})).status_code == 422
        assert (await manager.post(f"/presence/cards/{CARDS[0]}/retire", json=reason)).status_code == 204
        begun = await crew.post(place, json={})
        assert status_of(begun) == {CARDS[1]: "missing"}
        await crew.post(f"{place}/people", json={"person": "302 奶奶", "zone": "b3-f3"})
        assert (await crew.post(f"{place}/strike", json={"person": CARDS[1], **reason})).status_code == 403
        assert (await manager.post(f"{place}/strike", json={"person": CARDS[3], **reason})).status_code == 409
        await manager.post(f"{place}/strike", json={"person": CARDS[1], **reason})
        misheard = await manager.post(f"{place}/strike", json={"person": "302 奶奶", "reason": "she is of 303"})
        assert misheard.json()["missing"] == 0
        assert {row["status"] for row in misheard.json()["people"]} == {"struck"}
        assert (await manager.get("/presence/cards")).json()["items"] == []
        went(house, "door-b3", CARDS[0], NOW + 5)
        house.clock.turn(1)
        assert status_of(await crew.get(place))[CARDS[0]] == "missing", "whoever uses it is inside"
    audited = [(row.who, row.action, row.target, row.detail) for row in house.audit() if row.outcome == "done"]
    assert ("manager", "card.retire", CARDS[0], reason["reason"]) in audited
    assert ("manager", "headcount.strike", "act-1", f"{CARDS[1]}: {reason['reason']}") in audited


async def test_what_is_asked_is_checked(house: House, place: str) -> None:
    async with house.as_(Role.CREW) as crew, house.as_(Role.SUPERVISOR) as supervisor:
        assert (await supervisor.post(place, json={})).status_code == 403
        assert (await crew.post(place, json={"zone": "nowhere"})).status_code == 404
        assert (await crew.post("/activations/none/headcount", json={})).status_code == 404
        await crew.post(place, json={})
        assert (await crew.post(f"{place}/people", json={"person": " ", "zone": "b3"})).status_code == 422
        assert (await crew.post(f"{place}/check", json={"person": "x", "status": "out"})).status_code == 422
        assert (await crew.post(f"{place}/check", json={"person": "x", "status": "safe"})).status_code == 409
