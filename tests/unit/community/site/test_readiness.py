"""Mistakes about drills, trainings and the positive alarm sequence, each with its place and what to do."""

import pytest

from community.site.load import check_text
from tests.unit.community.site.test_mistakes import GOOD, PROFILES

READY = (
    GOOD.replace(
        "risk: high\n    plan: fire\n",
        "risk: high\n    plan: fire\n    positive_alarm: {acknowledge: 15s, investigate: 3m}\n",
    )
    + """
roster:
  shifts: [{id: always, name: {zh: 全天}, from: "00:00", to: "00:00"}]
  duties: [{id: commander, name: {zh: 值班指挥}}]
  rota: [{duty: commander, shift: always, people: [wang-wei]}]
drills:
  - {kind: fire, every: 1y, last: 2026-06-18}
qualifications:
  - {id: officer, name: {zh: 安全责任人}, content: law, valid: 2y, duties: [commander, guide], without: refuse}
trainings:
  - {person: wang-wei, qualification: officer, on: 2026-04-20}
"""
)
REFUSED = "wang-wei has no training in officer, and nobody is on duty for commander without it; add it to trainings"


def test_what_is_ready_loads() -> None:
    assert check_text(READY, PROFILES) == ()


@pytest.mark.parametrize(
    ("before", "after", "told"),
    [
        ("every: 1y", "every: 2y", "a fire drill is held at least once a year: write 1y or less"),
        ("kind: fire, every", "kind: public-health, every", "no plan of kind public-health can be practised"),
        ("every: 1y,", "every: 1y, remind: 1y,", "the reminder is due before the last drill was held"),
        ("every: 1y, last: 2026-06-18}", "every: 1y}\n  - {kind: fire}", "drills of kind fire are there twice"),
        ("duties: [commander, guide]", "duties: [commander, gide]", "nobody is ever gide"),
        ("valid: 2y,", "valid: 2y, remind: 3y,", "the reminder is due before the training was held"),
        ("qualification: officer", "qualification: oficer", "there is no qualification 'oficer'"),
        ("person: wang-wei,", "person: wang-wie,", "there is no person 'wang-wie'"),
        ("on: 2026-04-20}", "on: 2026-04-20, expires: 2026-04-01}", "it expires before it was held"),
        ("  - {person: wang-wei, qualification: officer, on: 2026-04-20}", "  []", REFUSED),
        ("acknowledge: 15s", "acknowledge: 20s", "somebody answers within 15s"),
        ("investigate: 3m", "investigate: 4m", "whoever looks has at most 3m"),
    ],
)
def test_one_change_tells_what_it_breaks(before: str, after: str, told: str) -> None:
    assert before in READY
    problems = check_text(READY.replace(before, after, 1), PROFILES)
    assert any(told in problem.message for problem in problems), problems


def test_a_call_point_never_waits_and_only_a_plan_can_be_waited_for() -> None:
    early = GOOD.replace(
        "risk: medium, message: {zh: 烟雾报警", "risk: medium, positive_alarm: {}, message: {zh: 烟雾报警"
    )
    (problem,) = check_text(early, PROFILES)
    assert "only a rule that activates a plan can wait" in problem.message
    pressed = READY.replace("{id: smoke-a, profile: zigbee2mqtt-smoke", "{id: smoke-a, profile: zigbee2mqtt-call-point")
    pressed = pressed.replace(
        "select: {measure: smoke}\n    when: {vote: {at_least: 2, within: 60s}}",
        "select: {measure: call-point}\n    when: {equals: 1}",
    )
    assert any("a manual call point never waits" in problem.message for problem in check_text(pressed, PROFILES))


def test_a_level_that_only_moves_machines_is_no_response() -> None:
    alone = GOOD.replace(
        "          - {id: evacuate, name: {zh: 疏散, en: Evacuate}, who: guide, within: 5m, proof: note}\n", ""
    )
    (problem,) = check_text(alone, PROFILES)
    assert "level high tells nobody and asks nobody" in problem.message


def test_resources_are_where_the_file_says() -> None:
    plan = "    levels:\n      high:\n"
    for row, told in (("zone: b9", "no zone 'b9'"), ("facility: pump", "no facility 'pump'")):
        wrong = GOOD.replace(plan, f"    resources: [{{id: r, name: {{zh: 物资}}, {row}}}]\n{plan}")
        (problem,) = check_text(wrong, PROFILES)
        assert told in problem.message


@pytest.mark.parametrize(
    ("to", "told"),
    [
        ("[wang-wei, safety-officer]", ""),
        ("[gardener]", "nobody is ever gardener"),
        ('["party:nobody"]', "there is no party 'nobody'"),
        ("[]", "at least 1"),
    ],
)
def test_a_report_goes_to_somebody_there_is(to: str, told: str) -> None:
    problems = check_text(READY + f"\nnotifications:\n  reports: [{{every: month, to: {to}}}]\n", PROFILES)
    assert bool(problems) == bool(told), problems
    assert all(told in problem.message for problem in problems), problems
