"""Quiet hours hold what can wait, for those who are not on duty; an emergency gets through to everybody."""

from dataclasses import replace
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from community.escalations import Call, Escalation
from community.notice_text import Facts
from community.preferences import Choice, Preferences, Subject
from community.roster import OnRecord, RosterChange
from community.site.model import SiteFile
from community.site.site import Site
from community.text import Text
from rules.notify.calls import People
from tests.unit.rules.sites import make_site

ROWS: dict[str, Any] = {
    "people": [
        {"id": "chen", "name": "陈", "roles": ["crew"], "duties": ["repair"]},
        {"id": "liu", "name": "刘", "roles": ["crew"]},
        {"id": "zhang", "name": "张", "roles": ["manager"]},
    ],
    "roster": {
        "shifts": [
            {"id": "night", "name": {"zh": "夜班"}, "from": "20:00", "to": "06:00"},
            {"id": "day", "name": {"zh": "白班"}, "from": "06:00", "to": "20:00"},
        ],
        "duties": [{"id": "maintenance", "name": {"zh": "维修"}}],
        "rota": [
            {"duty": "maintenance", "shift": "night", "people": ["liu"]},
            {"duty": "maintenance", "shift": "day", "people": ["chen"]},
        ],
    },
    "notifications": {"levels": {"medium": [{"on_duty": ["maintenance"]}, {"after": "5m", "all": ["manager"]}]}},
}
WORDS = Text(zh="灯")
NOTHING = OnRecord()


def ms(clock: str) -> int:
    moment = datetime.fromisoformat(clock).replace(tzinfo=ZoneInfo("Asia/Shanghai"))
    return round(moment.timestamp() * 1000)


NIGHT, DAY_SHIFT, MORNING = ms("2026-11-28T03:00"), ms("2026-11-28T06:00"), ms("2026-11-28T07:00")
QUIET = Preferences(person="any", channels={}, quiet_from="22:00", quiet_to="07:00")


@pytest.fixture
def people() -> People:
    made = make_site({"a.x": {}}, [])
    file = SiteFile.model_validate({**made.file.model_dump(by_alias=True), **ROWS})
    return People(Site(**{**made.__dict__, "file": file}), lambda _: True)


def told(
    people: People,
    kind: str,
    grade: str,
    *roles: str,
    record: OnRecord = NOTHING,
    chosen: Preferences = QUIET,
    **facts: Any,
) -> dict[str, int]:
    """From when each is told of something at three in the morning."""
    about = Facts(kind=kind, grade=grade, message=WORDS, action=None, place=WORDS, building=WORDS, at=NIGHT)
    escalation = Escalation(
        id="e", site="test", kind=kind, cause="a", roles=roles, zone="z", facts=replace(about, **facts),
        started_at=NIGHT, next_at=NIGHT,
    )  # fmt: skip

    def begins(call: Call) -> int:
        return people.told_from(escalation, call, chosen, NIGHT, record)

    return {call.person: begins(call) for call in people.tree(escalation, "manager", NIGHT, record)}


def test_a_ticket_wakes_nobody_who_is_not_on_duty(people: People) -> None:
    assert told(people, "ticket", "low", "zhang") == {"zhang": MORNING}
    assert told(people, "overdue", "medium", "manager") == {"zhang": MORNING}
    assert told(people, "ticket", "low", "liu") == {"liu": NIGHT}, "who is on duty is told"
    assert told(people, "ticket", "low", "chen") == {"chen": DAY_SHIFT}, "and no later than their duty begins"


def test_what_cannot_wait_gets_through(people: People) -> None:
    assert told(people, "ticket", "medium", "zhang", at_once=True) == {"zhang": NIGHT}, "a ticket of high priority"
    for kind in ("step", "late", "suspended"):
        assert told(people, kind, "high", "manager", "repair") == {"zhang": NIGHT, "chen": NIGHT}
    assert told(people, "alarm", "medium") == {"liu": NIGHT, "zhang": MORNING}


def test_whoever_stands_in_tonight_is_on_duty(people: People) -> None:
    change = RosterChange(
        id="c", site="test", duty="maintenance", since=NIGHT - 1, until=DAY_SHIFT, out="liu", in_="zhang", by="zhang",
        reason="ill", at=NIGHT - 2,
    )  # fmt: skip
    record = OnRecord((change,))
    assert told(people, "ticket", "low", "zhang", record=record) == {"zhang": NIGHT}
    assert told(people, "ticket", "low", "liu", record=record) == {"liu": MORNING}


def test_a_choice_of_ones_own_never_goes_below_ones_duty(people: People) -> None:
    """Even one that was written past the API: quiet round the clock, for everything."""
    never = [
        Choice(about=about, grade=grade, quiet_from="00:00", quiet_to="23:59")
        for about in Subject
        for grade in ("high", "medium", "low")
    ]
    chosen = Preferences(person="any", channels={}, own=tuple(never))
    for kind in ("alarm", "step", "late", "suspended", "ticket", "overdue"):
        assert set(told(people, kind, "high", "manager", "repair", chosen=chosen).values()) <= {NIGHT}, kind
    assert told(people, "alarm", "medium", chosen=chosen)["liu"] == NIGHT, "on duty"
    assert told(people, "ticket", "low", "chen", chosen=chosen) == {"chen": DAY_SHIFT}
