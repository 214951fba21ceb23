"""Plans and activations over HTTP."""

from dataclasses import replace

import httpx
import pytest

from backbone.database import activations as stored
from backbone.database.alarms import get_alarm
from backbone.database.notifications import begin_escalation, insert_notifications
from backbone.database.tickets import list_tickets, save_ticket
from community import commanding, tickets
from community.activation_begin import activate
from community.activations import StepState
from community.escalations import Escalation
from community.evidence import Evidence
from community.notice_text import Facts
from community.notifications import Notification
from community.people import Actor, Role
from community.text import Text
from tests.pictures import photo
from tests.unit.api.house import NOW, House

FIRE = {"zone": "b3-f1", "level": "high", "reason": "smoke seen"}


async def test_plans_are_shown_with_their_steps(house: House) -> None:
    async with house.as_(Role.CREW) as crew:
        plans = (await crew.get("/plans")).json()["items"]
        fire = (await crew.get("/plans/fire")).json()
        assert (await crew.get("/plans/party")).status_code == 404
    assert fire in plans
    release = fire["levels"]["high"]["steps"][0]
    assert (release["id"], release["do"], release["within"]) == ("release", {"set": "egress-lock", "to": "safe"}, 3)


async def test_an_officer_activates_works_and_ends_a_plan(house: House) -> None:
    async with house.as_(Role.SAFETY_OFFICER) as officer, house.as_(Role.CREW) as crew:
        made = await officer.post("/plans/fire/activations", json=FIRE)
        assert made.status_code == 201
        activation = made.json()
        path = f"/activations/{activation['id']}"
        assert (activation["state"], activation["cause"]) == ("activated", "person:safety-officer")
        machine = next(step for step in activation["steps"] if step["kind"] == "machine")
        assert (machine["state"], machine["actions"]) == ("waiting", []), "the rules service begins it"
        (event,) = house.events()
        assert (event.kind, event.change) == ("plan", "activated")

        again = {"zone": "b3-f2", "level": "high", "reason": "smoke on the second floor too"}
        twice = (await officer.post("/plans/fire/activations", json=again)).json()
        assert twice["id"] == activation["id"], "one plan in one building is one response"
        said = next(row for row in twice["timeline"] if row["what"] == "called-again")
        assert (said["by"], said["detail"]) == ("safety-officer", "b3-f2: smoke on the second floor too")

        done = await crew.post(f"{path}/steps/call-119/done", json={"note": "called"})
        assert done.status_code == 200
        step = next(step for step in done.json()["steps"] if step["id"] == "call-119")
        assert (step["state"], step["done_by"], step["note"]) == ("done", "crew", "called")
        assert (await crew.post(f"{path}/steps/evacuate/done", json={})).status_code == 409, "it asks for proof"
        assert (await crew.post(f"{path}/steps/release/done", json={"note": "x"})).status_code == 409, "the machine's"
        assert (await crew.post(f"{path}/steps/dance/done", json={})).status_code == 404

        assert (await crew.post(f"{path}/stand-down", json={"reason": "over"})).status_code == 403
        assert (await officer.post(f"{path}/stand-down", json={})).status_code == 422
        for change, state in (("contain", "contained"), ("stand-down", "stood-down")):
            answer = await officer.post(f"{path}/{change}", json={"reason": "because"})
            assert answer.json()["state"] == state
        open_still = await officer.post(f"{path}/review", json={"reason": "because"})
        assert open_still.status_code == 409
        assert "ticket" in open_still.json()["detail"], "what the response showed is put right first"
        close_review(house)
        answer = await officer.post(f"{path}/review", json={"reason": "because"})
        assert answer.json()["state"] == "reviewed"
        assert (await officer.get(path)).json() == answer.json()
        assert (await officer.get("/activations", params={"state": "reviewed"})).json()["items"] == [answer.json()]
        assert (await officer.post(f"{path}/contain", json={"reason": "x"})).status_code == 409
    assert [event.change for event in house.events()] == [
        "activated", "called-again", "step-done", "contained", "reported", "stood-down", "reviewed"
    ]  # fmt: skip


def close_review(house: House) -> None:
    """Its ticket, put right by one and looked at by another."""
    with house.database.begin() as connection:
        (ticket,) = list_tickets(connection, house.site.id)
        at = ticket.reported_at
        crew, manager = Actor("crew", frozenset({Role.CREW})), Actor("manager", frozenset({Role.MANAGER}))
        found = Evidence(at=at, by="crew", note="doors are checked weekly")
        ticket = tickets.rectify(tickets.start(ticket, crew, "", at), crew, found, at)
        ticket = tickets.close(tickets.reinspect(ticket, manager, True, "", at), manager, "", at)
        save_ticket(connection, ticket)


async def test_a_plan_is_paused_raised_and_goes_on_only_by_an_officer_with_a_reason(house: House) -> None:
    async with house.as_(Role.SAFETY_OFFICER) as officer, house.as_(Role.CREW) as crew:
        medium = (await officer.post("/plans/fire/activations", json={**FIRE, "level": "medium"})).json()
        path = f"/activations/{medium['id']}"
        for change in ("pause", "resume", "activate"):
            assert (await crew.post(f"{path}/{change}", json={"reason": "x"})).status_code == 403
            assert (await officer.post(f"{path}/{change}", json={"reason": " "})).status_code == 422
        raised = await officer.post(f"{path}/level", json={"level": "high", "reason": "flames"})
        assert raised.json()["level"] == "high"
        assert "release" in [step["id"] for step in raised.json()["steps"]]
        assert (await officer.post(f"{path}/pause", json={"reason": "wrong building"})).json()["state"] == "paused"
        graver = (await officer.post("/plans/fire/activations", json=FIRE)).json()
        assert (graver["id"], graver["level"], graver["state"]) == (medium["id"], "high", "responding")
        assert (await officer.post(f"{path}/activate", json={"reason": "x"})).status_code == 409, "it was no standby"
    assert [row.outcome for row in house.audit() if row.action == "activation.pause"] == ["done"]


async def test_activation_is_checked(house: House) -> None:
    async with house.as_(Role.SAFETY_OFFICER) as officer:
        for plan, change in (
            ("party", {}),
            ("fire", {"zone": "nowhere"}),
            ("fire", {"level": "low"}),
            ("fire", {"level": "apocalyptic"}),
            ("fire", {"reason": " "}),
        ):
            answer = await officer.post(f"/plans/{plan}/activations", json={**FIRE, **change})
            assert answer.status_code in {404, 409, 422}, (plan, change)
    assert house.events() == []


async def test_what_changed_meanwhile_is_decided_anew(house: House) -> None:
    """A machine step that failed meanwhile is a person's."""
    async with house.as_(Role.SAFETY_OFFICER) as officer:
        activation_id = (await officer.post("/plans/fire/activations", json=FIRE)).json()["id"]
        with house.database.begin() as connection:
            activation = stored.get_activation(connection, activation_id)
            assert activation is not None
            steps = tuple(
                replace(step, kind="person", state=StepState.FAILED) if step.id == "release" else step
                for step in activation.steps
            )
            stored.save_activation(connection, replace(activation, steps=steps, version=activation.version + 1))
        answer = await officer.post(f"/activations/{activation_id}/steps/release/done", json={"note": "by hand"})
    assert answer.status_code == 200


async def test_a_step_asks_for_a_photo_or_a_reading_and_the_report_shows_them(house: House) -> None:
    async with house.as_(Role.SAFETY_OFFICER) as officer:
        begun = await officer.post("/plans/fire/activations", json={"zone": "b3-f1", "level": "medium", "reason": "x"})
        path = f"/activations/{begun.json()['id']}"
        air = f"{path}/steps/air/done"
        assert (await officer.post(air, json={"note": "no smoke left"})).status_code == 409
        assert (await officer.post(air, json={"photos": ["somebody-elses"]})).status_code == 409
        assert (await officer.post(f"{path}/photos", content=b"no picture")).status_code == 415
        taken = (await officer.post(f"{path}/photos", content=photo())).json()["photos"][-1]["id"]
        proven = (await officer.post(air, json={"photos": [taken]})).json()
        shown = await officer.get(f"{path}/photos/{taken}")
        pages = [(await officer.get(f"{path}/report", params={"file": kind})).content for kind in ("html", "pdf")]
        gas = await officer.post(
            "/plans/accident/activations", json={"zone": "b3-f1", "level": "high", "reason": "gas smelled"}
        )
        safe = f"/activations/{gas.json()['id']}/steps/safe/done"
        assert (await officer.post(safe, json={"note": "it is fine"})).status_code == 409
        too_soon = await officer.post(safe, json={"value": 0.4})
        assert (too_soon.status_code, too_soon.json()["detail"]) == (409, "first: isolate")
        await officer.post(safe.replace("/safe/", "/isolate/"), json={"note": "valve shut"})
        read = (await officer.post(safe, json={"value": 0.4})).json()
    step = next(row for row in proven["steps"] if row["id"] == "air")
    assert (step["state"], step["evidence"][0]["photos"]) == ("done", [taken])
    assert shown.headers["content-type"] == "image/jpeg"
    assert b"data:image/jpeg;base64," in pages[0]
    assert b"/Subtype /Image" in pages[1]
    assert next(row for row in read["steps"] if row["id"] == "safe")["evidence"][0]["value"] == 0.4


async def test_a_plan_is_put_in_force_from_an_alarm_which_then_belongs_to_it(house: House) -> None:
    alarm = house.raise_alarm()
    other = house.raise_alarm(scope="smoke-b3-f1-b.smoke")
    async with house.as_(Role.SAFETY_OFFICER) as officer:
        asked = await officer.get("/plans/suggestions", params={"alarm": alarm.id})
        assert asked.json()[0] == {"plan": "fire", "level": "medium", "why": "risk"}
        assert {row["plan"] for row in asked.json()} == set(house.site.plans)
        assert (await officer.get("/plans/suggestions", params={"alarm": "none"})).status_code == 404
        assert (await officer.get("/plans/suggestions", params={"zone": "nowhere"})).status_code == 404
        assert (await officer.post("/plans/fire/activations", json={**FIRE, "alarm": "none"})).status_code == 404
        made = (await officer.post("/plans/fire/activations", json={**FIRE, "alarm": alarm.id})).json()
        again = (await officer.post("/plans/fire/activations", json={**FIRE, "alarm": other.id})).json()
        shown = [(await officer.get(f"/alarms/{one.id}")).json()["activation"] for one in (alarm, other)]
    assert made["alarms"] == [alarm.id]
    assert (again["id"], again["alarms"]) == (made["id"], [alarm.id, other.id])
    assert shown == [made["id"]] * 2


async def test_whoever_puts_a_plan_in_force_commands_it_and_hands_it_over(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LI_NA_PHONE", "+86 138 0000 0002")
    monkeypatch.setenv("GAS_SERVICE_PHONE", "call the office")
    house.add_user("li-na", Role.SAFETY_OFFICER)
    async with house.as_(Role.SAFETY_OFFICER) as officer, house.as_(Role.CREW) as crew:
        made = (await officer.post("/plans/fire/activations", json=FIRE)).json()
        path = f"/activations/{made['id']}/command"
        assert (made["command"]["state"], made["command"]["person"]) == ("taken", "safety-officer")
        assert (await crew.post(path, json={})).status_code == 403
        assert (await officer.post(path, json={})).status_code == 409, "they command already"
        for to, status in (("nobody", 404), ("chen-gang", 422)):
            answer = await officer.post(f"{path}/offer", json={"to": to, "reason": "tired"})
            assert answer.status_code == status
        offered = await officer.post(f"{path}/offer", json={"to": "li-na", "reason": "I go in"})
        assert offered.json()["command"]["offered_to"] == "li-na"
        staff = (await crew.get("/plans/fire/staff")).json()
        gas = (await crew.get("/plans/accident/staff")).json()
    async with house.as_(Role.MANAGER) as manager:
        assert (await manager.post(path, json={})).status_code == 409, "from somebody else with a reason"
        over = (await manager.post(path, json={"reason": "the officer fell"})).json()
    async with house.as_(Role.SUPERVISOR) as supervisor:
        seen = (await supervisor.get("/plans/fire/staff")).json()
    assert over["command"]["person"] == "manager"
    assert over["timeline"][-1]["detail"] == "safety-officer: the officer fell"
    assert {row["person"] for row in staff["command"]} == {"wang-wei", "li-na", "zhang-min"}
    phones = {row["person"]: row["phone"] for row in staff["command"]}
    assert phones == {"wang-wei": None, "li-na": "+86 138 0000 0002", "zhang-min": None}
    assert [row["name"] for row in staff["roles"]["liaison"]] == ["李娜"]
    assert staff["contacts"] == {"fire-brigade": "119"}
    assert gas["contacts"] == {"power-service": "95598"}, "what is no number is not dialled"
    assert all(row["phone"] is None for row in seen["command"]), "who works in no plan sees no number"


async def test_the_link_of_who_is_asked_takes_command(house: House, web: httpx.AsyncClient) -> None:
    words = Text(zh="火灾应急预案", en="Fire plan")
    plan = house.site.plans["fire"]
    with house.database.begin() as c:
        activation = activate(
            id="a-1", site=house.site.id, plan=plan, level="high", zone="b3-f1", cause="alarm:x", reason="x", now=NOW
        )
        stored.save_activation(c, commanding.ask(activation, ("wang-wei", "li-na"), NOW))
        facts = Facts(kind="command", grade="high", message=words, action=words, place=words, building=words, at=NOW)
        begin_escalation(
            c,
            Escalation(
                id="e-1", site=house.site.id, zone="b3-f1", kind="command", cause="a-1", roles=("wang-wei",),
                facts=facts, started_at=NOW, next_at=NOW,
            ),
        )  # fmt: skip
        told = Notification(
            id="n-1", site=house.site.id, escalation="e-1", person="wang-wei", told_as="wang-wei", grade="high",
            zone="b3-f1", channels=("sms",), token="secret", created_at=NOW, next_at=NOW,
        )  # fmt: skip
        insert_notifications(c, [told])
    link = "http://anju.test/n/secret"
    assert "由我指挥" in (await web.get(link)).text
    for _ in range(2):
        assert (await web.post(link)).status_code == 200
    with house.database.read() as c:
        found = stored.get_activation(c, "a-1")
    assert found is not None
    assert found.command.person == "wang-wei"
    assert [entry.what for entry in found.timeline].count("command-taken") == 1
    assert [event.change for event in house.events() if event.kind == "plan"] == ["command-taken"]


async def test_one_link_acknowledges_the_alarm_and_takes_command_or_only_the_first(
    house: House, web: httpx.AsyncClient
) -> None:
    words = Text(zh="火灾应急预案", en="Fire plan")
    raised = house.raise_alarm()
    with house.database.begin() as c:
        stored.save_activation(
            c,
            commanding.ask(
                activate(
                    id="a-1", site=house.site.id, plan=house.site.plans["fire"], level="high", zone="b3-f1",
                    cause=f"alarm:{raised.id}", reason="x", now=NOW,
                ),
                ("wang-wei",),
                NOW,
            ),
        )  # fmt: skip
        for kind, cause in (("alarm", raised.id), ("command", "a-1")):
            facts = Facts(kind=kind, grade="high", message=words, action=words, place=words, building=words, at=NOW)
            begin_escalation(
                c,
                Escalation(
                    id=f"e-{kind}", site=house.site.id, zone="b3-f1", kind=kind, cause=cause, roles=("wang-wei",),
                    occasion="a-1", facts=facts, started_at=NOW, next_at=NOW,
                ),
            )  # fmt: skip
            told = Notification(
                id=f"n-{kind}", site=house.site.id, escalation=f"e-{kind}", person="wang-wei", told_as="wang-wei",
                grade="high", zone="b3-f1", channels=("sms",), token=f"secret-{kind}", created_at=NOW, next_at=NOW,
                message="n-alarm", occasion="a-1",
            )  # fmt: skip
            insert_notifications(c, [told])

    def so_far() -> tuple[str | None, str | None]:
        with house.database.read() as c:
            alarm, activation = get_alarm(c, raised.id), stored.get_activation(c, "a-1")
        assert alarm is not None
        assert activation is not None
        return alarm.acknowledged_by, activation.command.person

    link = "http://anju.test/n/secret-alarm"
    shown = (await web.get(link)).text
    assert "由我指挥" in shown
    assert "只确认，不指挥" in shown
    assert so_far() == (None, None), "looking changes nothing"
    seen = (await web.post(link, params={"only": "acknowledge"})).text
    assert so_far() == ("wang-wei", None)
    assert "由我指挥" in seen
    assert "只确认" not in seen
    taken = (await web.post(link)).text
    assert so_far() == ("wang-wei", "wang-wei")
    assert "<button" not in taken
