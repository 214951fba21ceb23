"""Drills (演练): planned, run through the real machinery of a plan, scored, evaluated; none is ever deleted."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum

from community.activations import Activation, StepState, TimelineEntry
from community.errors import TransitionRefused
from community.text import Text


class DrillState(StrEnum):
    """States of a drill; one that was suspended by a real emergency goes on, or ends, when a person says so."""

    PLANNED = "planned"
    RUNNING = "running"
    SUSPENDED = "suspended"
    ENDED = "ended"
    EVALUATED = "evaluated"
    CANCELLED = "cancelled"


class DrillEvent(StrEnum):
    """What can happen to a drill."""

    START = "start"
    SUSPEND = "suspend"
    RESUME = "resume"
    END = "end"
    EVALUATE = "evaluate"
    CANCEL = "cancel"


_S, _E = DrillState, DrillEvent
TRANSITIONS: Mapping[tuple[DrillState, DrillEvent], DrillState] = {
    (_S.PLANNED, _E.START): _S.RUNNING,
    (_S.PLANNED, _E.CANCEL): _S.CANCELLED,
    (_S.RUNNING, _E.SUSPEND): _S.SUSPENDED,
    (_S.RUNNING, _E.END): _S.ENDED,
    (_S.SUSPENDED, _E.RESUME): _S.RUNNING,
    (_S.SUSPENDED, _E.END): _S.ENDED,
    (_S.ENDED, _E.EVALUATE): _S.EVALUATED,
}
UNDER_WAY = frozenset({_S.RUNNING, _S.SUSPENDED})


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What is to be better next time, and the ticket that sees to it."""

    title: str
    ticket: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ModeChange:
    """A device was put in test, or back, by a command."""

    device: str
    test: bool
    command: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Drill:
    """A drill of a plan in a zone: what is practised, when, where, by whom."""

    id: str
    site: str
    kind: str
    """`fire`, `evacuation`, `natural-disaster`, `safety-accident` or `public-health`."""
    plan: str
    plan_name: Text
    level: str
    zone: str
    planned_at: int
    content: str
    participants: tuple[str, ...]
    by: str
    scenario: str | None = None
    """What the simulator is to play, where one runs in place of the devices."""
    devices: tuple[str, ...] = ()
    """Put in test mode meanwhile: what they report belongs to the drill, and to nothing else."""
    physical: bool = False
    state: DrillState = DrillState.PLANNED
    modes: tuple[ModeChange, ...] = ()
    """The last command to each of its devices."""
    playing: bool = False
    """The simulator was asked to play the scenario, and not yet to stop."""
    played_until: int | None = None
    """When the simulator was asked to stop (Unix ms)."""
    activation: str | None = None
    started_at: int | None = None
    started_by: str | None = None
    ended_at: int | None = None
    suspended_by: str | None = None
    """The activation of the real emergency that took over."""
    evaluation: str | None = None
    findings: tuple[Finding, ...] = ()
    history: tuple[TimelineEntry, ...] = ()
    version: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class StepScore:
    """One step against its deadline."""

    id: str
    name: Text
    allowed_ms: int
    took_ms: int | None
    """None: it was not done."""
    in_time: bool
    done_by: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Score:
    """How a drill, or a response, went, against the plan's deadlines."""

    first_answer_ms: int | None
    """Until the first person did or confirmed something."""
    steps: tuple[StepScore, ...]
    people_told: int
    people_missed: int

    @property
    def in_time(self) -> int:
        """Steps done by their deadline."""
        return sum(step.in_time for step in self.steps)

    @property
    def missed(self) -> tuple[StepScore, ...]:
        """Steps that were late or not done at all."""
        return tuple(step for step in self.steps if not step.in_time)

    @property
    def percent(self) -> int:
        """Steps in time, of 100; a plan without steps has nothing to miss."""
        return round(100 * self.in_time / len(self.steps)) if self.steps else 100


def start(drill: Drill, activation: str, by: str, now: int) -> Drill:
    """It begins, as this activation."""
    begun = _take(drill, DrillEvent.START, by, activation, now)
    return replace(begun, activation=activation, started_at=now, started_by=by)


def suspend(drill: Drill, by: str, emergency: str, now: int) -> Drill:
    """A real emergency takes over."""
    return replace(_take(drill, DrillEvent.SUSPEND, by, emergency, now), suspended_by=emergency)


def resume(drill: Drill, by: str, reason: str, now: int) -> Drill:
    """The emergency is over, and the drill goes on."""
    return _take(drill, DrillEvent.RESUME, by, reason, now)


def end(drill: Drill, by: str, reason: str, now: int) -> Drill:
    """It is over."""
    return replace(_take(drill, DrillEvent.END, by, reason, now), ended_at=now)


def cancel(drill: Drill, by: str, reason: str, now: int) -> Drill:
    """It will not take place; needs a reason."""
    if not reason.strip():
        raise TransitionRefused("say why the drill is cancelled")
    return _take(drill, DrillEvent.CANCEL, by, reason, now)


def evaluate(drill: Drill, by: str, evaluation: str, findings: tuple[Finding, ...], now: int) -> Drill:
    """What was learned, and the tickets that follow from it."""
    if not evaluation.strip():
        raise TransitionRefused("write what went well, what did not, and what is to change")
    return replace(_take(drill, DrillEvent.EVALUATE, by, evaluation, now), evaluation=evaluation, findings=findings)


def score(activation: Activation) -> Score:
    """Every step of an activation against its deadline; times the plan was paused do not count."""
    steps = []
    for step in activation.steps:
        if step.state is StepState.DROPPED:
            continue
        done = step.state is StepState.DONE and step.done_at is not None
        took = step.done_at - activation.activated_at if done and step.done_at is not None else None
        steps.append(
            StepScore(
                id=step.id,
                name=step.name,
                allowed_ms=step.due_at - activation.activated_at,
                took_ms=took,
                in_time=took is not None and step.done_at is not None and step.done_at <= step.due_at,
                done_by=step.done_by,
            )
        )
    answers = [s.done_at for s in activation.steps if s.kind == "person" and s.done_at is not None]
    told = [entry.what for entry in activation.timeline]
    return Score(
        first_answer_ms=min(answers) - activation.activated_at if answers else None,
        steps=tuple(steps),
        people_told=told.count("told"),
        people_missed=told.count("not-told"),
    )


def _take(drill: Drill, event: DrillEvent, by: str, detail: str, now: int) -> Drill:
    following = TRANSITIONS.get((drill.state, event))
    if following is None:
        raise TransitionRefused(f"a drill that is {drill.state} cannot take '{event}'")
    entry = TimelineEntry(at=now, by=by, what=event.value, detail=detail)
    return replace(drill, state=following, history=(*drill.history, entry), version=drill.version + 1)
