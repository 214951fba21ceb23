"""Site files: a good one is resolved, the demo community is whole; files that cannot be read say why."""

from collections import Counter
from pathlib import Path

import pytest

from backbone.settings import Settings
from backbone.site_files import check_file, read_profiles, read_site
from community.site.load import SiteErrors, load_site
from community.site.profile import Family, Lane
from community.text import Text

DATA = Path(__file__).parents[3] / "data" / "site"
GOOD = (DATA / "good.yaml").read_text(encoding="utf-8")
PROFILES = read_profiles(None)
DEMO = Path(__file__).parents[4] / "sites" / "jinxiu.yaml"


def test_a_good_file_is_resolved() -> None:
    site = load_site(GOOD, PROFILES)
    smoke = site.points["smoke-a.smoke"]
    assert (smoke.zone, smoke.gateway, smoke.family, smoke.lane) == ("b1-f1", "gw", Family.FIRE, Lane.URGENT)
    assert site.zone_path("b1-f1") == ("b1-f1", "b1")
    assert site.building_of("b1-f1") == "b1"
    assert site.points["env.temperature"].every_s == 2
    assert site.points["doors.relay-1"].output is not None
    assert site.points["doors.relay-2"].output is None
    assert {point.device for point in site.points_of_gateway["gw"]} == {"smoke-a", "smoke-b", "env", "doors"}


def test_people_are_named_where_the_file_says_so() -> None:
    assert "id: test" in GOOD
    named = GOOD.replace("id: test", "personal_data: as-read, id: test", 1)
    assert load_site(named, PROFILES).names_people
    assert not load_site(GOOD, PROFILES).names_people


@pytest.mark.parametrize("word", ["on", "yes", "22:30", "2026-09-01x", "0x1F", "1e999", "~x"])
def test_words_stay_words(word: str) -> None:
    site = load_site(GOOD.replace("en: Test community", f"en: {word}"), PROFILES)
    assert site.file.site.name.en == word


def test_a_measure_can_have_its_own_name_and_zone_and_tags() -> None:
    panel = (
        "      - {id: panel, profile: notifier-modbus-gw, zone: b1, tags: [loop-1], "
        'modbus: {tcp: "127.0.0.1:15020", unit: 7}, '
        "names: {detector-1-alarm: {zh: 电梯机房}}, zones: {detector-1-alarm: b1-f1}}\n"
    )
    site = load_site(GOOD.replace("facilities:\n", f"{panel}facilities:\n"), PROFILES)
    alarm, trouble = site.points["panel.detector-1-alarm"], site.points["panel.detector-1-trouble"]
    assert (alarm.zone, alarm.name.zh, alarm.tags) == ("b1-f1", "电梯机房", ("loop-1", "panel-alarm"))
    assert (trouble.zone, trouble.name.en, trouble.tags) == ("b1", "Detector 1 trouble", ("loop-1", "panel-trouble"))


def test_the_demo_community_is_what_it_promises() -> None:
    assert check_file(DEMO) == ()
    site = load_site(DEMO.read_text(encoding="utf-8"), PROFILES)
    assert (len(site.devices), len(site.points)) == (169, 585)
    assert {gateway: len(points) for gateway, points in site.points_of_gateway.items()} == {
        "gw-east": 217,
        "gw-west": 368,
    }
    assert Counter(point.family for point in site.points.values()) == {
        Family.ACCESS: 142,
        Family.ENVIRONMENT: 166,
        Family.FIRE: 80,
        Family.WASTE: 32,
        Family.SYSTEM: 165,
    }
    assert [zone.id for zone in site.file.zones] == [
        *(f"b{number}" for number in range(1, 7)),
        *("garage", "gate", "refuse", "pump-room", "centre"),
    ]
    assert {plan.kind for plan in site.file.plans} == {"fire", "natural-disaster", "safety-accident", "public-health"}
    assert all(gateway.mqtt is None for gateway in site.file.gateways)
    assert {device.modbus.line.address for device in site.devices.values() if device.modbus} == {
        "127.0.0.1:15020",
        "127.0.0.1:15021",
    }


def test_everything_people_read_in_the_demo_is_there_in_both_languages() -> None:
    site = load_site(DEMO.read_text(encoding="utf-8"), PROFILES)
    texts: list[Text] = [point.name for point in site.points.values()]
    texts += [text for point in site.points.values() for text in point.states.values()]
    texts += [zone.name for zone in site.zones.values()]
    texts += [party.name for party in site.file.parties]
    texts += [facility.name for facility in site.file.facilities]
    texts += [plan.name for plan in site.file.plans]
    texts += [step.name for plan in site.file.plans for level in plan.levels.values() for step in level.steps]
    texts += [text for rule in site.file.rules for text in (rule.message, rule.action) if text is not None]
    assert all(text.zh.strip() and text.en.strip() for text in texts)


def test_a_confirmed_fire_in_the_demo_first_opens_the_doors_of_its_building() -> None:
    site = load_site(DEMO.read_text(encoding="utf-8"), PROFILES)
    first = site.plans["fire"].levels["high"].steps[0]
    assert first.do is not None
    assert (first.do.set, first.do.to) == ("egress-lock", "safe")
    with_smoke = {site.building_of(point.zone) for point in site.points.values() if point.measure == "smoke"}
    locked = {site.building_of(p.zone) for p in site.points.values() if p.output and p.output.kind == "egress-lock"}
    assert {f"b{number}" for number in range(1, 7)} <= with_smoke & locked


def test_a_file_that_is_not_there_or_no_text_is_a_problem_too(tmp_path: Path) -> None:
    (tmp_path / "binary.yaml").write_bytes(b"\xff\xfe\x00")
    assert "no such file" in check_file(tmp_path / "missing.yaml")[0].message
    assert "UTF-8" in check_file(tmp_path / "binary.yaml")[0].message


def test_a_folder_has_one_site_file(tmp_path: Path) -> None:
    assert "0 site files" in check_file(tmp_path)[0].message
    (tmp_path / "a.yaml").write_text(GOOD, encoding="utf-8")
    settings = Settings(site=tmp_path)
    assert read_site(settings).id == "test"
    assert check_file(tmp_path) == ()
    (tmp_path / "b.yml").write_text(GOOD, encoding="utf-8")
    with pytest.raises(SiteErrors, match="2 site files"):
        read_site(settings)


def test_an_installers_profile_replaces_ours(tmp_path: Path) -> None:
    ours = (Path(__file__).parents[4] / "gateway" / "profiles" / "xy-md02.yaml").read_text(encoding="utf-8")
    (tmp_path / "mine.yaml").write_text(ours.replace("every: 10s", "every: 90s"), encoding="utf-8")
    assert read_profiles(tmp_path)["xy-md02"].every == 90
    with pytest.raises(SiteErrors, match="no such folder of profiles"):
        read_profiles(tmp_path / "missing")
