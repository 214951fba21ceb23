"""Who commands a response: one person at any time, as in the incident command system (NIMS 2017)."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum


class CommandState(StrEnum):
    """Whether somebody commands."""

    VACANT = "vacant"
    ASKED = "asked"
    """Somebody was asked, and has so long to take it."""
    UNANSWERED = "unanswered"
    """Everybody was asked, in all rounds, and nobody has taken it: all are told at intervals until somebody does."""
    TAKEN = "taken"
    OFFERED = "offered"
    """Whoever commands hands it to somebody, and commands until they take it."""


class CommandEvent(StrEnum):
    """What can happen to it."""

    ASK = "ask"
    EXHAUST = "exhaust"
    ASK_ALL = "ask-all"
    """Still nobody: everybody at once, once more."""
    TAKE = "take"
    OFFER = "offer"


_S, _E = CommandState, CommandEvent
TRANSITIONS: Mapping[tuple[CommandState, CommandEvent], CommandState] = {
    (_S.VACANT, _E.ASK): _S.ASKED,
    (_S.VACANT, _E.TAKE): _S.TAKEN,
    (_S.VACANT, _E.EXHAUST): _S.UNANSWERED,
    (_S.ASKED, _E.ASK): _S.ASKED,
    (_S.ASKED, _E.EXHAUST): _S.UNANSWERED,
    (_S.ASKED, _E.TAKE): _S.TAKEN,
    (_S.UNANSWERED, _E.ASK_ALL): _S.UNANSWERED,
    (_S.UNANSWERED, _E.TAKE): _S.TAKEN,
    (_S.TAKEN, _E.TAKE): _S.TAKEN,
    (_S.TAKEN, _E.OFFER): _S.OFFERED,
    (_S.OFFERED, _E.OFFER): _S.OFFERED,
    (_S.OFFERED, _E.TAKE): _S.TAKEN,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class IncidentCommand:
    """Who commands, and who is asked to."""

    state: CommandState = CommandState.VACANT
    person: str | None = None
    since: int | None = None
    """Unix ms."""
    asked: tuple[str, ...] = ()
    """In the order they were asked in this round; the last one is asked now."""
    asked_before: tuple[str, ...] = ()
    """In earlier rounds."""
    round: int = 1
    take_by: int | None = None
    """When the next one is asked, or all once more (Unix ms)."""
    offered_to: str | None = None
    told: str | None = None
    """The last one it was offered to who was told."""
    deputies: tuple[str, ...] = ()
    """As the plan said when it came into force: roles, duties or people."""
    take_within_ms: int = 120_000
    rounds: int = 3
    ask_all_every_ms: int = 600_000


def is_due(command: IncidentCommand, now: int) -> bool:
    """Whether somebody is to be asked now: nobody commands, and whoever was asked has let their time pass.

    What everybody was asked for by an older version, once and for all, is due: it has no time.
    """
    if command.state is CommandState.ASKED:
        return command.take_by is not None and command.take_by <= now
    if command.state is CommandState.UNANSWERED:
        return command.take_by is None or command.take_by <= now
    return command.state is CommandState.VACANT


def still_asked(command: IncidentCommand, person: str) -> bool:
    """Whether somebody may still take it because they were asked."""
    if command.state is CommandState.OFFERED:
        return command.offered_to == person
    waits = command.state in {CommandState.ASKED, CommandState.UNANSWERED}
    return waits and person in {*command.asked, *command.asked_before}
