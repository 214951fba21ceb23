"""Rules of a point and the points without any, as the API tells them."""

from backbone.database.site_versions import record
from community.people import Role
from tests.unit.api.house import NOW, SMOKE, House


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


async def test_a_rule_says_what_keeps_it_quiet_and_what_nothing_may(house: House) -> None:
    async with house.as_(Role.CREW) as crew:
        rules = {row["id"]: row for row in (await crew.get("/rules")).json()}
        assert rules["smoke"]["always_calls"], "it tells of fire"
        assert not rules["too-hot"]["always_calls"]
        quiet = {row["id"] for row in rules.values() if row["suppressed_by"] or row["suppressed_in_maintenance"]}
        assert quiet
        assert not any(rules[rule]["always_calls"] for rule in quiet)
        assert rules["too-hot"]["condition_words"] == {"zh": "高于 40（回差 2）", "en": "above 40 (deadband 2)"}
        assert rules["smoke"]["condition_words"] == {"zh": "为“有烟”", "en": "is “Smoke”"}
        assert rules["panel-alarm"]["condition_words"]["zh"] == rules["heat"]["condition_words"]["zh"], "also by tag"
        assert "1号排水泵" in rules["drain-pumps-stand-still"]["condition_words"]["zh"], "as its own points are called"
        looking = next(row for row in house.site.file.rules if row.positive_alarm)
        first_look = (await crew.get(f"/rules/{looking.id}")).json()
        graded = [row.id for row in house.site.file.rules if row.rationale]
        told = (await crew.get(f"/rules/{graded[0]}")).json()
    assert told["rationale"]["zh"]
    assert told["rationale"]["en"]
    assert told["risks"], "a rationale stands beside the risk it differs from"
    assert looking.positive_alarm is not None
    assert first_look["acknowledge_s"] == looking.positive_alarm.acknowledge
    assert first_look["investigate_s"] == looking.positive_alarm.investigate


async def test_a_rule_has_the_changes_of_its_own_lines_with_who_and_why(house: House) -> None:
    own = "rules:\n  - id: too-hot\n    risk: {risk}\n  - id: smoke\n    risk: {smoke}\n"
    with house.platform.database.begin() as c:
        for number, (risk, smoke, who, why) in enumerate(
            [
                ("low", "high", "", ""),
                ("low", "medium", "li-na", "smoke: a try"),
                ("medium", "medium", "li-na", "hot: so"),
            ]
        ):
            text = own.format(risk=risk, smoke=smoke)
            record(c, house.site.id, f"d{number}", text, NOW + number, who=who, why=why)
    async with house.as_(Role.CREW) as crew:
        told = (await crew.get("/rules/too-hot/versions")).json()
        assert [(row["who"], row["why"], row["text"]) for row in told] == [
            ("li-na", "hot: so", "id: too-hot\nrisk: medium"),
            ("", "", "id: too-hot\nrisk: low"),
        ]
        assert (await crew.get("/rules/never-was/versions")).json() == []


async def test_points_without_rules_are_told(house: House) -> None:
    async with house.as_(Role.CREW) as crew:
        told = (await crew.get("/rules/coverage")).json()
        unwatched = {row["point"]: row["output"] for row in told["unwatched"]}
        assert told["points"] == told["watched"] + len(unwatched) == len(house.site.points)
        assert SMOKE not in unwatched
        assert unwatched["climate-b1-f1.humidity"] is False
        assert unwatched["doors-b1.relay-1"] is True
