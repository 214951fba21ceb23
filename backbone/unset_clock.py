"""Frames of a gateway whose clock was not set when it made them: it began in 1970, say, and counts from there. Pure."""

import numpy as np
from msgspec.structs import replace

from backbone.frames import Frame

SET_SINCE_MS = 1_577_836_800_000
"""A clock that shows less than 2020 is not set."""


def dated(frame: Frame, by: int) -> Frame:
    """The frame with what an unset clock dated so much (ms) later."""
    return replace(
        frame,
        t=np.where(frame.t < SET_SINCE_MS, frame.t + by, frame.t),
        events=tuple(replace(event, t=event.t + by) if event.t < SET_SINCE_MS else event for event in frame.events),
    )
