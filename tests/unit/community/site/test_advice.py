"""Priorities that do not fit their risks are told, and keep no file from being loaded."""

from pathlib import Path

import pytest

from backbone.site_files import check_file, read_profiles
from community.site.advice import advise_text
from community.site.load import check_text

ROOT = Path(__file__).parents[4]
GOOD = (ROOT / "tests" / "data" / "site" / "good.yaml").read_text(encoding="utf-8")
PROFILES = read_profiles(None)
RISK = "{id: %s, zone: b1, source: environment, likelihood: 2, severity: %d, grade: %s, plan: fire, rules: [%s]%s}"


def with_risks(*rows: str) -> str:
    return GOOD.replace("\nplans:\n", "\nrisks:\n" + "".join(f"  - {row}\n" for row in rows) + "plans:\n", 1)


def advice(text: str) -> list[str]:
    assert check_text(text, PROFILES) == (), "advice is no mistake"
    return [said.message for said in advise_text(text, PROFILES)]


HIGH = RISK % ("burns", 5, "high", "fire", "")
INSTEAD = "the gravest risk it answers, is %s: grade it so, or say why not in rationale"
CASES = {
    "a rule below its risk": (
        RISK % ("burns", 5, "high", "fire, smoke", ""),
        f"'smoke' is medium, and 'burns', {INSTEAD % 'high'}",
    ),
    "a rule above its risk": (
        RISK % ("burns", 3, "medium", "fire, smoke", ""),
        f"'fire' is high, and 'burns', {INSTEAD % 'medium'}",
    ),
    "a risk without rules": (
        f"{HIGH}\n  - {RISK % ('quake', 5, 'high', '', '')}",
        "no rule watches for this high risk: name those that do in rules, or say in unwatched why nothing can",
    ),
    "a high rule without a risk": (
        RISK % ("damp", 3, "medium", "smoke", ""),
        "no risk names the high rule 'fire': add it to the rules of the risk it answers",
    ),
}


@pytest.mark.parametrize(("risks", "told"), CASES.values(), ids=CASES)
def test_what_does_not_fit_is_told_where_it_stands(risks: str, told: str) -> None:
    assert advice(with_risks(risks)) == [told]


def test_who_said_why_is_asked_no_more() -> None:
    low = with_risks(
        RISK % ("burns", 5, "high", "fire, smoke", ""), RISK % ("quake", 5, "high", "", ", unwatched: {zh: 无}")
    )
    assert advice(low.replace("risk: medium, message", "risk: medium, rationale: {zh: 单只}, message", 1)) == []


def test_who_names_people_is_told_what_it_takes_until_it_is_on_record() -> None:
    risks = with_risks(HIGH)
    named = risks.replace("id: test", "personal_data: as-read, id: test", 1)
    assert len(advice(named)) == len(advice(risks)) + 1
    assert any("card numbers and names leave the gateways as they are" in said for said in advice(named))
    agreed = "personal_data_rationale: {zh: 入户告知并签字}, personal_data: as-read"
    assert advice(named.replace("personal_data: as-read", agreed)) == advice(risks)


def test_the_demo_has_decided() -> None:
    path = ROOT / "sites" / "jinxiu.yaml"
    assert check_file(path) == ()
    assert advise_text(path.read_text(encoding="utf-8"), PROFILES) == ()
