"""Shelving, taking out of service and the journal over HTTP."""

import csv
import io
from dataclasses import replace

from api.times import rfc3339
from backbone.database import alarm_journal
from backbone.database.alarms import save_alarm
from community.alarms import Cause
from community.people import Role
from tests.unit.api.house import NOW, SMOKE, House

MINUTE = 60_000
ZONE = "b3-f1"
UNDER = [("pump-room-drainage-lost", "pump-room"), ("pump-room-level-high", "level-1.level"), ("smoke", SMOKE)]


def until(minutes: int) -> str:
    return rfc3339(NOW + minutes * MINUTE)


async def test_a_manager_shelves_a_medium_alarm_and_only_an_officer_a_high_one(house: House) -> None:
    medium = house.raise_alarm()
    high = house.raise_alarm("fire-confirmed", NOW + 1, ZONE)
    body = {"reason": "welding beside it", "until": until(20)}
    async with house.as_(Role.MANAGER) as manager, house.as_(Role.SAFETY_OFFICER) as officer:
        made = await manager.post("/suppressions/shelved", json={"alarm": medium.id, **body})
        assert made.status_code == 201
        assert (made.json()["kind"], made.json()["by"], made.json()["state"]) == ("shelved", "manager", "active")
        assert (await manager.get(f"/alarms/{medium.id}")).json()["suppressed"] == made.json()["id"]
        assert (await manager.post("/suppressions/shelved", json={"alarm": medium.id, **body})).status_code == 409
        assert (await manager.post("/suppressions/shelved", json={"alarm": high.id, **body})).status_code == 403
        long = await officer.post("/suppressions/shelved", json={"alarm": high.id, **body, "until": until(31)})
        assert long.status_code == 409
        assert "30 min" in long.json()["detail"]
        assert (await officer.post("/suppressions/shelved", json={"alarm": high.id, **body})).status_code == 201
        assert len((await officer.get("/suppressions")).json()) == 2
        ended = await manager.post(f"/suppressions/{made.json()['id']}/end")
        assert ended.json()["state"] == "ending", "the rules have it call"
        assert (await manager.post(f"/suppressions/{made.json()['id']}/end")).status_code == 409
    kinds = [(event.kind, event.change) for event in house.events()]
    assert kinds.count(("suppression", "shelved")) == 2
    assert kinds.count(("alarm", "shelved")) == 2


async def test_fire_detectors_are_taken_out_of_service_by_an_officer_for_a_shift(house: House) -> None:
    body = {"zone": ZONE, "reason": "painting", "until": until(60)}
    async with house.as_(Role.MANAGER) as manager, house.as_(Role.SAFETY_OFFICER) as officer:
        assert (await manager.post("/suppressions/out-of-service", json=body)).status_code == 403
        made = await officer.post("/suppressions/out-of-service", json=body)
        assert made.status_code == 201
        assert made.json()["fire"] is True
        too_long = await officer.post("/suppressions/out-of-service", json={**body, "until": until(9 * 60)})
        assert too_long.status_code == 409
        assert (await officer.post("/suppressions/out-of-service", json={**body, "zone": "x"})).status_code == 404
        device = {**body, "device": SMOKE.partition(".")[0], "zone": "b3-f2"}
        assert (await officer.post("/suppressions/out-of-service", json=device)).status_code in {404, 422}
        silent = {**body, "reason": ""}
        assert (await officer.post("/suppressions/out-of-service", json=silent)).status_code == 422


async def test_maintenance_of_a_place_a_device_or_a_facility_says_who_and_why_and_ends(house: House) -> None:
    body = {"reason": "bearings", "until": until(60)}
    wanted = [
        ({"zone": ZONE}, ZONE),
        ({"device": SMOKE.partition(".")[0]}, ZONE),
        ({"facility": "hydrants"}, "pump-room"),
    ]
    async with house.as_(Role.MANAGER) as manager, house.as_(Role.CREW) as crew:
        for what, zone in wanted:
            made = await manager.post("/suppressions/maintenance", json={**what, **body})
            assert made.status_code == 201, made.text
            said = made.json()
            assert (said["kind"], said["zone"], said["by"], said["fire"]) == ("maintenance", zone, "manager", False)
            assert what.items() <= said.items()
        refused = {422: [{}, {"zone": ZONE, "facility": "hydrants"}, {"facility": "b1-lift"}], 404: [{"zone": "x"}]}
        refused[404] += [{"device": "x"}, {"facility": "x"}]
        for status, rows in refused.items():
            for what in rows:
                assert (await manager.post("/suppressions/maintenance", json={**what, **body})).status_code == status
        assert (await crew.post("/suppressions/maintenance", json={"zone": ZONE, **body})).status_code == 403
        assert (await manager.post(f"/suppressions/{said['id']}/end")).json()["ended_by"] == "manager"


async def test_who_acknowledges_an_alarm_has_seen_all_that_follows_from_it(house: House) -> None:
    power, level, pump = (house.raise_alarm(rule, NOW, scope) for rule, scope in UNDER)
    with house.database.begin() as c:
        save_alarm(c, replace(level, first_out=power.id, version=2))
        save_alarm(c, replace(pump, first_out=level.id, version=2))
    async with house.as_(Role.MANAGER) as manager:
        await manager.post(f"/alarms/{power.id}/acknowledge", json={"note": "on my way"})
        for alarm in (power, level, pump):
            assert (await manager.get(f"/alarms/{alarm.id}")).json()["state"] == "acknowledged"


async def test_the_journal_says_who_and_why_and_is_a_table_for_spreadsheets(house: House) -> None:
    first, second = house.raise_alarm(), house.raise_alarm("fire-confirmed", NOW + 1, ZONE)
    async with house.as_(Role.SAFETY_OFFICER) as officer:
        await officer.post(f"/alarms/{first.id}/acknowledge", json={"note": "=HYPERLINK(1)"})
        await officer.post(f"/alarms/{second.id}/acknowledge", json={"note": "on my way"})
        rows = (await officer.get("/alarm-journal")).json()["items"]
        assert [(r["change"], r["who"], r["reason"]) for r in rows] == [
            ("acknowledged", "safety-officer", "on my way"),
            ("acknowledged", "safety-officer", "=HYPERLINK(1)"),
        ]
        one = (await officer.get("/alarm-journal", params={"limit": 1})).json()
        rest = (await officer.get("/alarm-journal", params={"limit": 1, "cursor": one["next"]})).json()
        assert [r["alarm"] for r in (*one["items"], *rest["items"])] == [second.id, first.id]
        assert (await officer.get("/alarm-journal", params={"alarm": first.id})).json()["items"] == [rows[1]]
        assert (await officer.get("/alarm-journal", params={"change": "raised"})).json()["items"] == []
        assert (await officer.get("/alarm-journal", params={"zone": "x"})).status_code == 404
        table = await officer.get("/alarm-journal.csv", params={"zone": ZONE})
    assert table.headers["content-type"].startswith("text/csv")
    read = list(csv.DictReader(io.StringIO(table.text.removeprefix("\ufeff"))))
    assert [row["reason"] for row in read] == ["on my way", "'=HYPERLINK(1)"]


async def test_the_load_is_measured_on_the_journal(house: House) -> None:
    alarms = [house.raise_alarm("smoke", NOW - 60 * MINUTE + number, f"d{number}.smoke") for number in range(12)]
    with house.database.begin() as c:
        for alarm in alarms:
            alarm_journal.note(c, alarm, "raised", alarm.raised_at)
            alarm_journal.note(c, alarm, "acknowledged", alarm.raised_at + 30_000, who="wang-wei")
        alarm_journal.note(c, alarms[-1], "cleared", alarms[-1].raised_at + 40_000)
        alarm_journal.note(c, replace(alarms[0], id="x"), "consequence", NOW - 30 * MINUTE)
    async with house.as_(Role.MANAGER) as manager:
        begin = rfc3339(NOW - 24 * 60 * MINUTE)
        day = (await manager.get("/alarm-load", params={"start": begin})).json()
        shared = (await manager.get("/alarm-load", params={"start": begin, "operators": 2})).json()
        assert (await manager.get("/alarm-load", params={"start": rfc3339(NOW + 1)})).status_code == 422
    assert (day["alarms"], day["peak_10_min"], day["floods"], day["acceptable"]) == (12, 12, 1, False)
    assert (day["per_day"], day["flooded_percent"]) == (12, 0.69), "ten minutes of a day"
    assert (shared["alarms"], shared["peak_10_min"], shared["floods"], shared["acceptable"]) == (12, 6, 0, True)
    assert (shared["per_day"], shared["flooded_percent"]) == (6, 0)
    assert (day["acknowledged"], day["acknowledge_median_s"]) == (12, 30.0)
    assert day["aims"]["share"] == {"high": 5, "medium": 15, "low": 80}
    (worst,) = day["worst"]
    assert (worst["rule"], worst["count"], worst["open"]) == ("smoke", 12, 11)


async def test_a_flood_is_one_for_every_screen_and_after_a_restart(house: House) -> None:
    alarms = [house.raise_alarm("smoke", NOW - MINUTE + number, f"d{number}.smoke") for number in range(11)]

    async def now() -> tuple[bool, int, str | None]:
        async with house.as_(Role.CREW) as one:
            said = (await one.get("/alarm-load/now")).json()
        return said["flood"], said["alarms"], said["since"]

    with house.database.begin() as c:
        for alarm in alarms[:10]:
            alarm_journal.note(c, alarm, "raised", alarm.raised_at)
        alarm_journal.note(c, alarms[10], "consequence", alarms[10].raised_at)
    assert await now() == (False, 10, None)
    with house.database.begin() as c:
        alarm_journal.note(c, alarms[10], "ungrouped", NOW - 1_000)
    assert await now() == (True, 11, rfc3339(NOW - 1_000)), "what calls is counted when it calls"


async def test_the_journal_has_the_readings_behind_a_transition(house: House) -> None:
    raised = (Cause("d1.smoke", NOW - 3_000, 1.0, 1),)
    alarm = replace(house.raise_alarm(), raised_by=raised, cleared_by=(Cause("d1.smoke", NOW, 0.0),))
    with house.database.begin() as c:
        save_alarm(c, replace(alarm, version=2))
        alarm_journal.note(c, alarm, "raised", NOW - 3_000, reason="equals")
        alarm_journal.note(c, alarm, "cleared", NOW, reason="over")
    async with house.as_(Role.MANAGER) as manager:
        over, began = (await manager.get("/alarm-journal")).json()["items"]
        shown = (await manager.get(f"/alarms/{alarm.id}")).json()
        table = (await manager.get("/alarm-journal.csv")).text
    assert began["causes"] == shown["raised_by"]
    assert began["causes"] == [{"point": "d1.smoke", "at": rfc3339(NOW - 3_000), "value": 1.0, "quality": 1}]
    assert (over["value"], over["reason"], over["causes"]) == (0.0, "over", shown["cleared_by"])
    assert f"d1.smoke=1 @{rfc3339(NOW - 3_000)} q=1" in table
