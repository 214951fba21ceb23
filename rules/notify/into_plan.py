"""What became of a plan's step that tells people: each person in the timeline, and the step's end."""

from collections.abc import Mapping, Sequence

from community.activation_steps import all_told, nobody_told, person_told
from community.activations import Activation
from community.escalations import Escalation
from community.notifications import Notification, NotificationState

_REACHED = frozenset({NotificationState.HANDED_OVER, NotificationState.DELIVERED, NotificationState.ACKNOWLEDGED})


def into_plan(
    activation: Activation,
    *,
    escalation: Escalation,
    news: Sequence[Notification],
    everybody: Sequence[Notification],
    names: Mapping[str, str],
    now: int,
) -> Activation:
    """The activation with the news; the step ends once every role is reached or cannot be."""
    step = escalation.step or ""
    for notification in news:
        reached = notification.state in _REACHED
        how = notification.tries[-1].channel if notification.tries else "-"
        detail = f"{step}: {names.get(notification.person, notification.person)} ({notification.told_as}), "
        detail += f"{how}: handed over" if reached else notification.why
        activation = person_told(activation, "told" if reached else "not-told", detail, now)
    missing = _missing(escalation.roles, everybody)
    if missing is None:
        return activation
    if missing:
        return nobody_told(activation, step, f"not reached: {', '.join(missing)}", now)
    reached_by = ", ".join(names.get(n.person, n.person) for n in everybody if n.state in _REACHED)
    return all_told(activation, step, reached_by, now)


def _missing(roles: Sequence[str], everybody: Sequence[Notification]) -> list[str] | None:
    """The roles nobody was reached of; None while that is not known."""
    missing: list[str] = []
    for role in roles:
        mine = [n for n in everybody if role in n.told_as.split(", ")]
        if any(n.state in _REACHED for n in mine):
            continue
        if any(n.state is NotificationState.QUEUED for n in mine):
            return None
        missing.append(role)
    return missing
