"""docs/rules.md has a section and a rule that works for every kind there is."""

import re
from pathlib import Path

import yaml

from community.site.conditions import CONDITION_KINDS
from rules.detect.compile import compile_rules
from rules.detect.engine import Detector
from tests.unit.rules.sites import make_site

PAGE = (Path(__file__).parents[3] / "docs" / "rules.md").read_text(encoding="utf-8")
RULES = [yaml.safe_load(text) for text in re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)]


def test_every_kind_has_an_example_that_loads() -> None:
    events = {"credential"}
    points = {
        f"d.{rule['select']['measure']}": {"kind": "event" if rule["select"]["measure"] in events else "number"}
        for rule in RULES
    }
    site = make_site(points, RULES)
    shown = [rule.when.kind for rule in site.file.rules]
    assert set(CONDITION_KINDS) - set(shown) == {"below", "equals"}
    assert len(Detector(compile_rules(site)).compiled.spots) >= len(RULES)
    sections = re.findall(r"^## (.+)$", PAGE, re.MULTILINE)
    assert [name for section in sections for name in section.split(", ")] == list(CONDITION_KINDS)
