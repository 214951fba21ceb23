"""Points found by an index are those that asking each of them finds."""

from collections.abc import Mapping
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from community.site.conditions import Select
from community.site.profile import ValueKind
from community.site.rules import Rule
from community.site.site import Point, Site
from community.site.watching import Watching
from tests.unit.rules.sites import make_site

PARENTS = {"a-1": "a", "a-1-1": "a-1", "a-2": "a"}
POINTS = {
    f"d-{device}.{measure}": {
        "zone": zone,
        "family": family,
        "tags": tags,
        "kind": "event" if measure == "pass" else "number",
    }
    for device, (zone, family, tags) in enumerate(
        [
            ("a", "environment", ()),
            ("a-1", "fire", ("x",)),
            ("a-1-1", "fire", ("x", "y")),
            ("a-2", "environment", ("y",)),
            ("b", "access", ("x",)),
            ("b", "access", ()),
        ]
    )
    for measure in ("temperature", "humidity", "pass")
}
WORDS = {
    "family": ["environment", "fire", "access"],
    "measure": ["temperature", "humidity", "pass", "none"],
    "zone": ["a", "a-1", "a-1-1", "a-2", "b"],
    "device": [f"d-{device}" for device in range(6)],
    "point": list(POINTS),
    "tag": ["x", "y", "none"],
}
ROWS = st.fixed_dictionaries(
    {}, optional={key: st.lists(st.sampled_from(words), min_size=1, max_size=3) for key, words in WORDS.items()}
)
SELECTS = st.tuples(ROWS, st.lists(ROWS, max_size=2)).map(
    lambda rows: {**rows[0], **({"except": rows[1]} if rows[1] else {})}
)


def _site(*rules: Mapping[str, Any]) -> Site:
    return make_site(POINTS, list(rules), parents=PARENTS)


SITE = _site()


def _is_meant(point: Point, select: Select) -> bool:
    asked = (
        (select.family, {point.family}),
        (select.measure, {point.measure}),
        (select.zone, set(SITE.zone_path(point.zone))),
        (select.device, {point.device}),
        (select.point, {point.id}),
        (select.tag, set(point.tags)),
    )
    return all(not words or answers & set(words) for words, answers in asked) and not any(
        _is_meant(point, row) for row in select.except_
    )


@given(SELECTS)
def test_a_select_means_the_points_all_of_it_matches(row: Mapping[str, Any]) -> None:
    select, points = Select.model_validate(row), list(SITE.points.values())
    meant = [place for place, point in enumerate(points) if _is_meant(point, select)]
    assert SITE.selection.places(select) == meant
    assert [place for place in range(len(points)) if SITE.selection.matches(select, place)] == meant


@given(SELECTS, st.lists(ROWS, max_size=2))
def test_a_rule_watches_what_it_selects_each_with_what_is_different_there(
    row: Mapping[str, Any], others: list[Mapping[str, Any]]
) -> None:
    overrides = [{"select": other, "when": {"above": 10 + number}} for number, other in enumerate(others)]
    site = _site({"id": "r", "select": row, "when": {"above": 5}, "overrides": overrides})
    rule = site.file.rules[0]
    meant = [p for p in site.points.values() if p.kind is not ValueKind.EVENT and _is_meant(p, rule.select)]
    watches = list(Watching(site).watches(rule))
    assert [(w.scope, w.zone, w.points) for w in watches] == [(p.id, p.zone, (p,)) for p in meant]
    for watch in watches:
        holding = {n for n, other in enumerate(rule.overrides) if _is_meant(watch.points[0], other.select)}
        assert set(watch.overrides) == holding
        assert watch.rule.when.above in ({10 + number for number in holding} or {5})
        assert isinstance(watch.rule, Rule)
