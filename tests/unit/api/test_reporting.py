"""A resident reports a problem at a facility, and follows it; a flood of reports is stopped."""

from backbone.database.tickets import list_tickets
from community.people import Role
from tests.unit.api.house import House
from tests.unit.api.test_rating import resident


async def test_from_the_code_on_the_facility_to_the_ticket(house: House) -> None:
    async with house.as_(Role.CREW) as crew, resident(house) as somebody:
        code = await crew.get("/facilities/b1-lift/qr.svg")
        assert (code.status_code, code.headers["content-type"]) == (200, "image/svg+xml")
        assert code.text.lstrip().startswith("<?xml")
        assert (await crew.get("/facilities/nothing/qr.svg")).status_code == 404
        form = await somebody.get("/report/b1-lift")
        assert "1号楼电梯" in form.text
        assert "Building 1 lift" in form.text
        assert (await somebody.post("/report/b1-lift", data={"said": "  "})).status_code == 422
        done = await somebody.post("/report/b1-lift", data={"said": "门关不上 <b>"})
        assert done.status_code == 303
        assert "已收到 Received" in (await somebody.get(done.headers["location"])).text
        (ticket,) = (await crew.get("/tickets")).json()["items"]
        assert (ticket["facility"], ticket["party"], ticket["zone"]) == ("b1-lift", "property", "b1")
        assert ticket["source"].startswith("resident:")
        assert ticket["history"][0]["note"] == "门关不上 <b>"
    assert [event.change for event in house.events()] == ["reported"]


async def test_who_reports_again_and_again_waits(house: House) -> None:
    async with resident(house) as somebody:
        assert (await somebody.get("/report/nothing")).status_code == 404
        assert (await somebody.post("/report/nothing", data={"said": "x"})).status_code == 404
        answers = [await somebody.post("/report/b1-lift", data={"said": "x"}) for _ in range(8)]
    assert [answer.status_code for answer in answers] == [303] * 5 + [429] * 3
    assert "稍后再试" in answers[-1].text
    with house.database.read() as c:
        assert len(list_tickets(c, house.site.id)) == 5
