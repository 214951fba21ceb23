"""A device as the gateway reads it: its channels, what each said last, and how the device fares."""

from collections.abc import Container, Mapping
from dataclasses import dataclass, field

from community.quality import Quality
from community.site.devices import Bin, Device, DeviceMode
from community.site.profile import Lane, ValueKind
from community.site.site import Site, measure_of
from gateway.event_time import DeviceClock

MODES = {DeviceMode.NORMAL: 0, DeviceMode.TEST: int(Quality.TEST_MODE), DeviceMode.DISABLED: int(Quality.DISABLED)}
STALE_INTERVALS = 3
"""A point whose device was not heard for so many of its expected intervals is stale."""
STALE_AT_LEAST_MS = 5_000
"""A point that is read many times a second is not stale because this machine was busy for a moment."""
ONLINE = "online"
FAR = 1_000
"""Numbers of messages further apart than this are of a device that began anew."""


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

    @property
    def stale_ms(self) -> int:
        """A device that is silent for so long leaves it stale."""
        return max(STALE_INTERVALS * self.every_ms, STALE_AT_LEAST_MS)

    def said(self, x: float, q: int, now: int) -> bool:
        """Whether this very value was sent within its expected interval."""
        return self.x == x and self.q == q and now - self.sent < self.every_ms


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

    def answered(self, now: int) -> None:
        """It is heard."""
        self.last = now
        self.silent_ms = 0
        self.error = None
        self.failing_since = None

    def failed(self, reason: str, now: int) -> None:
        """It is not."""
        self.error = reason
        if self.failing_since is None:
            self.failing_since = now

    def missed(self, number: int) -> int:
        """How many messages between the last one and this, numbered `number` by the device, never came."""
        before = self.sequence
        if before is not None and 0 <= before - number < FAR:
            return 0  # a repeat
        self.sequence = number
        return number - before - 1 if before is not None and 1 < number - before < FAR else 0

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
