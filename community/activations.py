"""The activation of an emergency plan, and its steps."""

from dataclasses import dataclass
from enum import StrEnum

from community.text import Text


class ActivationState(StrEnum):
    """States of an activation (domain: ch. 5.3); nothing about one is ever deleted."""

    ACTIVATED = "activated"
    RESPONDING = "responding"
    CONTAINED = "contained"
    STOOD_DOWN = "stood-down"
    REVIEWED = "reviewed"


class StepState(StrEnum):
    """States of a step; a failed machine step is at once a person's step."""

    WAITING = "waiting"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    LATE = "late"


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
    started_at: int | None = None
    done_at: int | None = None
    done_by: str | None = None
    note: str | None = None
    actions: tuple[MachineAction, ...] = ()


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
    timeline: tuple[TimelineEntry, ...]
    alarms: tuple[str, ...] = ()
    drill: bool = False
    stood_down_at: int | None = None
    version: int = 1
