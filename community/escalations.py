"""Escalation: who is told of one cause, and when; acknowledgement ends it. Times count from when it began."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from community.errors import TransitionRefused
from community.notice_text import Facts
from community.site.duty import EscalationLevel


class EscalationState(StrEnum):
    """How far it has come."""

    CALLING = "calling"
    EVERYBODY_TOLD = "everybody-told"
    ACKNOWLEDGED = "acknowledged"
    OVER = "over"
    """The cause ended, or nothing more can be done about it."""


class EscalationEvent(StrEnum):
    """What can happen to one."""

    CALL = "call"
    EXHAUST = "exhaust"
    ACKNOWLEDGE = "acknowledge"
    END = "end"


_S, _E = EscalationState, EscalationEvent
TRANSITIONS: Mapping[tuple[EscalationState, EscalationEvent], EscalationState] = {
    (_S.CALLING, _E.CALL): _S.CALLING,
    (_S.CALLING, _E.EXHAUST): _S.EVERYBODY_TOLD,
    (_S.CALLING, _E.ACKNOWLEDGE): _S.ACKNOWLEDGED,
    (_S.CALLING, _E.END): _S.OVER,
    (_S.EVERYBODY_TOLD, _E.ACKNOWLEDGE): _S.ACKNOWLEDGED,
    (_S.EVERYBODY_TOLD, _E.END): _S.OVER,
}
OPEN = frozenset({_S.CALLING, _S.EVERYBODY_TOLD})


@dataclass(frozen=True, slots=True, kw_only=True)
class Escalation:
    """The telling of one cause: an alarm, a plan's step that tells people, or a step that is late."""

    id: str
    site: str
    zone: str
    kind: str
    """`alarm`, `step`, `late`, `command`, `suspended`, `ticket`, `overdue` or `report`."""
    cause: str
    """The id of the alarm, activation or ticket; of a report its period."""
    step: str | None = None
    roles: tuple[str, ...] = ()
    """Who a step tells: roles, duties, people, or a party as `of_party` writes it; an alarm goes by its levels."""
    occasion: str = ""
    """The activation it belongs to: what one person is told of that at once is one message."""
    facts: Facts
    started_at: int
    next_at: int
    told: tuple[str, ...] = ()
    """People, in the order they were told."""
    state: EscalationState = EscalationState.CALLING
    ended_at: int | None = None
    ended_by: str = ""
    version: int = 1


@dataclass(frozen=True, slots=True)
class Call:
    """Somebody to be told, and after how long (ms)."""

    person: str
    told_as: str
    after: int
    on_duty: bool
    """Called because they are on duty or part of a plan in force; who was merely named may have quiet hours."""


COMMAND = "command"
"""Somebody is asked to take command."""
TICKET_KINDS = frozenset({"ticket", "overdue"})
REPORT = "report"
"""An evaluation report is there to be read. One who has read it reads it for nobody else."""
_PARTY = "party:"


def of_party(party: str) -> str:
    """All people of a party, as one of the roles that are told."""
    return _PARTY + party


def party_of(role: str) -> str | None:
    """The party such a role means; None: it is another role, a duty or a person."""
    return role.removeprefix(_PARTY) if role.startswith(_PARTY) else None


def call_tree(
    levels: Sequence[EscalationLevel],
    on_duty: Callable[[str], Sequence[str]],
    everybody: Callable[[str], Sequence[str]],
    *,
    high: bool,
) -> list[Call]:
    """Everybody who is to be told, in order, each once; of a high alarm a whole level at once."""
    found: dict[str, Call] = {}
    for level in levels:
        after = round(level.after * 1000)
        people = [(p, d, True) for d in level.on_duty for p in on_duty(d)]
        people += [(p, r, False) for r in level.all_ for p in everybody(r)]
        for person, told_as, duty in people:
            if person in found:
                continue
            found[person] = Call(person, told_as, after, duty)
            if level.in_turn is not None and not high:
                after += round(level.in_turn * 1000)
    return sorted(found.values(), key=lambda call: call.after)


def due(
    escalation: Escalation, tree: Sequence[Call], failed: frozenset[str], now: int
) -> tuple[list[Call], int | None]:
    """Who is to be told now, and when the next one will be (Unix ms; None: nobody is left).

    As many people as are due must have been reached: for one who could not be, the next is called at once.
    """
    elapsed = now - escalation.started_at
    waiting = [call for call in tree if call.person not in escalation.told]
    now_due = [call for call in waiting if call.after <= elapsed]
    rest = [call for call in waiting if call.after > elapsed]
    reached = len(set(escalation.told) - failed) + len(now_due)
    wanted = sum(call.after <= elapsed for call in tree)
    missing = max(wanted - reached, 0)
    now_due, rest = [*now_due, *rest[:missing]], rest[missing:]
    return now_due, (escalation.started_at + rest[0].after) if rest else None


def called(escalation: Escalation, people: Sequence[str], next_at: int | None) -> Escalation:
    """These were told; the next one will be at `next_at`, if anybody is left."""
    event = _E.CALL if next_at is not None else _E.EXHAUST
    return replace(
        escalation,
        state=_next(escalation, event),
        told=(*escalation.told, *people),
        next_at=next_at if next_at is not None else 0,
        version=escalation.version + 1,
    )


def acknowledge(escalation: Escalation, by: str, now: int) -> Escalation:
    """Somebody has taken it on: nobody else is called; a report is read by each. Once it has ended nothing changes."""
    return escalation if escalation.kind == REPORT else _end(escalation, _E.ACKNOWLEDGE, by, now)


def end(escalation: Escalation, why: str, now: int) -> Escalation:
    """Its cause is gone. Once it has ended nothing changes."""
    return _end(escalation, _E.END, why, now)


def _end(escalation: Escalation, event: EscalationEvent, by: str, now: int) -> Escalation:
    if escalation.state not in OPEN:
        return escalation
    return replace(
        escalation, state=_next(escalation, event), ended_at=now, ended_by=by, version=escalation.version + 1
    )


def _next(escalation: Escalation, event: EscalationEvent) -> EscalationState:
    following = TRANSITIONS.get((escalation.state, event))
    if following is None:
        raise TransitionRefused(f"an escalation that is {escalation.state} cannot take '{event}'")
    return following
