"""Composed rules in a site file: mistakes are told where they stand, overrides and selections mean what they say."""

from collections.abc import Sequence

import pytest

from backbone.site_files import read_profiles
from community.site.explain import coverage
from community.site.load import check_text, load_site
from community.site.site import Site
from community.site.watching import Watching

PROFILES = read_profiles(None)
HEAD = """\
site: {id: test, name: {zh: 测试社区}}
zones:
  - id: b1
    name: {zh: 一号楼}
    kind: building
    zones:
      - {id: f1, name: {zh: 一层}, kind: corridor}
      - {id: f2, name: {zh: 二层}, kind: corridor}
gateways:
  - id: gw
    devices:
      - {id: env-1, profile: xy-md02, zone: f1, modbus: {tcp: "127.0.0.1:1", unit: 1}, tags: [north]}
      - {id: env-2, profile: xy-md02, zone: f2, modbus: {tcp: "127.0.0.1:1", unit: 2}}
      - {id: smoke, profile: zigbee2mqtt-smoke, zone: f2, mqtt: {topic: a/smoke}}
calendars: [{id: market, hours: "07:00-12:00", weekdays: [sat, sun]}]
rules:
"""
LINE = HEAD.count("\n") + 1
MORE = "risk: low, message: {zh: 报警}"


def text_of(rows: Sequence[str]) -> str:
    return HEAD + "".join(f"  - {{{row}, {MORE}}}\n" for row in rows)


def site_of(*rows: str) -> Site:
    return load_site(text_of(rows), PROFILES)


A = "id: a, select: {zone: f1}, "


@pytest.mark.parametrize(
    ("rows", "told"),
    [
        (["id: a, select: {zone: [f1, ^f3]}, when: {above: 1}"], ["there is no zone 'f3'"]),
        (["id: a, select: {zone: f1, except: ^{device: env-9}}, when: {above: 1}"], ["there is no device 'env-9'"]),
        (["id: a, select: ^{zone: f1, except: {zone: b1}}, when: {above: 1}"], ["this selects no point"]),
        ([A + "when: {above: 1}, during: ^midnight"], ["there is no calendar 'midnight'; did you mean 'night'?"]),
        (
            [A + "when: {alarm: b}", "id: b, select: {zone: f1}, when: {not: {alarm: ^a}}"],
            ["these alarms wait for each other: a → b → a; take one of them out"],
        ),
        ([A + "when: {alarm: ^a}"], ["these alarms wait for each other: a → a"]),
        ([A + "when: {alarm: ^c}"], ["there is no rule 'c'"]),
        ([A + "when: {all: [{above: 1}, ^{above: 1, below: 2}]}"], ["a condition has exactly one kind"]),
        (
            [A + "when: {all: [{above: 1}, {select: ^{zone: f2}, above: 1}]}"],
            ["a condition on other points needs the place they meet at: add per: device"],
        ),
        ([A + "per: ^zone, when: {above: 1}"], ["per belongs to all, any, not and alarm"]),
        ([A + "when: {all: ^[]}"], ["all needs the conditions it is made of"]),
        (
            [A + "when: {above: 1}, overrides: [{select: ^{zone: f2}, for: 1m}]"],
            ["this selects none of the points the rule watches"],
        ),
        (
            [A + "when: {above: 1}, overrides: [{select: {zone: f1}, when: ^{below: 1}}]"],
            ["the rule's condition is above; an override changes its limits, not its kind"],
        ),
        ([A + "when: {above: 1}, overrides: [^{select: {zone: f1}}]"], ["an override says what is different"]),
        (
            [A + "when: {above: 1}, overrides: [^{select: {zone: f1}, risk: ^high, action: {zh: 去}}]"],
            [
                "a high rule says message, cause, consequence and action in zh and en",
                "a high rule must name the plan it activates",
            ],
        ),
    ],
)
def test_mistakes_are_told_where_they_stand(rows: list[str], told: list[str]) -> None:
    """`^` marks where."""
    marked, places = text_of(rows), []
    while (at := marked.find("^")) >= 0:
        marked = marked[:at] + marked[at + 1 :]
        places.append((marked.count("\n", 0, at) + 1, at - marked.rfind("\n", 0, at)))
    problems = check_text(marked, PROFILES)
    assert [(p.line, p.column) for p in problems] == places
    for problem, beginning in zip(problems, told, strict=True):
        assert problem.message.startswith(beginning)


@pytest.mark.parametrize(
    "calendar", ['{id: a, hours: "25:00-26:00"}', "{id: a, dates: 2026-13-01}", "{id: a, weekdays: someday}"]
)
def test_a_calendar_that_cannot_be_is_refused(calendar: str) -> None:
    (problem,) = check_text(HEAD.replace("calendars: [", f"calendars: [{calendar}, ") + "  []\n", PROFILES)
    assert problem.line == LINE - 2


def selected(select: str) -> list[str]:
    site = site_of(f"id: a, select: {select}, when: {{above: 1}}")
    return [point.id for watch in Watching(site).watches(site.file.rules[0]) for point in watch.points]


def test_a_list_is_any_of_several_and_except_takes_away() -> None:
    climate = ["env-1.temperature", "env-1.humidity", "env-2.temperature", "env-2.humidity"]
    assert selected("{measure: [temperature, humidity]}") == climate
    assert selected("{zone: b1, measure: humidity}") == ["env-1.humidity", "env-2.humidity"]
    assert selected("{family: environment, except: {tag: north}}") == climate[2:]
    assert selected("{family: environment, except: [{tag: north}, {point: env-2.humidity}]}") == ["env-2.temperature"]


def test_the_nearest_override_wins_key_by_key() -> None:
    site = site_of(
        "id: a, select: {measure: temperature}, when: {above: 40, deadband: 2}, for: 5m, overrides: ["
        "{select: {point: env-2.temperature}, when: {above: 60}}, {select: {zone: f2}, when: {above: 50}, for: 1m}, "
        "{select: {zone: b1}, for: 2m, clear_after: 10s}]"
    )
    watching, (rule,) = Watching(site), site.file.rules
    first, second = (watching.at(rule, f"env-{n}.temperature") for n in (1, 2))
    assert (first.when.above, first.for_, first.clear_after) == (40, 120, 10)
    assert (second.when.above, second.when.deadband, second.for_, second.clear_after) == (60, 2, 60, 10)


def test_a_place_that_lacks_a_part_is_not_counted_as_watched() -> None:
    """On the first floor there is no smoke detector, so nothing there is ever judged."""
    both = "{all: [{above: 40}, {select: {measure: smoke}, equals: 1}]}"
    site = site_of(f"id: a, select: {{zone: b1, measure: temperature}}, per: zone, when: {both}")
    watched = set(site.points) - {point.id for point in coverage(site).unwatched}
    assert watched == {"env-2.temperature", "smoke.smoke"}
