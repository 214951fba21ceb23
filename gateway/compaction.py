"""Small frames become large ones while they wait: a week of outage must fit the disk.

At a low rate a frame has one message's readings, and most of it is names and heads. A merged frame is numbered as its
last and has all since the frame before its first: who commits it has the same as before, and who stood in the middle of
it gets some readings again, which changes nothing.
"""

import zlib
from collections.abc import Sequence

import numpy as np
import structlog
from msgspec.structs import replace

from backbone.frames import Frame, FrameError, decode, encode_compact
from backbone.unset_clock import SET_SINCE_MS
from gateway.lane_frames import LaneFrames
from gateway.spool_file import Row, SpoolFile

MERGED_READINGS = 1_000
MERGED_FRAMES = 300
"""In one step, which holds the loop for some milliseconds."""
SETTLED_MS = 10_000
"""Younger frames wait: the consumer may be there any moment."""
READING_BYTES = 16
"""About what a reading takes in a merged frame, packed."""
_PACKED = b"\x78"
"""The first byte of what zlib packs (RFC 1950, 2.2); no frame begins with it."""

log = structlog.get_logger()


def packed(body: bytes) -> bytes:
    """A merged frame as it is kept: the same names are in all of them, and times are close to each other."""
    return zlib.compress(body, 1)


def plain(body: bytes) -> bytes:
    """A frame's bytes as they are sent, whether they were packed or not.

    Raises:
        FrameError: they were, and do not open.
    """
    if body[:1] != _PACKED:
        return body
    try:
        return zlib.decompress(body)
    except zlib.error as error:
        raise FrameError(f"not a frame: {error}") from error


def merged(frames: Sequence[Frame]) -> Frame:
    """One frame in the place of consecutive ones: numbered as the last, following what the first followed."""
    names: dict[str, int] = {}
    places = []
    for frame in frames:
        own = np.array([names.setdefault(point, len(names)) for point in frame.points], dtype=np.uint32)
        places.append(own.take(frame.p))
    return replace(
        frames[-1],
        prev=frames[0].previous,
        points=tuple(names),
        p=np.concatenate(places),
        t=np.concatenate([frame.t for frame in frames]),
        x=np.concatenate([frame.x for frame in frames]),
        q=np.concatenate([frame.q for frame in frames]),
        events=tuple(event for frame in frames for event in frame.events),
    )


def together(rows: list[Row]) -> list[Row]:
    """The first rows as far as they go into one frame; the first alone where it does not."""
    run: list[Row] = []
    readings = 0
    for row in rows:
        fits = not run or (row.epoch == run[0].epoch and row.prev == run[-1].seq)
        if not fits or readings >= MERGED_READINGS or row.at < SET_SINCE_MS:
            break
        run.append(row)
        readings += row.readings
    return run or rows[:1]


class Compactor:
    """Merges a lane's frames at rest in the spool's file, one run a step."""

    def __init__(self) -> None:
        self._merged: dict[int, int] = {}
        """By the start of a range at rest: how far its frames are merged."""

    def step(self, file: SpoolFile, lane: LaneFrames, at_rest: list[tuple[int, int]], now: int) -> bool:
        """Merge some frames in these ranges; True when there may be more to merge.

        Raises:
            sqlite3.Error: the disk refuses; nothing is merged.
        """
        starts = {after for after, _ in at_rest}
        self._merged = {after: upto for after, upto in self._merged.items() if after in starts}
        return any(self._step(file, lane, after, upto, now) for after, upto in at_rest)

    def _step(self, file: SpoolFile, lane: LaneFrames, after: int, upto: int, now: int) -> bool:
        beyond = max(self._merged.get(after, after), lane.forgotten)
        rows = file.between(lane.lane, beyond, upto, now - SETTLED_MS, MERGED_FRAMES)
        run = together(rows)
        if len(run) == len(rows) < MERGED_FRAMES and sum(row.readings for row in run) < MERGED_READINGS:
            return False
        if len(run) > 1:
            try:
                whole = _whole(run)
            except FrameError:
                log.error("a frame in the spool is none", seq=run[0].seq)  # noqa: TRY400  (it is passed over when sent)
            else:
                with file.transaction():
                    file.delete_between(lane.lane, run[0].seq, run[-1].seq)
                    file.insert([whole])
                lane.merged(run, whole)
        self._merged[after] = run[-1].seq
        return True


def _whole(run: list[Row]) -> Row:
    frame = merged([decode(plain(row.body), remember=False) for row in run])
    body = packed(encode_compact(frame))
    readings = sum(row.readings for row in run)
    return run[-1]._replace(prev=frame.prev, readings=readings, size=len(body), body=body)
