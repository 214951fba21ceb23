"""A headcount is the same on every open page at once, and the same after the API has died."""

from pathlib import Path
from typing import Any

from backbone.database.activations import save_activation
from backbone.frames import FrameEvent
from backbone.steady import wall_ms
from community.activation_begin import activate
from tests import servers
from tests.integration.api_server import ApiServer, api_server

PLACE = "/activations/act-1/headcount"
CARDS = [f"{n:016x}" for n in range(3)]


def evacuate(server: ApiServer) -> None:
    """A plan is in force and three cards are in its building."""
    plan, now = server.site.plans["fire"], wall_ms()
    made = activate(
        id="act-1", site=server.site.id, plan=plan, level="high", zone="b3-f1", cause="person:a", reason="r", now=now
    )
    with server.database.begin() as connection:
        save_activation(connection, made)
    events = [FrameEvent("door-b3.credential", now - 60_000, "access.granted", {"card": card}) for card in CARDS]
    server.historian.write((), [(server.site.id, event) for event in events], {})


def missing(body: dict[str, Any]) -> set[str]:
    return {row["person"] for row in body["people"] if row["status"] == "missing"}


async def test_the_commander_sees_each_check_off_at_once_and_after_a_restart(
    tmp_path: Path, embedded_broker: servers.Broker
) -> None:
    async with api_server(tmp_path, embedded_broker.url) as server:
        evacuate(server)
        async with (
            server.client("safety-officer") as commander,
            server.client("crew") as crew,
            server.page(commander) as page,
        ):
            begun = (await crew.post(PLACE, json={})).json()
            assert missing(begun) == set(CARDS)
            told = await page.message("headcount")
            assert (told["object"]["id"], told["change"]) == ("act-1", "begun")
            safe = {"person": CARDS[0], "status": "safe", "where": "muster-north"}
            assert (await crew.post(f"{PLACE}/check", json=safe)).status_code == 200
            told = await page.message("headcount")
            assert set(told["object"]) == {"id", "state", "version"}, "no name leaves the list itself"
            shown = (await commander.get(PLACE)).json()
            assert shown["version"] == told["object"]["version"]
            assert missing(shown) == set(CARDS[1:])
        await server.end()
        await server.start()
        async with server.client("safety-officer") as commander:
            assert (await commander.get(PLACE)).json() == shown
