"""The loss ledger: every reading that is gone or never came is written down, kept, and reported upstream.

It shares the spool's file, so that a drop and its entry are one transaction. A report is a frame of the urgent lane,
which is dropped last; an entry is done with when all consumers have committed the frame that told of it.
"""

import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

import structlog

from backbone.frames import FrameError, FrameEvent, decode
from backbone.losses import loss_event
from community.losses import Loss, LossReason
from gateway.compaction import plain
from gateway.spool_file import SpoolFile

GOES_ON_MS = 600_000
"""What is lost for the same reason within this is the same loss going on."""
REPORT_AGAIN_MS = 30_000
LONGEST_REPORT_MS = 3_600_000
"""A loss that goes on is told again after twice as long each time, up to this."""
MOST = 5_000
MOST_EVENTS = 200
"""In one frame."""
NOT_TOLD = 0
OURS = frozenset(
    {
        LossReason.SPOOL_FULL,
        LossReason.TOO_OLD,
        LossReason.MEMORY_FULL,
        LossReason.DAMAGED,
        LossReason.DRIVER_RESTARTED,
        LossReason.FLOOD,
        LossReason.HISTORY_WENT_BACK,
        LossReason.RULES_WENT_BACK,
        LossReason.TWO_GATEWAYS,
    }
)
"""A person should look at these. That a device or the gateway is silent raises alarms of its own."""

log = structlog.get_logger()


class _Key(NamedTuple):
    device: str
    """Empty: not one device's."""
    lane: str
    reason: LossReason


@dataclass(slots=True)
class _Entry:
    began: int
    """When it was first noted; with the key it names the loss."""
    first: int
    last: int
    count: int
    noted: int
    told: int = NOT_TOLD
    """The urgent frame that told of it as it stands."""
    next_report: int = 0
    interval: int = REPORT_AGAIN_MS
    dirty: bool = True
    over: bool = False


class LossLedger:
    """What a gateway lost. Times are Unix ms."""

    def __init__(self) -> None:
        self._entries: dict[tuple[_Key, int], _Entry] = {}
        self._open: dict[_Key, _Entry] = {}
        self.readings = 0
        """Lost in this run, as far as they could be counted."""

    def recall(self, file: SpoolFile) -> None:
        """Read what is not known to be committed: it is told again."""
        for device, lane, reason, *numbers in file.execute(
            "SELECT device, lane, reason, began, first, last, count, noted FROM losses WHERE done = 0"
        ):
            began, first, last, count, noted = (int(str(number)) for number in numbers)
            key = _Key(str(device), str(lane), LossReason(str(reason)))
            self._entries.setdefault((key, began), _Entry(began, first, last, count, noted, dirty=False))

    def tell_again(self, file: SpoolFile, since: int) -> None:
        """Who was told of losses `since` then (Unix ms) has forgotten it."""
        file.execute("UPDATE losses SET done = 0 WHERE last >= ?", (since,))
        self.recall(file)

    def note(
        self, reason: LossReason, *, first: int, last: int, count: int, now: int, device: str = "", lane: str = ""
    ) -> None:
        """`count` readings (0: nobody knows how many) between `first` and `last` are missing."""
        self.readings += count
        if len(self._open) >= MOST:
            device = ""
        key = _Key(device, lane, reason)
        entry = self._open.get(key)
        if entry is None or not 0 <= now - entry.noted <= GOES_ON_MS:
            log.error("readings lost", reason=reason.value, device=device or None, lane=lane or None, count=count)
            entry = _Entry(now, first, last, 0, now)
            self._open[key] = self._entries[key, now] = entry
        entry.first, entry.last = min(entry.first, first), max(entry.last, last)
        entry.count += count
        entry.noted, entry.told, entry.dirty = now, NOT_TOLD, True

    def note_frames(self, reason: LossReason, lane: str, rows: Iterable[tuple[bytes, int, int]], now: int) -> None:
        """Frames `(body, readings, at)` were dropped; what is in them is told by device."""
        found: dict[str, tuple[int, int, int]] = {}
        for body, readings, at in rows:
            for device, t in _contents(body, readings, at):
                first, last, count = found.get(device, (t, t, 0))
                found[device] = min(first, t), max(last, t), count + 1
        for device, (first, last, count) in found.items():
            self.note(reason, first=first, last=last, count=count, now=now, device=device, lane=lane)

    def end(self, reason: LossReason, device: str) -> None:
        """This loss is over; what comes later is another one. Told at once."""
        entry = self._open.pop(_Key(device, "", reason), None)
        if entry is not None:
            entry.over, entry.told, entry.next_report, entry.dirty = True, NOT_TOLD, 0, True

    def reports(self, gateway: str, now: int) -> list[tuple[FrameEvent, tuple[_Key, int]]]:
        """Events to send now, each with what `told` is to be called with; at most one frame's worth."""
        due = []
        for (key, began), entry in self._entries.items():
            if entry.told != NOT_TOLD or now < entry.next_report <= now + LONGEST_REPORT_MS:
                continue
            device, lane = key.device or None, key.lane or None
            loss = Loss(gateway, device, lane, key.reason, began, entry.first, entry.last, entry.count)
            due.append((loss_event(loss), (key, began)))
            if len(due) == MOST_EVENTS:
                break
        return due

    def told(self, names: Iterable[tuple[_Key, int]], frame: int, now: int) -> None:
        """These are in the urgent frame numbered `frame`."""
        for name in names:
            entry = self._entries[name]
            entry.told, entry.next_report = frame, now + entry.interval
            entry.interval = min(LONGEST_REPORT_MS, entry.interval * 2)

    def frames_gone(self, upto: int) -> None:
        """Urgent frames up to `upto` were dropped: what they told is told again."""
        for entry in self._entries.values():
            if entry.told <= upto:
                entry.told, entry.next_report = NOT_TOLD, 0

    def committed(self, upto: int, now: int) -> list[tuple[_Key, int]]:
        """Urgent frames up to `upto` are safe upstream: the entries that are done with, which are forgotten here."""
        done = [
            name
            for name, entry in self._entries.items()
            if NOT_TOLD < entry.told <= upto and (entry.over or not 0 <= now - entry.noted <= GOES_ON_MS)
        ]
        for name in done:
            entry = self._entries.pop(name)
            if self._open.get(name[0]) is entry:
                del self._open[name[0]]
        return done

    def write(self, file: SpoolFile, *, everything: bool = False) -> None:
        """Write what has changed, in the caller's transaction.

        Raises:
            sqlite3.Error: the disk refuses; it is written the next time.
        """
        for (key, began), entry in self._entries.items():
            if entry.dirty or everything:
                file.execute(
                    "INSERT OR REPLACE INTO losses VALUES (?, ?, ?, ?, ?, ?, ?, ?, 0)",
                    (*key, began, entry.first, entry.last, entry.count, entry.noted),
                )

    def written(self) -> None:
        """The transaction of `write` is committed."""
        for entry in self._entries.values():
            entry.dirty = False

    def of_ours(self, now: int) -> list[LossReason]:
        """Why this gateway itself lost readings in the last minutes: a person should look at that."""
        recent = {key.reason for key, entry in self._open.items() if 0 <= now - entry.noted <= GOES_ON_MS}
        return sorted(recent & OURS)

    @property
    def unwritten(self) -> bool:
        """Whether there is anything to write."""
        return any(entry.dirty for entry in self._entries.values())


def keep(ledger: LossLedger, file: SpoolFile) -> None:
    """Write what has changed in a transaction of its own; what the disk refuses waits in memory."""
    if not ledger.unwritten:
        return
    try:
        with file.transaction():
            ledger.write(file)
    except sqlite3.Error:
        return
    ledger.written()


def _contents(body: bytes, readings: int, at: int) -> list[tuple[str, int]]:
    """Device and time of all in a frame; of an unreadable one that there were so many."""
    try:
        frame = decode(plain(body), remember=False)
    except FrameError:
        return [("", at)] * readings
    devices = [point.partition(".")[0] for point in frame.points]
    rows = [(devices[p], t) for p, t in zip(frame.p.tolist(), frame.t.tolist(), strict=True)]
    return rows + [(event.point.partition(".")[0], event.t) for event in frame.events]
