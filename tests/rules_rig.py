"""The rules as a service, and a gateway's end of the stream: numbers frames, keeps them until committed, obeys."""

import asyncio
import contextlib
import json
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import msgspec

from backbone import topics
from backbone.bus import Bus
from backbone.database.database import Database
from backbone.frames import Frame, FrameBuilder, FrameEvent, encode_compact
from backbone.settings import Settings
from backbone.site_files import read_site
from backbone.site_watch import SiteWatch
from community.commands import Command, Outcome, Reply
from community.site.profile import Lane
from community.site.site import Site
from rules.clock import Clock
from rules.service import run
from rules.settings import RulesSettings
from tests.servers import ROOT
from tests.waiting import until

END_S = 10.0


def now_ms() -> int:
    """Unix ms."""
    return time.time_ns() // 1_000_000


def demo_site() -> Site:
    """The demo community."""
    return read_site(Settings(site=ROOT / "sites" / "jinxiu.yaml"))


def open_database(folder: Path) -> Database:
    """A database of the test's own."""
    return Database.open(f"sqlite:///{folder / 'anju.db'}")


class Edge:
    """One gateway. `answer` says what becomes of a command; each id is carried out once."""

    def __init__(self, bus: Bus, site: str, gateway: str) -> None:
        self._bus = bus
        self._site = site
        self.gateway = gateway
        self._frames: dict[Lane, list[Frame]] = {lane: [] for lane in Lane}
        self.committed = {"epoch": 0, "urgent": 0, "bulk": 0}
        self.executed: Counter[str] = Counter()
        self.commands: dict[str, Command] = {}
        self.answer: Callable[[Command], Outcome | None] = lambda _: Outcome.DONE
        self.events: list[tuple[str, dict[str, Any]]] = []

    def start(self) -> None:
        """Subscribe."""
        self._bus.subscribe(topics.committed(self._site, self.gateway, "rules"), self._on_committed)
        self._bus.subscribe(topics.command(self._site, self.gateway, "+"), self._on_command)
        self._bus.subscribe(topics.event(self._site, "+"), self._on_event)

    def send(
        self,
        *readings: tuple[str, float],
        lane: Lane = Lane.URGENT,
        at: int | None = None,
        q: int = 0,
        sent: int | None = None,
    ) -> Frame:
        """One frame of readings made at `at` (now); `sent` when an outage held it back since then."""
        builder = FrameBuilder()
        for point, x in readings:
            builder.add(point, at or now_ms(), x, q)
        frames = self._frames[lane]
        frame = builder.seal(epoch=1, seq=len(frames) + 1, sent=sent or now_ms())
        frames.append(frame)
        self._publish(lane, frame)
        return frame

    def send_garbage(self, payload: bytes) -> None:
        """Something that is no frame, where one is expected."""
        self._bus.publish(topics.frames(self._site, self.gateway, Lane.URGENT), payload)

    def pass_door(self, door: str, card: str, at: int) -> None:
        """A card opens a door."""
        builder = FrameBuilder()
        builder.add_event(FrameEvent(f"{door}.credential", at, "access.granted", {"card": card}))
        frames = self._frames[Lane.URGENT]
        frames.append(builder.seal(epoch=1, seq=len(frames) + 1, sent=now_ms()))
        self._publish(Lane.URGENT, frames[-1])

    def publish_again(self, lane: Lane, seq: int) -> None:
        """A frame once more, as a broker's retained or repeated message would be."""
        self._publish(lane, self._frames[lane][seq - 1])

    def say_online(self, online: bool, **more: Any) -> None:
        """The gateway's status, as itself or its will says it."""
        status = json.dumps({"online": online, **more}).encode()
        self._bus.publish(topics.status(self._site, self.gateway), status, retain=True)

    @property
    def all_committed(self) -> bool:
        """Whether the rules have committed everything."""
        return all(self.committed[lane.value] >= len(frames) for lane, frames in self._frames.items())

    async def resend(self) -> None:
        """Send what is not committed again and again, until cancelled."""
        while True:
            await asyncio.sleep(0.2)
            for lane, frames in self._frames.items():
                for frame in frames[self.committed[lane.value] :]:
                    self._publish(lane, frame)

    def of(self, kind: str, change: str) -> list[dict[str, Any]]:
        """Events of a kind and change."""
        return [body for k, body in self.events if k == kind and body["change"] == change]

    def _publish(self, lane: Lane, frame: Frame) -> None:
        self._bus.publish(topics.frames(self._site, self.gateway, lane), encode_compact(frame))

    def _on_committed(self, _topic: str, payload: bytes) -> None:
        body = json.loads(payload)
        self.committed = {key: body[key] for key in ("epoch", "urgent", "bulk")}

    def _on_command(self, topic: str, payload: bytes) -> None:
        identifier, command = topics.last_level(topic), msgspec.json.decode(payload, type=Command)
        outcome = self.answer(command)
        if identifier not in self.commands:
            self.commands[identifier] = command
            self.executed[command.point] += 1
        if outcome is not None:
            read_back = command.value if outcome is Outcome.DONE else None
            reply = Reply(outcome=outcome, point=command.point, at=now_ms(), read_back=read_back)
            self._bus.publish(topics.reply(self._site, self.gateway, identifier), msgspec.json.encode(reply))

    def _on_event(self, topic: str, payload: bytes) -> None:
        self.events.append((topics.last_level(topic), json.loads(payload)))


@contextlib.asynccontextmanager
async def judging(
    settings: RulesSettings,
    site: Site,
    database: Database,
    *,
    clock: Clock | None = None,
    watch_site: SiteWatch | None = None,
) -> AsyncIterator[None]:
    """The service meanwhile; it ends when it is told to."""
    stop = asyncio.Event()
    task = asyncio.create_task(run(settings, site, database, stop, clock=clock, watch_site=watch_site))
    try:
        yield
    finally:
        stop.set()
        async with asyncio.timeout(END_S):
            await task


@contextlib.asynccontextmanager
async def edge(url: str, site: Site, gateway: str) -> AsyncIterator[Edge]:
    """A connected gateway that resends."""
    bus = Bus(url, f"edge-{gateway}")
    found = Edge(bus, site.id, gateway)
    found.start()
    async with bus:
        await until(lambda: bus.connected, "the broker")
        task = asyncio.create_task(found.resend())
        try:
            yield found
        finally:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task
