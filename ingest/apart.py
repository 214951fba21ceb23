"""A write the historian refuses as a whole: what it will never take is found and stands alone, the rest is stored."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

from backbone.frames import FrameEvent
from backbone.historian.port import Historian, HistorianRefused, ReadingBatch, Unwritten
from backbone.position import Position

SURE = 40
"""So many refusals without a single row stored, and it is not the rows: the historian is out of order."""
Events = Sequence[tuple[str, FrameEvent]]


class _Piece(NamedTuple):
    readings: ReadingBatch
    events: Events

    def halves(self) -> "list[_Piece]":
        n, m = self.readings.t.size, len(self.events)
        if n and m:
            return [_Piece(self.readings, ()), _Piece(_rows(self.readings, 0, 0), self.events)]
        return [
            _Piece(_rows(self.readings, 0, n // 2), self.events[: m // 2]),
            _Piece(_rows(self.readings, n // 2, n), self.events[m // 2 :]),
        ]

    def alone(self, reason: str) -> Unwritten:
        if self.events:
            event = self.events[0][1]
            return Unwritten(event.point, reason, event.t, event.t, 1, f"{event.type} {event.data}")
        point, t = self.readings.points[self.readings.p.item(0)], self.readings.t.item(0)
        sample = f"{t} {self.readings.x.item(0)!r} {self.readings.q.item(0)}"
        return Unwritten(point, reason, t, t, 1, sample)


def write(
    historian: Historian, readings: ReadingBatch, events: Events, positions: Mapping[str, Position]
) -> Sequence[Unwritten]:
    """See `Historian.write`; a refusal of everything is searched for the rows at fault, the positions being left.

    Raises:
        HistorianUnavailable, HistorianCorrupt: nothing is lost by writing the same again later.
        HistorianRefused: nothing at all is taken, so it is not the rows; as above.
    """
    try:
        return historian.write([readings], events, positions)
    except HistorianRefused as error:
        refused = error
    unwritten: list[Unwritten] = []
    pieces, stored, refusals = _Piece(readings, events).halves(), False, 0
    while pieces:
        piece = pieces.pop()
        number = piece.readings.t.size + len(piece.events)
        if not number:
            continue
        try:
            unwritten += historian.write([piece.readings], piece.events, {})
        except HistorianRefused as error:
            refusals += 1
            if refusals >= SURE and not stored:
                raise
            if number == 1:
                unwritten.append(piece.alone(str(error)))
            else:
                pieces += piece.halves()
        else:
            stored = True
    if not stored and readings.t.size + len(events) > 1:
        raise refused
    if not unwritten:
        historian.write([], [], positions)
    return unwritten


def all_of(readings: ReadingBatch, events: Events, reason: str) -> list[Unwritten]:
    """Everything as refused, by point."""
    rows = [_Piece(_rows(readings, n, n + 1), ()).alone(reason) for n in range(readings.t.size)]
    rows += [_Piece(_rows(readings, 0, 0), [event]).alone(reason) for event in events]
    found: dict[str, Unwritten] = {}
    for row in rows:
        known = found.get(row.source, row)
        first, last, count = min(known.first, row.first), max(known.last, row.last), known.count + (known is not row)
        found[row.source] = replace(known, first=first, last=last, count=count)
    return list(found.values())


def _rows(batch: ReadingBatch, begin: int, end: int) -> ReadingBatch:
    return ReadingBatch(
        batch.site, batch.points, batch.p[begin:end], batch.t[begin:end], batch.x[begin:end], batch.q[begin:end]
    )
