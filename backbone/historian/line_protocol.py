"""Readings and events as lines for InfluxDB: a text a reading, no object.

Readings: measurement = measure; tags device, family, gateway, site, zone; fields `value` (float), `quality` (integer);
time in ms. Events: measurement `event`, the same tags and `measure`; string fields `type`, `data` (JSON); time in ns.
"""

import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import msgspec

from backbone.frames import FrameEvent
from backbone.historian.influxql import EVENT
from backbone.historian.port import ReadingBatch
from community.site.site import Point, Site

_NS_PER_MS = 1_000_000
_TAG = str.maketrans({",": "\\,", " ": "\\ ", "=": "\\=", "\n": "\\n"})
_FIELD = str.maketrans({"\\": "\\\\", '"': '\\"'})


@dataclass(frozen=True, slots=True)
class Lines:
    """Lines, and what each tells of: row i is `text[i]`, of `sources[i]` at `times[i]` (ms)."""

    text: Sequence[str]
    sources: Sequence[str]
    times: Sequence[int]
    precision: str


class LineWriter:
    """Makes lines; the part of a line that says which point it is, is made once a point."""

    def __init__(self, site: Site) -> None:
        self._site = site
        self._prefixes: dict[tuple[str, str], str] = {}
        self._begun: tuple[str, tuple[str, ...], Sequence[str]] | None = None

    @property
    def site(self) -> str:
        """The id of the site whose points have all their tags."""
        return self._site.id

    def readings(self, batch: ReadingBatch, elsewhere: Mapping[int, str] | None = None) -> Lines:
        """A line a reading. `elsewhere` gives, by row, how a line begins that has other tags than its point has now."""
        return _rows(batch, self._begin(batch), slice(0, batch.t.size), elsewhere)

    def parts(self, batch: ReadingBatch, elsewhere: Mapping[int, str], most: int) -> Iterator[Lines]:
        """As `readings`, so many lines at a time, each made when it is asked for."""
        begin = self._begin(batch)
        for first in range(0, batch.t.size, most):
            yield _rows(batch, begin, slice(first, first + most), elsewhere)

    def _begin(self, batch: ReadingBatch) -> Sequence[str]:
        """How each point's line begins; of the same tuple of points it is known already."""
        known = self._begun
        if known is None or known[1] is not batch.points or known[0] != batch.site:
            begin = [self._prefix(batch.site, point) for point in batch.points]
            self._begun = known = (batch.site, batch.points, begin)
        return known[2]

    def events(self, events: Sequence[tuple[str, FrameEvent]]) -> Lines:
        """A line an event. Two different events of one point in one ms are kept apart by their nanoseconds."""
        return Lines(
            [self._event(site, event) for site, event in events],
            [event.point for _, event in events],
            [event.t for _, event in events],
            "ns",
        )

    def _prefix(self, site: str, point: str) -> str:
        known = self._prefixes.get((site, point))
        if known is None:
            known = self._prefixes[site, point] = prefix(split(point)[1], self.tags(site, point))
        return known

    def _event(self, site: str, event: FrameEvent) -> str:
        data = msgspec.json.encode(event.data, order="deterministic").decode()
        tags = _tags({**self.tags(site, event.point), "measure": split(event.point)[1]})
        ns = event.t * _NS_PER_MS + zlib.crc32(f"{event.type} {data}".encode()) % _NS_PER_MS
        return f'{EVENT},{tags} type="{event.type.translate(_FIELD)}",data="{data.translate(_FIELD)}" {ns}'

    def tags(self, site: str, point: str) -> Mapping[str, str]:
        """What a line of the point carries; of a point the site file does not have, only device and site."""
        known: Point | None = self._site.points.get(point) if site == self._site.id else None
        if known is None:
            return {"device": split(point)[0], "site": site}
        return {
            "device": known.device,
            "family": known.family.value,
            "gateway": known.gateway,
            "site": site,
            "zone": known.zone,
        }


def _rows(batch: ReadingBatch, begin: Sequence[str], part: slice, elsewhere: Mapping[int, str] | None) -> Lines:
    points = batch.points
    used, times = batch.p[part].tolist(), batch.t[part].tolist()
    rows = zip(used, batch.x[part].tolist(), batch.q[part].tolist(), times, strict=True)
    if elsewhere:
        text = [
            f"{elsewhere.get(n, begin[p])}{x!r},quality={q}i {t}" for n, (p, x, q, t) in enumerate(rows, part.start)
        ]
    else:
        text = [f"{begin[p]}{x!r},quality={q}i {t}" for p, x, q, t in rows]
    return Lines(text, [points[p] for p in used], times, "ms")


def prefix(measure: str, tags: Mapping[str, str]) -> str:
    """How the line of a reading begins, up to its value."""
    return f"{_measurement(measure)},{_tags(tags)} value="


def line(measurement: str, tags: Mapping[str, str], fields: Mapping[str, str], t: int) -> str:
    """A whole line; the fields as they are to be written."""
    return f"{_measurement(measurement)},{_tags(tags)} {','.join(f'{name}={fields[name]}' for name in fields)} {t}"


def split(point: str) -> tuple[str, str]:
    """Device and measure of a point."""
    device, _, measure = point.partition(".")
    return device, measure


def _measurement(name: str) -> str:
    return name.translate(_TAG)


def _tags(tags: Mapping[str, str]) -> str:
    return ",".join(f"{name}={value.translate(_TAG)}" for name, value in sorted(tags.items()))
