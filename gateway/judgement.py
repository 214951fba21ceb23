"""What a command may do: a pure judgement, whose reasons people read.

Egress locks fail open: once an activation released one, it is not locked again until a command whose cause begins with
`stand-down:`. What a tripped interlock of this gateway holds stays so until a person resets that, by a command to
`interlock:{id}` with value 0. A command to `mode:{device}` puts a device in test (1), out of service (2) or back (0).

A command's cause is believed because of whom the broker lets write commands. Where strangers can speak to the broker,
a command opens escape doors, and does nothing else (docs/decisions/0027-who-may-command.md).
"""

from dataclasses import dataclass

from community.commands import Command, Outcome
from community.site.devices import DeviceMode
from community.site.site import Point
from gateway.interlocks import EGRESS_LOCK, Hold

STAND_DOWN = "stand-down:"
PERSON = "person:"
"""A door a person unlocked for a visitor may be locked again."""
INTERLOCK = "interlock:"
MODE = "mode:"
MODES = {0.0: DeviceMode.NORMAL, 1.0: DeviceMode.TEST, 2.0: DeviceMode.DISABLED}
SIMULATED = "drill: not switched"
STRANGERS = (
    "strangers can speak to this broker, so only what is safe is done: use mqtts:// with a password or certificate"
)


@dataclass(frozen=True, slots=True)
class Verdict:
    """What is to become of a command: carried out (`outcome` None), or answered at once."""

    outcome: Outcome | None
    reason: str = ""


def judge(
    command: Command,
    point: Point | None,
    now: int,
    *,
    released_by: str | None = None,
    hold: Hold | None = None,
    retained: bool = False,
    trusted: bool = True,
) -> Verdict:
    """Whether a command may be carried out now.

    `point`: the one it names; `released_by`: what released that lock; `hold`: the interlock that holds it. An interlock
    itself refuses to be reset while its cause stands.
    """
    if retained:
        return Verdict(Outcome.REFUSED, "retained: a command is for the moment it is sent")
    if now >= command.expires:
        return Verdict(Outcome.EXPIRED, f"expired {now - command.expires} ms ago")
    if command.point.startswith(INTERLOCK):
        refusal = _against_reset(command, trusted)
    elif command.point.startswith(MODE):
        refusal = _against_mode(command, trusted)
    else:
        refusal = _against_switching(command, point, released_by, hold, trusted)
    if refusal is not None:
        return Verdict(Outcome.REFUSED, refusal)
    return Verdict(Outcome.DONE, SIMULATED) if command.drill else Verdict(None)


def _against_switching(
    command: Command, point: Point | None, released_by: str | None, hold: Hold | None, trusted: bool
) -> str | None:
    if point is None:
        return f"no point {command.point} on this gateway"
    if point.output is None:
        return f"{command.point} is not among its device's outputs"
    if command.value not in {0.0, 1.0}:
        return f"value {command.value:g}; an output takes 0 or 1"
    opens = point.output.kind == EGRESS_LOCK and command.value == point.output.safe
    if point.output.kind == EGRESS_LOCK and not opens and released_by and not command.cause.startswith(STAND_DOWN):
        return f"life safety: released by {released_by}, until stood down"
    if hold is not None and command.value != hold.value:
        return f"life safety: held by interlock {hold.by}, until a person resets it"
    return None if opens or trusted else STRANGERS


def _against_reset(command: Command, trusted: bool) -> str | None:
    if command.value != 0:
        return f"value {command.value:g}; an interlock is reset by 0 and tripped by its causes"
    if not command.cause.startswith(PERSON):
        return "life safety: only a person resets an interlock"
    return None if trusted else STRANGERS


def _against_mode(command: Command, trusted: bool) -> str | None:
    if command.value not in MODES:
        return f"value {command.value:g}; a mode is 0 (normal), 1 (test) or 2 (disabled)"
    if not command.cause.startswith(PERSON):
        return "life safety: only a person takes a device out of service"
    return None if trusted else STRANGERS


def releases(command: Command, point: Point) -> bool:
    """Whether this command opens an egress lock that must then stay open."""
    return (
        point.output is not None
        and point.output.kind == EGRESS_LOCK
        and command.value == point.output.safe
        and not command.drill
        and not command.cause.startswith((STAND_DOWN, PERSON))
    )
