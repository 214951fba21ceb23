"""Points with newest values, readings over time, access events: unknown stays unknown."""

import numpy as np

from api.live.history import HistoryWatch
from backbone.frames import FrameBuilder, FrameEvent
from backbone.historian.port import Reading
from community.people import Role
from community.quality import Quality
from tests.unit.api.house import NOW, SMOKE, House, take

TEMPERATURE = "climate-b1-f1.temperature"


async def test_a_point_without_readings_is_unknown(house: House) -> None:
    async with house.as_(Role.CREW) as crew:
        shown = (await crew.get(f"/points/{SMOKE}")).json()
        assert (shown["value"], shown["t"], shown["fresh"]) == (None, None, False)
        assert shown["building"] == "b3"
        assert shown["family"] == "fire"
        assert (await crew.get("/points/nothing.at-all")).status_code == 404


async def test_values_age_and_gateways_go_away(house: House) -> None:
    point = house.site.points[TEMPERATURE]
    take(house, (TEMPERATURE, NOW, 21.5, 0))
    async with house.as_(Role.CREW) as crew:

        async def fresh() -> bool:
            shown = (await crew.get(f"/points/{TEMPERATURE}")).json()
            assert shown["value"] == 21.5
            assert shown["t"] == "2026-09-21T14:13:20.000Z"
            return bool(shown["fresh"])

        assert await fresh()
        house.platform.gateways.take(point.gateway, b'{"online":false}')
        assert not await fresh(), "its gateway is away"
        house.platform.gateways.take(point.gateway, b'{"online":true}')
        house.clock.turn(point.every_s * 3)
        assert await fresh()
        house.clock.turn(0.001)
        assert not await fresh()


async def test_unusable_and_missing_values(house: House) -> None:
    take(house, (TEMPERATURE, NOW, float("nan"), int(Quality.COMMUNICATION_FAILURE)))
    async with house.as_(Role.CREW) as crew:
        shown = (await crew.get(f"/points/{TEMPERATURE}")).json()
    assert (shown["value"], shown["quality"], shown["fresh"]) == (None, 8, False)


async def test_points_are_filtered_and_paged(house: House) -> None:
    async with house.as_(Role.CREW) as crew:
        everything: list[str] = []
        cursor = None
        while len(everything) <= len(house.site.points):
            params = {"limit": "150"} | ({"cursor": cursor} if cursor else {})
            page = (await crew.get("/points", params=params)).json()
            everything += [row["id"] for row in page["items"]]
            if (cursor := page["next"]) is None:
                break
        assert everything == list(house.site.points)
        in_b3 = (await crew.get("/points", params={"zone": "b3", "family": "fire"})).json()["items"]
        assert {row["building"] for row in in_b3} == {"b3"}
        assert {row["family"] for row in in_b3} == {"fire"}
        (device,) = {
            row["device"] for row in (await crew.get("/points", params={"device": "climate-b1-f1"})).json()["items"]
        }
        assert device == "climate-b1-f1"
        assert (await crew.get("/points", params={"zone": "nowhere"})).status_code == 404


def test_the_cache_keeps_the_newest_of_what_a_gateway_may_say(house: House) -> None:
    latest, point = house.platform.latest, house.site.points[TEMPERATURE]
    take(house, (TEMPERATURE, NOW + 2, 2.0, 0), (TEMPERATURE, NOW + 3, 3.0, 0), (TEMPERATURE, NOW + 1, 1.0, 0))
    assert latest.of(point, NOW).x == 3.0, "out of order within a frame"
    take(house, (TEMPERATURE, NOW + 2, 9.0, 0))
    assert latest.of(point, NOW).x == 3.0, "older than known"
    take(house, (TEMPERATURE, NOW + 3, 4.0, 1))
    assert (latest.of(point, NOW).x, latest.of(point, NOW).q) == (4.0, 1), "written again"
    other = next(gateway for gateway in house.site.gateways if gateway != point.gateway)
    take(house, (TEMPERATURE, NOW + 10, 99.0, 0), gateway=other)
    take(house, (TEMPERATURE, NOW + 10, 99.0, 0), gateway="nobody")
    take(house, (TEMPERATURE, NOW + 3_600_000, 99.0, 0))
    assert latest.of(point, NOW).x == 4.0, "another gateway's, or far in the future"
    assert latest.values(latest.take_changes()) == [(TEMPERATURE, NOW + 3, 4.0, 1)]
    assert not latest.take_changes().any()


def test_an_interlocks_word_at_a_detector_never_takes_the_place_of_its_reading(house: House) -> None:
    """The trip is told at the detector before the reading that tripped it, with the gateway's time, which is later."""
    latest, gateway = house.platform.latest, house.site.points[SMOKE].gateway
    told = FrameBuilder()
    told.add_event(FrameEvent(SMOKE, NOW, "interlock.tripped", {"interlock": "b3-release"}))
    latest.take(gateway, told.seal(epoch=1, seq=1, sent=NOW), NOW)
    assert latest.of(house.site.points[SMOKE], NOW).t is None, "it has no value yet, and no time of one"
    take(house, (SMOKE, NOW - 400, 1.0, 0))
    shown = latest.of(house.site.points[SMOKE], NOW)
    assert (shown.x, shown.t, shown.fresh) == (1.0, NOW - 400, True)


def test_an_event_dates_a_point_that_has_only_events(house: House) -> None:
    door = next(point for point in house.site.points.values() if point.kind == "event")
    swiped = FrameBuilder()
    swiped.add_event(FrameEvent(door.id, NOW, "access.granted", {}))
    frame = swiped.seal(epoch=1, seq=1, sent=NOW)
    house.platform.latest.take("nobody", frame, NOW)
    assert house.platform.latest.of(door, NOW).t is None
    house.platform.latest.take(door.gateway, frame, NOW)
    assert house.platform.latest.of(door, NOW).t == NOW


def test_a_clock_that_was_put_right_does_not_leave_an_old_value_in_the_place_of_an_alarm(house: House) -> None:
    latest, point = house.platform.latest, house.site.points[SMOKE]
    take(house, (SMOKE, NOW + 300_000, 0.0, 0))
    take(house, (SMOKE, NOW - 60_000, 1.0, 0))
    assert latest.of(point, NOW).x == 0.0, "a minute old is a backlog, not the present"
    take(house, (SMOKE, NOW - 200, 1.0, 0))
    assert latest.of(point, NOW).x == 1.0
    take(house, (SMOKE, NOW - 400, 0.0, 0))
    assert latest.of(point, NOW).x == 1.0, "and from here on the newest counts again"


def test_the_cache_is_seeded_but_never_set_back(house: House) -> None:
    latest = house.platform.latest
    take(house, (TEMPERATURE, NOW, 20.0, 0))
    latest.seed({TEMPERATURE: Reading(TEMPERATURE, NOW - 5, 1.0, 0), SMOKE: Reading(SMOKE, NOW - 5, 0.0, 0)})
    assert latest.of(house.site.points[TEMPERATURE], NOW).x == 20.0
    assert latest.of(house.site.points[SMOKE], NOW).x == 0.0


def test_missing_values_are_null_in_messages(house: House) -> None:
    take(house, (TEMPERATURE, NOW, float("nan"), 8))
    everything = np.ones(len(house.site.points), dtype=np.bool_)
    values = {row[0]: row[2] for row in house.platform.latest.values(everything)}
    assert values[TEMPERATURE] is None


async def test_readings_over_time(house: House) -> None:
    house.history.readings = [Reading(TEMPERATURE, NOW - 60_000 + n * 1000, n, 0) for n in range(10)]
    async with house.as_(Role.CREW) as crew:
        params = {"point": TEMPERATURE, "start": "2026-09-21T22:12:20+08:00", "end": "2026-09-21T14:12:25.000Z"}
        series = (await crew.get("/readings", params=params)).json()
        assert series["start"] == "2026-09-21T14:12:20.000Z"
        assert [bucket["mean"] for bucket in series["buckets"]] == [0, 1, 2, 3, 4]
        assert series["buckets"][0]["quality"] == 0
        a_day = (await crew.get("/readings", params={"point": TEMPERATURE})).json()
        assert [bucket["count"] for bucket in a_day["buckets"]] == [10]
        assert (a_day["every_s"], a_day["expected"], a_day["covered"]) == (3600, 24, 1), "all ten came at once"
        assert a_day["coverage"] == 1 / 24
        door = next(point.id for point in house.site.points.values() if point.kind == "event")
        assert (await crew.get("/readings", params={"point": door})).json()["coverage"] is None
        for bad in (
            {"point": "no.point"},
            {"point": TEMPERATURE, "start": "2026-09-21T22:12:20"},
            {"point": TEMPERATURE, "start": "2026-09-21T15:00:00Z", "end": "2026-09-21T14:00:00Z"},
            {"point": TEMPERATURE, "start": "1970-01-01T00:00:00Z"},
            {"point": TEMPERATURE, "max_points": "0"},
        ):
            assert (await crew.get("/readings", params=bad)).status_code in {404, 422}, bad


async def test_access_events_show_pseudonyms_only(house: House) -> None:
    door = next(point.id for point in house.site.points.values() if point.kind == "event")
    house.history.happened = [
        FrameEvent(
            door, NOW - 1000, "access.denied", {"card": "0123456789abcdef", "doors": ["北门"], "reason": "unknown"}
        ),
        FrameEvent(door, NOW - 2000, "access.granted", {"card": "1B2C-CARD", "person": "Zhang Wei", "uid": "DEADBEEF"}),
        FrameEvent(SMOKE, NOW - 3000, "test.button", {}),
    ]
    async with house.as_(Role.CREW) as crew:
        answer = await crew.get("/access-events")
        denied, granted = answer.json()["items"]
        assert (denied["card"], denied["reason"], denied["doors"]) == ("0123456789abcdef", "unknown", ["北门"])
        assert (granted["card"], granted["person"]) == (None, None)
        assert "Zhang" not in answer.text
        assert "DEADBEEF" not in answer.text
        zone = house.site.points[door].zone
        here = (await crew.get("/access-events", params={"zone": zone})).json()["items"]
        assert len(here) == 2
        elsewhere = next(z for z in house.site.zones if z not in house.site.zone_path(zone) and z != zone)
        assert (await crew.get("/access-events", params={"zone": elsewhere})).json()["items"] == []


async def test_a_point_that_is_new_to_the_site_file_has_what_the_historian_knows_of_it(house: House) -> None:
    """A battery detector speaks once a day: after a roll-back it is not unknown."""
    told: list[str] = []
    platform, point = house.platform, house.site.points[SMOKE]
    watch = HistoryWatch(
        house.history, house.site.id, platform.latest, platform.services, house.clock, lambda: told.append("seeded")
    )
    await watch.look()
    assert told == ["seeded"]
    house.history.readings = [Reading(SMOKE, NOW - 5, 0.0, 0)]
    await watch.look()
    assert (told, platform.latest.of(point, NOW).x) == (["seeded"], None), "asked once, not every two seconds"
    watch.site_changed()
    await watch.look()
    assert told == ["seeded", "seeded"]
    assert platform.latest.values(platform.latest.take_changes()) == [(SMOKE, NOW - 5, 0.0, 0)]


async def test_what_was_said_while_the_page_did_not_listen_is_asked_for(house: House) -> None:
    """It starts beside the gateways: whether a detector is online was said once, before it heard anybody."""
    platform, point = house.platform, house.site.points[SMOKE]
    watch = HistoryWatch(house.history, house.site.id, platform.latest, platform.services, house.clock, lambda: None)
    await watch.look()
    watch.listening()
    await watch.look()
    house.history.readings = [Reading(SMOKE, NOW - 5, 0.0, 0)]  # stored by now
    for _ in range(2):
        await watch.look()
    assert platform.latest.of(point, NOW).x == 0.0
