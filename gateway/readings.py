"""The pipeline: what a decoder read becomes readings of points, with time and quality, in their lane."""

from collections.abc import Callable, Iterable
from typing import Protocol

from backbone.frames import FrameEvent
from community.losses import LossReason
from community.quality import Quality
from community.site.devices import DeviceMode
from gateway.decoders.decoded import Decoded
from gateway.device_reader import MODES, ONLINE, Channel, DeviceReader
from gateway.event_time import CLOCK_SUSPECT, NO_ABSENCE, Absence, ClockLimits, Moment, event_time
from gateway.loss_ledger import LossLedger
from gateway.measures import FILL, OUT_OF_RANGE, UNCERTAIN, ValueRefusedError, at_path, number, with_fill
from gateway.pseudonyms import Pseudonyms
from gateway.refusals import Refusals

COMMUNICATION_FAILURE = int(Quality.COMMUNICATION_FAILURE)
STALE = int(Quality.STALE)
_ANY_MODE = MODES[DeviceMode.TEST] | MODES[DeviceMode.DISABLED]
FAILURE_REPEAT_MS = 60_000


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


class Pipeline:
    """Takes decoded messages, gives readings to the sink."""

    def __init__(
        self,
        sink: Sink,
        refusals: Refusals,
        pseudonyms: Pseudonyms,
        limits: ClockLimits,
        losses: LossLedger | None = None,
        watch: Callable[[str, int, float, int], None] = lambda *_: None,
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
            values, decoded.flags = with_fill(values, decoded.flags, reader.inside)
        at = event_time(decoded.at, now, self._limits, reader.clock, stored=decoded.stored, absence=absence)
        if decoded.sequence is not None and not decoded.stored:
            self._note_missed(reader, reader.missed(decoded.sequence), now)
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
            if channel.watched:
                self._watch(channel.point, t, x, q)
            if polled and urgent and channel.said(x, q, now):
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
        reader.failed(reason, now)
        self._repeat(reader.channels if failed is None else failed, now)

    def pass_time(self, readers: Iterable[DeviceReader], ms: int, now: int) -> None:
        """`ms` went by since this was called last: points of devices that were silent for too long become stale, once.

        Any word of the device counts: a door controller says its door's state on change only, but that it lives.
        """
        for reader in readers:
            reader.silent_ms += ms
            for channel in reader.channels:
                channel.still_ms += ms
                if reader.silent_ms < channel.stale_ms or channel.path == ONLINE:
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
        if channel.watched:
            self._watch(channel.point, now, channel.x, q)
        self._sink.add(channel.point, now, channel.x, q, channel.urgent)

    def point_failed(self, channel: Channel, now: int) -> None:
        """One point has no value now (an invalid marker, an address the device refuses)."""
        self._repeat((channel,), now)

    def _repeat(self, channels: Iterable[Channel], now: int) -> None:
        for channel in channels:
            if channel.x is None or channel.path == ONLINE:
                continue
            if channel.watched:
                self._watch(channel.point, now, channel.x, channel.q | COMMUNICATION_FAILURE)
            if channel.q & COMMUNICATION_FAILURE and now - channel.sent < max(channel.every_ms, FAILURE_REPEAT_MS):
                continue
            channel.q |= COMMUNICATION_FAILURE
            channel.sent = now
            self._sink.add(channel.point, now, channel.x, channel.q, channel.urgent)
        self._sink.end(now)

    def _note_missed(self, reader: DeviceReader, count: int, now: int) -> None:
        if count:
            first = now if reader.last is None else reader.last
            self._losses.note(
                LossReason.SEQUENCE_GAP, first=first, last=now, count=count, now=now, device=reader.device
            )

    def _note_presence(self, reader: DeviceReader, decoded: Decoded, now: int) -> None:
        if decoded.nulls:
            self._repeat([channel for channel in reader.channels if channel.path in decoded.nulls], now)
        if decoded.stale:
            self._died(reader, now)
        elif decoded.values.get(ONLINE) is False:
            self.lost(reader, "offline", now)
        else:
            reader.answered(now)

    def _died(self, reader: DeviceReader, now: int) -> None:
        """Its own protocol says that the device is gone: what it said last is said again as stale, once."""
        reader.failed("offline", now)
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
