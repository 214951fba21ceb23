"""The steps of an activation: the machine's with the proof of their commands, those that tell people, and people's."""

from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType

from community.activations import (
    IN_FORCE,
    SYSTEM,
    Activation,
    ActivationState,
    MachineAction,
    StepEvent,
    StepProgress,
    StepState,
    find_step,
    moved,
    noted,
    responding,
    waits_for,
    with_step,
)
from community.errors import TransitionRefused


def begin_machine_step(
    activation: Activation,
    step: str,
    commands: tuple[tuple[str, str, float], ...],
    now: int,
    before: Mapping[str, float] = MappingProxyType({}),
) -> Activation:
    """The step's commands `(id, point, value)` are given, once. A step with nothing to command has failed.

    Nothing is begun any more in an activation that has ended.

    Args:
        before: what outputs were before the emergency, as far as it is known.
    """
    progress = find_step(activation, step)
    if progress.state is not StepState.WAITING or activation.state not in IN_FORCE or waits_for(activation, progress):
        return activation
    actions = tuple(MachineAction(command=c, point=p, value=v, before=before.get(p)) for c, p, v in commands)
    running = replace(moved(progress, StepEvent.BEGIN), started_at=now, actions=actions)
    activation = responding(with_step(activation, running), now)
    if not actions:
        return _failed(activation, running, "nothing of that kind to command here", now)
    return noted(activation, now, SYSTEM, "commanded", f"{step}: {', '.join(a.point for a in actions)}")


def command_answered(
    activation: Activation, command: str, outcome: str, reason: str, read_back: float | None, now: int
) -> Activation:
    """A gateway's reply. The step is done when every action is done and was read back as commanded."""
    for progress in activation.steps:
        for index, action in enumerate(progress.actions):
            if action.command == command:
                if action.outcome is not None:
                    return activation
                answered = replace(action, outcome=outcome, reason=reason or None, read_back=read_back, answered_at=now)
                actions = (*progress.actions[:index], answered, *progress.actions[index + 1 :])
                return _answered(activation, replace(progress, actions=actions), answered, now)
    for index, action in enumerate(activation.restoring):
        if action.command == command and action.outcome is None:
            answered = replace(action, outcome=outcome, reason=reason or None, read_back=read_back, answered_at=now)
            restoring = (*activation.restoring[:index], answered, *activation.restoring[index + 1 :])
            what = "output-restored" if verified(answered, simulated=False) else "output-not-restored"
            return noted(replace(activation, restoring=restoring), now, SYSTEM, what, _proof(answered))
    return activation


def _answered(activation: Activation, progress: StepProgress, answered: MachineAction, now: int) -> Activation:
    activation = with_step(activation, progress)
    proof = _proof(answered)
    if progress.state is StepState.DONE:
        # A person did by hand what failed before; what another command came to does not undo that.
        return noted(activation, now, SYSTEM, "command-answered", proof)
    if not verified(answered, not activation.moves):
        return _failed(activation, progress, proof, now)
    activation = noted(activation, now, SYSTEM, "command-done", proof)
    if progress.kind == "machine" and all(verified(a, not activation.moves) for a in progress.actions):
        done = replace(moved(progress, StepEvent.DO), done_at=now, done_by=SYSTEM)
        return noted(with_step(activation, done), now, SYSTEM, "step-done", progress.id)
    return activation


def _proof(answered: MachineAction) -> str:
    return f"{answered.point}: {answered.outcome}" + (f", {answered.reason}" if answered.reason else "")


def verified(action: MachineAction, simulated: bool) -> bool:
    """Whether a command was carried out and reading back says so; of a simulated one nothing is read back."""
    return action.outcome == "done" and (simulated or action.read_back == action.value)


def _failed(activation: Activation, progress: StepProgress, why: str, now: int) -> Activation:
    """A failed machine step is at once a person's: the commander's."""
    theirs = replace(moved(progress, StepEvent.FAIL), kind="person", who="commander", note=why)
    return noted(
        with_step(activation, theirs), now, SYSTEM, "step-failed", f"{progress.id}: {why}; now the commander's"
    )


def notified(activation: Activation, step: str, detail: str, now: int) -> Activation:
    """A notify step is carried out."""
    progress = find_step(activation, step)
    if progress.state is not StepState.WAITING or activation.state not in IN_FORCE or waits_for(activation, progress):
        return activation
    done = replace(moved(progress, StepEvent.DO), started_at=now, done_at=now, done_by=SYSTEM, note=detail)
    return noted(responding(with_step(activation, done), now), now, SYSTEM, "notified", f"{step}: {detail}")


def begin_notify_step(activation: Activation, step: str, now: int) -> Activation:
    """People are being told; it is done once each role was reached."""
    progress = find_step(activation, step)
    if progress.state is not StepState.WAITING or activation.state not in IN_FORCE or waits_for(activation, progress):
        return activation
    running = replace(moved(progress, StepEvent.BEGIN), started_at=now)
    return noted(responding(with_step(activation, running), now), now, SYSTEM, "telling", f"{step}: {progress.who}")


def person_told(activation: Activation, what: str, detail: str, now: int) -> Activation:
    """What became of telling one person: `told` or `not-told`."""
    return noted(activation, now, SYSTEM, what, detail)


def all_told(activation: Activation, step: str, detail: str, now: int) -> Activation:
    """Every role of a notify step was reached."""
    progress = find_step(activation, step)
    if progress.kind != "notify" or progress.state not in {StepState.RUNNING, StepState.LATE}:
        return activation
    done = replace(moved(progress, StepEvent.DO), done_at=now, done_by=SYSTEM, note=detail)
    return noted(with_step(activation, done), now, SYSTEM, "notified", f"{step}: {detail}")


def nobody_told(activation: Activation, step: str, why: str, now: int) -> Activation:
    """A role of a notify step cannot be reached: the commander tells them in another way."""
    progress = find_step(activation, step)
    if progress.kind != "notify" or progress.state not in {StepState.RUNNING, StepState.LATE}:
        return activation
    return _failed(activation, progress, why, now)


def step_done(activation: Activation, step: str, by: str, note: str, now: int) -> Activation:
    """A person has done a step; where it takes two, it is done once the second has said so.

    Raises:
        TransitionRefused: no such step, done already, its proof is missing, or the activation has ended.
    """
    if activation.state not in IN_FORCE | {ActivationState.PAUSED}:
        raise TransitionRefused(f"the activation is {activation.state}; its steps are closed")
    progress = find_step(activation, step)
    if progress.state is StepState.DROPPED:
        raise TransitionRefused(f"'{step}' is no part of this level any more")
    if progress.state is StepState.DONE:
        raise TransitionRefused(f"'{step}' is done already, by {progress.done_by}")
    if progress.kind == "machine":
        raise TransitionRefused(f"'{step}' is the machine's; it becomes a person's only if it fails")
    if progress.proof != "none" and not note.strip():
        raise TransitionRefused("this step asks for proof: write what was done and seen")
    if first := waits_for(activation, progress):
        raise TransitionRefused(f"first: {', '.join(first)}")
    if by in progress.confirmed_by:
        raise TransitionRefused("two people confirm this step; somebody else has to look")
    confirmed = (*progress.confirmed_by, by)
    note = "; ".join(dict.fromkeys(filter(None, (progress.note if progress.confirmed_by else None, note))))
    if len(confirmed) < progress.confirm:
        waits = replace(progress, confirmed_by=confirmed, note=note or None)
        detail = f"{step}: {len(confirmed)}/{progress.confirm}"
        return noted(responding(with_step(activation, waits), now), now, by, "step-confirmed", detail)
    done = replace(moved(progress, StepEvent.DO), done_at=now, done_by=by, note=note or None, confirmed_by=confirmed)
    detail = f"{step}: {note}" if note else step
    return noted(responding(with_step(activation, done), now), now, by, "step-done", detail)


def step_late(activation: Activation, step: str, now: int) -> Activation:
    """A step's deadline has passed: it is late, and the commander is called."""
    progress = find_step(activation, step)
    if progress.state not in {StepState.WAITING, StepState.RUNNING} or activation.state not in IN_FORCE:
        return activation
    late = moved(progress, StepEvent.LAPSE)
    first = waits_for(activation, progress) if progress.state is StepState.WAITING else ()
    if first and progress.kind != "person":  # its turn never came: somebody has to decide
        return _failed(with_step(activation, late), late, f"it waited for {', '.join(first)}", now)
    return noted(with_step(activation, late), now, SYSTEM, "step-late", f"{step}: escalated to the commander")
