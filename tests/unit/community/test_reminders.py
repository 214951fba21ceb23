"""What is due: a yearly fire drill whatever the file says; revisions, trainings, renewals, reviews ahead of time."""

from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

from hypothesis import example, given
from hypothesis import strategies as st

from community.drills import Drill, DrillState
from community.reminders import drill_dates, due_of, reminders
from community.site.model import SiteFile
from community.site.readiness import Qualification, TrainingRow
from community.text import Text
from community.training import Standing, Training, held, lacking
from tests.unit.community.test_drills import DRILL

DAY_MS = 86_400_000
FIRST_AID = Qualification.model_validate(
    {"id": "first-aid", "name": {"zh": "救护"}, "content": "emergency-skills", "valid": "365d", "duties": ["guide"]}
)


def file(**more: Any) -> SiteFile:
    return SiteFile.model_validate(
        {
            "site": {"id": "s", "name": {"zh": "社区"}},
            "zones": [{"id": "b3", "name": {"zh": "3号楼"}, "kind": "building"}],
            "people": [{"id": "liu-yang", "name": "刘洋", "roles": ["crew"], "duties": ["guide"]}],
            "gateways": [],
            **more,
        }
    )


def ms(day: date) -> int:
    return round(datetime(day.year, day.month, day.day, 4, tzinfo=UTC).timestamp() * 1000)


def ended(day: date, kind: str = "fire") -> Drill:
    return replace(DRILL, kind=kind, state=DrillState.EVALUATED, ended_at=ms(day))


def test_a_site_that_says_nothing_of_drills_owes_a_fire_drill() -> None:
    (row,) = drill_dates(file(), [], date(2026, 11, 23))
    assert (row.duty.kind, row.last, row.overdue) == ("fire", None, True)
    (reminder,) = reminders(file(), [], [], ms(date(2026, 11, 23)))
    assert (reminder.source, reminder.overdue) == ("drill-due:fire:first", True)
    assert [r.source for r in reminders(file(), [], [], ms(date(2026, 11, 24)))] == [reminder.source], "one, not daily"


def test_a_drill_that_was_held_counts_for_its_year_and_one_that_is_planned_reminds_nobody() -> None:
    known = [ended(date(2026, 1, 10)), ended(date(2026, 6, 1), "evacuation")]
    assert [r.due for r in reminders(file(), known, [], ms(date(2026, 12, 20)))] == [date(2027, 1, 10)]
    assert list(reminders(file(), known, [], ms(date(2026, 12, 1)))) == []
    planned = [*known, replace(DRILL, planned_at=ms(date(2027, 1, 5)))]
    assert list(reminders(file(), planned, [], ms(date(2026, 12, 20)))) == []
    suspended = replace(DRILL, state=DrillState.SUSPENDED, ended_at=None)
    (row,) = drill_dates(file(), [suspended], date(2026, 12, 20))
    assert row.overdue, "a drill a real emergency stopped was not held"


@given(st.dates(date(2025, 1, 1), date(2030, 1, 1)), st.integers(0, 1200))
@example(date(2027, 3, 15), 366)  # over a 29 February
@example(date(2028, 2, 29), 366)
def test_a_fire_drill_is_overdue_exactly_after_its_anniversary(last: date, days: int) -> None:
    today = date.fromordinal(last.toordinal() + days)
    (row,) = drill_dates(file(), [ended(last)], today)
    same_day = (last.year + 1, last.month, 28 if (last.month, last.day) == (2, 29) else last.day)
    assert row.overdue is ((today.year, today.month, today.day) > same_day)


def test_the_latest_training_decides_and_people_hear_of_it_before_it_expires() -> None:
    rows = (TrainingRow(person="liu-yang", qualification="first-aid", on=date(2025, 6, 1)),)
    record = Training(
        id="t",
        site="s",
        person="liu-yang",
        qualification="first-aid",
        on=date(2026, 5, 20),
        form="practice",
        expires=date(2027, 5, 20),
        by="wang-wei",
        recorded_at=0,
    )
    for today, records, standing in (
        (date(2025, 5, 1), [], Standing.MISSING),
        (date(2026, 4, 1), [], Standing.VALID),
        (date(2026, 5, 15), [], Standing.EXPIRING),
        (date(2026, 6, 2), [], Standing.EXPIRED),
        (date(2026, 6, 2), [record], Standing.VALID),
        (date(2026, 6, 2), [replace(record, withdrawn=True)], Standing.EXPIRED),
    ):
        assert held("liu-yang", FIRST_AID, rows, records, today).standing is standing, today
    assert lacking("liu-yang", "liaison", [FIRST_AID], rows, [], date(2026, 6, 2)) == []
    assert [h.standing for h in lacking("liu-yang", "guide", [FIRST_AID], rows, [], date(2026, 6, 2))] == ["expired"]


def test_revisions_and_trainings_are_reminded_of_ahead() -> None:
    plan = {
        "id": "fire",
        "name": {"zh": "火灾"},
        "kind": "fire",
        "version": 1,
        "approved": {"by": "liu-yang", "on": "2026-01-01"},
        "next_revision": "2027-01-01",
        "organisation": {"commander": "safety-officer"},
        "levels": {},
    }
    site = file(
        plans=[plan],
        drills=[{"kind": "fire", "last": "2026-12-01"}],
        qualifications=[FIRST_AID.model_dump()],
        trainings=[{"person": "liu-yang", "qualification": "first-aid", "on": "2026-01-05"}],
    )
    assert list(reminders(site, [], [], ms(date(2026, 12, 1)))) == []
    found = list(reminders(site, [], [], ms(date(2026, 12, 20))))
    assert [(r.source.partition(":")[0], r.overdue) for r in found] == [("plan-revision", False), ("training", False)]
    assert found[1].title == Text(zh="培训刘洋：救护", en="Train 刘洋: 救护")


def test_renewals_and_reviews_are_reminded_of_ahead_with_time_to_act() -> None:
    centre = {"id": "centre", "name": {"zh": "服务中心"}, "zone": "b3", "party": "p", "category": "service-centre"}
    risk = {"id": "fire", "zone": "b3", "source": "equipment", "likelihood": 1, "severity": 2, "grade": "low"}
    site = file(
        drills=[{"kind": "fire", "last": "2028-02-01"}],
        facilities=[{**centre, "installed": "2023-10-01"}],
        risks=[{**risk, "review": "2028-09-01"}],
    )
    assert list(reminders(site, [], [], ms(date(2028, 3, 1)))) == []
    (renewal,) = reminders(site, [], [], ms(date(2028, 4, 10)))
    due = due_of(site, renewal, ms(date(2028, 4, 10)))
    assert (due.source, due.due_by) == ("renewal:centre:2028-10-01", ms(date(2028, 10, 1)) - 12 * 3_600_000)
    assert (due.facility, due.party, due.late) == ("centre", "p", False)
    late = [due_of(site, r, ms(date(2028, 10, 3))) for r in reminders(site, [], [], ms(date(2028, 10, 3)))]
    assert [one.source for one in late] == ["renewal:centre:2028-10-01", "risk-review:fire:2028-09-01"]
    assert {(one.late, one.due_by) for one in late} == {(True, ms(date(2028, 10, 17)))}
