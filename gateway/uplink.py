"""From the spool to the broker: urgent before bulk, live before catching up, as far as windows and the socket allow.

What consumers say on `committed/{consumer}` moves the flow (gateway/flow.py) and lets the spool forget.
"""

import contextlib
from collections.abc import Callable, Iterable

import msgspec
import structlog

from backbone import topics
from backbone.bus import Bus
from backbone.ways import Ways
from community.losses import LossReason
from community.site.profile import Lane
from gateway.flow import Cursor, LaneFlow, Window
from gateway.refusals import Refusals
from gateway.second_way import SecondWay
from gateway.spool import MAX_EPOCH, Spool

WINDOW = {
    Lane.URGENT: Window(500, 250_000, patience_ms=2_000, longest_patience_ms=5_000),
    Lane.BULK: Window(200, 500_000, hold_up_ms=1_000),
}
"""The embedded broker keeps 4 MB for all gateways together, and then drops what is oldest: it would be sent again.
Urgent frames are few, and wait for nobody; of one that a broker lost as it died, an alarm may wait this long."""
UNACKNOWLEDGED = {Lane.URGENT: 2_000, Lane.BULK: 100}
UNACKNOWLEDGED_BYTES = {Lane.URGENT: 4_000_000, Lane.BULK: 200_000}
"""Bulk stops early, so that urgent frames find the socket free."""
UNDER_WAY_MS = 60_000
"""A commit may be under way for so long, and arrive behind later ones; what is older comes of a clock set back."""
CLOCK_OF = "rules"
"""Whose clock counts where consumers differ: who judges what is late."""
FURTHEST_EPOCH = MAX_EPOCH // 2
"""No clock ever led there, and numberings above it are left: nonsense cannot use them up."""
WENT_BACK = {"ingest": LossReason.HISTORY_WENT_BACK}
BURST = 100
"""Frames sent before the loop gets a turn."""

log = structlog.get_logger()


class _Committed(msgspec.Struct):
    epoch: int
    urgent: int
    bulk: int
    resend: dict[str, int] = {}
    at: int | None = None
    """The consumer's clock when it said so."""


_decoder = msgspec.json.Decoder(_Committed)


class Uplink:
    """The sending side of one gateway."""

    def __init__(
        self,
        bus: Bus,
        spool: Spool,
        site: str,
        gateway: str,
        *,
        consumers: Iterable[str],
        refusals: Refusals,
        now: Callable[[], int],
        platform_said: Callable[[int], None],
        ways: Ways | None = None,
    ) -> None:
        self._bus = bus
        self._ways = ways or Ways()
        self._spool = spool
        self._site = site
        self._gateway = gateway
        self._refusals = refusals
        self._now = now
        self._platform_said = platform_said
        self._consumers = tuple(consumers)
        self._timekeeper = CLOCK_OF if CLOCK_OF in self._consumers else self._consumers[0]
        self._topics = {lane: topics.frames(site, gateway, lane) for lane in Lane}
        known = self._known_positions()
        self._flows = {
            lane: LaneFlow({name: known[name][lane] for name in self._consumers}, WINDOW[lane]) for lane in Lane
        }
        self._heard_judged = 0
        """Up to here urgent frames are judged, as heard by a way."""
        self._second_ways = [SecondWay(one, spool, site, gateway, self._judged) for one in self._ways.buses]
        self._flow_epoch = spool.epoch
        meta = spool.file.meta()
        self._said_at = {name: meta.get(f"said-at-{name}", 0) for name in self._consumers}
        """When each consumer said last where it stands (its clock, Unix ms)."""
        self.sent = 0
        self.resent = 0
        self.greeted: Callable[[], None] = lambda: None
        """Called when the consumer that judges has begun to listen: it wants to know whether it has everything."""

    def start(self) -> None:
        """Subscribe to the consumers' commits."""
        for consumer in self._consumers:
            self._bus.subscribe(topics.committed(self._site, self._gateway, consumer), self._on_committed)
        self._ways.subscribe(topics.committed(self._site, self._gateway, self._timekeeper), self._on_judged)
        self._bus.on_connect(self._on_connect)

    def safe(self, lane: Lane) -> int:
        """Up to here all consumers have the lane's frames."""
        return self._flows[lane].slowest

    def at_rest(self, lane: Lane) -> list[tuple[int, int]]:
        """Ranges of the lane's frames that are on their way to nobody."""
        return self._flows[lane].at_rest()

    def pump(self) -> bool:
        """Send what may go now; True when more could follow at once."""
        if self._flow_epoch != self._spool.epoch:
            self._begin_epoch()
        for way in self._second_ways:
            way.pump(self._now())
        budget = BURST
        for lane in (Lane.URGENT, Lane.BULK):
            flow = self._flows[lane]
            for cursor in tuple(flow.may_send()):
                while flow.has_room(cursor):
                    if budget == 0:
                        return True
                    if not self._bus.connected or self._is_busy(lane):
                        break
                    if not self._send_next(lane, flow, cursor):
                        break
                    budget -= 1
        return False

    def _judged(self) -> int:
        return max(self._flows[Lane.URGENT].committed_by(self._timekeeper), self._heard_judged)

    def _is_busy(self, lane: Lane) -> bool:
        """Whether the broker has enough to answer already."""
        bus = self._bus
        return bus.unacknowledged >= UNACKNOWLEDGED[lane] or bus.unacknowledged_bytes >= UNACKNOWLEDGED_BYTES[lane]

    def check(self) -> None:
        """Now and then: send again to consumers that stand still, and remember how far each is."""
        now = self._now()
        for flow in self._flows.values():
            if self._bus.connected:
                flow.check_patience(now)
        for way in self._second_ways:
            way.check(now)
        self.pump()

    def positions(self) -> list[tuple[str, int]]:
        """What to keep in the spool's file, so that a restart does not send what is committed."""
        positions = [
            (f"committed-{lane.value}-{name}", flow.committed_by(name))
            for lane, flow in self._flows.items()
            for name in self._consumers
        ]
        return positions + [(f"said-at-{name}", at) for name, at in self._said_at.items()]

    def _known_positions(self) -> dict[str, dict[Lane, int]]:
        meta = self._spool.file.meta()
        fresh = meta.get("committed-epoch", -1) != self._spool.epoch
        return {
            name: {lane: 0 if fresh else meta.get(f"committed-{lane.value}-{name}", 0) for lane in Lane}
            for name in self._consumers
        }

    def _send_next(self, lane: Lane, flow: LaneFlow, cursor: Cursor) -> bool:
        row = self._spool.after(lane, cursor.at)
        if row is None:
            return False
        body = self._spool.wire(row, cursor.at)
        if not self._bus.publish(self._topics[lane], body):
            return False
        self.sent += 1
        if cursor is not flow.live:
            self.resent += 1
        flow.sent(cursor, row.seq, len(body), self._now())
        return True

    def _on_connect(self) -> None:
        now = self._now()
        for flow in self._flows.values():
            flow.reset(now)
        self.pump()

    def renumber(self, above: int) -> None:
        """Begin a numbering with an epoch higher than `above`: what is not committed is sent again under it."""
        self._spool.renumber(above, self._now())
        self._begin_epoch()

    def _begin_epoch(self) -> None:
        self._flow_epoch, self._heard_judged = self._spool.epoch, 0
        for flow in self._flows.values():
            flow.restart(self._now())

    def _on_judged(self, _topic: str, payload: bytes) -> None:
        """What the ways need not say again. Nothing is forgotten by it: it may come late, or out of order."""
        with contextlib.suppress(msgspec.MsgspecError):
            said = _decoder.decode(payload)
            if said.epoch == self._spool.epoch and said.urgent <= self._spool.assigned(Lane.URGENT):
                self._heard_judged = max(self._heard_judged, said.urgent)

    def _on_committed(self, topic: str, payload: bytes) -> None:
        now = self._now()
        name = topics.last_level(topic)
        try:
            said = _decoder.decode(payload)
        except msgspec.MsgspecError:
            self._refusals.count(topic, "no position", now)
            return
        if not 0 <= said.epoch <= max(self._spool.epoch, FURTHEST_EPOCH) or said.urgent < 0 or said.bulk < 0:
            self._refusals.count(topic, "a position that cannot be", now)
            return
        if said.at is not None and name == self._timekeeper and not self._bus.retained:
            self._platform_said(said.at)
            now = self._now()
        spoken = {Lane.URGENT: said.urgent, Lane.BULK: said.bulk}
        if said.epoch > self._spool.epoch or (
            said.epoch == self._spool.epoch and any(spoken[lane] > self._spool.assigned(lane) for lane in Lane)
        ):
            # The spool was lost or set back: under the old numbers its frames would be taken for repeats.
            self.renumber(said.epoch)
        if said.epoch < self._spool.epoch:
            spoken = dict.fromkeys(Lane, 0)
        back = [lane for lane, flow in self._flows.items() if spoken[lane] < flow.committed_by(name)]
        older_by = self._said_at[name] - (said.at or 0)
        if back and older_by >= 0 and (self._bus.retained or older_by < UNDER_WAY_MS):
            return  # a broker that was restored tells what is long surpassed, and one of a cluster may be slow
        self._said_at[name] = said.at or 0
        if name == self._timekeeper and Lane.URGENT in back:
            self._heard_judged = 0
        for lane in back:
            log.warning("a consumer stands where it stood before", consumer=name, lane=lane.value, at=spoken[lane])
            self._spool.go_back(lane, spoken[lane], WENT_BACK.get(name, LossReason.RULES_WENT_BACK), now)
        self._take(name, spoken, said.resend, now)
        for lane, flow in self._flows.items():
            self._spool.forget(lane, flow.slowest)
        self.pump()

    def _take(self, name: str, spoken: dict[Lane, int], resend: dict[str, int], now: int) -> None:
        unchanged = all(flow.committed_by(name) == spoken[lane] for lane, flow in self._flows.items())
        if unchanged and not resend and name == self._timekeeper:
            self.greeted()
            for way in self._second_ways:
                way.begin()
        for lane, flow in self._flows.items():
            if unchanged and not resend:
                flow.greet(name, now)
                continue
            flow.commit(name, spoken[lane], now)
            if lane.value in resend:
                flow.resend(name, resend[lane.value], now)
