"""Rules of a point and the points without any, as the API tells them."""

from community.people import Role
from tests.unit.api.house import SMOKE, House


async def test_a_point_says_which_rules_watch_it(house: House) -> None:
    async with house.as_(Role.CREW) as crew:
        rows = {row["rule"]: row for row in (await crew.get(f"/points/{SMOKE}/rules")).json()["items"]}
        assert set(rows) == {"smoke", "fire-confirmed", "fire-detector-silent"}
        assert (rows["smoke"]["condition"], rows["smoke"]["off_delay_s"], rows["smoke"]["alone"]) == (
            "equals 1",
            30,
            True,
        )
        confirmed = rows["fire-confirmed"]
        assert (confirmed["scope"], confirmed["alone"], confirmed["plan"]) == ("b3-f1", False, "fire")
        night = (await crew.get("/points/door-b1.contact/rules")).json()["items"]
        assert {row["rule"]: row["during"] for row in night}["door-held-at-night"] == ["night"]
        parts = (await crew.get("/points/meter-pump-1.voltage/rules")).json()["items"]
        assert [(row["rule"], row["scope"]) for row in parts] == [
            ("pump-room-power", "pump-room"),
            ("pump-room-drainage-lost", "pump-room"),
            ("voltage-unfit", "meter-pump-1.voltage"),
        ]
        assert (await crew.get("/points/nothing.at-all/rules")).status_code == 404


async def test_points_without_rules_are_told(house: House) -> None:
    async with house.as_(Role.CREW) as crew:
        told = (await crew.get("/rules/coverage")).json()
        unwatched = {row["point"]: row["output"] for row in told["unwatched"]}
        assert told["points"] == told["watched"] + len(unwatched) == len(house.site.points)
        assert SMOKE not in unwatched
        assert unwatched["climate-b1-f1.humidity"] is False
        assert unwatched["doors-b1.relay-1"] is True
