"""Small frames become large ones while they wait: a week of outage must fit the disk. Pure.

At a low rate a frame has one message's readings, and most of it is names and heads. A merged frame is numbered as its
last and has all since the frame before its first: who commits it has the same as before, and who stood in the middle of
it gets some readings again, which changes nothing.
"""

import zlib
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from backbone.frames import Frame, FrameError

MERGED_READINGS = 1_000
MERGED_FRAMES = 300
"""In one step, which holds the loop for some milliseconds."""
SETTLED_MS = 10_000
"""Younger frames wait: the consumer may be there any moment."""
READING_BYTES = 16
"""About what a reading takes in a merged frame, packed."""
_PACKED = b"\x78"
"""The first byte of what zlib packs (RFC 1950, 2.2); no frame begins with it."""


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
