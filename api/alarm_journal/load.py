"""How much the alarms asked of people, measured on the journal against EEMUA 191 and ISA-18.2."""

import statistics
from collections.abc import Iterable
from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import BaseModel, ConfigDict, Field

from api.platform import Platform, PlatformDep
from api.problems import Problem
from api.security.access import Viewer
from api.times import Moment, Timestamp, to_ms
from backbone.database import alarm_journal
from backbone.database.alarm_journal import JournalRow
from backbone.database.alarms import MOST_OPEN, list_alarms
from community.alarm_load import FLOOD, STALE_MS, STEADY, Episode, by_rule, load_of
from community.alarms import AlarmState
from community.site.rules import Grade

router = APIRouter(prefix="/alarm-load", tags=["alarms"])
DAY_MS = 86_400_000
LONGEST_MS = 31 * DAY_MS
_AT_ONCE = 5_000
_CHANGES = ("raised", "cleared", "acknowledged")
_WORST = 10
_STANDING = (AlarmState.UNACKNOWLEDGED, AlarmState.ACKNOWLEDGED)


class RuleLoadOut(BaseModel):
    """What one rule did."""

    model_config = ConfigDict(from_attributes=True)

    rule: str
    grade: Grade
    count: int
    standing_ms: int
    longest_ms: int
    open: int
    worst: str = Field(description="the point or zone that had it most often")
    chattering: int = Field(description="points or zones that had it three times within a minute")


class AlarmLoadOut(BaseModel):
    """The load on one person, and the figures good practice names."""

    start: Timestamp
    end: Timestamp
    alarms: int
    per_10_min: float
    peak_10_min: int
    floods: int = Field(description="ten minutes with more than ten alarms")
    share: dict[str, float] = Field(description="percent by grade")
    top_ten_share: float = Field(description="percent of all from the ten most frequent places")
    standing: int = Field(description="now, whatever the times asked for")
    stale: int = Field(description="of these, for more than a day")
    chattering: int
    acknowledged: int = Field(description="by people")
    not_acknowledged: int
    acknowledge_median_s: float | None
    acknowledge_p90_s: float | None
    steady_aim: float = STEADY
    peak_aim: int = FLOOD
    acceptable: bool
    worst: list[RuleLoadOut]


@router.get("")
def get_load(
    platform: PlatformDep,
    _: Viewer,
    start: Annotated[Moment | None, Query(description="a week before the end if unset")] = None,
    end: Annotated[Moment | None, Query(description="not included; now if unset")] = None,
) -> AlarmLoadOut:
    """The load between two times, a month at most.

    What called nobody is left out: low risks, suppressed alarms, consequences of another alarm.
    """
    last = min(to_ms(end), platform.now()) if end else platform.now()
    first = to_ms(start) if start else last - 7 * DAY_MS
    if not 0 < last - first <= LONGEST_MS:
        raise Problem(422, "start must be before end, by 31 days at most", kind="bad-input")
    episodes, waits = _episodes(_rows(platform, first, last))
    load, rules = load_of(episodes, first, last), by_rule(episodes, last)
    ordered = sorted(waits)
    with platform.database.read() as c:
        standing = list_alarms(c, platform.site.id, states=_STANDING, limit=MOST_OPEN)
    called = [alarm for alarm in standing if alarm.suppressed is None and alarm.first_out is None]
    return AlarmLoadOut(
        start=first,
        end=last,
        alarms=load.alarms,
        per_10_min=round(load.per_10_min, 3),
        peak_10_min=load.peak_10_min,
        floods=load.floods,
        share=load.share,
        top_ten_share=load.top_ten_share,
        standing=len(called),
        stale=sum(platform.now() - alarm.raised_at > STALE_MS for alarm in called),
        chattering=sum(rule.chattering for rule in rules),
        acknowledged=len(waits),
        not_acknowledged=len(episodes) - len(waits),
        acknowledge_median_s=round(statistics.median(waits) / 1000, 1) if waits else None,
        acknowledge_p90_s=round(ordered[int(len(ordered) * 0.9)] / 1000, 1) if waits else None,
        acceptable=load.acceptable,
        worst=[RuleLoadOut.model_validate(rule) for rule in rules[:_WORST]],
    )


def _rows(platform: Platform, first: int, last: int) -> list[JournalRow]:
    """In the order they came about."""
    found: list[JournalRow] = []
    with platform.database.read() as c:
        before: int | None = None
        while rows := alarm_journal.rows(
            c, platform.site.id, since=first, until=last, changes=_CHANGES, before=before, limit=_AT_ONCE
        ):
            found += rows
            before = rows[-1].id
    return found[::-1]


def _episodes(rows: Iterable[JournalRow]) -> tuple[list[Episode], list[int]]:
    """What was raised, and how long (ms) each waited for a person; what was raised before is not looked for."""
    episodes: list[Episode] = []
    waits: list[int] = []
    open_: dict[str, Episode] = {}
    unseen: dict[str, int] = {}
    for row in rows:
        if row.change == "raised":
            episode = Episode(row.rule, row.scope, row.zone, Grade(row.grade), row.at, row.value)
            episodes.append(episode)
            open_[row.alarm], unseen[row.alarm] = episode, row.at
        elif row.change == "cleared" and row.alarm in open_:
            open_.pop(row.alarm).cleared_at = row.at
        elif row.change == "acknowledged" and row.who and row.alarm in unseen:
            waits.append(row.at - unseen.pop(row.alarm))
    return episodes, waits
