"""Every condition against timelines in tests/data/rules/*.yaml: points, rules, what comes and what follows."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.unit.rules.sites import make_site
from tests.unit.rules.timeline import entries, ms, run

DATA = Path(__file__).parents[2] / "data" / "rules"


def _cases() -> list[Any]:
    cases = []
    for file in sorted(DATA.glob("*.yaml")):
        document = yaml.safe_load(file.read_text(encoding="utf-8"))
        cases += [pytest.param(document, case, id=f"{file.stem}: {case['name']}") for case in document["cases"]]
    return cases


def test_when_the_hours_of_a_rule_end_no_reading_ended_its_alarm() -> None:
    rule = {"id": "r", "select": {"point": "a.x"}, "when": {"above": 40}, "during": "night"}
    site = make_site({"a.x": {}}, [rule])
    # 1970-01-01 08:00 in Shanghai at 0
    raised, over = run(site, entries([{"t": "14h", "point": "a.x", "x": 41}, {"tick": "23h"}]))
    assert [(c.point, c.value) for c in raised.causes] == [("a.x", 41)]
    assert (over.at, over.reason, over.causes) == (ms("22h"), "hours", ())


@pytest.mark.parametrize(("document", "case"), _cases())
@pytest.mark.parametrize("batching", ["whole", "single", "restarted"])
def test_case(document: dict[str, Any], case: dict[str, Any], batching: str) -> None:
    points = document.get("points", {}) | case.get("points", {})
    rules = case.get("rules") or document["rules"]
    site = make_site(points, [{"id": "r", **rule} for rule in rules])
    timeline = entries(case["given"])
    cuts = () if batching == "whole" else range(len(timeline))
    found = run(site, timeline, cuts, restart=batching == "restarted")
    expected = case["expect"]
    assert [(t.active, t.at) for t in found] == [(row["active"], ms(row["at"])) for row in expected], found
    for transition, row in zip(found, expected, strict=True):
        for key in ("rule", "scope", "zone", "value", "reason", "quality"):
            if key in row:
                assert getattr(transition, key) == row[key], key
        if "causes" in row:
            causes = [(c.point, c.at, c.value, c.quality) for c in transition.causes]
            assert causes == [(point, ms(at), value, quality) for point, at, value, quality in row["causes"]]
        if "points" in row:
            assert sorted(transition.points) == sorted(row["points"])
