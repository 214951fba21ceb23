"""What the gateway says about itself: retained, every few seconds and on change; the broker says `offline` for it."""

import asyncio
import time
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from importlib.metadata import PackageNotFoundError, version

import msgspec
from prometheus_client import Gauge

from backbone import topics
from backbone.broker_access import Message
from backbone.bus import Bus
from community.site.profile import Lane
from gateway import exposition
from gateway.device_reader import DeviceReader
from gateway.exposition import DeviceRow
from gateway.interlock_guard import InterlockGuard, InterlockState
from gateway.refusals import RefusalRow, Refusals
from gateway.spool import Spool

LOOK_S = 0.5
RATE_EVERY_S = 10.0
RATE_LOOKS = 60

_gauge = Gauge("anju_gateway", "Counters of a gateway, as in its status", ["gateway", "counter"])


class _Device(msgspec.Struct):
    last: int | None
    ok: bool
    error: str | None


class _Refusal(msgspec.Struct):
    source: str
    reason: str
    count: int
    last: int


class _Status(msgspec.Struct):
    online: bool
    instance: str
    epoch: int
    since: int
    version: str
    at: int
    """This gateway's clock."""
    made: dict[Lane, int]
    """The number of each lane's last frame: who has it has all readings made before `at`."""
    spooled: int
    spool_bytes: int
    spool_hours_left: float | None
    problem: str | None
    """All problems in one sentence."""
    problems: list[str]
    discovery: str | None
    """Which announcements of devices the broker does not let through; no reading is lost by it."""
    counters: dict[str, int]
    refusals: list[_Refusal]
    devices: dict[str, _Device]
    interlocks: dict[str, InterlockState]


class Outage:
    """How long the spool could go on without its consumers, at the rate of the last minutes."""

    def __init__(self) -> None:
        self._seen: deque[tuple[float, int]] = deque(maxlen=RATE_LOOKS)

    def hours_left(self, spool: Spool, now_s: float) -> float | None:
        """Hours; None until the rate is known, or while nothing comes."""
        put = spool.counters.put_bytes
        if not self._seen or now_s - self._seen[-1][0] >= RATE_EVERY_S:
            self._seen.append((now_s, put))
        since_s, before = self._seen[0]
        if now_s - since_s < RATE_EVERY_S or put == before:
            return None
        bytes_per_hour = (put - before) / (now_s - since_s) * 3600
        return round(max(0, spool.max_bytes - spool.size) / bytes_per_hour, 1)


def program_version() -> str:
    """Of the installed distribution."""
    try:
        return version("anju")
    except PackageNotFoundError:
        return "unknown"


def offline(site: str, gateway: str, epoch: int, since: int) -> Message:
    """The will, and the last word of a clean end."""
    body = {"online": False, "epoch": epoch, "since": since, "version": program_version()}
    return Message(topics.status(site, gateway), msgspec.json.encode(body), retain=True)


class Status:
    """Publishes the status of one gateway."""

    def __init__(
        self,
        bus: Bus,
        site: str,
        gateway: str,
        *,
        instance: str,
        spool: Spool,
        refusals: Refusals,
        readers: Callable[[], Iterable[DeviceReader]],
        counters: Callable[[], Mapping[str, int]],
        troubles: Callable[[], list[str]],
        discovery: Callable[[], str | None],
        interlocks: InterlockGuard,
        now: Callable[[], int],
        every_s: float,
    ) -> None:
        self._bus = bus
        self._topic = topics.status(site, gateway)
        self._gateway = gateway
        self._instance = instance
        self._spool = spool
        self._refusals = refusals
        self._readers = readers
        self._counters = counters
        self._troubles = troubles
        self._discovery = discovery
        self._interlocks = interlocks
        self._now = now
        self._every_s = every_s
        self._version = program_version()
        self._shown: object = None
        self._asked = False
        self._outage = Outage()
        self.since = now()

    def start(self) -> None:
        """Publish after every connect: not every broker keeps what is retained."""
        self._bus.on_connect(self.publish)

    async def run(self) -> None:
        """Publish on change and every few seconds, until cancelled."""
        last_s = 0.0
        while True:
            await asyncio.sleep(LOOK_S)
            if self._asked or self._look() != self._shown or time.monotonic() - last_s >= self._every_s:
                last_s = time.monotonic()
                self.publish()

    def publish_soon(self) -> None:
        """Publish within half a second."""
        self._asked = True

    def publish(self) -> None:
        """Publish now."""
        self._asked = False
        self._shown = self._look()
        counters = dict(self._counters())
        for name, value in counters.items():
            _gauge.labels(self._gateway, name).set(value)
        _gauge.labels(self._gateway, "spooled").set(self._spool.frames)
        problems = self._problems()
        hours_left = self._outage.hours_left(self._spool, time.monotonic())
        devices = {r.device: _Device(r.last, r.error is None and r.last is not None, r.error) for r in self._readers()}
        rows = (DeviceRow(name, each.ok, each.last, each.error) for name, each in devices.items())
        exposition.show(self._gateway, rows, hours_left)
        status = _Status(
            online=True,
            instance=self._instance,
            epoch=self._spool.epoch,
            since=self.since,
            version=self._version,
            at=self._now(),
            made={lane: self._spool.newest(lane) for lane in Lane},
            spooled=self._spool.frames,
            spool_bytes=self._spool.size,
            spool_hours_left=hours_left,
            problem="; ".join(problems) or None,
            problems=problems,
            discovery=self._discovery(),
            counters=counters,
            refusals=[_Refusal(*row) for row in self._refusals.rows()],
            devices=devices,
            interlocks=self._interlocks.states(),
        )
        self._bus.publish(self._topic, msgspec.json.encode(status), retain=True)

    def _problems(self) -> list[str]:
        """What a person should look at, the worst first."""
        spool, found = self._spool, []
        if spool.in_memory:
            found.append(f"no spool on disk, frames are kept in memory: {spool.in_memory}")
        if spool.failing:
            found.append(f"the spool cannot be written: {spool.failing}")
        if spool.recovery:
            found.append(f"the spool was damaged and begun anew: {spool.recovery.reason}")
        if lost := spool.losses.of_ours(self._now()):
            found.append(f"readings were lost ({', '.join(lost)}); the loss ledger says which")
        return found + self._troubles()

    def _look(self) -> object:
        """What counts as a change worth saying at once; counts alone wait for the next regular status."""
        kinds = [(row.source, row.reason) for row in self._rows()]
        devices = [(r.device, r.error) for r in self._readers()]
        return self._spool.epoch, self._problems(), self._discovery(), devices, sorted(kinds), self._interlocks.states()

    def _rows(self) -> list[RefusalRow]:
        return self._refusals.rows()
