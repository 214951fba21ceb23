"""A drill's record goes with its activation: what is done to the one is done to the other, in one transaction."""

from api.problems import conflict
from api.writing import Change
from backbone.database.activations import list_activations
from backbone.database.drills import drill_of, save_drill
from community import drills
from community.activations import IN_FORCE, OPEN, Activation, ActivationState
from community.drills import UNDER_WAY, Drill, DrillState

MOST_OPEN = 1_000


def keep(change: Change, what: str, drill: Drill) -> None:
    """Save it and have the event go out."""
    save_drill(change.connection, drill)
    change.publish("drill", what, drill.id, drill)


def follow(change: Change, activation: Activation) -> None:
    """The drill ends with its activation, and goes on with it."""
    drill = drill_of(change.connection, activation.id)
    if drill is None:
        return
    if activation.state is ActivationState.STOOD_DOWN and drill.state in UNDER_WAY:
        keep(change, "ended", drills.end(drill, change.by, activation.timeline[-1].detail, change.now))
    elif activation.state in IN_FORCE and drill.state is DrillState.SUSPENDED:
        keep(change, "resumed", drills.resume(drill, change.by, activation.timeline[-1].detail, change.now))


def no_emergency(change: Change) -> None:
    """Let a drill begin or go on.

    Raises:
        Problem: 409, a real plan is open.
    """
    for activation in list_activations(change.connection, change.site, states=OPEN, limit=MOST_OPEN):
        if not activation.drill:
            raise conflict(f"a real plan is in force, {activation.id}; no drill until it is stood down")
