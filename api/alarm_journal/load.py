"""How much the alarms asked of people, measured on the journal against EEMUA 191 and ISA-18.2."""

import statistics
from collections import Counter
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
from backbone.database.tickets import opened_by_rules
from community.alarm_load import (
    FLOOD,
    FLOOD_ENDS,
    FLOODED_PERCENT,
    PER_DAY,
    SHARES,
    STALE_MS,
    STEADY,
    TOP_TEN_PERCENT,
    WINDOW_MS,
    Episode,
    by_rule,
    flooded_ms,
    floods_of,
    load_of,
)
from community.alarms import AlarmState
from community.site.rules import Grade

router = APIRouter(prefix="/alarm-load", tags=["alarms"])
DAY_MS = 86_400_000
LONGEST_MS = 31 * DAY_MS
_AT_ONCE = 5_000
_CHANGES = (*alarm_journal.CALLED, "cleared", "acknowledged")
_FLOOD_BEFORE_MS = 6 * 3_600_000
"""How far back is looked for the beginning of a flood that is on."""
_MOST_CALLS = 20_000
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


class AimsOut(BaseModel):
    """What good practice names, for one person (EEMUA 191, ISA-18.2)."""

    per_10_min: float = STEADY
    per_day: int = PER_DAY
    peak_10_min: int = FLOOD
    floods: int = 0
    flooded_percent: float = FLOODED_PERCENT
    share: dict[str, float] = Field(default_factory=lambda: {grade.value: percent for grade, percent in SHARES.items()})
    top_ten_share: float = TOP_TEN_PERCENT
    stale: int = 0
    chattering: int = 0


class FloodOut(BaseModel):
    """Whether there are more alarms now than a person takes in: the same for every screen, and after a restart."""

    flood: bool
    since: Timestamp | None = Field(description="when it began")
    alarms: int = Field(description="that called in the last ten minutes")
    begins_above: int = FLOOD
    ends_below: int = FLOOD_ENDS


class AlarmLoadOut(BaseModel):
    """The load on one person, and the figures good practice names."""

    start: Timestamp
    end: Timestamp
    operators: int = Field(description="people who share the alarms: per_10_min, per_day and peak_10_min are for one")
    alarms: int
    tickets: int = Field(description="opened by low rules, which call nobody")
    per_10_min: float
    per_day: float
    peak_10_min: float
    floods: int = Field(description="times it came to more than ten in ten minutes for one person, until under five")
    flooded_percent: float = Field(description="of the time")
    share: dict[str, float] = Field(description="percent by grade, of alarms and the tickets of low rules")
    top_ten_share: float = Field(description="percent of all from the ten most frequent places")
    standing: int = Field(description="now, whatever the times asked for")
    stale: int = Field(description="of these, for more than a day")
    chattering: int
    acknowledged: int = Field(description="by people")
    not_acknowledged: int
    acknowledge_median_s: float | None
    acknowledge_p90_s: float | None
    aims: AimsOut = AimsOut()
    acceptable: bool
    worst: list[RuleLoadOut]


@router.get("")
def get_load(
    platform: PlatformDep,
    _: Viewer,
    start: Annotated[Moment | None, Query(description="a week before the end if unset")] = None,
    end: Annotated[Moment | None, Query(description="not included; now if unset")] = None,
    operators: Annotated[int, Query(ge=1, le=50, description="people who share the alarms")] = 1,
) -> AlarmLoadOut:
    """The load between two times, a month at most.

    What called nobody is left out: low risks, suppressed alarms, consequences of another alarm.
    """
    last = min(to_ms(end), platform.now()) if end else platform.now()
    first = to_ms(start) if start else last - 7 * DAY_MS
    if not 0 < last - first <= LONGEST_MS:
        raise Problem(422, "start must be before end, by 31 days at most", kind="bad-input")
    episodes, waits, calls = _episodes(_rows(platform, first, last))
    load, rules = load_of(episodes, first, last), by_rule(episodes, last)
    ordered = sorted(waits)
    with platform.database.read() as c:
        standing = list_alarms(c, platform.site.id, states=_STANDING, limit=MOST_OPEN)
        opened = opened_by_rules(c, platform.site.id, first, last)
    tickets = sum(opened[rule.id] for rule in platform.site.file.rules if rule.risk is Grade.LOW and rule.id in opened)
    floods = floods_of(calls[::operators], last)  # each has one in turn
    grades = Counter({grade: round(percent * load.alarms / 100) for grade, percent in load.share.items()})
    grades[Grade.LOW.value] += tickets
    called = [alarm for alarm in standing if alarm.suppressed is None and alarm.first_out is None]
    return AlarmLoadOut(
        start=first,
        end=last,
        operators=operators,
        alarms=load.alarms,
        tickets=tickets,
        per_10_min=round(load.per_10_min / operators, 3),
        per_day=round(load.per_10_min / operators * DAY_MS / WINDOW_MS, 1),
        peak_10_min=round(load.peak_10_min / operators, 1),
        floods=len(floods),
        flooded_percent=round(100 * flooded_ms(floods, last) / (last - first), 2),
        share={grade: round(100 * n / grades.total(), 1) for grade, n in sorted(grades.items()) if n},
        top_ten_share=load.top_ten_share,
        standing=len(called),
        stale=sum(platform.now() - alarm.raised_at > STALE_MS for alarm in called),
        chattering=sum(rule.chattering for rule in rules),
        acknowledged=len(waits),
        not_acknowledged=len(episodes) - len(waits),
        acknowledge_median_s=round(statistics.median(waits) / 1000, 1) if waits else None,
        acknowledge_p90_s=round(ordered[int(len(ordered) * 0.9)] / 1000, 1) if waits else None,
        acceptable=load.per_10_min / operators <= STEADY and load.peak_10_min / operators <= FLOOD,
        worst=[RuleLoadOut.model_validate(rule) for rule in rules[:_WORST]],
    )


@router.get("/now")
def get_flood(platform: PlatformDep, _: Viewer) -> FloodOut:
    """Whether a flood is on, by the journal."""
    now = platform.now()
    with platform.database.read() as c:
        times = alarm_journal.called_at(c, platform.site.id, now - _FLOOD_BEFORE_MS, _MOST_CALLS)
    last = next(iter(floods_of(times, now)[-1:]), None)
    flood = last is not None and last.ended_at is None
    return FloodOut(
        flood=flood,
        since=last.begun_at if flood and last else None,
        alarms=sum(now - at < WINDOW_MS for at in times),
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


def _episodes(rows: Iterable[JournalRow]) -> tuple[list[Episode], list[int], list[int]]:
    """What was raised, how long (ms) each waited for a person, and when they called.

    What was raised before is not looked for.
    """
    calls: list[int] = []
    episodes: list[Episode] = []
    waits: list[int] = []
    open_: dict[str, Episode] = {}
    unseen: dict[str, int] = {}
    for row in rows:
        if row.change in alarm_journal.CALLED and row.grade != Grade.LOW:
            calls.append(row.at)
            if row.change == "re-alarmed" or (row.change != "raised" and row.alarm in open_):
                unseen[row.alarm] = row.at  # the same occurrence once more
                continue
            episode = Episode(row.rule, row.scope, row.zone, Grade(row.grade), row.at, row.value)
            episodes.append(episode)
            open_[row.alarm], unseen[row.alarm] = episode, row.at
        elif row.change == "cleared" and row.alarm in open_:
            open_.pop(row.alarm).cleared_at = row.at
        elif row.change == "acknowledged" and row.who and row.alarm in unseen:
            waits.append(row.at - unseen.pop(row.alarm))
    return episodes, waits, calls
