"""What people decide about the course of an activation: standby, pause, and another level."""

from dataclasses import replace

from community.activations import (
    IN_FORCE,
    SYSTEM,
    Activation,
    ActivationEvent,
    ActivationState,
    StepState,
    changed,
    noted,
    waiting,
)
from community.errors import TransitionRefused
from community.site.plans import Plan
from community.site.rules import PositiveAlarm

_LEVELS = ("low", "medium", "high")
_UNBEGUN = frozenset({StepState.WAITING, StepState.LATE})


def stand_by(activation: Activation, sequence: PositiveAlarm, now: int) -> Activation:
    """Positive alarm sequence (NFPA 72): before a new activation comes into force, one person may look."""
    held = replace(
        activation,
        state=ActivationState.STANDBY,
        decide_by=now + round(sequence.acknowledge * 1000),
        investigate_ms=round(sequence.investigate * 1000),
    )
    return noted(held, now, SYSTEM, "standby", f"somebody has to answer within {sequence.acknowledge:g} s")


def look(activation: Activation, by: str, now: int) -> Activation:
    """Somebody has acknowledged in time and goes to look; once. Nothing changes outside standby."""
    if activation.state is not ActivationState.STANDBY or activation.looked_at_by is not None:
        return activation
    longer = replace(activation, looked_at_by=by, decide_by=now + activation.investigate_ms)
    until = f"in force in {activation.investigate_ms / 1000:g} s unless stood down"
    return noted(longer, now, by, "investigating", until)


def come_into_force(activation: Activation, by: str, why: str, now: int) -> Activation:
    """Standby is over: every deadline counts from now.

    Raises:
        TransitionRefused: it is not in standby.
    """
    after = changed(activation, ActivationEvent.ACTIVATE, by, why, now)
    waited = now - activation.activated_at
    steps = tuple(replace(step, due_at=step.due_at + waited) for step in after.steps)
    return replace(after, steps=steps, decide_by=None)


def pause(activation: Activation, by: str, reason: str, now: int) -> Activation:
    """Nothing is begun and nothing becomes late until it goes on.

    Raises:
        TransitionRefused: there is no reason, or it is not in force.
    """
    _need(reason, "say why the plan is paused")
    return replace(changed(activation, ActivationEvent.PAUSE, by, reason, now), paused_at=now)


def resume(activation: Activation, by: str, reason: str, now: int) -> Activation:
    """It goes on; the deadlines of what is not done move by the time it stood still.

    Raises:
        TransitionRefused: there is no reason, or it is not paused.
    """
    _need(reason, "say why the plan goes on")
    after = changed(activation, ActivationEvent.RESUME, by, reason, now)
    still = now - (activation.paused_at or now)
    steps = tuple(
        step if step.state is StepState.DONE else replace(step, due_at=step.due_at + still) for step in after.steps
    )
    return replace(after, steps=steps, paused_at=None, pauses_ms=activation.pauses_ms + still)


def joined(activation: Activation, plan: Plan, grade: str, now: int) -> Activation:
    """After another alarm joined: standby and pause are over, and a graver alarm raises the level."""
    if activation.state is ActivationState.STANDBY:
        activation = come_into_force(activation, SYSTEM, "a second alarm", now)
    elif activation.state is ActivationState.PAUSED:
        activation = resume(activation, SYSTEM, "another alarm joined", now)
    if grade in {*plan.levels} and is_higher(grade, activation.level):
        activation = change_level(activation, plan, grade, SYSTEM, "a graver alarm joined", now)
    return activation


def change_level(activation: Activation, plan: Plan, level: str, by: str, reason: str, now: int) -> Activation:
    """Another level of the plan: what has begun goes on, what is new waits, what is not needed any more is dropped.

    A step of both levels is one step: nothing is done twice because the level changed.

    Raises:
        TransitionRefused: there is no reason, no such level, it is that level already, or the plan is not in force.
    """
    _need(reason, "say why the level changes")
    if activation.state not in IN_FORCE:
        raise TransitionRefused(f"the activation is {activation.state}; its level stays")
    flow = plan.levels.get(level)  # type: ignore[call-overload]
    if flow is None:
        raise TransitionRefused(f"the plan {plan.id} has no level {level}; it has {', '.join(plan.levels)}")
    if level == activation.level:
        raise TransitionRefused(f"the level is {level} already")
    wanted = {step.id: step for step in flow.steps}
    known = {step.id for step in activation.steps}
    kept = []
    for step in activation.steps:
        if step.id in wanted and step.state is StepState.DROPPED:
            kept.append(waiting(wanted[step.id], now))
        elif step.id not in wanted and step.state in _UNBEGUN:
            kept.append(replace(step, state=StepState.DROPPED))
        else:
            kept.append(step)
    new = [waiting(step, now) for step in flow.steps if step.id not in known]
    up = is_higher(level, activation.level)
    after = replace(activation, level=level, steps=(*kept, *new))
    return noted(after, now, by, "level-up" if up else "level-down", f"{activation.level} -> {level}: {reason}")


def is_higher(level: str, than: str) -> bool:
    """Whether one level is graver than another."""
    return _LEVELS.index(level) > _LEVELS.index(than)


def _need(reason: str, otherwise: str) -> None:
    if not reason.strip():
        raise TransitionRefused(otherwise)
