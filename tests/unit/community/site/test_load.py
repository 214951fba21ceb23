"""Site files: a good one is resolved, and each mistake is told with its place and a sentence."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from backbone.site_files import check_file, read_profiles
from community.site.load import SiteErrors, check_text, load_profiles, load_site
from community.site.profile import Family, Lane

DATA = Path(__file__).parents[3] / "data" / "site"
GOOD = (DATA / "good.yaml").read_text(encoding="utf-8")
MISTAKES: list[dict[str, Any]] = yaml.safe_load((DATA / "mistakes.yaml").read_text(encoding="utf-8"))
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


@pytest.mark.parametrize("mistake", MISTAKES, ids=[m["says"] for m in MISTAKES])
def test_a_mistake_is_told_where_it_stands(mistake: dict[str, Any]) -> None:
    before, after = mistake["change"]
    assert before in GOOD
    problems = check_text(GOOD.replace(before, after, 1), PROFILES, "a.yaml")
    told = [p for p in problems if mistake["says"] in p.message]
    assert told, [str(p) for p in problems]
    assert [told[0].line, told[0].column] == mistake["at"], str(told[0])
    assert str(told[0]).startswith(f"a.yaml:{told[0].line}:{told[0].column}: ")


def test_all_mistakes_are_told_at_once() -> None:
    text = GOOD.replace("unit: 9", "unit: 4").replace("party: property, inst", "party: nobody, inst")
    text = text.replace("timezone: Asia/Shanghai", "timezone: Nowhere")
    assert len(check_text(text, PROFILES)) == 3


@pytest.mark.parametrize(
    "text", ["", "- a list", "site: 1", "\x00", "{", "a: &x [*x]", "site: !!python/object:os.system x"]
)
def test_garbage_is_refused_in_words(text: str) -> None:
    problems = check_text(text, PROFILES)
    assert problems
    assert all(p.line >= 1 and p.column >= 1 and p.message for p in problems)


def test_yaml_1_2_words_stay_words() -> None:
    site = load_site(GOOD.replace("en: Test community", "en: on"), PROFILES)
    assert site.file.site.name.en == "on"


def test_the_demo_community_is_what_it_promises() -> None:
    assert check_file(DEMO) == ()
    site = load_site(DEMO.read_text(encoding="utf-8"), PROFILES)
    assert len(site.devices) >= 150
    assert len(site.points) >= 400
    families = {point.family for point in site.points.values()}
    assert families >= {Family.ACCESS, Family.ENVIRONMENT, Family.FIRE, Family.WASTE}
    assert sum(zone.kind == "building" and zone.id.startswith("b") for zone in site.file.zones) == 6
    assert {plan.kind for plan in site.file.plans} == {"fire", "natural-disaster", "safety-accident", "public-health"}
    assert all(point.name.en and point.name.zh for point in site.points.values())


def test_a_file_that_is_not_there_or_no_text_is_a_problem_too(tmp_path: Path) -> None:
    (tmp_path / "binary.yaml").write_bytes(b"\xff\xfe\x00")
    assert "no such file" in check_file(tmp_path / "missing.yaml")[0].message
    assert "UTF-8" in check_file(tmp_path / "binary.yaml")[0].message


def test_a_wrong_profile_is_refused_with_its_place() -> None:
    text = (
        "id: x\nproduct: X\nmaker: X\nsource: manual\nfamily: fire\ndecoder: modbus\nevery: 10s\n"
        "measures:\n  smoke: {name: {zh: 烟}, low: 5, high: 1}\n"
    )
    with pytest.raises(SiteErrors) as refused:
        load_profiles({"x.yaml": text})
    assert [str(p) for p in refused.value.problems] == [
        "x.yaml:9:10: 'smoke' has no modbus register; say where it stands",
        "x.yaml:9:10: low 5 is not below high 1",
    ]
