"""A figure the page says in words is the one the API keeps to."""

import re

from api.rules.router import MOST_VERSIONS
from tests.servers import ROOT


def test_how_many_versions_a_rule_s_changes_are_looked_for_in() -> None:
    for language in ("en", "zh"):
        words = (ROOT / f"dashboards/web/src/i18n/{language}/ruleBook.ts").read_text(encoding="utf-8")
        assert set(re.findall(r"history(?:Of|None): '\D*(\d+)", words)) == {str(MOST_VERSIONS)}
