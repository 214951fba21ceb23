"""Whose alarms nothing may hide by design: high ones, and what tells of fire.

A person may shelve such an alarm or take its sensor out of service, with a reason and for a short time
(community/suppression.py); a rule of the site file may not.
"""

from collections.abc import Collection

from community.site.conditions import Condition, Part
from community.site.profile import Family
from community.site.rules import Grade

_LOSS = frozenset({"stale", "stuck", "below"})
"""Fire shows in what rises or is reported; what falls or falls silent has lost its supply."""


def always_calls(risk: Grade, families: Collection[str]) -> bool:
    """Whether a rule's alarm is never suppressed by design: neither by a parent alarm nor in maintenance."""
    return risk is Grade.HIGH or Family.FIRE in families


def never_follows(risk: Grade, when: Condition, families: Collection[str]) -> bool:
    """Whether a rule's alarm never lies under another. Fire water that fails with the power does; smoke does not."""
    return risk is Grade.HIGH or (Family.FIRE in families and not _is_loss(when))


def _is_loss(when: Condition | Part) -> bool:
    if when.not_ is not None:
        return False
    if when.parts:
        return all(_is_loss(part) for part in when.parts)
    return set(when.given) <= _LOSS
