"""The activation of an emergency plan, and its steps."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from hashlib import sha256
from typing import Literal

from community.errors import TransitionRefused
from community.evidence import Evidence, Photo
from community.incident_command import IncidentCommand
from community.text import Text


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
    after: tuple[str, ...] = ()
    """The steps that are done before it begins."""


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
    """The role that commands."""
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
    command: IncidentCommand = field(default_factory=IncidentCommand)
    """Who commands: a person."""
    version: int = 1

    @property
    def moves(self) -> bool:
        """Whether its commands move devices."""
        return not self.drill or self.physical

    @property
    def review_ticket(self) -> str | None:
        """The ticket that sees to what a response showed, once it is over; a drill's findings have their own."""
        if self.drill or self.state in OPEN:
            return None
        return f"t-{sha256(f'review:{self.id}'.encode()).hexdigest()[:16]}"

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


def contain(activation: Activation, by: str, reason: str, now: int) -> Activation:
    """The danger is contained."""
    return changed(activation, ActivationEvent.CONTAIN, by, reason, now)


def stand_down(activation: Activation, by: str, reason: str, now: int) -> Activation:
    """The emergency is over; needs a reason. What is left undone is named on the timeline.

    Raises:
        TransitionRefused: there is no reason, or it is over already.
    """
    if not reason.strip():
        raise TransitionRefused("say why the emergency is over")
    left = open_steps(activation)
    over = replace(changed(activation, ActivationEvent.STAND_DOWN, by, reason, now), stood_down_at=now)
    return noted(over, now, by, "left-open", ", ".join(left)) if left else over


def open_steps(activation: Activation) -> tuple[str, ...]:
    """The steps that are not done; none of a plan that never came into force."""
    if activation.state is ActivationState.STANDBY:
        return ()
    over = {StepState.DONE, StepState.DROPPED}
    return tuple(step.id for step in activation.steps if step.state not in over)


def waits_for(activation: Activation, step: StepProgress) -> tuple[str, ...]:
    """The steps before it that are not done; what another level does without holds up nobody."""
    return tuple(name for name in step.after if name in open_steps(activation))


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


def responding(activation: Activation, now: int) -> Activation:
    """The first step begins."""
    if activation.state is not ActivationState.ACTIVATED:
        return activation
    return changed(activation, ActivationEvent.RESPOND, SYSTEM, "", now)


def with_step(activation: Activation, progress: StepProgress) -> Activation:
    """With that step as it is now."""
    steps = tuple(progress if step.id == progress.id else step for step in activation.steps)
    return replace(activation, steps=steps)


def noted(activation: Activation, now: int, by: str, what: str, detail: str) -> Activation:
    """One more entry of the timeline."""
    entry = TimelineEntry(at=now, by=by, what=what, detail=detail)
    return replace(activation, timeline=(*activation.timeline, entry), version=activation.version + 1)
