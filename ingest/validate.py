"""Which readings and events go to the historian, and which to quarantine, and why. Pure."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

import msgspec
import numpy as np
import numpy.typing as npt
from msgspec.structs import replace

from backbone import topics
from backbone.deliveries import Delivery
from backbone.frames import FloatColumn, Frame, FrameEvent, QualityColumn, TimeColumn
from backbone.historian.port import ReadingBatch
from backbone.losses import EVENT_TYPE as LOSS
from backbone.losses import LossError, loss_of
from community.losses import Loss
from community.quarantine import SAMPLE_CHARACTERS, Quarantined
from community.site.profile import ValueKind
from community.site.site import Site

CONSUMER = "ingest"
MAX_EVENT_BYTES = 8_192
MOST_LISTS = 1_000
"""Lists of points whose codes are remembered."""
_EVENT_TYPE = re.compile(r"[a-z0-9][a-z0-9._-]{0,62}")
_UNKNOWN, _ELSEWHERE, _EVENTS_ONLY = -1, -2, -3


class Fault(StrEnum):
    """Why something is not stored."""

    UNKNOWN_POINT = "the site file has no such point"
    OTHER_GATEWAY = "the point belongs to another gateway"
    NO_VALUES = "the point carries events, not values"
    NOT_FINITE = "not a number, or infinite"
    FUTURE = "too far in the future: check the clock"
    PAST = "too long ago: check the clock"
    EVENT_TYPE = "not an event type: a-z, 0-9, '.', '-', '_', at most 63 characters"
    EVENT_DATA = f"event data of more than {MAX_EVENT_BYTES} bytes, or not JSON"


OF_THE_SITE_FILE = (Fault.UNKNOWN_POINT, Fault.OTHER_GATEWAY)
"""What a gateway says of points that are not its own."""
MENDABLE = (*OF_THE_SITE_FILE, Fault.NO_VALUES, Fault.FUTURE, Fault.PAST)
"""What a change of the site file, of a clock or of a limit mends: such readings and events are set aside."""
_OF_CODE = {_UNKNOWN: Fault.UNKNOWN_POINT, _ELSEWHERE: Fault.OTHER_GATEWAY}
_ORDER = (Fault.UNKNOWN_POINT, Fault.OTHER_GATEWAY, Fault.NO_VALUES, Fault.NOT_FINITE, Fault.FUTURE, Fault.PAST)
"""A reading is refused for the first that holds."""
_NO_CODE = np.array([_UNKNOWN], np.int64)
_NO_INDEX = np.empty(0, np.int64)
_NO_TIME = np.empty(0, np.int64)
_NO_VALUE = np.empty(0, np.float64)
_NO_QUALITY = np.empty(0, np.uint8)


@dataclass(frozen=True, slots=True)
class Limits:
    """The times (Unix ms) a reading may have: `oldest <= t <= newest`. `now` dates what is refused."""

    now: int
    oldest: int
    newest: int


@dataclass(frozen=True, slots=True)
class Checked:
    """What of some deliveries is to be stored, and what is refused."""

    readings: ReadingBatch
    events: Sequence[tuple[str, FrameEvent]]
    refused: Sequence[Quarantined]
    mendable: Sequence[Delivery]
    """Of the deliveries what was refused and may be mended, and no other readings and events; `kept` counts it."""
    losses: Sequence[Loss] = ()
    """What gateways say is missing."""


class Codes(dict[str, int]):
    """By point: its number if the gateway may send values of it, else the code of a fault."""

    def __missing__(self, _point: str) -> int:
        return _UNKNOWN


class SitePoints:
    """The points of a site, by number in the site's order, and whose they are."""

    def __init__(self, site: Site) -> None:
        self.site = site.id
        self.names = tuple(site.points)
        elsewhere = dict.fromkeys(self.names, _ELSEWHERE)
        self._codes = {gateway: Codes(elsewhere) for gateway in site.gateways}
        self._nothing = Codes()
        self._known: dict[tuple[str, int], tuple[tuple[str, ...], npt.NDArray[np.int64]]] = {}
        for number, point in enumerate(site.points.values()):
            has_values = point.kind is not ValueKind.EVENT
            self._codes[point.gateway][point.id] = number if has_values else _EVENTS_ONLY

    def codes(self, gateway: str) -> Codes:
        """What each point is to this gateway."""
        return self._codes.get(gateway, self._nothing)

    def codes_of(self, gateway: str, names: tuple[str, ...]) -> npt.NDArray[np.int64]:
        """The code of each of a frame's points (n,); of a list that came before it is known already."""
        known = self._known.get((gateway, id(names)))
        # The list is held, so that no other can have its id.
        if known is None or known[0] is not names:
            if len(self._known) >= MOST_LISTS:
                self._known.clear()
            codes = self.codes(gateway)
            known = (names, np.array([codes[name] for name in names], dtype=np.int64))
            self._known[gateway, id(names)] = known
        return known[1]

    def knows(self, source: str) -> bool:
        """Whether `gateway/point` is a point of that gateway, or a topic of frames one of a known gateway."""
        if (topic := topics.parse_frames(source)) is not None:
            return topic.gateway in self._codes
        gateway, _, point = source.partition("/")
        return self.codes(gateway)[point] not in {_UNKNOWN, _ELSEWHERE}


@dataclass(frozen=True, slots=True)
class _Rows:
    """All readings of some deliveries in one set of columns (n,).

    `name` indexes the frames' lists of points as if they were one list; `codes` has what each of its names is.
    """

    codes: npt.NDArray[np.int64]
    name: npt.NDArray[np.int64]
    t: TimeColumn
    x: FloatColumn
    q: QualityColumn


def check(deliveries: Sequence[Delivery], points: SitePoints, limits: Limits) -> Checked:
    """Sort the readings and events of frames into what is stored and what is refused."""
    rows = _rows(deliveries, points)
    point, t, x, q = rows.codes[rows.name], rows.t, rows.x, rows.q
    good = (point >= 0) & np.isfinite(x) & (t <= limits.newest) & (t >= limits.oldest)
    refused: list[Quarantined] = []
    aside: dict[int, Frame] = {}
    if not good.all():
        refused += _refused_readings(deliveries, rows, ~good, points.site, limits)
        aside |= _parts(deliveries, ~good & ((point < 0) | np.isfinite(x)))
        point, t, x, q = point[good], t[good], x[good], q[good]
    events: list[tuple[str, FrameEvent]] = []
    losses: list[Loss] = []
    for number, delivery in enumerate(deliveries):
        for event in delivery.frame.events:
            if event.type == LOSS:
                try:
                    losses.append(loss_of(event, delivery.gateway))
                except LossError as error:
                    refused.append(_refused_loss(points.site, delivery.gateway, str(error), limits, repr(event)))
                continue
            fault = _event_fault(event, points.codes(delivery.gateway), limits)
            if fault is None:
                events.append((points.site, event))
            else:
                if fault in MENDABLE:
                    part = aside.get(number) or _only(delivery.frame, np.zeros(delivery.frame.t.size, np.bool_))
                    aside[number] = replace(part, events=(*part.events, event))
                source = _source(delivery.gateway, event.point, fault)
                refused.append(_refused(points.site, source, fault, limits, 1, repr(event)))
    readings = ReadingBatch(points.site, points.names, point.astype(np.uint32), t, x, q)
    mendable = [replace(deliveries[number], frame=part) for number, part in sorted(aside.items())]
    return Checked(readings, events, refused, mendable, losses)


def part_of(delivery: Delivery, source: str, first: int, last: int) -> Delivery | None:
    """What one point said from `first` to `last`, both included (Unix ms); None when nothing."""
    frame = delivery.frame
    names = np.array([name == source for name in frame.points], np.bool_)
    rows = names[frame.p] & (frame.t >= first) & (frame.t <= last)
    events = tuple(event for event in frame.events if event.point == source and first <= event.t <= last)
    if not rows.any() and not events:
        return None
    return replace(delivery, frame=replace(_only(frame, rows), events=events))


def size_of(frame: Frame) -> int:
    """How many readings and events it has."""
    return frame.t.size + len(frame.events)


def _parts(deliveries: Sequence[Delivery], rows: npt.NDArray[np.bool_]) -> dict[int, Frame]:
    """By number of the delivery: a frame of these rows (n,) of all, where there are any."""
    ends = np.cumsum([delivery.frame.t.size for delivery in deliveries])
    parts = enumerate(np.split(rows, ends[:-1]))
    return {number: _only(deliveries[number].frame, part) for number, part in parts if part.any()}


def _only(frame: Frame, rows: npt.NDArray[np.bool_]) -> Frame:
    return replace(frame, p=frame.p[rows], t=frame.t[rows], x=frame.x[rows], q=frame.q[rows], events=())


def _rows(deliveries: Sequence[Delivery], points: SitePoints) -> _Rows:
    frames = [delivery.frame for delivery in deliveries]
    codes = [points.codes_of(delivery.gateway, delivery.frame.points) for delivery in deliveries]
    first = np.cumsum([0, *(part.size for part in codes)])[:-1]
    sizes = [frame.t.size for frame in frames]
    return _Rows(
        codes=np.concatenate([*codes, _NO_CODE]),
        name=np.concatenate([_NO_INDEX, *(frame.p for frame in frames)]) + np.repeat(first, sizes),
        t=np.concatenate([_NO_TIME, *(frame.t for frame in frames)]),
        x=np.concatenate([_NO_VALUE, *(frame.x for frame in frames)]),
        q=np.concatenate([_NO_QUALITY, *(frame.q for frame in frames)]),
    )


def _refused_readings(
    deliveries: Sequence[Delivery], rows: _Rows, bad: npt.NDArray[np.bool_], site: str, limits: Limits
) -> Iterator[Quarantined]:
    """One row for each name and its readings' first fault."""
    names = [(delivery.gateway, name) for delivery in deliveries for name in delivery.frame.points]
    name, t, x, q = rows.name[bad], rows.t[bad], rows.x[bad], rows.q[bad]
    point = rows.codes[name]
    fault = np.select(
        [point == _UNKNOWN, point == _ELSEWHERE, point == _EVENTS_ONLY, ~np.isfinite(x), t > limits.newest],
        range(len(_ORDER) - 1),
        len(_ORDER) - 1,
    )
    kinds, sample, counts = np.unique(name * len(_ORDER) + fault, return_index=True, return_counts=True)
    for kind, row, count in zip(kinds.tolist(), sample.tolist(), counts.tolist(), strict=True):
        number, which = divmod(kind, len(_ORDER))
        gateway, point_name = names[number]
        source = _source(gateway, point_name, _ORDER[which])
        yield _refused(site, source, _ORDER[which], limits, count, f"t={t[row]}, x={x[row]}, q={q[row]}")


def _event_fault(event: FrameEvent, codes: Codes, limits: Limits) -> Fault | None:
    code = codes[event.point]
    if code in {_UNKNOWN, _ELSEWHERE}:
        return _OF_CODE[code]
    if event.t > limits.newest:
        return Fault.FUTURE
    if event.t < limits.oldest:
        return Fault.PAST
    if not _EVENT_TYPE.fullmatch(event.type):
        return Fault.EVENT_TYPE
    try:
        size = len(msgspec.json.encode(event.data))
    except (TypeError, ValueError, RecursionError):
        return Fault.EVENT_DATA
    return Fault.EVENT_DATA if size > MAX_EVENT_BYTES else None


def _source(gateway: str, point: str, fault: Fault) -> str:
    """The point; with the gateway where it is the gateway that is wrong about it."""
    return f"{gateway}/{point}" if fault in OF_THE_SITE_FILE else point


def _refused_loss(site: str, gateway: str, reason: str, limits: Limits, sample: str) -> Quarantined:
    return Quarantined(site, CONSUMER, gateway, reason, limits.now, limits.now, 1, sample[:SAMPLE_CHARACTERS])


def _refused(site: str, source: str, fault: Fault, limits: Limits, count: int, sample: str) -> Quarantined:
    kept = count if fault in MENDABLE else 0
    return Quarantined(
        site, CONSUMER, source, fault.value, limits.now, limits.now, count, sample[:SAMPLE_CHARACTERS], kept
    )
