"""Taking command of a response: asked in the order of its plan, taken in one action, handed over with a reason.

A transfer is complete only when the one who is to command has taken it: until then whoever commanded still does.
"""

from collections.abc import Sequence
from dataclasses import replace

from community.activations import IN_FORCE, OPEN, SYSTEM, Activation, noted
from community.errors import TransitionRefused
from community.incident_command import TRANSITIONS, CommandEvent, CommandState, IncidentCommand


def ask(activation: Activation, line: Sequence[str], now: int) -> Activation:
    """The next of the line is asked; after the last one the first again, then all at once. Only in force.

    As calls for people on duty go everywhere: so many rounds, and then nobody is left in peace until somebody takes it.

    Args:
        line: who may be asked, by the roster as it is now.
    """
    if activation.state not in IN_FORCE:
        return activation
    command = activation.command
    if command.state is CommandState.UNANSWERED:
        return _all_asked(activation, line, CommandEvent.ASK_ALL, now)
    following = next((person for person in line if person not in command.asked), None)
    if following is None and line and command.round < command.rounds:
        before = dict.fromkeys((*command.asked_before, *command.asked))
        command = replace(command, asked=(), asked_before=tuple(before), round=command.round + 1)
        following = line[0]
    if following is None:
        return _all_asked(activation, line, CommandEvent.EXHAUST, now)
    asked = replace(
        command,
        state=_next(command, CommandEvent.ASK),
        asked=(*command.asked, following),
        take_by=now + command.take_within_ms,
    )
    what = "command-asked" if command.round == 1 else "command-asked-again"
    return _noted(activation, asked, now, SYSTEM, what, following)


def _all_asked(activation: Activation, line: Sequence[str], event: CommandEvent, now: int) -> Activation:
    command = activation.command
    before = dict.fromkeys((*command.asked_before, *command.asked))
    everybody = tuple(line) or command.asked
    asked = replace(
        command,
        state=_next(command, event),
        asked=everybody,
        asked_before=tuple(person for person in before if person not in everybody),
        take_by=now + command.ask_all_every_ms,
    )
    return _noted(activation, asked, now, SYSTEM, "command-unanswered", ", ".join(everybody))


def take(activation: Activation, by: str, reason: str, now: int) -> Activation:
    """Somebody takes command; from somebody who has not offered it, with a reason.

    Raises:
        TransitionRefused: they command already, the reason is missing, or the response is over.
    """
    _open(activation)
    command = activation.command
    if command.person == by and command.state is CommandState.TAKEN:
        raise TransitionRefused("you command already")
    over = command.person is not None and by not in {command.person, command.offered_to}
    if over and not reason.strip():
        raise TransitionRefused(f"{command.person} commands: say why you take over")
    taken = replace(
        command, state=_next(command, CommandEvent.TAKE), person=by, since=now, take_by=None, offered_to=None, told=None
    )
    if command.person in {None, by}:
        return _noted(activation, taken, now, by, "command-taken", reason.strip())
    return _noted(activation, taken, now, by, "command-taken-over", f"{command.person}: {reason.strip()}".rstrip(": "))


def offer(activation: Activation, to: str, by: str, reason: str, now: int) -> Activation:
    """Whoever commands hands it over; they command until it is taken.

    Raises:
        TransitionRefused: it is not theirs to hand over, to themselves, or the reason is missing.
    """
    _open(activation)
    command = activation.command
    if command.person != by:
        raise TransitionRefused("only whoever commands hands it over; take command first")
    if to == by:
        raise TransitionRefused("you command already")
    if not reason.strip():
        raise TransitionRefused("say why it is handed over")
    offered = replace(command, state=_next(command, CommandEvent.OFFER), offered_to=to, told=None)
    return _noted(activation, offered, now, by, "command-offered", f"{to}: {reason.strip()}")


def _open(activation: Activation) -> None:
    if activation.state not in OPEN:
        raise TransitionRefused(f"the activation is {activation.state}; nobody commands it any more")


def _next(command: IncidentCommand, event: CommandEvent) -> CommandState:
    following = TRANSITIONS.get((command.state, event))
    if following is None:
        raise TransitionRefused(f"a command that is {command.state} cannot take '{event}'")
    return following


def _noted(activation: Activation, command: IncidentCommand, now: int, by: str, what: str, detail: str) -> Activation:
    return noted(replace(activation, command=command), now, by, what, detail)
