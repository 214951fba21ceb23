"""The register of risks: a 5 x 5 matrix, and what the platform's own history says about a grading.

The history proposes; a person decides.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from statistics import median

from community.errors import TransitionRefused
from community.past import PastAlarm, PastTicket
from community.site.plans import Risk, grade_of
from community.site.rules import Grade

YEAR_MS = 365 * 86_400_000
OFTEN = ((12, 5), (4, 4), (1, 3))
"""So many events a year (monthly, quarterly, at all) make a likelihood of at least this."""
SLOW_MS = 3_600_000
"""What takes longer to clear, half of the times, is graver than it was thought to be."""
FAILED = 3
"""So many failed inspections or re-inspections a year say that the controls do not hold."""


class RegradeReason(StrEnum):
    """Why a re-grading is proposed."""

    EVENTS = "events"
    NO_EVENTS = "no-events"
    SLOW_TO_CLEAR = "slow-to-clear"
    FAILED_INSPECTIONS = "failed-inspections"


@dataclass(frozen=True, slots=True, kw_only=True)
class Grading:
    """A decision about a risk: who, when, why. It holds until the next one, or a newer assessment in the site file."""

    id: str
    risk: str
    likelihood: int
    severity: int
    reason: str
    by: str
    at: int
    version: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """What happened in the last 12 months where the risk is."""

    alarms: int
    tickets: int
    failed_inspections: int
    median_clear_ms: int | None
    watched_ms: int
    """How long there has been a history, at most a year."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """A grading the history speaks for, and why."""

    likelihood: int
    severity: int
    reasons: tuple[RegradeReason, ...]


def figures_of(
    risk: Risk,
    alarms: Iterable[PastAlarm],
    tickets: Iterable[PastTicket],
    zones: frozenset[str],
    now: int,
    first: int | None,
) -> Figures:
    """Count what concerns a risk: alarms of its rules in its zones, tickets of them and of its facilities.

    `zones` are the risk's and all inside; `first` is when the history begins (Unix ms).
    """
    theirs = [a for a in alarms if a.rule in risk.rules and a.zone in zones]
    work = [t for t in tickets if t.facility in risk.facilities or (t.rule in risk.rules and t.zone in zones)]
    clearing = [a.cleared_at - a.raised_at for a in theirs if a.cleared_at is not None]
    return Figures(
        alarms=len(theirs),
        tickets=len(work),
        failed_inspections=sum(t.failed_inspections + t.source.startswith("inspection:") for t in work),
        median_clear_ms=round(median(clearing)) if clearing else None,
        watched_ms=0 if first is None else min(now - first, YEAR_MS),
    )


def propose(likelihood: int, severity: int, figures: Figures) -> Proposal | None:
    """Another grading than the one that holds; None when the history speaks for none."""
    reasons: list[RegradeReason] = []
    likely, severe = likelihood, severity
    least = next((level for events, level in OFTEN if figures.alarms >= events), 1)
    if least > likely:
        likely = least
        reasons.append(RegradeReason.EVENTS)
    elif not figures.alarms and not figures.failed_inspections and figures.watched_ms >= YEAR_MS and likely > 1:
        likely -= 1
        reasons.append(RegradeReason.NO_EVENTS)
    if figures.failed_inspections >= FAILED and likely < 5 and likely <= likelihood:
        likely = likelihood + 1
        reasons.append(RegradeReason.FAILED_INSPECTIONS)
    if figures.median_clear_ms is not None and figures.median_clear_ms > SLOW_MS and severe < 5:
        severe += 1
        reasons.append(RegradeReason.SLOW_TO_CLEAR)
    if not reasons or (likely, severe) == (likelihood, severity):
        return None
    return Proposal(likelihood=likely, severity=severe, reasons=tuple(reasons))


def standing(risk: Risk, gradings: Sequence[Grading], assessed_at: int | None) -> Grading | None:
    """The last decision about a risk that is newer than its assessment in the site file (Unix ms), if any."""
    mine = [grading for grading in gradings if grading.risk == risk.id]
    newest = max(mine, key=lambda grading: grading.at, default=None)
    return newest if newest is not None and (assessed_at is None or newest.at >= assessed_at) else None


def decide(risk: Risk, grading: Grading) -> Grading:
    """A person's decision.

    Raises:
        TransitionRefused: no reason, or a high risk without its emergency plan (guide 5.2).
    """
    if not grading.reason.strip():
        raise TransitionRefused("say why the risk is graded so")
    if grade_of(grading.likelihood, grading.severity) is Grade.HIGH and risk.plan is None:
        raise TransitionRefused("a high risk must have an emergency plan; name one in the site file first")
    return grading
