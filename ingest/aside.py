"""Frames set aside because the site file does not know their points: taken up again once it does.

A device that was wired before it was written down loses nothing. The frames lie in files of the data folder, bounded;
when the service starts, what the site file knows by now goes to the historian. Writing a frame twice changes nothing,
so a file is deleted only when nothing in it is unknown any more.
"""

import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import msgspec
import structlog

from backbone.frames import FrameError, decode, encode_compact
from backbone.historian.port import Historian
from backbone.stream import Delivery
from community.site.profile import Lane
from ingest.validate import Limits, SitePoints, check

MOST_BYTES = 64_000_000
_SUFFIX = ".frames"
log = structlog.get_logger()


class _Kept(msgspec.Struct, array_like=True, frozen=True):
    gateway: str
    lane: Lane
    payload: bytes
    received: int


class Taken(NamedTuple):
    """What came of taking frames up again."""

    readings: int
    events: int
    files_left: int


_encoder, _decoder = msgspec.msgpack.Encoder(), msgspec.msgpack.Decoder(list[_Kept])


class Aside:
    """The files, oldest first. At `most_bytes` the oldest go."""

    def __init__(self, folder: Path, *, most_bytes: int = MOST_BYTES) -> None:
        self._folder = folder
        self._most = most_bytes
        folder.mkdir(parents=True, exist_ok=True)
        self._sizes = {path: path.stat().st_size for path in sorted(folder.glob(f"*{_SUFFIX}"))}
        self._next = 1 + max((int(path.stem) for path in self._sizes), default=0)

    def keep(self, deliveries: Sequence[Delivery]) -> int:
        """Set frames aside, durably; how many bytes of older ones had to go.

        Raises:
            OSError: the disk refuses.
        """
        rows = [_Kept(one.gateway, one.lane, encode_compact(one.frame), one.received) for one in deliveries]
        path = self._folder / f"{self._next:012d}{_SUFFIX}"
        new = path.with_suffix(".new")
        with new.open("wb") as file:
            file.write(_encoder.encode(rows))
            file.flush()
            os.fsync(file.fileno())
        new.rename(path)
        self._next += 1
        self._sizes[path] = path.stat().st_size
        return self._bound()

    def take_up(self, historian: Historian, points: SitePoints, limits: Limits) -> Taken:
        """Give the historian what the site file knows by now. Blocks.

        Raises:
            HistorianUnavailable: the historian is away; nothing is lost by calling again.
        """
        readings = events = 0
        for path, rows in self._read():
            checked = check([Delivery(r.gateway, r.lane, decode(r.payload), r.received) for r in rows], points, limits)
            historian.write([checked.readings], checked.events, {})
            readings += checked.readings.t.size
            events += len(checked.events)
            if not checked.unknown:
                path.unlink()
                del self._sizes[path]
        return Taken(readings, events, len(self._sizes))

    def _read(self) -> Iterator[tuple[Path, list[_Kept]]]:
        for path in tuple(self._sizes):
            try:
                rows = _decoder.decode(path.read_bytes())
                for row in rows:
                    decode(row.payload)
            except (msgspec.MsgspecError, FrameError, OSError) as error:
                log.warning("frames that were set aside cannot be read", file=str(path), error=str(error))
                del self._sizes[path]
                path.rename(path.with_suffix(".damaged"))
            else:
                yield path, rows

    def _bound(self) -> int:
        gone = 0
        while sum(self._sizes.values()) > self._most and len(self._sizes) > 1:
            oldest = next(iter(self._sizes))
            oldest.unlink(missing_ok=True)
            gone += self._sizes.pop(oldest)
        return gone
