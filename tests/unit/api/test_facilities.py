"""Facilities, rounds of inspection and risks over HTTP."""

from typing import Any

from backbone.database.tickets import save_ticket
from backbone.database.upkeep import save_deadlines
from community.people import Role
from community.tickets import open_ticket
from community.upkeep import Deadline
from tests.pictures import photo
from tests.unit.api.house import NOW, House

PNG = photo("PNG")
PDF = b"%PDF-1.7\n" + bytes(2_000_000)


async def test_the_register_shows_what_stands_open(house: House) -> None:
    house.raise_alarm()
    ticket = open_ticket(
        id="t-1",
        site=house.site.id,
        zone="pump-room",
        title_zh="漏水",
        title_en="Leak",
        source="person:crew",
        priority="low",
        now=NOW - 30 * 86_400_000,
        by="crew",
        facility="drain-pumps",
    )
    with house.database.begin() as c:
        save_ticket(c, ticket)
        due = Deadline(id="schedule:pumps-weekly:drain-pumps", next_at=NOW + 1000)
        save_deadlines(c, house.site.id, {}, {due.id: due})
    async with house.as_(Role.CREW) as crew:
        rows = {row["id"]: row for row in (await crew.get("/facilities")).json()}
        assert len(rows) == len(house.site.file.facilities) >= 30
        pumps = rows["drain-pumps"]
        assert (pumps["open_tickets"], pumps["overdue_tickets"], pumps["party"]) == (1, 1, "property")
        fire = (await crew.get("/facilities", params={"category": "fire", "zone": "b1"})).json()
        assert [row["id"] for row in fire] == ["b1-extinguishers"]
        mine = (await crew.get("/facilities", params={"party": "committee"})).json()
        assert {row["party_name"]["en"] for row in mine} == {"Residents' committee"}
        found = (await crew.get("/facilities/drain-pumps")).json()
        assert [row["id"] for row in found["tickets"]] == ["t-1"]
        schedules = {row["id"]: row for row in found["schedules"]}
        assert schedules["pumps-weekly"]["next_at"] is not None
        assert schedules["pump-oil"]["counts"] == "hours"
        assert (await crew.get("/facilities/nothing")).status_code == 404


async def test_documents_are_kept_by_what_they_are(house: House) -> None:
    async with house.as_(Role.MANAGER) as manager, house.as_(Role.CREW) as crew:
        path = "/facilities/b1-lift/documents"
        made = await manager.post(path, params={"name": "维保合同.pdf"}, content=PDF)
        assert made.status_code == 201, made.text
        assert (made.json()["media_type"], made.json()["size"]) == ("application/pdf", len(PDF))
        assert (await manager.post(path, params={"name": "a.pdf"}, content=b"<script>")).status_code == 415
        assert (await manager.post(path, params={"name": "a.pdf"}, content=bytes(20_000_001))).status_code == 413
        assert (await crew.post(path, params={"name": "a.pdf"}, content=PDF)).status_code == 403
        (kept,) = (await crew.get("/facilities/b1-lift")).json()["documents"]
        content = await crew.get(f"{path}/{kept['id']}")
        assert (content.content, content.headers["content-type"]) == (PDF, "application/pdf")
        assert (await crew.get(f"/facilities/b2-lift/documents/{kept['id']}")).status_code == 404


async def test_renewals_by_year_with_what_is_overdue_first(house: House) -> None:
    async with house.as_(Role.SUPERVISOR) as supervisor:
        plan = (await supervisor.get("/facilities/renewals")).json()
    assert [row["facility"] for row in plan["overdue"]] == ["fitness-path"]
    years = {row["year"]: row for row in plan["years"]}
    assert {row["facility"] for row in years[2027]["rows"]} == {"service-centre"}
    assert years[2034]["cost"] == 6 * 320_000 + 260_000 + 150_000 + 210_000 + 400_000
    assert list(years) == sorted(years)


async def test_a_failed_item_becomes_one_ticket_with_its_evidence(house: House) -> None:
    async with house.as_(Role.CREW) as crew, house.as_(Role.ADMINISTRATOR) as administrator:
        assert (await administrator.post("/inspections", json={"route": "machine-round"})).status_code == 403
        walk = (await crew.post("/inspections", json={"route": "machine-round"})).json()
        assert (walk["state"], walk["left"], len(walk["questions"])) == ("under-way", 4, 4)
        path = f"/inspections/{walk['id']}"
        with_photo = await crew.post(f"{path}/photos", content=PNG)
        kept = with_photo.json()["photos"][0]["id"]
        seen = (await crew.get(f"{path}/photos/{kept}")).content
        assert seen.startswith(b"\x89PNG")
        assert b"TELLTALE" not in seen
        assert (await crew.post(f"{path}/photos", content=PDF[:1000])).status_code == 415

        async def answer(**fields: object) -> tuple[int, dict[str, Any]]:
            said = await crew.post(f"{path}/answers", json=fields)
            return said.status_code, said.json()

        assert (await answer(place=0, outcome="fail"))[0] == 409, "nothing shows it"
        assert (await answer(place=1, outcome="pass"))[0] == 409, "the value is missing"
        assert (await answer(place=1, outcome="pass", value=40))[0] == 409, "outside its limits"
        assert (await answer(place=0, outcome="pass"))[0] == 200
        assert (await crew.post(f"{path}/finish")).status_code == 409
        for _ in range(2):
            assert (await answer(place=1, outcome="fail", value=40, photos=[kept]))[0] == 200
        await answer(place=2, outcome="not-applicable")
        await answer(place=3, outcome="pass", value=5)
        done = (await crew.post(f"{path}/finish")).json()
        assert (done["state"], done["failed"], done["left"]) == ("done", 1, 0)
        (ticket,) = (await crew.get("/tickets", params={"open": True})).json()["items"]
        assert ticket["id"] == done["answers"][1]["ticket"]
        assert (ticket["facility"], ticket["party"], ticket["source"]) == (
            "drain-pumps", "property", f"inspection:{walk['id']}"
        )  # fmt: skip
        assert ticket["title_zh"].startswith("巡检不合格：")
        assert ticket["title_en"].startswith("Failed inspection: ")
        assert ticket["title_en"].isascii(), "no Chinese name in the English title"
        assert [row["id"] for row in ticket["photos"]] == [kept]
        assert "40 A" in ticket["history"][0]["note"]
        facility = (await crew.get("/facilities/drain-pumps")).json()
        assert [row["outcome"] for row in facility["inspections"]] == ["pass", "fail"]
        assert (await crew.get("/inspections", params={"open": True})).json()["items"] == []
    assert [e.change for e in house.events() if e.kind == "inspection"][-1] == "finished"


async def test_history_proposes_and_a_person_decides(house: House) -> None:
    async with house.as_(Role.SAFETY_OFFICER) as officer, house.as_(Role.MANAGER) as manager:
        for n in range(13):
            house.raise_alarm(at=NOW - n * 86_400_000)

        async def corridor() -> dict[str, Any]:
            rows = (await manager.get("/risks")).json()
            return next(row for row in rows if row["id"] == "corridor-fire")

        before = await corridor()
        assert (before["likelihood"], before["grade"], before["figures"]["alarms"]) == (2, "high", 13)
        assert before["proposal"] == {"likelihood": 5, "severity": 5, "grade": "high", "reasons": ["events"]}
        body = {"likelihood": 5, "severity": 5, "reason": "每月都有烟雾报警"}
        assert (await manager.post("/risks/corridor-fire/gradings", json=body)).status_code == 403
        assert (await officer.post("/risks/corridor-fire/gradings", json={**body, "reason": " "})).status_code == 422
        assert (await officer.post("/risks/corridor-fire/gradings", json=body)).status_code == 201
        after = await corridor()
        assert (after["likelihood"], after["proposal"]) == (5, None)
        assert [row["by"] for row in after["gradings"]] == ["safety-officer"]
        refused = await officer.post("/risks/bin-fire/gradings", json={**body, "likelihood": 4})
        assert refused.status_code == 409
        assert "plan" in refused.json()["detail"]
    assert house.audit()[0].outcome == "refused"
