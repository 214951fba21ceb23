"""What was refused for a reason that can be mended: set aside, and taken up again once it is.

A device that was wired before it was written down loses nothing, nor does one whose clock, or ours, was wrong. The
readings lie in files of the data folder, bounded: a length, then so many bytes of compressed frames, and again. Storing
a reading twice changes nothing, so what was taken up is removed after it is stored.
"""

import os
import shutil
import struct
import zlib
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

import msgspec
import structlog

from backbone import small_file
from backbone.deliveries import Delivery
from backbone.frames import FrameError, decode, encode_compact
from backbone.historian.port import Historian, HistorianRefused, Unwritten
from community.quarantine import Quarantined
from community.site.profile import Lane
from ingest import apart
from ingest.validate import CONSUMER, Limits, SitePoints, check, part_of, size_of

MOST_BYTES = 256_000_000
FILE_BYTES = 1_000_000
_SUFFIX = ".kept"
_HEAD = struct.Struct("<I")
log = structlog.get_logger()


class _Kept(msgspec.Struct, array_like=True, frozen=True):
    gateway: str
    lane: Lane
    payload: bytes
    received: int


class Taken(NamedTuple):
    """What came of taking up again."""

    readings: int
    events: int
    refused: Sequence[Quarantined]
    """What is still not stored, and why."""
    damaged: int
    """Records that could not be read."""


_encoder, _decoder = msgspec.msgpack.Encoder(), msgspec.msgpack.Decoder(list[_Kept])


class Aside:
    """The files, oldest first. At `most_bytes` the oldest go."""

    def __init__(self, folder: Path, *, most_bytes: int = MOST_BYTES, file_bytes: int = FILE_BYTES) -> None:
        self._folder = folder
        self._most = most_bytes
        self._file_bytes = file_bytes
        folder.mkdir(parents=True, exist_ok=True)
        self._sizes = {path: path.stat().st_size for path in sorted(folder.glob(f"*{_SUFFIX}"))}
        self._total = sum(self._sizes.values())
        self._next = 1 + max((int(path.stem) for path in self._sizes), default=0)
        self._growing: Path | None = None
        """Never one of an earlier run: it may end in a record that was torn."""

    def keep(self, deliveries: Sequence[Delivery]) -> int:
        """Set them aside, durably; how many older readings and events had to go.

        Raises:
            OSError: the disk refuses.
        """
        record = _record(deliveries)
        path, self._growing = self._growing or self._folder / f"{self._next:012d}{_SUFFIX}", None
        is_new = path not in self._sizes
        self._next += is_new
        with path.open("ab") as file:
            file.write(record)
            file.flush()
            os.fsync(file.fileno())
        if is_new:
            small_file.sync_folder(self._folder)
        self._resize(path, self._sizes.get(path, 0) + len(record))
        if self._sizes[path] < self._file_bytes:
            self._growing = path
        return self._bound()

    def take_up(self, historian: Historian, points: SitePoints, limits: Limits) -> Taken:
        """Give the historian what is in order by now. Blocks.

        Raises:
            HistorianUnavailable, HistorianCorrupt: nothing is lost by calling again.
            OSError: the disk refuses; nothing is lost by calling again.
        """
        self._growing = None
        readings = events = damaged = 0
        refused: list[Quarantined] = []
        for path in tuple(self._sizes):
            rows, bad = _read(path)
            if bad:
                log.error("what was set aside is damaged", file=str(path), records=bad)
                shutil.copyfile(path, path.with_suffix(".damaged"))
            checked = check(rows, points, limits)
            try:
                unwritten = apart.write(historian, checked.readings, checked.events, {})
            except HistorianRefused as error:  # all of it; what arrives meanwhile is not to wait for that
                unwritten = apart.all_of(checked.readings, checked.events, str(error))
            again = parts_of(rows, unwritten)
            readings += checked.readings.t.size - sum(one.frame.t.size for one in again)
            events += len(checked.events) - sum(len(one.frame.events) for one in again)
            damaged += bad
            refused += checked.refused
            refused += [refused_by_historian(one, points.site, again, limits.now) for one in unwritten]
            self._leave(path, rows, [*checked.mendable, *again], changed=bad > 0)
        return Taken(readings, events, refused, damaged)

    def _leave(self, path: Path, before: Sequence[Delivery], still: Sequence[Delivery], *, changed: bool) -> None:
        if not still:
            path.unlink()
            self._resize(path, 0)
        elif changed or _size(still) < _size(before):
            record = _record(still)
            small_file.replace(path, record)
            self._resize(path, len(record))

    def _resize(self, path: Path, size: int) -> None:
        self._total += size - self._sizes.pop(path, 0)
        if size:
            self._sizes[path] = size

    def _bound(self) -> int:
        gone = 0
        while self._total > self._most and len(self._sizes) > 1:
            oldest = min(self._sizes)
            gone += _size(_read(oldest)[0])
            oldest.unlink(missing_ok=True)
            self._resize(oldest, 0)
        return gone


def parts_of(deliveries: Sequence[Delivery], unwritten: Sequence[Unwritten]) -> list[Delivery]:
    """What the historian refused of these."""
    parts = [part_of(one, row.source, row.first, row.last) for row in unwritten for one in deliveries]
    return [part for part in parts if part is not None]


def reason_of(one: Unwritten) -> str:
    """As the quarantine has it."""
    return f"the historian refused it: {one.reason}"


def refused_by_historian(one: Unwritten, site: str, parts: Sequence[Delivery], now: int) -> Quarantined:
    """The entry of what the historian refused; `parts`: what is set aside.

    Its times are those of the refusal, as of all; those of the readings are told with the sample.
    """
    kept = min(one.count, _size(parts_of(parts, [one])))
    sample = f"{_when(one.first)} to {_when(one.last)}: {one.sample}"
    return Quarantined(site, CONSUMER, one.source, reason_of(one), now, now, one.count, sample, kept)


def _size(deliveries: Iterable[Delivery]) -> int:
    return sum(size_of(one.frame) for one in deliveries)


def _record(deliveries: Sequence[Delivery]) -> bytes:
    rows = [_Kept(one.gateway, one.lane, encode_compact(one.frame), one.received) for one in deliveries]
    body = zlib.compress(_encoder.encode(rows), 1)
    return _HEAD.pack(len(body)) + body


def _read(path: Path) -> tuple[list[Delivery], int]:
    """What is in a file, and how many records cannot be read. One that was torn at the end was never promised."""
    content, at, bad = path.read_bytes(), 0, 0
    found: list[Delivery] = []
    while at + _HEAD.size <= len(content):
        (size,) = _HEAD.unpack_from(content, at)
        body = content[at + _HEAD.size : at + _HEAD.size + size]
        at += _HEAD.size + size
        if len(body) < size:
            break
        try:
            rows = _decoder.decode(zlib.decompress(body))
            found += [Delivery(row.gateway, row.lane, decode(row.payload), row.received) for row in rows]
        except (zlib.error, msgspec.MsgspecError, FrameError) as error:
            log.debug("a record that was set aside cannot be read", error=str(error))
            bad += 1
    return found, bad


def _when(t: int) -> str:
    return datetime.fromtimestamp(t / 1000, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
