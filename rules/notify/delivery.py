"""A message on its way to one person, and what became of it."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from community.escalations import COMMAND, Escalation
from community.notice_text import Facts
from community.notifications import Notification
from community.site.rules import Grade

_RANKS = {"alarm": 0, COMMAND: 1}


@dataclass(frozen=True, slots=True)
class Delivery:
    """One message to one person: one notification, or several together."""

    notifications: tuple[Notification, ...]
    facts: tuple[Facts, ...]

    @property
    def lead(self) -> Notification:
        """The one whose channel is used."""
        return self.notifications[0]

    @property
    def of_one_activation(self) -> bool:
        """Whether it is of what is told by itself, though it is several."""
        return self.lead.grade == Grade.HIGH.value and len(self.notifications) > 1

    @property
    def keys(self) -> set[str]:
        """What no other delivery may take meanwhile: its notifications, and of an ordinary one the person."""
        keys = {notification.id for notification in self.notifications}
        return keys if self.lead.grade == Grade.HIGH.value else keys | {f"person:{self.lead.person}"}


def together(due: Iterable[Notification]) -> list[tuple[Notification, ...]]:
    """What is high is told by itself; but what one person is told of one activation at once is one message."""
    found: dict[object, list[Notification]] = {}
    for notification in due:
        of = (notification.person, notification.occasion, notification.channels[notification.channel :])
        found.setdefault(of if notification.occasion else notification.id, []).append(notification)
    return [tuple(some) for some in found.values()]


def delivery_of(some: Sequence[Notification], escalations: Mapping[str, Escalation]) -> Delivery:
    """The message of these notifications; of a plan its alarm first and then who commands, otherwise as they came."""

    def order(notification: Notification) -> tuple[int, int, str]:
        escalation = escalations[notification.escalation]
        rank = _RANKS.get(escalation.kind, len(_RANKS)) if notification.occasion else 0
        return rank, escalation.facts.at, notification.id

    ordered = sorted(some, key=order)
    return Delivery(tuple(ordered), tuple(escalations[n.escalation].facts for n in ordered))


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a delivery; `why` is empty when it was handed over."""

    delivery: Delivery
    at: int
    why: str
    grouped: bool
    gone: tuple[str, ...]
    """Browsers their push service knows no more."""
