"""Trials of rules as asked for and as shown: what the changed ones would have done, or what became of cases."""

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from api.rules.schemas import RuleChange
from api.rules.trials import Trial
from api.times import Timestamp
from community.alarms import AlarmState
from community.text import Text

MOST_EPISODES = 200


class TrialAsked(RuleChange):
    """A change to be tried on what was recorded."""

    rule: str
    days: int = Field(default=7, ge=1, le=31)
    cases: str | None = Field(
        default=None, max_length=200_000, description="a file of cases (docs/cases.schema.json): tried on these instead"
    )


class EpisodeOut(BaseModel):
    """One time a rule would have alarmed."""

    rule: str
    scope: str
    grade: str
    raised_at: Timestamp
    cleared_at: Timestamp | None
    value: float | None


class MovedOut(EpisodeOut):
    """One time both would have alarmed, the changed rules earlier or later."""

    later_s: float = Field(description="negative: earlier")


class LoadOut(BaseModel):
    """What a set of rules asks of one person (EEMUA 191)."""

    model_config = ConfigDict(from_attributes=True, extra="ignore")

    alarms: int
    tickets: int
    per_10_min: float
    peak_10_min: int
    acceptable: bool = Field(description="within EEMUA 191")


class TrialResult(LoadOut):
    """What the changed rules would have done, beside those in force."""

    both: int
    only_new: list[EpisodeOut] = Field(description="at most 200")
    only_old: list[EpisodeOut] = Field(description="at most 200")
    moved: list[MovedOut] = Field(default=[], description="found by both, earlier or later; at most 200")
    only_new_count: int
    only_old_count: int
    moved_count: int = 0
    standing: int = Field(default=0, description="what stood already at the beginning; it is in none of the counts")
    cold: list[str] = Field(default=[], description="rules that knew too little at the beginning to judge")
    stood: list[EpisodeOut] = Field(default=[], description="what stood already, at most 200")
    warm_from: Timestamp | None = Field(
        default=None, description="what came from then to the beginning was learnt from"
    )
    before: LoadOut | None = Field(default=None, description="the same of the rules in force")


class ExpectedOut(BaseModel):
    """What a case expects of a rule, or what the rule did; seconds from the case's beginning."""

    model_config = ConfigDict(from_attributes=True)

    at: float
    rule: str
    scope: str
    becomes: Literal["raised", "cleared"]


class CaseStateOut(BaseModel):
    """An alarm that was something else than a case says; seconds from the case's beginning."""

    at: float
    rule: str
    scope: str
    state: AlarmState
    instead: AlarmState


class CaseAnswerOut(BaseModel):
    """An acknowledgement or a reset that was refused and should not be (`why`), or the other way round."""

    at: float
    act: Literal["acknowledge", "reset"]
    rule: str
    scope: str
    why: str | None


class CaseOut(BaseModel):
    """What became of a case: right when nothing is missing, nothing is too much, and alarms were answered so."""

    id: str
    name: Text
    right: bool
    missing: list[ExpectedOut]
    surplus: list[ExpectedOut]
    states: list[CaseStateOut] = []
    refused: list[CaseAnswerOut] = []


class TrialOut(BaseModel):
    """A trial, and how far it is."""

    id: str
    at: Timestamp
    by: str
    rule: str
    begin: Timestamp
    end: Timestamp
    state: Literal["gathering", "replaying", "done", "failed"]
    readings: int
    problem: str
    result: TrialResult | None
    cases: list[CaseOut] | None = Field(default=None, description="of a trial on cases")


def show_trial(trial: Trial) -> TrialOut:
    """A trial as answers have it."""
    told = trial.result
    cases = None if told is None or "cases" not in told else [CaseOut.model_validate(row) for row in told["cases"]]
    result = None if told is None or cases is not None else _result(told)
    return TrialOut(
        id=trial.id,
        at=trial.at,
        by=trial.by,
        rule=trial.rule,
        begin=trial.begin,
        end=trial.end,
        state=trial.state,
        readings=trial.readings,
        problem=trial.problem,
        result=result,
        cases=cases,
    )


def _result(told: dict[str, Any]) -> TrialResult:
    found = told["difference"]
    return TrialResult(
        **LoadOut.model_validate(told["load"]).model_dump(),
        both=found["both"],
        only_new=[EpisodeOut(**_episode(row)) for row in found["only_new"][:MOST_EPISODES]],
        only_old=[EpisodeOut(**_episode(row)) for row in found["only_old"][:MOST_EPISODES]],
        moved=[MovedOut(**_moved(row)) for row in found.get("moved", ())[:MOST_EPISODES]],
        only_new_count=len(found["only_new"]),
        only_old_count=len(found["only_old"]),
        moved_count=len(found.get("moved", ())),
        standing=len(told.get("standing", ())),
        stood=[EpisodeOut(**_episode(row)) for row in told.get("standing", ())[:MOST_EPISODES]],
        warm_from=told.get("warm_from"),
        before=LoadOut.model_validate(told["load_before"]) if told.get("load_before") else None,
        cold=sorted(told.get("cold", ())),
    )


def _episode(row: dict[str, Any]) -> dict[str, Any]:
    return {key: row[key] for key in ("rule", "scope", "grade", "raised_at", "cleared_at", "value")}


def _moved(row: dict[str, Any]) -> dict[str, Any]:
    return {**_episode(row["new"]), "later_s": (row["new"]["raised_at"] - row["old"]["raised_at"]) / 1000}
