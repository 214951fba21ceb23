"""Timelines of readings and events as they stand in test data, and how a detector takes them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from hypothesis import strategies as st

from community.site.fields import parse_duration_s
from community.site.site import Site
from rules.detect.compile import compile_rules
from rules.detect.engine import Detector
from rules.detect.model import Batch, Occurrence, Transition


@dataclass(frozen=True)
class Reading:
    """A reading of a point at `t` (ms)."""

    point: str
    t: int
    x: float
    q: int = 0


@dataclass(frozen=True)
class Event:
    """An event at a point at `t` (ms)."""

    point: str
    t: int
    type: str


@dataclass(frozen=True)
class Tick:
    """Time passes until `t` (ms)."""

    t: int


Entry = Reading | Event | Tick


def ms(value: object) -> int:
    """A time of test data: seconds, or a duration such as `2m`."""
    return round(parse_duration_s(value) * 1000)


def entries(rows: Sequence[Mapping[str, Any]]) -> list[Entry]:
    """The rows of a timeline."""
    found: list[Entry] = []
    for row in rows:
        if "tick" in row:
            found.append(Tick(ms(row["tick"])))
        elif "event" in row:
            found.append(Event(row["point"], ms(row["t"]), row["event"]))
        else:
            found.append(Reading(row["point"], ms(row["t"]), float(row["x"]), row.get("q", 0)))
    return found


def make_batch(site: Site, part: Sequence[Reading | Event]) -> Batch:
    """The batch of some entries in order."""
    index = {point: i for i, point in enumerate(site.points)}
    readings = [e for e in part if isinstance(e, Reading)]
    occurrences: list[Occurrence] = []
    position = 0
    for entry in part:
        if isinstance(entry, Event):
            occurrences.append(Occurrence(position, index[entry.point], entry.t, entry.type))
        else:
            position += 1
    return Batch(
        np.array([index[r.point] for r in readings], dtype=np.intp),
        np.array([r.t for r in readings], dtype=np.int64),
        np.array([r.x for r in readings], dtype=np.float64),
        np.array([r.q for r in readings], dtype=np.uint8),
        occurrences,
    )


def run(
    site: Site, timeline: Sequence[Entry], cuts: Sequence[int] = (), *, restart: bool = False, since: int = 0
) -> list[Transition]:
    """Every transition of a timeline that is cut into batches at `cuts` (and at every tick), listened to `since` then.

    With `restart` the detector is exported and restored between batches. Where `since` is 0 silence counts from there.
    """
    compiled = compile_rules(site)
    detector = Detector(compiled)
    detector.listen(since)
    found: list[Transition] = []
    part: list[Reading | Event] = []
    now = since

    def flush() -> None:
        nonlocal detector
        if part:
            found.extend(detector.evaluate(make_batch(site, part)))
            part.clear()
        if restart:
            again = Detector(compiled)
            again.restore(detector.state(), detector.layout)
            again.listen(now)
            detector = again

    for place, entry in enumerate(timeline):
        if place in cuts:
            flush()
        now = max(now, entry.t) if since else 0
        if isinstance(entry, Tick):
            flush()
            found.extend(detector.tick(entry.t))
        else:
            part.append(entry)
    flush()
    return found


def composites(leaves: Sequence[dict[str, Any]]) -> st.SearchStrategy[dict[str, Any]]:
    """Conditions made of others, as deep as they come."""
    return st.recursive(
        st.sampled_from(leaves),
        lambda inner: st.one_of(
            st.builds(lambda parts: {"all": parts}, st.lists(inner, min_size=2, max_size=3)),
            st.builds(lambda parts: {"any": parts}, st.lists(inner, min_size=2, max_size=3)),
            st.builds(lambda part: {"not": part}, inner),
        ),
        max_leaves=5,
    )
