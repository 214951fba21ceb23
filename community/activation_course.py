"""What people decide about the course of an activation: standby, pause, another level, and what is switched back."""

from dataclasses import replace

from community.activation_begin import flows_of
from community.activation_steps import verified
from community.activations import (
    IN_FORCE,
    OPEN,
    SYSTEM,
    Activation,
    ActivationEvent,
    ActivationState,
    MachineAction,
    StepEvent,
    StepState,
    changed,
    moved,
    noted,
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
    steps = tuple(replace(step, due_at=now + step.within_ms) for step in after.steps)
    return replace(after, steps=steps, decide_by=None)


def pause(activation: Activation, by: str, reason: str, now: int) -> Activation:
    """Nothing is begun and nothing becomes late until it goes on.

    Raises:
        TransitionRefused: there is no reason, or it is not in force.
    """
    _need(reason, "say why the plan is paused")
    paused = changed(activation, ActivationEvent.PAUSE, by, reason, now)
    return replace(paused, paused_at=now, paused_in=activation.state)


def resume(activation: Activation, by: str, reason: str, now: int) -> Activation:
    """It goes on as it was; the deadlines of what is not done move by the time it stood still.

    Raises:
        TransitionRefused: there is no reason, or it is not paused.
    """
    _need(reason, "say why the plan goes on")
    contained = activation.paused_in is ActivationState.CONTAINED
    event = ActivationEvent.RESUME_CONTAINED if contained else ActivationEvent.RESUME
    after = changed(activation, event, by, reason, now)
    still = now - (activation.paused_at or now)
    steps = tuple(
        step if step.state is StepState.DONE else replace(step, due_at=step.due_at + still) for step in after.steps
    )
    return replace(after, steps=steps, paused_at=None, paused_in=None, pauses_ms=activation.pauses_ms + still)


def joined(
    activation: Activation, grade: str, now: int, by: str = SYSTEM, why: str = "another alarm joined"
) -> Activation:
    """After another alarm joined: standby and pause are over, nothing is contained, a graver alarm raises the level."""
    if activation.state is ActivationState.STANDBY:
        activation = come_into_force(activation, by, why, now)
    elif activation.state is ActivationState.PAUSED:
        activation = resume(activation, by, why, now)
    if activation.state is ActivationState.CONTAINED:
        activation = changed(activation, ActivationEvent.RESPOND, by, why, now)
    if grade in activation.flows and is_higher(grade, activation.level):
        activation = change_level(activation, grade, by, why, now)
    return activation


def called_again(activation: Activation, level: str, zone: str, by: str, reason: str, now: int) -> Activation:
    """A person puts the plan in force where it is already: what they say is kept, and counts as an alarm would.

    Raises:
        TransitionRefused: the plan has no such level, or the activation has ended.
    """
    if activation.state not in OPEN:
        raise TransitionRefused(f"the activation is {activation.state}; nothing joins it any more")
    if level not in activation.flows:
        raise TransitionRefused(
            f"the plan {activation.plan} has no level {level}; it has {', '.join(activation.flows)}"
        )
    after = noted(activation, now, by, "called-again", f"{zone}: {reason}")
    return joined(after, level, now, by, reason)


def adopted(activation: Activation, plan: Plan | None) -> Activation:
    """An activation of before the steps were kept with it takes those of the site file, as it did then."""
    if activation.flows or plan is None:
        return activation
    flows = flows_of(plan)
    of_level = {step.id: step for step in flows.get(activation.level, ())}
    steps = tuple(replace(step, do=of_level[step.id].do) if step.id in of_level else step for step in activation.steps)
    return replace(activation, flows=flows, steps=steps)


def change_level(activation: Activation, level: str, by: str, reason: str, now: int) -> Activation:
    """Another level of the plan: what has begun goes on, what is new waits, what is not needed any more is dropped.

    A step of both levels is one step: nothing is done twice because the level changed.

    Raises:
        TransitionRefused: there is no reason, no such level, it is that level already, or the plan is not in force.
    """
    _need(reason, "say why the level changes")
    if activation.state not in IN_FORCE:
        raise TransitionRefused(f"the activation is {activation.state}; its level stays")
    flow = activation.flows.get(level)
    if flow is None:
        raise TransitionRefused(
            f"the plan {activation.plan} has no level {level}; it has {', '.join(activation.flows)}"
        )
    if level == activation.level:
        raise TransitionRefused(f"the level is {level} already")
    wanted = {step.id: replace(step, due_at=now + step.within_ms) for step in flow}
    known = {step.id for step in activation.steps}
    kept = []
    for step in activation.steps:
        if step.id in wanted and step.state is StepState.DROPPED:
            kept.append(moved(replace(wanted[step.id], state=step.state), StepEvent.TAKE_BACK))
        elif step.id not in wanted and step.state in _UNBEGUN:
            kept.append(moved(step, StepEvent.DROP))
        else:
            kept.append(step)
    new = [step for step in wanted.values() if step.id not in known]
    up = is_higher(level, activation.level)
    after = replace(activation, level=level, steps=(*kept, *new))
    return noted(after, now, by, "level-up" if up else "level-down", f"{activation.level} -> {level}: {reason}")


def to_restore(activation: Activation) -> tuple[tuple[str, float], ...]:
    """The outputs the plan switched and nobody has switched back, and to what they were; each takes 0 or 1.

    What was so before the emergency stays as it is: a pump that ran already goes on. Of what nobody knows it is taken
    that the plan changed it.
    """
    if not activation.moves:
        return ()
    actions = [action for step in activation.steps for action in step.actions]
    switched = {action.point: action.value for action in actions}
    before = {action.point: action.before for action in reversed(actions)}
    restored = {action.point for action in activation.restoring if verified(action, simulated=False)}
    to = {point: 1.0 - value if before[point] is None else before[point] for point, value in switched.items()}
    return tuple(
        (point, value)
        for point, value in to.items()
        if value is not None and value != switched[point] and point not in restored
    )


def restore(
    activation: Activation, commands: tuple[tuple[str, str, float], ...], by: str, reason: str, now: int
) -> Activation:
    """The emergency is over, and what the plan switched is switched back by `commands` `(id, point, value)`.

    Raises:
        TransitionRefused: the plan is in force, nothing is left to switch back, or it is under way already.
    """
    if activation.state in OPEN:
        raise TransitionRefused("stand the plan down first: while it is in force its doors stay open")
    _need(reason, "say how it is known that nobody needs this any more")
    if any(action.outcome is None for action in activation.restoring):
        raise TransitionRefused("the outputs are being switched back already")
    if not commands:
        raise TransitionRefused("nothing of this plan is left to switch back")
    again = {point for _, point, _ in commands}
    kept = tuple(action for action in activation.restoring if action.point not in again)
    actions = tuple(MachineAction(command=c, point=p, value=v) for c, p, v in commands)
    return noted(replace(activation, restoring=(*kept, *actions)), now, by, "restore", reason)


def is_higher(level: str, than: str) -> bool:
    """Whether one level is graver than another."""
    return _LEVELS.index(level) > _LEVELS.index(than)


def _need(reason: str, otherwise: str) -> None:
    if not reason.strip():
        raise TransitionRefused(otherwise)
