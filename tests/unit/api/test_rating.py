"""A resident sees how far their report is, rates the finished work once, and learns nothing else."""

import httpx

from backbone.database.tickets import get_ticket, save_ticket
from community import tickets
from community.evidence import Evidence
from community.people import Actor, Role
from tests.unit.api.house import NOW, House
from tests.unit.api.test_tickets import in_progress

CREW, OFFICER = Actor("crew", frozenset({Role.CREW})), Actor("officer", frozenset({Role.SAFETY_OFFICER}))
DAY_S = 86_400


def finish(house: House, identifier: str) -> None:
    with house.database.begin() as c:
        ticket = get_ticket(c, identifier)
        assert ticket is not None
        ticket = tickets.rectify(ticket, CREW, Evidence(at=NOW, by="crew", note="a new bulb"), NOW)
        save_ticket(c, tickets.close(tickets.reinspect(ticket, OFFICER, True, "", NOW), OFFICER, "", NOW))


def resident(house: House) -> httpx.AsyncClient:
    return httpx.AsyncClient(transport=httpx.ASGITransport(house.app), base_url="http://anju.test")


async def test_from_the_link_to_the_rating(house: House) -> None:
    async with house.as_(Role.CREW) as crew, house.as_(Role.SUPERVISOR) as supervisor, resident(house) as somebody:
        ticket = await in_progress(crew)
        place = f"/tickets/{ticket['id']}"
        assert (await supervisor.post(f"{place}/links")).status_code == 403
        link = (await crew.post(f"{place}/links")).json()["path"]
        seen = await somebody.get(link)
        assert "灯坏了" in seen.text
        assert "处理中" in seen.text
        assert "3号楼 一层走廊 / 1F corridor, Building 3" in seen.text
        assert "crew" not in seen.text, "nobody is named"
        early = await somebody.post(link, data={"stars": "5"})
        assert "only finished work is rated" in early.text
        finish(house, ticket["id"])
        assert 'name="stars"' in (await somebody.get(link)).text
        for wrong in ({"stars": "6"}, {"stars": "<b>"}, {}):
            assert "give 1 to 5 stars" in (await somebody.post(link, data=wrong)).text
        thanks = await somebody.post(link, data={"stars": "4", "said": "<script>很快</script>"})
        assert "感谢评价" in thanks.text
        assert "rated already" in (await somebody.post(link, data={"stars": "1"})).text
        rating = (await supervisor.get(place)).json()["rating"]
        assert (rating["stars"], rating["said"]) == (4, "<script>很快</script>")
        assert "<script>" not in (await somebody.get(link)).text
    assert [event.change for event in house.events()][-1] == "rated"


async def test_a_wrong_link_and_a_late_rating(house: House) -> None:
    async with house.as_(Role.CREW) as crew, resident(house) as somebody:
        assert (await somebody.get("/r/nothing")).status_code == 404
        assert (await somebody.post("/r/nothing", data={"stars": "5"})).status_code == 404
        ticket = await in_progress(crew)
        link = (await crew.post(f"/tickets/{ticket['id']}/links")).json()["path"]
        finish(house, ticket["id"])
        house.clock.turn(31 * DAY_S)
        assert "too long ago" in (await somebody.post(link, data={"stars": "5"})).text
