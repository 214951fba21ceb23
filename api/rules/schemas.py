"""Rules as shown: which watch a point, and which points none does."""

from collections.abc import Mapping, Sequence
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from api.rules.trials import Trial
from api.site_versions.schemas import DifferenceOut
from api.sites.schemas import NamedOut
from api.times import Timestamp
from community.alarms import AlarmState
from community.site.condition_words import sentence
from community.site.explain import Coverage, WatchedBy, words
from community.site.life_safety import always_calls
from community.site.rules import Grade, Rule
from community.site.site import Point
from community.text import Text


class RuleOfPoint(BaseModel):
    """A rule as it holds at a point, overrides and all."""

    rule: str
    message: Text
    condition: str = Field(examples=["above 40 (deadband 2)"], description="in the words of the site file")
    condition_words: Text = Field(description="the same as a sentence")
    scope: str = Field(description="what raises and clears as a whole: the point itself, a device, a zone, the site")
    alone: bool = Field(description="whether this point alone raises it")
    on_delay_s: float
    off_delay_s: float
    during: list[str] = Field(description="calendars it holds in; none: always")
    risk: Grade
    latch: bool
    plan: str | None
    re_alarm_s: float | None
    overrides: list[int] = Field(description="numbers of the rule's overrides that hold here, from 1")


class UnwatchedPoint(BaseModel):
    """A point no rule watches."""

    point: str
    name: Text
    zone: str
    output: bool = Field(description="it is commanded; few rules watch those")


class RuleCoverage(BaseModel):
    """How much of the site is watched."""

    rules: int
    points: int
    watched: int
    unwatched: list[UnwatchedPoint]


class RuleOut(BaseModel):
    """A rule of the site file in force."""

    id: str
    risk: Grade
    message: Text
    cause: Text | None
    consequence: Text | None
    action: Text | None
    condition: str = Field(description="in the words of the site file")
    condition_words: Text = Field(description="the same as a sentence")
    per: str
    on_delay_s: float
    off_delay_s: float
    during: list[str]
    latch: bool
    plan: str | None
    explains: list[str] = Field(description="rules whose alarms follow from this one's")
    suppressed_by: list[str] = Field(description="rules while whose alarm stands around it this one calls nobody")
    suppressed_in_maintenance: bool
    always_calls: bool = Field(description="it is high, or tells of fire: nothing suppresses it by design")
    overrides: int
    points: int = Field(description="points it selects")
    alarms_7d: int | None = Field(description="how often it alarmed in the last seven days; low rules make tickets")


class RuleDetail(RuleOut):
    """A rule with its lines of the site file."""

    text: str | None = Field(description="its own lines; null where it has none: then the whole file is changed")
    base: str = Field(description="digest of the site file in force")
    watched: list[str] = Field(description="the points it selects, at most 500")
    rationale: Text | None = Field(description="why it is graded otherwise than the risks that name it")
    risks: list[NamedOut] = Field(description="entries of the risk register it watches for")
    re_alarm_s: float | None = Field(description="acknowledged this long ago and still standing, it asks again")
    acknowledge_s: float | None = Field(description="of a positive alarm sequence: somebody answers within")
    investigate_s: float | None = Field(description="and may look for so long before the plan is in force")


class RuleVersionOut(BaseModel):
    """A version of the site file that changed a rule."""

    number: int
    at: Timestamp
    who: str = Field(description="empty: the file itself was edited")
    why: str
    text: str | None = Field(description="the rule's lines from then on; null: it had none any more")


class RuleChange(BaseModel):
    """Other lines for a rule; one the file does not have is added."""

    model_config = ConfigDict(extra="forbid")

    text: str = Field(min_length=1, max_length=20_000, examples=["id: too-hot\nselect: {measure: temperature}\n…"])
    base: str = Field(description="digest of the site file it was written for")


class RuleChanged(RuleChange):
    """A change that is to come into force."""

    reason: str = Field(min_length=1, max_length=2000, examples=["the pump room is always this warm"])


class Checked(BaseModel):
    """What a change would do to the site file; its mistakes are told as a refusal."""

    differences: list[DifferenceOut]


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
    acceptable: bool


class TrialResult(BaseModel):
    """What the changed rules would have done, beside those in force."""

    alarms: int
    tickets: int
    per_10_min: float
    peak_10_min: int
    acceptable: bool = Field(description="within EEMUA 191")
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


MOST_EPISODES = 200


def show_rule(
    points: Sequence[Point], names: Mapping[str, Text], rule: Rule, places: Sequence[int], alarms: int
) -> RuleOut:
    """A rule as lists have it; `places` are those of its points among `points`, the site file's."""
    return RuleOut(
        id=rule.id,
        risk=rule.risk,
        message=rule.message,
        cause=rule.cause,
        consequence=rule.consequence,
        action=rule.action,
        condition=words(rule.when),
        condition_words=sentence(rule.when, names, rule.select.measure),
        per=rule.per,
        on_delay_s=rule.for_,
        off_delay_s=rule.clear_after,
        during=list(rule.during),
        latch=rule.latch,
        plan=rule.plan,
        explains=list(rule.explains.rules) if rule.explains else [],
        suppressed_by=list(rule.suppressed_by),
        suppressed_in_maintenance=rule.suppressed_in_maintenance,
        always_calls=always_calls(rule.risk, {points[place].family for place in places}),
        overrides=len(rule.overrides),
        points=len(places),
        alarms_7d=None if rule.risk is Grade.LOW else alarms,
    )


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
    load, found = told["load"], told["difference"]
    return TrialResult(
        alarms=load["alarms"],
        tickets=load["tickets"],
        per_10_min=load["per_10_min"],
        peak_10_min=load["peak_10_min"],
        acceptable=load["acceptable"],
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


def show(by: WatchedBy, names: Mapping[str, Text]) -> RuleOfPoint:
    """The rule as answers show it; `names` are those of `names_of`."""
    rule = by.rule
    return RuleOfPoint(
        rule=rule.id,
        message=rule.message,
        condition=by.condition,
        condition_words=sentence(rule.when, names, rule.select.measure),
        scope=by.scope,
        alone=by.role == "condition",
        on_delay_s=rule.for_,
        off_delay_s=rule.clear_after,
        during=list(rule.during),
        risk=rule.risk,
        latch=rule.latch,
        plan=rule.plan,
        re_alarm_s=rule.re_alarm,
        overrides=list(by.overrides),
    )


def show_coverage(coverage: Coverage, rules: int) -> RuleCoverage:
    """The coverage as answers show it."""
    rows = [(point, False) for point in coverage.unwatched] + [(point, True) for point in coverage.unwatched_outputs]
    return RuleCoverage(
        rules=rules,
        points=coverage.points,
        watched=coverage.points - len(rows),
        unwatched=[UnwatchedPoint(point=p.id, name=p.name, zone=p.zone, output=output) for p, output in rows],
    )
