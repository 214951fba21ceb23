"""How a plan comes into force: every step waits, its deadline counted from then."""

from community.activations import SYSTEM, Activation, ActivationState, StepProgress, StepState, Switching, TimelineEntry
from community.errors import TransitionRefused
from community.incident_command import IncidentCommand
from community.site.plans import Plan, Step


def activate(
    *,
    id: str,  # noqa: A002  (the field's name)
    site: str,
    plan: Plan,
    level: str,
    zone: str,
    cause: str,
    reason: str,
    now: int,
    alarms: tuple[str, ...] = (),
    drill: bool = False,
    physical: bool = False,
) -> Activation:
    """The plan comes into force: every step waits, its deadline counted from now.

    Raises:
        TransitionRefused: the plan has no such level.
    """
    flow = plan.levels.get(level)  # type: ignore[call-overload]
    if flow is None:
        raise TransitionRefused(f"the plan {plan.id} has no level {level}; it has {', '.join(plan.levels)}")
    steps = tuple(waiting(step, now) for step in flow.steps)
    started = TimelineEntry(at=now, by=SYSTEM if cause.startswith("alarm:") else cause, what="activated", detail=reason)
    return Activation(
        id=id,
        site=site,
        plan=plan.id,
        plan_version=plan.version,
        plan_name=plan.name,
        kind=plan.kind,
        level=level,
        zone=zone,
        state=ActivationState.ACTIVATED,
        cause=cause,
        reason=reason,
        commander=plan.organisation.commander.value,
        command=IncidentCommand(
            deputies=plan.organisation.deputies,
            take_within_ms=round(plan.organisation.take_within * 1000),
            rounds=plan.organisation.rounds,
            ask_all_every_ms=round(plan.organisation.ask_all_every * 1000),
        ),
        activated_at=now,
        steps=steps,
        flows=flows_of(plan),
        timeline=(started,),
        alarms=alarms,
        drill=drill,
        physical=physical,
    )


def waiting(step: Step, now: int) -> StepProgress:
    """A step before it has begun, its deadline counted from now."""
    return StepProgress(
        id=step.id,
        name=step.name,
        kind="machine" if step.do else "notify" if step.notify else "person",
        who=step.who or (", ".join(step.notify) or None),
        state=StepState.WAITING,
        due_at=now + round(step.within * 1000),
        proof=step.proof,
        confirm=step.confirm,
        do=Switching(set=step.do.set, to=step.do.to) if step.do else None,
        within_ms=round(step.within * 1000),
        after=step.after,
    )


def flows_of(plan: Plan) -> dict[str, tuple[StepProgress, ...]]:
    """The steps of every level, to be kept with an activation."""
    return {name: tuple(waiting(step, 0) for step in level.steps) for name, level in plan.levels.items()}
