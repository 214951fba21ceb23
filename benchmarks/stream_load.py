"""The gateways of the stream's benchmark: numbered frames, as fast as both consumers commit them.

Run as its own process by the benchmarks of the stream. It sends as the gateway does (gateway/flow.py): live frames
ahead of the fastest consumer by a window, what is asked for again, and whoever stands still from where it stands. New
readings come only while the slower consumer is less than `BACKLOG` frames behind, so what is counted is what both
keep up with. With `--rate` they come at so many a second as well; with `--backlog` each gateway has so many frames of
the past, a second apart, and ends with them.
"""

import argparse
import asyncio
import json
import signal
import time
from collections import OrderedDict
from collections.abc import Callable
from itertools import cycle
from math import inf

import msgspec
import numpy as np
import numpy.typing as npt

from backbone import topics
from backbone.bus import Bus
from benchmarks.stream_site import GATEWAYS, POINTS_A_GATEWAY, SITE, gateway_name, points_of
from community.site.profile import Lane
from gateway.flow import Cursor, LaneFlow
from gateway.uplink import UNACKNOWLEDGED, WINDOW

CONSUMERS = ("ingest", "rules")
BACKLOG = 200
SECOND_MS = 1_000
PATTERNS = 16
BURST = 20
"""Frames of one gateway before the others get a turn."""
CHECK_MS = 100
"""As the gateway looks whether a consumer stands still."""
Encode = Callable[[int, int, int], bytes]
"""A frame's bytes from its number, the one before it, and the time of its readings."""


def encoder(points: list[str], *, as_json: bool) -> Encode:
    """Frames of noise; only number and time differ between those of one pattern, so that little is done a frame."""
    encode: Callable[[object], bytes] = msgspec.json.encode if as_json else msgspec.msgpack.encode
    rng = np.random.default_rng(len(points))
    n = len(points)

    def raw(value: object) -> msgspec.Raw:
        return msgspec.Raw(encode(value))

    def column(values: npt.NDArray[np.generic]) -> msgspec.Raw:
        return raw(values.tolist() if as_json else values.tobytes())

    patterns = cycle(
        [
            {
                "v": 1,
                "points": raw(points),
                "p": column(np.arange(n, dtype="<u4")),
                "t": column(np.zeros(n, dtype="<i8")),
                "x": column(np.round(rng.normal(25, 5, n).clip(6, 44), 1).astype("<f8")),
                "q": column(np.zeros(n, dtype="u1")),
            }
            for _ in range(PATTERNS)
        ]
    )
    epoch = time.time_ns() // 1_000_000_000

    def one(seq: int, prev: int, t: int) -> bytes:
        return encode({**next(patterns), "epoch": epoch, "seq": seq, "prev": prev, "sent": _now(), "t0": t})

    return one


class LoadGateway:
    """One gateway with endless readings of now, or with `backlog` frames of the past."""

    def __init__(
        self, bus: Bus, number: int, *, as_json: bool, site: str, frames_per_s: float, backlog: int | None
    ) -> None:
        self._bus = bus
        self._began, self._per_s = time.monotonic(), frames_per_s
        self._encode = encoder(points_of(number), as_json=as_json)
        self._topic = topics.frames(site, gateway_name(number), Lane.BULK)
        self._flow = LaneFlow(dict.fromkeys(CONSUMERS, 0), WINDOW[Lane.BULK])
        self._kept: OrderedDict[int, bytes] = OrderedDict()
        self._most, self._past = backlog or inf, backlog is not None
        self._t = _now() - backlog * SECOND_MS if backlog else 0
        self._checked_at = 0
        self.made = 0
        self.sent = 0
        for consumer in CONSUMERS:
            bus.subscribe(topics.committed(site, gateway_name(number), consumer), self._on_committed)

    def _on_committed(self, topic: str, payload: bytes) -> None:
        said, name, now = json.loads(payload), topics.last_level(topic), _now()
        unchanged = said["bulk"] == self._flow.committed_by(name) and "resend" not in said
        if unchanged:
            self._flow.greet(name, now)
            return
        self._flow.commit(name, said["bulk"], now)
        if "bulk" in said.get("resend", {}):
            self._flow.resend(name, said["resend"]["bulk"], now)
        while self._kept and next(iter(self._kept)) <= self._flow.slowest:
            self._kept.popitem(last=False)

    def pump(self) -> int:
        """Send what may go; how many frames."""
        now, sent = _now(), 0
        if now - self._checked_at >= CHECK_MS:
            self._checked_at = now
            self._flow.check_patience(now)
        for cursor in tuple(self._flow.may_send()):
            while sent < BURST and self._flow.has_room(cursor) and self._bus.unacknowledged < UNACKNOWLEDGED[Lane.BULK]:
                if not self._send_next(cursor, now):
                    break
                sent += 1
        return sent

    def _send_next(self, cursor: Cursor, now: int) -> bool:
        seq = cursor.at + 1
        if seq > self.made:
            due = min(self._most, (time.monotonic() - self._began) * self._per_s + 1)
            if self.made - self._flow.slowest >= BACKLOG or seq > due:
                return False
            self._t = self._t + SECOND_MS if self._past else max(self._t + 1, now)
            self._kept[seq] = self._encode(seq, self.made, self._t)
            self.made = seq
        if not self._bus.publish(self._topic, self._kept[seq]):
            return False
        self._flow.sent(cursor, seq, len(self._kept[seq]), now)
        self.sent += 1
        return True


async def run(url: str, *, as_json: bool, site: str, readings_per_s: float, backlog: int | None) -> None:
    """Send until SIGTERM; then say how much was sent again."""
    pace = readings_per_s / (GATEWAYS * POINTS_A_GATEWAY)
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    async with Bus(url, "bench-load") as bus:
        gateways = [
            LoadGateway(bus, number, as_json=as_json, site=site, frames_per_s=pace, backlog=backlog)
            for number in range(GATEWAYS)
        ]
        while not stop.is_set():
            with bus.together():
                sent = sum(gateway.pump() for gateway in gateways) if bus.connected else 0
            await asyncio.sleep(0 if sent else 0.001)
    made, sent = sum(g.made for g in gateways), sum(g.sent for g in gateways)
    print(json.dumps({"frames": made, "sent_again": sent - made, "readings_a_frame": POINTS_A_GATEWAY}))


def _now() -> int:
    return time.time_ns() // 1_000_000


if __name__ == "__main__":
    wanted = argparse.ArgumentParser()
    wanted.add_argument("url")
    wanted.add_argument("form", choices=("compact", "json"))
    wanted.add_argument("--site", default=SITE)
    wanted.add_argument("--rate", type=float, default=inf, help="readings a second")
    wanted.add_argument("--backlog", type=int, help="frames of the past of each gateway")
    given = wanted.parse_args()
    load = run(
        given.url,
        as_json=given.form == "json",
        site=given.site,
        readings_per_s=given.rate,
        backlog=given.backlog,
    )
    asyncio.run(load)
