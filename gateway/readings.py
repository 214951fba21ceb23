"""The pipeline: what a decoder read becomes readings of points, with time and quality, in their lane."""

from collections.abc import Callable, Container, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from backbone.frames import FrameEvent
from community.losses import LossReason
from community.quality import Quality
from community.site.devices import Bin, Device, DeviceMode
from community.site.profile import Lane, ValueKind
from community.site.site import Site, measure_of
from gateway.decoders.decoded import Decoded
from gateway.event_time import CLOCK_SUSPECT, NO_ABSENCE, Absence, ClockLimits, DeviceClock, Moment, event_time
from gateway.loss_ledger import LossLedger
from gateway.measures import OUT_OF_RANGE, ValueRefusedError, at_path, fill_level, number
from gateway.pseudonyms import Pseudonyms
from gateway.refusals import Refusals

COMMUNICATION_FAILURE = int(Quality.COMMUNICATION_FAILURE)
STALE = int(Quality.STALE)
UNCERTAIN = int(Quality.UNCERTAIN)
MODES = {DeviceMode.NORMAL: 0, DeviceMode.TEST: int(Quality.TEST_MODE), DeviceMode.DISABLED: int(Quality.DISABLED)}
_ANY_MODE = MODES[DeviceMode.TEST] | MODES[DeviceMode.DISABLED]
STALE_INTERVALS = 3
"""A point whose device was not heard for so many of its expected intervals is stale."""
STALE_AT_LEAST_MS = 5_000
"""A point that is read many times a second is not stale because this machine was busy for a moment."""
ONLINE = "online"
FILL = "fill"
FAILURE_REPEAT_MS = 60_000
FAR = 1_000


class Sink(Protocol):
    """Where readings go; `end` closes a message, so that its urgent readings leave as one frame."""

    def add(self, point: str, t: int, x: float, q: int, urgent: bool) -> None:
        """One reading."""
        ...

    def add_event(self, event: FrameEvent, urgent: bool) -> None:
        """One event."""
        ...

    def end(self, now: int) -> None:
        """The message is complete."""
        ...


@dataclass(slots=True)
class Channel:
    """One measure of one device: where its value stands, how it is checked, and what it was last."""

    point: str
    path: str
    keys: tuple[str, ...]
    """Of a nested path; empty for a plain one."""
    boolean: bool
    invert: bool
    event: bool
    urgent: bool
    low: float
    high: float
    every_ms: int
    watched: bool = False
    """An interlock hears of every reading, before anything else."""
    stuck_ms: int | None = None
    words: Mapping[str, bool] | None = None
    """What stands for 0 and 1, where the device says words."""
    heard: int = 0
    """So many values of it were taken."""
    x: float | None = None
    q: int = 0
    sent: int = 0
    still_ms: int = 0
    """Since it changed last; by a clock that does not jump."""


@dataclass(slots=True)
class DeviceReader:
    """A device's channels and how it fares."""

    device: str
    channels: tuple[Channel, ...]
    inside: Bin | None
    mode_flags: int = 0
    """Of its mode: every value bears them."""
    last: int | None = None
    silent_ms: int = 0
    """Since the device was heard last; by a clock that does not jump."""
    error: str | None = None
    failing_since: int | None = None
    by_path: Mapping[str, Channel] = field(default_factory=dict)
    clock: DeviceClock = field(default_factory=DeviceClock)
    sequence: int | None = None
    """The number its last message had, of devices that number them."""
    urgent: bool = False
    """One of its points is, or is what an interlock waits for."""

    def take_over(self, before: "DeviceReader") -> None:
        """Go on where another reader of this device ended."""
        self.clock, self.sequence = before.clock, before.sequence
        self.last, self.error, self.failing_since = before.last, before.error, before.failing_since
        known = {channel.point: channel for channel in before.channels}
        for channel in self.channels:
            if (old := known.get(channel.point)) is not None and (old.boolean, old.invert) == (
                channel.boolean,
                channel.invert,
            ):
                channel.x, channel.q, channel.sent = old.x, old.q, old.sent

    @property
    def every_ms(self) -> int:
        """The shortest interval at which one of its points is expected."""
        return min((channel.every_ms for channel in self.channels), default=0)


def reader_of(site: Site, device: Device, watched: Container[str] = ()) -> DeviceReader:
    """The reader of one device of the site; `watched` are points an interlock wants to hear of."""
    channels = []
    for measure in site.profiles[device.profile].measures:
        point = site.points[f"{device.id}.{measure}"]
        row = measure_of(site, point)
        path = row.path or measure
        channels.append(
            Channel(
                point=point.id,
                path=path,
                keys=tuple(path.split(".")) if "." in path else (),
                boolean=point.kind is ValueKind.BOOLEAN,
                invert=row.invert,
                event=point.kind is ValueKind.EVENT,
                urgent=point.lane is Lane.URGENT,
                low=float("-inf") if point.low is None else point.low,
                high=float("inf") if point.high is None else point.high,
                every_ms=int(point.every_s * 1000),
                watched=point.id in watched,
                words={word: bool(value) for word, value in row.words.items()} or None,
                stuck_ms=None if row.stuck_after is None else round(row.stuck_after * 1000),
            )
        )
    by_path = {channel.path: channel for channel in channels}
    urgent = any(channel.urgent or channel.watched for channel in channels)
    return DeviceReader(device.id, tuple(channels), device.bin, MODES[device.mode], by_path=by_path, urgent=urgent)


class Pipeline:
    """Takes decoded messages, gives readings to the sink."""

    def __init__(
        self,
        sink: Sink,
        refusals: Refusals,
        pseudonyms: Pseudonyms,
        limits: ClockLimits,
        losses: LossLedger | None = None,
        watch: Callable[[str, int, float, int], None] | None = None,
    ) -> None:
        """`watch` is told point, time, value and quality of watched channels; it must not raise."""
        self._watch = watch
        self._sink = sink
        self._refusals = refusals
        self._pseudonyms = pseudonyms
        self._limits = limits
        self._losses = losses if losses is not None else LossLedger()
        self.clock_suspect = False
        """Whether the gateway's own clock is not to be trusted: all it dates is flagged."""
        self.readings = 0
        self.events = 0

    def accept(
        self,
        reader: DeviceReader,
        decoded: Decoded,
        source: str,
        now: int,
        *,
        polled: bool = False,
        absence: Absence = NO_ABSENCE,
    ) -> None:
        """One message of a device. `polled`: an unchanged urgent value is repeated at its expected interval only.

        `absence`: when the gateway last could not be reached, so that what waited for it is known as old.
        """
        values = decoded.values
        if reader.inside is not None and FILL in reader.by_path and "distance_mm" in values:
            values, decoded.flags = _with_fill(decoded, reader.inside)
        at = event_time(decoded.at, now, self._limits, reader.clock, stored=decoded.stored, absence=absence)
        if decoded.sequence is not None and not decoded.stored:
            self._count_missed(reader, decoded.sequence, now)
        doubt = (CLOCK_SUSPECT if self.clock_suspect else 0) | reader.mode_flags
        bad = False
        add = self._sink.add
        for channel in reader.channels:
            value = at_path(values, channel.keys) if channel.keys else values.get(channel.path)
            if value is None or channel.event:
                continue
            if channel.words is not None and type(value) is str:
                value = channel.words.get(value, value)
            try:
                x = number(value, boolean=channel.boolean)
            except ValueRefusedError as error:
                self._refusals.count(source, f"{channel.path}: {error}", now)
                bad = True
                continue
            if channel.invert:
                x = 1.0 - x
            channel.heard += 1
            urgent = channel.urgent
            q = doubt | (at.urgent_q if urgent else at.bulk_q)
            if x != channel.x:
                channel.still_ms = 0
            elif channel.stuck_ms is not None and channel.still_ms >= channel.stuck_ms:
                q |= UNCERTAIN
            if not channel.low <= x <= channel.high:
                q |= OUT_OF_RANGE
            if decoded.flags:
                q |= int(decoded.flags.get(channel.path, 0))
            t = at.urgent if urgent else at.bulk
            if channel.watched and self._watch is not None:
                self._watch(channel.point, t, x, q)
            if polled and urgent and _unchanged(channel, x, q, now):
                continue
            channel.x, channel.q, channel.sent = x, q, now
            self.readings += 1
            add(channel.point, t, x, q, urgent)
        if decoded.events:
            self._events(reader, decoded, at)
        for problem in decoded.problems:
            self._refusals.count(source, problem, now)
            bad = True
        if not bad:
            self._refusals.recovered(source)
        self._note_presence(reader, decoded, now)
        self._sink.end(now)

    def lost(self, reader: DeviceReader, reason: str, now: int, failed: Iterable[Channel] | None = None) -> None:
        """The device does not answer: its points' last values are repeated with the flag, at a bounded rate."""
        reader.error = reason
        if reader.failing_since is None:
            reader.failing_since = now
        self._repeat(reader.channels if failed is None else failed, now)

    def pass_time(self, readers: Iterable[DeviceReader], ms: int, now: int) -> None:
        """`ms` went by since this was called last: points of devices that were silent for too long become stale, once.

        Any word of the device counts: a door controller says its door's state on change only, but that it lives.
        """
        for reader in readers:
            reader.silent_ms += ms
            for channel in reader.channels:
                channel.still_ms += ms
                stale_ms = max(STALE_INTERVALS * channel.every_ms, STALE_AT_LEAST_MS)
                if reader.silent_ms < stale_ms or channel.path == ONLINE:
                    continue
                if channel.x is not None and not channel.q & (STALE | COMMUNICATION_FAILURE):
                    self._say_again(channel, channel.q | STALE, now)
        self._sink.end(now)

    def set_mode(self, reader: DeviceReader, mode: DeviceMode, now: int) -> None:
        """From now on the device's values bear the mode's flag; the last ones are said again with it."""
        reader.mode_flags = MODES[mode]
        for channel in reader.channels:
            if channel.x is not None:
                self._say_again(channel, channel.q & ~_ANY_MODE | reader.mode_flags, now)
        self._sink.end(now)

    def _say_again(self, channel: Channel, q: int, now: int) -> None:
        assert channel.x is not None
        channel.q, channel.sent = q, now
        if channel.watched and self._watch is not None:
            self._watch(channel.point, now, channel.x, q)
        self._sink.add(channel.point, now, channel.x, q, channel.urgent)

    def point_failed(self, channel: Channel, now: int) -> None:
        """One point has no value now (an invalid marker, an address the device refuses)."""
        self._repeat((channel,), now)

    def _repeat(self, channels: Iterable[Channel], now: int) -> None:
        for channel in channels:
            if channel.x is None or channel.path == ONLINE:
                continue
            if channel.watched and self._watch is not None:
                self._watch(channel.point, now, channel.x, channel.q | COMMUNICATION_FAILURE)
            if channel.q & COMMUNICATION_FAILURE and now - channel.sent < max(channel.every_ms, FAILURE_REPEAT_MS):
                continue
            channel.q |= COMMUNICATION_FAILURE
            channel.sent = now
            self._sink.add(channel.point, now, channel.x, channel.q, channel.urgent)
        self._sink.end(now)

    def answered(self, reader: DeviceReader, now: int) -> None:
        """The device is heard again."""
        reader.last = now
        reader.silent_ms = 0
        reader.error = None
        reader.failing_since = None

    def _count_missed(self, reader: DeviceReader, number: int, now: int) -> None:
        """Messages between the last number and this one never came. Far away numbers are a device that began anew."""
        before = reader.sequence
        if before is not None and 0 <= before - number < FAR:
            return  # a repeat
        reader.sequence = number
        if before is not None and 1 < number - before < FAR:
            first = now if reader.last is None else reader.last
            self._losses.note(
                LossReason.SEQUENCE_GAP,
                first=first,
                last=now,
                count=number - before - 1,
                now=now,
                device=reader.device,
            )

    def _note_presence(self, reader: DeviceReader, decoded: Decoded, now: int) -> None:
        if decoded.nulls:
            self._repeat([channel for channel in reader.channels if channel.path in decoded.nulls], now)
        if decoded.stale:
            self._died(reader, now)
        elif decoded.values.get(ONLINE) is False:
            self.lost(reader, "offline", now)
        else:
            self.answered(reader, now)

    def _died(self, reader: DeviceReader, now: int) -> None:
        """Its own protocol says that the device is gone: what it said last is said again as stale, once."""
        reader.error = "offline"
        reader.failing_since = now if reader.failing_since is None else reader.failing_since
        for channel in reader.channels:
            if channel.x is not None and channel.path != ONLINE and not channel.q & STALE:
                self._say_again(channel, channel.q | STALE, now)

    def _events(self, reader: DeviceReader, decoded: Decoded, at: Moment) -> None:
        for event in decoded.events:
            channel = reader.by_path.get(event.path)
            if channel is None:
                continue
            hidden = {key: self._pseudonyms.of(key, value) for key, value in event.personal.items()}
            self.events += 1
            t = at.urgent if channel.urgent else at.bulk
            self._sink.add_event(FrameEvent(channel.point, t, event.type, {**event.data, **hidden}), channel.urgent)


def _unchanged(channel: Channel, x: float, q: int, now: int) -> bool:
    return channel.x == x and channel.q == q and now - channel.sent < channel.every_ms


def _with_fill(decoded: Decoded, inside: Bin) -> tuple[Mapping[str, object], Mapping[str, Quality]]:
    level = fill_level(decoded.values["distance_mm"], inside, decoded.values.get("tilt"))
    if level is None:
        return decoded.values, decoded.flags
    fill, q = level
    flags = {**decoded.flags, FILL: Quality(q)} if q else decoded.flags
    return {**decoded.values, FILL: fill}, flags
