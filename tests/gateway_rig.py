"""A running gateway between real servers: what a consumer gets, what a person commands, what a device holds."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import sys
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from backbone import topics
from backbone.bus import Bus
from backbone.frames import FrameEvent
from backbone.position import Position
from backbone.site_watch import SiteWatch
from backbone.steady import wall_ms
from backbone.stream import Refusal, Stream
from community.site.profile import Lane
from community.site.site import Site
from gateway.service import run
from gateway.settings import GatewaySettings
from tests.gateway_site import GATEWAY
from tests.servers import ROOT, Process
from tests.waiting import until


def gateway_settings(port: int, data_dir: Path, **more: Any) -> GatewaySettings:
    """Settings of the test's gateway."""
    return GatewaySettings(mqtt_url=f"mqtt://127.0.0.1:{port}", data_dir=data_dir, gateway=GATEWAY, **more)


def gateway_program(mqtt_url: str, folder: Path, site: str, **more: str) -> Process:
    """The program as it is installed, `anju gateway`, for a site's file; not started yet."""
    folder.mkdir(exist_ok=True)
    (folder / "site.yaml").write_text(site)
    environment = {
        "ANJU_SITE": str(folder / "site.yaml"),
        "ANJU_DATA_DIR": str(folder / "data"),
        "ANJU_MQTT_URL": mqtt_url,
        "PYTHONPATH": os.pathsep.join(filter(None, (str(ROOT), os.environ.get("PYTHONPATH")))),
        **more,
    }
    return Process("gateway", [sys.executable, "-m", "anju", "gateway"], folder, env=environment)


@contextlib.asynccontextmanager
async def running_gateway(
    site: Site,
    settings: GatewaySettings,
    *,
    machine_ms: Callable[[], int] = wall_ms,
    watch_site: SiteWatch | None = None,
) -> AsyncIterator[None]:
    """The service, stopped at the end; within 2 s, as promised."""
    stop = asyncio.Event()
    running = run(settings, site, stop, machine_ms=machine_ms, watch_site=watch_site)
    task = asyncio.create_task(running, name="gateway")
    try:
        yield
    finally:
        stop.set()
        async with asyncio.timeout(2):
            await task


@dataclass
class Consumer:
    """A consumer of the stream that commits what it got at once; its position survives `restart`."""

    name: str
    readings: list[tuple[str, int, float, int]] = field(default_factory=list)
    events: list[FrameEvent] = field(default_factory=list)
    lanes: list[Lane] = field(default_factory=list)
    positions: Mapping[str, Position] = field(default_factory=dict)
    refused: list[Refusal] = field(default_factory=list)

    async def run(self, port: int) -> None:
        """Consume until cancelled."""
        async with Bus(f"mqtt://127.0.0.1:{port}", self.name) as bus:
            stream = Stream(bus, "test", [GATEWAY], self.name, self.positions, now=wall_ms, refuse=self.refused.append)
            stream.start()
            while True:
                for delivery in await stream.batch(max_readings=5000, max_wait_s=0.05):
                    frame = delivery.frame
                    self.lanes.append(delivery.lane)
                    self.events += frame.events
                    for p, t, x, q in zip(frame.p, frame.t, frame.x, frame.q, strict=True):
                        self.readings.append((frame.points[p], int(t), float(x), int(q)))
                self.positions = stream.positions
                stream.commit(self.positions)

    @contextlib.asynccontextmanager
    async def running(self, port: int) -> AsyncIterator[Consumer]:
        """Consume beside the test."""
        task = asyncio.create_task(self.run(port), name=f"consumer {self.name}")
        try:
            yield self
        finally:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task

    async def until(self, readings: int, timeout_s: float = 20.0) -> None:
        """Wait for so many readings."""
        await until(lambda: len(self.readings) >= readings, f"{readings} readings for {self.name}", timeout_s=timeout_s)

    def values(self, point: str) -> list[float]:
        """All values of a point, as they came."""
        return [x for name, _, x, _ in self.readings if name == point]

    def last(self, point: str) -> tuple[float, int] | None:
        """Value and quality of a point's last reading."""
        return next(((x, q) for name, _, x, q in reversed(self.readings) if name == point), None)

    def stands_at(self, point: str, value: float, quality: int = 0) -> bool:
        """Whether a point's last reading is this."""
        last = self.last(point)
        return last is not None and abs(last[0] - value) < 1e-6 and last[1] == quality


class Operator:
    """Somebody on the platform's broker: publishes as sensors do, commands, and reads status and replies."""

    def __init__(self, bus: Bus) -> None:
        self.bus = bus
        self.replies: dict[str, list[dict[str, Any]]] = {}
        self.status: dict[str, Any] = {}
        self.problems: dict[str, str | None] = {}
        """What each process last said troubles it: two may go by one name."""
        bus.subscribe(topics.reply("test", GATEWAY, "+"), self._on_reply)
        bus.subscribe(topics.status("test", GATEWAY), self._on_status)

    @classmethod
    @contextlib.asynccontextmanager
    async def connected(cls, port: int) -> AsyncIterator[Operator]:
        """Connected to the broker on `port`."""
        async with Bus(f"mqtt://127.0.0.1:{port}", "operator") as bus:
            operator = cls(bus)
            await until(lambda: bus.connected, "the broker")
            yield operator

    def _on_reply(self, topic: str, payload: bytes) -> None:
        self.replies.setdefault(topics.last_level(topic), []).append(json.loads(payload))

    def _on_status(self, _topic: str, payload: bytes) -> None:
        self.status = json.loads(payload)
        self.problems[self.status.get("instance", "")] = self.status.get("problem")

    def publish(self, topic: str, payload: object, *, retain: bool = False) -> None:
        """As a sensor or its bridge does."""
        body = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
        assert self.bus.publish(topic, body, retain=retain)

    async def online(self) -> None:
        """Wait for the gateway, and until it hears its sensors."""
        await until(lambda: self.status.get("online"), "the gateway to be online")
        await until(lambda: "cannot be heard" not in (self.status["problem"] or ""), "the gateway to listen")

    def refusals(self) -> dict[tuple[str, str], int]:
        """Counts by source and reason, of the last status."""
        return {(row["source"], row["reason"]): row["count"] for row in self.status.get("refusals", [])}

    def send(self, identifier: str, point: str, value: float, **more: Any) -> None:
        """Command, without waiting."""
        body = {"point": point, "value": value, "expires": wall_ms() + 5_000, "cause": "activation:a", "drill": False}
        retain = more.pop("retain", False)
        self.publish(topics.command("test", GATEWAY, identifier), {**body, **more}, retain=retain)

    async def command(self, identifier: str, point: str, value: float, **more: Any) -> dict[str, Any]:
        """Command, and the reply to it."""
        before = len(self.replies.get(identifier, []))
        self.send(identifier, point, value, **more)
        await until(lambda: len(self.replies.get(identifier, [])) > before, f"the reply to {identifier}")
        return self.replies[identifier][-1]
