"""Taking command of a response: asked in the order of its plan, taken in one action, handed over with a reason.

A transfer is complete only when the one who is to command has taken it: until then whoever commanded still does.
"""

from collections.abc import Sequence
from dataclasses import replace

from community.activations import IN_FORCE, OPEN, SYSTEM, Activation, noted
from community.errors import TransitionRefused
from community.incident_command import TRANSITIONS, CommandEvent, CommandState, IncidentCommand


def ask(activation: Activation, line: Sequence[str], now: int) -> Activation:
    """The next of the line is asked; when nobody is left, everybody was. Only while the plan is in force.

    Args:
        line: who may be asked, by the roster as it is now.
    """
    if activation.state not in IN_FORCE:
        return activation
    command = activation.command
    following = next((person for person in line if person not in command.asked), None)
    if following is None:
        asked = replace(command, state=_next(command, CommandEvent.EXHAUST), take_by=None)
        return _noted(activation, asked, now, SYSTEM, "command-unanswered", ", ".join(command.asked))
    asked = replace(
        command,
        state=_next(command, CommandEvent.ASK),
        asked=(*command.asked, following),
        take_by=now + command.take_within_ms,
    )
    return _noted(activation, asked, now, SYSTEM, "command-asked", following)


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
