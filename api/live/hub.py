"""Fans events, readings and states out to every open page."""

import asyncio
from collections import OrderedDict

from prometheus_client import Gauge

from api.live.client import Client
from api.live.latest import LatestCache
from api.live.messages import event_message, object_message, readings_message

READINGS_EVERY_S = 0.25
KNOWN_EVENTS = 4_096

pages = Gauge("anju_api_pages", "Pages with an open live connection")


class Hub:
    """The open pages. Touched on the event loop only."""

    def __init__(self, latest: LatestCache) -> None:
        self.last_event = 0
        """The newest event known; 0 before the first."""
        self._latest = latest
        self._clients: set[Client] = set()
        self._known: OrderedDict[int, None] = OrderedDict()
        self._news = asyncio.Event()

    def __len__(self) -> int:
        return len(self._clients)

    def add(self, username: str, session: str) -> Client:
        """A page; from now on it is told everything."""
        client = Client(self._latest, username, session)
        self._clients.add(client)
        pages.set(len(self._clients))
        return client

    @property
    def sessions(self) -> frozenset[str]:
        """Those of the open pages."""
        return frozenset(client.session for client in self._clients)

    def pages_of(self, username: str) -> int:
        """How many pages a user has open."""
        return sum(client.username == username for client in self._clients)

    def remove(self, client: Client) -> None:
        """The page is gone."""
        self._clients.discard(client)
        pages.set(len(self._clients))

    def event(self, kind: str, number: int, change: str, shown: bytes) -> None:
        """A domain event, once, however often and by whichever way it is heard."""
        if number in self._known:
            return
        self._known[number] = None
        if len(self._known) > KNOWN_EVENTS:
            self._known.popitem(last=False)
        self.last_event = max(self.last_event, number)
        message = event_message(kind, number, change, shown)
        for client in self._clients:
            client.event(number, message)

    def state(self, kind: str, shown: object) -> None:
        """A gateway's or the services' new state."""
        message = object_message(kind, shown)
        for client in self._clients:
            client.message(message)

    def readings_arrived(self) -> None:
        """The cache of latest values has changed."""
        self._news.set()

    def resync(self) -> None:
        """Have every page load anew."""
        for client in self._clients:
            client.resync()

    def end_pages(self, reason: str, *, username: str | None = None, session: str | None = None) -> None:
        """Close the pages of a user, or of one session."""
        for client in self._clients:
            if client.username == username or client.session == session:
                client.end(reason)

    def end_all(self, reason: str) -> None:
        """Close every page."""
        for client in self._clients:
            client.end(reason)

    async def send_readings(self) -> None:
        """Gather changed values and hand them out, at most four times a second."""
        while True:
            await self._news.wait()
            self._news.clear()
            changed = self._latest.take_changes()
            if self._clients and changed.any():
                prepared = readings_message(self._latest.values(changed))
                for client in self._clients:
                    client.readings(changed, prepared)
            await asyncio.sleep(READINGS_EVERY_S)
