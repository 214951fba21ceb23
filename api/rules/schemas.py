"""Rules as shown: which watch a point, and which points none does."""

from pydantic import BaseModel, Field

from community.site.explain import Coverage, WatchedBy
from community.site.rules import Grade
from community.text import Text


class RuleOfPoint(BaseModel):
    """A rule as it holds at a point, overrides and all."""

    rule: str
    message: Text
    condition: str = Field(examples=["above 40 (deadband 2)"], description="in the words of the site file")
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


def show(by: WatchedBy) -> RuleOfPoint:
    """The rule as answers show it."""
    rule = by.rule
    return RuleOfPoint(
        rule=rule.id,
        message=rule.message,
        condition=by.condition,
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
