"""The activation of an emergency plan, and its steps."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from types import MappingProxyType
from typing import Literal

from community.errors import TransitionRefused
from community.site.plans import Plan, Step
from community.text import Text
from community.tickets import Evidence, Photo


class ActivationState(StrEnum):
    """States of an activation (domain: ch. 5.3); nothing about one is ever deleted."""

    STANDBY = "standby"
    """Positive alarm sequence: one person looks first, for a short time that ends by itself."""
    ACTIVATED = "activated"
    RESPONDING = "responding"
    CONTAINED = "contained"
    PAUSED = "paused"
    STOOD_DOWN = "stood-down"
    REVIEWED = "reviewed"


class StepState(StrEnum):
    """States of a step; a failed machine step is at once a person's step."""

    WAITING = "waiting"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    LATE = "late"
    DROPPED = "dropped"
    """Not begun when the level changed to one that does without it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MachineAction:
    """One command of a step, and what the gateway answered."""

    command: str
    point: str
    value: float
    outcome: str | None = None
    """None while waiting; done, refused, failed or expired."""
    reason: str | None = None
    read_back: float | None = None
    answered_at: int | None = None
    before: float | None = None
    """What the output was before the emergency; None: not known."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Switching:
    """What a machine step commands, as the plan says it (`community.site.plans.SetOutput`)."""

    set: str
    to: Literal["safe", 0, 1]


@dataclass(frozen=True, slots=True, kw_only=True)
class StepProgress:
    """A step of the plan as it goes."""

    id: str
    name: Text
    kind: str
    """`machine`, `notify` or `person`."""
    who: str | None
    state: StepState
    due_at: int
    proof: str
    confirm: int = 1
    """How many people have to say that it is done."""
    confirmed_by: tuple[str, ...] = ()
    started_at: int | None = None
    done_at: int | None = None
    done_by: str | None = None
    note: str | None = None
    evidence: tuple[Evidence, ...] = ()
    actions: tuple[MachineAction, ...] = ()
    do: Switching | None = None
    within_ms: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class TimelineEntry:
    """What happened, when, by whom; appended only."""

    at: int
    by: str
    what: str
    detail: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Activation:
    """A plan in force in a zone. Two activations of one plan in one zone merge."""

    id: str
    site: str
    plan: str
    plan_version: int
    plan_name: Text
    kind: str
    level: str
    zone: str
    state: ActivationState
    cause: str
    """`alarm:<id>` or `person:<name>`."""
    reason: str
    commander: str
    activated_at: int
    steps: tuple[StepProgress, ...]
    """Of this level, and what had begun at others."""
    timeline: tuple[TimelineEntry, ...]
    flows: Mapping[str, tuple[StepProgress, ...]] = field(default_factory=dict)
    """The steps of every level as the plan said them when it came into force: a plan that is edited meanwhile changes
    nothing of an emergency. Deadlines from 0."""
    alarms: tuple[str, ...] = ()
    photos: tuple[Photo, ...] = ()
    drill: bool = False
    physical: bool = False
    """A drill whose commands move devices, because its leader asked for it."""
    decide_by: int | None = None
    """In standby: when it comes into force unless somebody decides otherwise."""
    investigate_ms: int = 0
    """In standby: how long somebody may look, once they have answered."""
    looked_at_by: str | None = None
    paused_at: int | None = None
    paused_in: ActivationState | None = None
    """What it goes back to."""
    pauses_ms: int = 0
    """How long it has been paused before; deadlines moved by as much."""
    stood_down_at: int | None = None
    restoring: tuple[MachineAction, ...] = ()
    """Outputs switched back after the end, the last try of each."""
    version: int = 1

    @property
    def moves(self) -> bool:
        """Whether its commands move devices."""
        return not self.drill or self.physical

    @property
    def tells(self) -> bool:
        """Whether people are still to be told of it: of a drill only while it is in force."""
        return self.state in (IN_FORCE if self.drill else OPEN)


class ActivationEvent(StrEnum):
    """What can happen to an activation."""

    RESPOND = "respond"
    CONTAIN = "contain"
    ACTIVATE = "activate"
    PAUSE = "pause"
    RESUME = "resume"
    RESUME_CONTAINED = "resume-contained"
    """What was contained before the pause still is."""
    STAND_DOWN = "stand-down"
    REVIEW = "review"


_S, _E = ActivationState, ActivationEvent
TRANSITIONS: Mapping[tuple[ActivationState, ActivationEvent], ActivationState] = {
    (_S.STANDBY, _E.ACTIVATE): _S.ACTIVATED,
    (_S.STANDBY, _E.STAND_DOWN): _S.STOOD_DOWN,
    (_S.ACTIVATED, _E.RESPOND): _S.RESPONDING,
    (_S.RESPONDING, _E.CONTAIN): _S.CONTAINED,
    (_S.CONTAINED, _E.RESPOND): _S.RESPONDING,
    (_S.ACTIVATED, _E.STAND_DOWN): _S.STOOD_DOWN,
    (_S.RESPONDING, _E.STAND_DOWN): _S.STOOD_DOWN,
    (_S.CONTAINED, _E.STAND_DOWN): _S.STOOD_DOWN,
    (_S.ACTIVATED, _E.PAUSE): _S.PAUSED,
    (_S.RESPONDING, _E.PAUSE): _S.PAUSED,
    (_S.CONTAINED, _E.PAUSE): _S.PAUSED,
    (_S.PAUSED, _E.RESUME): _S.RESPONDING,
    (_S.PAUSED, _E.RESUME_CONTAINED): _S.CONTAINED,
    (_S.PAUSED, _E.STAND_DOWN): _S.STOOD_DOWN,
    (_S.STOOD_DOWN, _E.REVIEW): _S.REVIEWED,
}


class StepEvent(StrEnum):
    """What can happen to a step."""

    BEGIN = "begin"
    DO = "do"
    FAIL = "fail"
    LAPSE = "lapse"
    """Its deadline passes."""
    DROP = "drop"
    TAKE_BACK = "take-back"
    """The level it belongs to is back."""


_P, _V = StepState, StepEvent
STEP_TRANSITIONS: Mapping[tuple[StepState, StepEvent], StepState] = {
    (_P.WAITING, _V.BEGIN): _P.RUNNING,
    (_P.WAITING, _V.DO): _P.DONE,
    (_P.WAITING, _V.LAPSE): _P.LATE,
    (_P.WAITING, _V.DROP): _P.DROPPED,
    (_P.RUNNING, _V.DO): _P.DONE,
    (_P.RUNNING, _V.FAIL): _P.FAILED,
    (_P.RUNNING, _V.LAPSE): _P.LATE,
    (_P.LATE, _V.DO): _P.DONE,
    (_P.LATE, _V.FAIL): _P.FAILED,
    (_P.LATE, _V.DROP): _P.DROPPED,
    (_P.FAILED, _V.FAIL): _P.FAILED,
    (_P.FAILED, _V.DO): _P.DONE,
    (_P.DROPPED, _V.TAKE_BACK): _P.WAITING,
}
IN_FORCE = frozenset({_S.ACTIVATED, _S.RESPONDING, _S.CONTAINED})
OPEN = IN_FORCE | {_S.STANDBY, _S.PAUSED}
"""Not over: an alarm of the same plan and place joins it."""
SYSTEM = "system"


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
    )


def flows_of(plan: Plan) -> dict[str, tuple[StepProgress, ...]]:
    """The steps of every level, to be kept with an activation."""
    return {name: tuple(waiting(step, 0) for step in level.steps) for name, level in plan.levels.items()}


def merge(activation: Activation, alarm: str, now: int) -> Activation:
    """Another alarm of the same plan and place joins.

    Raises:
        TransitionRefused: the activation has ended; what happens now is an emergency of its own.
    """
    if activation.state not in OPEN:
        raise TransitionRefused(f"the activation is {activation.state}; nothing joins it any more")
    if alarm in activation.alarms:
        return activation
    return noted(replace(activation, alarms=(*activation.alarms, alarm)), now, SYSTEM, "alarm-joined", alarm)


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
    if progress.state is not StepState.WAITING or activation.state not in IN_FORCE:
        return activation
    actions = tuple(MachineAction(command=c, point=p, value=v, before=before.get(p)) for c, p, v in commands)
    running = replace(moved(progress, StepEvent.BEGIN), started_at=now, actions=actions)
    activation = _responding(_with_step(activation, running), now)
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
    activation = _with_step(activation, progress)
    proof = _proof(answered)
    if progress.state is StepState.DONE:
        # A person did by hand what failed before; what another command came to does not undo that.
        return noted(activation, now, SYSTEM, "command-answered", proof)
    if not verified(answered, not activation.moves):
        return _failed(activation, progress, proof, now)
    activation = noted(activation, now, SYSTEM, "command-done", proof)
    if progress.kind == "machine" and all(verified(a, not activation.moves) for a in progress.actions):
        done = replace(moved(progress, StepEvent.DO), done_at=now, done_by=SYSTEM)
        return noted(_with_step(activation, done), now, SYSTEM, "step-done", progress.id)
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
        _with_step(activation, theirs), now, SYSTEM, "step-failed", f"{progress.id}: {why}; now the commander's"
    )


def notified(activation: Activation, step: str, detail: str, now: int) -> Activation:
    """A notify step is carried out."""
    progress = find_step(activation, step)
    if progress.state is not StepState.WAITING or activation.state not in IN_FORCE:
        return activation
    done = replace(moved(progress, StepEvent.DO), started_at=now, done_at=now, done_by=SYSTEM, note=detail)
    return noted(_responding(_with_step(activation, done), now), now, SYSTEM, "notified", f"{step}: {detail}")


def begin_notify_step(activation: Activation, step: str, now: int) -> Activation:
    """People are being told; it is done once each role was reached."""
    progress = find_step(activation, step)
    if progress.state is not StepState.WAITING or activation.state not in IN_FORCE:
        return activation
    running = replace(moved(progress, StepEvent.BEGIN), started_at=now)
    return noted(_responding(_with_step(activation, running), now), now, SYSTEM, "telling", f"{step}: {progress.who}")


def person_told(activation: Activation, what: str, detail: str, now: int) -> Activation:
    """What became of telling one person: `told` or `not-told`."""
    return noted(activation, now, SYSTEM, what, detail)


def all_told(activation: Activation, step: str, detail: str, now: int) -> Activation:
    """Every role of a notify step was reached."""
    progress = find_step(activation, step)
    if progress.kind != "notify" or progress.state not in {StepState.RUNNING, StepState.LATE}:
        return activation
    done = replace(moved(progress, StepEvent.DO), done_at=now, done_by=SYSTEM, note=detail)
    return noted(_with_step(activation, done), now, SYSTEM, "notified", f"{step}: {detail}")


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
    if by in progress.confirmed_by:
        raise TransitionRefused("two people confirm this step; somebody else has to look")
    confirmed = (*progress.confirmed_by, by)
    note = "; ".join(filter(None, (progress.note if progress.confirmed_by else None, note)))
    if len(confirmed) < progress.confirm:
        waits = replace(progress, confirmed_by=confirmed, note=note or None)
        detail = f"{step}: {len(confirmed)}/{progress.confirm}"
        return noted(_responding(_with_step(activation, waits), now), now, by, "step-confirmed", detail)
    done = replace(moved(progress, StepEvent.DO), done_at=now, done_by=by, note=note or None, confirmed_by=confirmed)
    detail = f"{step}: {note}" if note else step
    return noted(_responding(_with_step(activation, done), now), now, by, "step-done", detail)


def step_late(activation: Activation, step: str, now: int) -> Activation:
    """A step's deadline has passed: it is late, and the commander is called."""
    progress = find_step(activation, step)
    if progress.state not in {StepState.WAITING, StepState.RUNNING} or activation.state not in IN_FORCE:
        return activation
    late = moved(progress, StepEvent.LAPSE)
    return noted(_with_step(activation, late), now, SYSTEM, "step-late", f"{step}: escalated to the commander")


def contain(activation: Activation, by: str, reason: str, now: int) -> Activation:
    """The danger is contained."""
    return changed(activation, ActivationEvent.CONTAIN, by, reason, now)


def stand_down(activation: Activation, by: str, reason: str, now: int) -> Activation:
    """The emergency is over; needs a reason."""
    if not reason.strip():
        raise TransitionRefused("say why the emergency is over")
    return replace(changed(activation, ActivationEvent.STAND_DOWN, by, reason, now), stood_down_at=now)


def review(activation: Activation, by: str, report: str, now: int) -> Activation:
    """The review is written; needs its text."""
    if not report.strip():
        raise TransitionRefused("write what was learned")
    return changed(activation, ActivationEvent.REVIEW, by, report, now)


def find_step(activation: Activation, step: str) -> StepProgress:
    """The progress of a step.

    Raises:
        TransitionRefused: the activation has no such step.
    """
    for progress in activation.steps:
        if progress.id == step:
            return progress
    raise TransitionRefused(f"there is no step '{step}' in this activation")


def changed(activation: Activation, event: ActivationEvent, by: str, reason: str, now: int) -> Activation:
    """By the table of transitions, and noted."""
    following = TRANSITIONS.get((activation.state, event))
    if following is None:
        raise TransitionRefused(f"an activation that is {activation.state} cannot take '{event}'")
    return noted(replace(activation, state=following), now, by, event.value, reason)


def moved(progress: StepProgress, event: StepEvent) -> StepProgress:
    """By the table of a step's transitions.

    Raises:
        TransitionRefused: the table does not have it.
    """
    following = STEP_TRANSITIONS.get((progress.state, event))
    if following is None:
        raise TransitionRefused(f"the step '{progress.id}' is {progress.state} and cannot take '{event}'")
    return replace(progress, state=following)


def _responding(activation: Activation, now: int) -> Activation:
    """The first step begins."""
    if activation.state is not ActivationState.ACTIVATED:
        return activation
    return changed(activation, ActivationEvent.RESPOND, SYSTEM, "", now)


def _with_step(activation: Activation, progress: StepProgress) -> Activation:
    steps = tuple(progress if step.id == progress.id else step for step in activation.steps)
    return replace(activation, steps=steps)


def noted(activation: Activation, now: int, by: str, what: str, detail: str) -> Activation:
    """One more entry of the timeline."""
    entry = TimelineEntry(at=now, by=by, what=what, detail=detail)
    return replace(activation, timeline=(*activation.timeline, entry), version=activation.version + 1)
