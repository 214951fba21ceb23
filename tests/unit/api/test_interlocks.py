"""Interlocks as people see and reset them."""

import json

from backbone.database.commands import pending_commands, record_reply
from community.commands import Outcome, Reply
from community.people import Role
from tests.unit.api.house import NOW, House

RESET = "/gateways/gw-east/interlocks/b3-release/reset"
TRIPPED = {
    "tripped": True,
    "since": NOW,
    "causes": ["smoke-b3-f1-a.smoke", "smoke-b3-f1-b.smoke"],
    "outputs": {"doors-b3.relay-1": "set", "doors-b3.relay-2": "no answer in time"},
}


async def test_a_gateway_shows_its_interlocks(house: House) -> None:
    async with house.as_(Role.CREW) as crew:
        (unheard, *_) = (await crew.get("/gateways")).json()["items"][0]["interlocks"]
        assert (unheard["id"], unheard["tripped"]) == ("b1-release", None)
        status = {"online": True, "interlocks": {"b1-release": {"tripped": False}, "b3-release": TRIPPED}}
        house.platform.gateways.take("gw-east", json.dumps(status).encode())
        rows = {row["id"]: row for row in (await crew.get("/gateways")).json()["items"][0]["interlocks"]}
    assert [rows[key]["tripped"] for key in ("b1-release", "b2-release", "b3-release")] == [False, None, True]
    assert rows["b3-release"]["causes"] == TRIPPED["causes"]
    assert rows["b3-release"]["outputs"] == TRIPPED["outputs"]
    assert rows["b3-release"]["name"]["en"] == "Building 3 fire release"


async def test_a_safety_officer_asks_for_a_reset_and_reads_the_answer(house: House) -> None:
    async with house.as_(Role.SAFETY_OFFICER) as officer:
        asked = await officer.post(RESET, json={"reason": "burnt rice, aired"})
        assert (asked.status_code, asked.json()["outcome"]) == (202, None)
        with house.database.read() as connection:
            (given,) = pending_commands(connection, house.site.id)
        assert given.id == asked.json()["id"]
        assert (given.gateway, given.command.point, given.command.value) == ("gw-east", "interlock:b3-release", 0)
        assert given.command.cause == f"person:{Role.SAFETY_OFFICER.value}"
        assert given.command.expires == NOW + 30_000
        refused = Reply(outcome=Outcome.REFUSED, point=given.command.point, at=NOW, reason="its cause stands: x")
        with house.database.begin() as connection:
            assert record_reply(connection, given.id, refused)
        shown = (await officer.get(f"/commands/{given.id}")).json()
        assert (shown["outcome"], shown["reason"]) == ("refused", "its cause stands: x")


async def test_who_may_not_and_what_is_not_there(house: House) -> None:
    for role in (Role.ADMINISTRATOR, Role.CREW, Role.MANAGER, Role.SUPERVISOR):
        async with house.as_(role) as nobody:
            assert (await nobody.post(RESET, json={"reason": "x"})).status_code == 403
    async with house.as_(Role.SAFETY_OFFICER) as officer:
        for path in (RESET.replace("b3-release", "b9-release"), RESET.replace("gw-east", "gw-west")):
            assert (await officer.post(path, json={"reason": "x"})).status_code == 404
        assert (await officer.post(RESET, json={})).status_code == 422
        assert (await officer.get("/commands/nothing")).status_code == 404
