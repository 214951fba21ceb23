"""Readings that are gone, or never came: on record with whose they were, when, how many and why."""

from dataclasses import dataclass
from enum import StrEnum


class LossReason(StrEnum):
    """Why readings are missing."""

    SPOOL_FULL = "spool-full"
    """The spool was full; the oldest bulk goes first."""
    TOO_OLD = "too-old"
    """Kept as long as the settings say, and nobody took it."""
    MEMORY_FULL = "memory-full"
    """The disk refused, and what memory may hold was full."""
    DAMAGED = "damaged"
    """Bytes on the disk are not those that were written."""
    SEQUENCE_GAP = "sequence-gap"
    """The device's own numbers skip: messages were lost on their way to the gateway."""
    SILENT = "silent"
    """The device said nothing for several of its expected intervals."""
    GATEWAY_DOWN = "gateway-down"
    """The gateway itself did not run."""
    HISTORY_WENT_BACK = "history-went-back"
    """The history stands where it stood before, as after restoring a backup: what it had taken since is gone."""
    RULES_WENT_BACK = "rules-went-back"
    """The same of the rules: what they had judged since is not judged again, and its alarms are gone."""
    TWO_GATEWAYS = "two-gateways"
    """Another gateway went by the same id and numbered its frames alike: each was taken for a repeat of the other."""
    DRIVER_RESTARTED = "driver-restarted"
    """What reads the device hung or ended, and was started again."""
    FLOOD = "flood"
    """The device spoke without pause, and was read now and then."""


@dataclass(frozen=True, slots=True)
class Loss:
    """What is missing between `first` and `last` (Unix ms).

    `device` or `lane` is None where the loss is not one device's or lane's. `count`: readings (messages for a sequence
    gap); 0 where nobody can know. A loss that goes on is told again with the same gateway, device, lane, reason and
    `began`, when it was noticed; the later telling replaces the earlier.
    """

    gateway: str
    device: str | None
    lane: str | None
    reason: LossReason
    began: int
    first: int
    last: int
    count: int
