"""Listens for devices that announce themselves, and sends the list of those the site file does not have.

It has a connection of its own: a broker may deliver a message once for each filter of a client that matches it (MQTT
3.1.1, 3.3.5), and a Sparkplug birth that comes twice looks like a lost one; a filter a broker refuses must not look as
if sensors could not be heard; and what is retained for a thousand strangers must not hold up one reading.
"""

import asyncio
from collections.abc import Callable, Container
from functools import partial
from typing import Protocol

import structlog

from backbone import found, topics
from backbone.bus import Bus
from backbone.found import FoundList, FoundRow
from backbone.handlers import Handler
from gateway.announcements.announcement import Source
from gateway.announcements.sources import SOURCES
from gateway.decoders.decoded import DecodeError
from gateway.found_devices import SHOWN, FoundDevices
from gateway.refusals import Refusals

LOOK_S = 0.5
COUNTS_EVERY_MS = 60_000
"""How often devices are announced is worth a message no more than this often."""

log = structlog.get_logger()


class Announcer(Protocol):
    """What is needed of the connection to the sensors' broker."""

    @property
    def refused(self) -> frozenset[str]:
        """Filters the broker does not grant."""
        ...

    def subscribe(self, topic_filter: str, handler: Handler, *, qos: int = 1) -> None:
        """Have messages handed over."""
        ...


class Finder:
    """The task of one gateway. Without `announcer` it does not look for devices, and says so."""

    def __init__(
        self,
        announcer: Announcer | None,
        uplink: Bus,
        site: str,
        gateway: str,
        *,
        refusals: Refusals,
        now: Callable[[], int],
    ) -> None:
        self._announcer = announcer
        self._uplink = uplink
        self._topic = topics.found(site, gateway)
        self._known: Container[str] = ()
        self._refusals = refusals
        self._now = now
        self._devices = FoundDevices()
        self._news = True
        self._said: object = None
        self._said_at = 0
        self._unheard_said: frozenset[str] = frozenset()

    def start(self) -> None:
        """Subscribe, and publish after every connect: not every broker keeps what is retained."""
        if self._announcer is not None:
            for source in SOURCES:
                for topic_filter in source.filters:
                    self._announcer.subscribe(topic_filter, partial(self.hear, source), qos=0)
        self._uplink.on_connect(self.publish)

    def know(self, known: Container[str]) -> None:
        """This is what the site file in force has."""
        self._known = known
        self._news = True

    @property
    def deaf(self) -> str | None:
        """Which announcements the broker does not let through; it costs no reading."""
        refused = sorted(self._refused())
        return f"devices announced on {', '.join(refused)} cannot be found: the broker refuses it" if refused else None

    def hear(self, source: Source, topic: str, payload: bytes) -> None:
        """One announcement; nothing in it stops the next one."""
        if source.device_topic(topic) in self._known:
            return
        try:
            self._devices.hear(source, topic, source.parse(topic, payload), self._now())
            self._news = True
        except DecodeError as error:
            self._refusals.count(topic, f"announcement: {error}", self._now())
        except Exception:
            self._refusals.count(topic, "unexpected error, see the log", self._now())
            log.exception("announcement failed", topic=topic)

    async def run(self) -> None:
        """Publish what changed, until cancelled."""
        while True:
            await asyncio.sleep(LOOK_S)
            if self._news or self._refused() != self._unheard_said:
                self.look()

    def look(self) -> None:
        """Publish when who is there changed, or how often they spoke, some time ago."""
        self._news = False
        rows = self._devices.rows(self._known, self._now())
        if self._kind(rows) != self._said or self._now() - self._said_at >= COUNTS_EVERY_MS:
            self._publish(rows)
        else:
            self._news = True

    def publish(self) -> None:
        """Publish now."""
        self._publish(self._devices.rows(self._known, self._now()))

    def _publish(self, rows: list[FoundRow]) -> None:
        now = self._now()
        unheard = None if self._announcer is None else tuple(sorted(self._refused()))
        left_off = max(0, len(rows) - SHOWN) + self._devices.crowded_out
        body = found.encode(FoundList(now, tuple(rows[:SHOWN]), left_off, unheard))
        if self._uplink.publish(self._topic, body, retain=True):
            self._said, self._said_at, self._unheard_said = self._kind(rows), now, self._refused()

    def _kind(self, rows: list[FoundRow]) -> object:
        return self._refused(), [row.device for row in rows]

    def _refused(self) -> frozenset[str]:
        return frozenset() if self._announcer is None else self._announcer.refused
