"""One lane of the spool: its numbers, and those of its frames that are in memory. No I/O."""

from bisect import bisect_right
from dataclasses import dataclass, field

from backbone.frames import FrameBuilder, encode_compact
from community.site.profile import Lane
from gateway.spool_file import Row, Totals

_RECENT = 256
_PART = 50


@dataclass(slots=True)
class LaneFrames:
    """What the disk does not have yet, and the newest of what it has. Times are Unix ms."""

    lane: Lane
    next: int
    newest: int
    """The last number put that may still matter."""
    reserved: int
    """No number beyond this may be given out before it is on the disk that more are."""
    began_after: int
    """The last number of earlier runs."""
    on_disk: Totals
    waiting: list[Row] = field(default_factory=list)
    waiting_bytes: int = 0
    forgotten: int = 0
    deleted: int = 0
    _recent: dict[int, Row] = field(default_factory=dict)
    """By `prev`: the frame a cursor that stands there wants next."""

    def seal(self, builder: FrameBuilder, epoch: int, now: int) -> Row:
        """The lane's next frame, of what the builder holds."""
        readings = len(builder)
        frame = builder.seal(epoch=epoch, seq=self.next, sent=now, prev=self.newest)
        body = encode_compact(frame)
        row = Row(self.lane, frame.seq, frame.prev, epoch, now, readings, len(body), body)
        self.next += 1
        self.newest = row.seq
        self.waiting.append(row)
        self.waiting_bytes += row.size
        self._recent[row.prev] = row
        if len(self._recent) > _RECENT:
            del self._recent[next(iter(self._recent))]
        return row

    def following(self, seq: int) -> Row | None:
        """The frame that was put right after the one numbered `seq`, while it is remembered."""
        return self._recent.get(seq)

    def waiting_after(self, seq: int) -> Row | None:
        """The first frame beyond `seq` that the disk does not have."""
        index = bisect_right(self.waiting, seq, key=lambda row: row.seq)
        return self.waiting[index] if index < len(self.waiting) else None

    def written(self) -> None:
        """The disk has what waited."""
        self.on_disk = self.on_disk.plus(Totals.of(self.waiting))
        self.wait_for([])

    def merged(self, run: list[Row], whole: Row) -> None:
        """On the disk one frame stands in the place of these, with all their readings."""
        self._let_go(run)
        self.on_disk = self.on_disk.minus(Totals.of(run)).plus(Totals.of([whole]))

    def deleted_from_disk(self, upto: int, gone: Totals) -> None:
        """The disk has no frames up to `upto` any more."""
        while self._recent and self._recent[first := next(iter(self._recent))].seq <= upto:
            del self._recent[first]
        self.on_disk = self.on_disk.minus(gone)

    def forget_waiting(self) -> None:
        """What all consumers have need not be written."""
        if self.waiting and self.waiting[0].seq <= self.forgotten:
            self.wait_for([row for row in self.waiting if row.seq > self.forgotten])

    def give_up_oldest(self) -> list[Row]:
        """Some of what waits, the oldest, for which there is no room; none when nothing waits."""
        gone = self.waiting[: max(1, len(self.waiting) // _PART)]
        self.wait_for(self.waiting[len(gone) :])
        self._let_go(gone)
        return gone

    def unsaved(self) -> list[Row]:
        """All that is in memory and still wanted, as numbered: what a new file begins with."""
        rows = {row.seq: row for row in (*self._recent.values(), *self.waiting) if row.seq > self.forgotten}
        return [rows[seq] for seq in sorted(rows)]

    def wait_for(self, rows: list[Row]) -> None:
        """From now on these wait for the disk."""
        self.waiting = rows
        self.waiting_bytes = sum(row.size for row in rows)

    def _let_go(self, rows: list[Row]) -> None:
        for row in rows:
            self._recent.pop(row.prev, None)
