"""Plans as shown, and what it takes to activate one."""

from datetime import date
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from api.tickets.schemas import Said
from community.site.plans import Approval, Organisation, Plan, Resource, SetOutput, Step
from community.text import Text


class PlanStepOut(BaseModel):
    """One step of a level's response."""

    id: str
    name: Text
    do: SetOutput | None = Field(description="what the machine does")
    notify: list[str]
    who: str | None
    within: float = Field(description="seconds")
    proof: str
    after: list[str] = Field(description="the steps that are done before it begins")


class LevelOut(BaseModel):
    """How the response flows at one level."""

    steps: list[PlanStepOut]


class PlanOut(BaseModel):
    """An emergency plan (应急预案)."""

    id: str
    name: Text
    kind: str = Field(examples=["fire"])
    version: int
    approved: Approval
    next_revision: date
    organisation: Organisation
    levels: dict[str, LevelOut]
    resources: list[Resource]


class StaffOut(BaseModel):
    """Somebody who fills a role now."""

    person: str
    name: str
    on_duty: bool = Field(description="rostered for anything now")
    phone: str | None = Field(description="to be dialled; null: none is known, or the caller works in no plan")


class PlanStaffOut(BaseModel):
    """Who fills the roles of a plan now."""

    command: list[StaffOut] = Field(description="who is asked to command, in order")
    roles: dict[str, list[StaffOut]] = Field(description="by the roles its steps name")
    contacts: dict[str, str] = Field(description="by the plan's resource: a number to be dialled")


class SuggestionOut(BaseModel):
    """A plan that may be the one to put in force."""

    model_config = ConfigDict(from_attributes=True)

    plan: str
    level: str
    why: str = Field(description="rule, risk, sensor, or other")


class Activate(BaseModel):
    """Where, how grave, and why."""

    model_config = ConfigDict(extra="forbid")

    zone: str
    level: Literal["low", "medium", "high"]
    reason: Said
    alarm: str | None = Field(default=None, description="the alarm it is put in force for; it joins")


def show(plan: Plan) -> PlanOut:
    """The plan as answers show it."""
    return PlanOut(
        id=plan.id,
        name=plan.name,
        kind=plan.kind,
        version=plan.version,
        approved=plan.approved,
        next_revision=plan.next_revision,
        organisation=plan.organisation,
        levels={name: LevelOut(steps=[_step(step) for step in level.steps]) for name, level in plan.levels.items()},
        resources=list(plan.resources),
    )


def _step(step: Step) -> PlanStepOut:
    return PlanStepOut(
        id=step.id,
        name=step.name,
        do=step.do,
        notify=list(step.notify),
        who=step.who,
        within=step.within,
        proof=step.proof,
        after=list(step.after),
    )
