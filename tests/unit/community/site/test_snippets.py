"""A rule's own lines, out of a site file and back in, with everything around them untouched."""

import re

import pytest

from community.site.changes import Difference, differences
from community.site.load import SiteErrors, load_profiles, load_site
from community.site.snippets import SnippetError, rule_text, with_rule
from tests.servers import ROOT

DEMO = (ROOT / "sites" / "jinxiu.yaml").read_text(encoding="utf-8")
PROFILES = load_profiles({p.name: p.read_text() for p in (ROOT / "gateway" / "profiles").glob("*.yaml")})
FILE = load_site(DEMO, PROFILES).file
RULES = DEMO[DEMO.index("\nrules:") : DEMO.index("\ndrills:")]
HEAD, *EACH = re.split("(?m)^(?=  - id: )", RULES)


@pytest.mark.parametrize("place", range(len(FILE.rules)), ids=[rule.id for rule in FILE.rules])
def test_every_rule_of_the_demo_comes_out_and_goes_back_unchanged(place: int) -> None:
    """Between its neighbours: reading the whole file for each of them takes long."""
    rule, text = FILE.rules[place].id, HEAD + "".join(EACH[max(0, place - 1) : place + 2])
    found = rule_text(text, rule)
    assert found is not None
    assert found.startswith(f"id: {rule}\n")
    assert with_rule(text, rule, found).text == text


def test_a_changed_rule_changes_nothing_else() -> None:
    found = rule_text(DEMO, "too-hot")
    assert found is not None
    changed = with_rule(DEMO, "too-hot", found.replace("risk: low", "risk: medium")).text
    after = load_site(changed, PROFILES).file
    assert differences(FILE, after) == [Difference("rules", "too-hot", "changed", "risk", "low", "medium")]
    assert [line for line in DEMO.splitlines() if "#" in line] == [line for line in changed.splitlines() if "#" in line]


def test_a_new_rule_stands_behind_the_last() -> None:
    new = "id: dark\nselect: {measure: battery}\nwhen: {below: 5}\nrisk: low\nmessage: {zh: 电量耗尽}"
    after = load_site(with_rule(DEMO, "dark", new).text, PROFILES).file
    assert differences(FILE, after) == [Difference("rules", "dark", "added")]
    assert after.rules[-1].id == "dark"


def test_a_mistake_is_told_by_the_rules_own_lines() -> None:
    found = rule_text(DEMO, "too-hot")
    assert found is not None
    changed = with_rule(DEMO, "too-hot", found.replace("risk: low", "risc: low"))
    with pytest.raises(SiteErrors) as caught:
        load_site(changed.text, PROFILES)
    place = next(p for p in caught.value.problems if "'risc' is not known here" in p.message)
    line, column = changed.place(place.line, place.column) or (0, 0)
    assert found.splitlines()[line - 1].startswith("risk: low")
    assert column == 1
    assert changed.place(1, 1) is None


def test_rules_in_one_line_are_changed_with_the_whole_file() -> None:
    flow = "site: {id: a}\nrules: [{id: a}, {id: b}]\n"
    assert rule_text(flow, "b") is None
    with pytest.raises(SnippetError, match="change the whole file"):
        with_rule(flow, "b", "id: b")


def test_differences_name_rows_inside_rows() -> None:
    text = DEMO.replace("en: 1F corridor}", "en: Ground floor}", 1).replace(
        "{id: smoke-b3-f1-a, ", "{id: smoke-new, ", 1
    )
    text = text.replace("smoke-b3-f1-a", "smoke-new").replace("timezone: Asia/Shanghai", "timezone: Asia/Urumqi")
    told = differences(FILE, load_site(text, PROFILES).file)
    assert {(d.section, d.what) for d in told} >= {("zones", "changed"), ("devices", "added"), ("devices", "removed")}
    assert Difference("site", "", "changed", "timezone", None, "Asia/Urumqi") in told
