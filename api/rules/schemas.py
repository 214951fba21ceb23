"""Rules as shown: which watch a point, and which points none does."""

from collections.abc import Mapping, Sequence

from pydantic import BaseModel, ConfigDict, Field

from api.site_versions.schemas import DifferenceOut
from api.sites.schemas import NamedOut
from api.times import Timestamp
from community.site.condition_words import rule_sentence
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
        condition_words=rule_sentence(rule, [points[place] for place in places], names),
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


def show(by: WatchedBy, points: Sequence[Point], names: Mapping[str, Text]) -> RuleOfPoint:
    """The rule as answers show it; `points` are those it selects, `names` those of `names_of`."""
    rule = by.rule
    return RuleOfPoint(
        rule=rule.id,
        message=rule.message,
        condition=by.condition,
        condition_words=rule_sentence(rule, points, names),
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
