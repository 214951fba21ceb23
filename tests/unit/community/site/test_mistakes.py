"""Wrong site files: every mistake is told with its place and a sentence, and nothing that is no mistake."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from backbone.site_files import check_file, read_profiles
from community.site.load import check_text

DATA = Path(__file__).parents[3] / "data" / "site"
GOOD = (DATA / "good.yaml").read_text(encoding="utf-8")
MISTAKES: list[dict[str, Any]] = yaml.safe_load((DATA / "mistakes.yaml").read_text(encoding="utf-8"))
PROFILES = read_profiles(None)


@pytest.mark.parametrize("mistake", MISTAKES, ids=[m["tells"][0] for m in MISTAKES])
def test_one_change_tells_exactly_what_it_breaks(mistake: dict[str, Any]) -> None:
    before, after = mistake["change"]
    assert before in GOOD
    problems = check_text(GOOD.replace(before, after, 1), PROFILES, "a.yaml")
    assert [str(problem) for problem in problems] == [f"a.yaml:{told}" for told in mistake["tells"]]


@pytest.mark.parametrize("path", sorted((DATA / "wrong").glob("*.yaml")), ids=lambda path: path.stem)
def test_a_whole_file_tells_all_of_it_at_once(path: Path) -> None:
    told = path.with_suffix(".txt").read_text(encoding="utf-8").splitlines()
    assert [str(p).removeprefix(f"{path.parent}/") for p in check_file(path)] == told


def test_a_mistake_of_shape_hides_no_other() -> None:
    wrong_shape = GOOD.replace("every: 2s", "every: two")
    both = wrong_shape.replace("at_least: 2", "at_least: 3").replace("unit: 9", "unit: 4")
    assert [p.path for p in check_text(both, PROFILES)] == [
        "gateways.0.devices.2.every",
        "gateways.0.devices.3.modbus",
        "rules.1.when.vote",
    ]


def test_what_a_mistake_left_out_is_not_told_to_be_missing() -> None:
    no_detector = GOOD.replace("id: smoke-b,", "id: SMOKE,")  # the vote of two would fail without it
    no_plan = GOOD.replace("    plan: fire\n", "    plan: [fire]\n")  # a high rule without one would not load
    nobody = GOOD.replace("duties: [guide]", "duties: guide")  # nobody would be the guide
    for text in (no_detector, no_plan, nobody):
        assert len(check_text(text, PROFILES)) == 1, check_text(text, PROFILES)


def test_an_escalation_party_has_somebody_to_be_told() -> None:
    text = GOOD.replace("rules:\n", "notifications: {language: zh}\nrules:\n", 1)
    text = text.replace("roles: [guide]}", "roles: [guide], escalation: property}", 1)
    (problem,) = check_text(text, PROFILES, "a.yaml")
    assert "nobody works for 'property', so nobody would be told" in str(problem)
    assert not check_text(text.replace("duties: [guide]}", "duties: [guide], party: property}"), PROFILES, "a.yaml")
