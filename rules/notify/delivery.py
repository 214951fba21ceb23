"""A message on its way to one person, and what became of it."""

from dataclasses import dataclass

from community.notice_text import Facts
from community.notifications import Notification


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
    def keys(self) -> set[str]:
        """What no other delivery may take meanwhile: its notifications, and of an ordinary one the person."""
        keys = {notification.id for notification in self.notifications}
        return keys if self.lead.grade == "high" else keys | {f"person:{self.lead.person}"}


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a delivery; `why` is empty when it was handed over."""

    delivery: Delivery
    at: int
    why: str
    grouped: bool
    gone: tuple[str, ...]
    """Browsers their push service knows no more."""
