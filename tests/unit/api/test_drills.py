"""Drills and trainings over HTTP."""

from typing import Any

import httpx

from backbone.database import drills as stored
from community import drills
from community.people import Role
from tests.unit.api.house import NOW, House

DRILL: dict[str, Any] = {
    "kind": "fire",
    "plan": "fire",
    "level": "high",
    "zone": "b3",
    "planned_at": "2026-09-22T09:00:00Z",
    "content": "三号楼疏散 / Evacuate building 3",
    "participants": ["liu-yang"],
}
FIRE = {"zone": "b1-f1", "level": "high", "reason": "smoke seen"}


async def begun(officer: httpx.AsyncClient, **changes: Any) -> tuple[str, dict[str, Any]]:
    """A drill that runs, and its activation."""
    drill = (await officer.post("/drills", json={**DRILL, **changes})).json()["id"]
    started = await officer.post(f"/drills/{drill}/start")
    assert started.status_code == 201, started.text
    return drill, started.json()


async def test_a_drill_is_planned_run_scored_and_evaluated(house: House) -> None:
    async with house.as_(Role.SAFETY_OFFICER) as officer, house.as_(Role.CREW) as crew:
        assert (await crew.post("/drills", json=DRILL)).status_code == 403
        drill, activation = await begun(officer)
        assert (activation["drill"], activation["physical"]) == (True, False)
        assert activation["id"].startswith("drill-")
        path = f"/activations/{activation['id']}"
        house.clock.turn(30)
        assert (await crew.post(f"{path}/steps/call-119/done", json={"note": "said it"})).status_code == 200
        ended = await officer.post(f"{path}/stand-down", json={"reason": "practised"})
        assert ended.json()["state"] == "stood-down"
        assert (await officer.post(f"{path}/review", json={"reason": "x"})).status_code == 409, "a drill is evaluated"
        shown = (await officer.get(f"/drills/{drill}")).json()
        assert (shown["state"], shown["score"]["first_answer_ms"]) == ("ended", 30_000)
        finding = {"title": "西楼梯无人引导", "note": "nobody at the west stair"}
        done = await officer.post(f"/drills/{drill}/evaluate", json={"evaluation": "slow", "findings": [finding]})
        assert done.json()["state"] == "evaluated"
        ticket = (await officer.get(f"/tickets/{done.json()['findings'][0]['ticket']}")).json()
        assert ticket["title_zh"] == "演练整改：西楼梯无人引导"
        assert (await officer.get(path)).json()["state"] == "reviewed"
        assert (await crew.get("/drills")).json()["items"][0]["id"] == drill
    assert [e.change for e in house.events() if e.kind == "drill"] == ["planned", "started", "ended", "evaluated"]


async def test_a_real_emergency_and_a_drill_do_not_mix(house: House) -> None:
    async with house.as_(Role.SAFETY_OFFICER) as officer:
        drill, activation = await begun(officer, zone="b1")
        real = await officer.post("/plans/fire/activations", json=FIRE)
        assert real.status_code == 201, "a drill in the same building is no reason to refuse a real one"
        assert real.json()["drill"] is False
        with house.database.begin() as c:  # as the rules do
            running = stored.get_drill(c, drill)
            assert running is not None
            stored.save_drill(c, drills.suspend(running, "system", real.json()["id"], NOW))
        path = f"/activations/{activation['id']}"
        assert (await officer.post(f"{path}/pause", json={"reason": "real fire"})).status_code == 200
        refused = await officer.post(f"{path}/resume", json={"reason": "go on"})
        assert (refused.status_code, real.json()["id"] in refused.json()["detail"]) == (409, True)
        another = (await officer.post("/drills", json=DRILL)).json()["id"]
        assert (await officer.post(f"/drills/{another}/start")).status_code == 409
        await officer.post(f"/activations/{real.json()['id']}/stand-down", json={"reason": "out"})
        assert (await officer.post(f"/drills/{another}/start")).status_code == 409, "one drill at a time"
        assert (await officer.post(f"{path}/resume", json={"reason": "all clear"})).status_code == 200
        assert (await officer.get(f"/drills/{drill}")).json()["state"] == "running"
        cancelled = await officer.post(f"/drills/{another}/cancel", json={"reason": "rain"})
        assert cancelled.json()["state"] == "cancelled"


async def test_drills_are_checked(house: House) -> None:
    async with house.as_(Role.SAFETY_OFFICER) as officer:
        for change in (
            {"plan": "party"},
            {"level": "low"},
            {"zone": "nowhere"},
            {"participants": ["nobody"]},
            {"devices": ["nothing"]},
            {"scenario": "corridor-fire"},
            {"kind": "dance"},
            {"content": " "},
            {"planned_at": "tomorrow"},
        ):
            answer = await officer.post("/drills", json={**DRILL, **change})
            assert answer.status_code in {404, 422}, change
        assert (await officer.post("/drills/d-none/start")).status_code == 404


async def test_who_lacks_a_training_may_not_stand_in(house: House) -> None:
    async with house.as_(Role.SAFETY_OFFICER) as officer, house.as_(Role.CREW) as crew:
        before = (await crew.get("/trainings")).json()
        needed = {(row["person"], row["qualification"]): row["standing"] for row in before["held"]}
        assert needed["chen-gang", "fire-control"] == "valid"
        change = {
            "duty": "commander",
            "since": "2026-09-23T00:00:00Z",
            "until": "2026-09-23T12:00:00Z",
            "out": "wang-wei",
            "in": "zhang-min",
            "reason": "leave",
        }
        refused = await officer.post("/rosters/changes", json=change)
        if refused.json().get("detail", "").startswith("wang-wei is not on duty"):
            change["out"] = "li-na"
            refused = await officer.post("/rosters/changes", json=change)
        assert refused.status_code == 422
        assert "no valid training" in refused.json()["detail"]
        record = {"person": "zhang-min", "qualification": "commander", "on": "2026-09-01", "note": "certificate 12"}
        assert (await crew.post("/trainings", json=record)).status_code == 403
        assert (await officer.post("/trainings", json={**record, "on": "2027-09-01"})).status_code == 422
        recorded = (await officer.post("/trainings", json=record)).json()
        (kept,) = recorded["records"]
        assert (await officer.post("/rosters/changes", json=change)).status_code == 201
        assert (await officer.delete(f"/trainings/{kept['id']}")).status_code == 204
        assert (await officer.get("/trainings")).json()["records"] == []
