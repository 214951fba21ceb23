"""Numbered readings: devices that know what they said, and the one checker that compares it with what is stored.

Sets of (point, time, value) are compared, not counts: a reading that is missing and another that is there twice do not
make each other good.
"""

from __future__ import annotations

import socket
import struct
import threading
import time
from collections import Counter
from collections.abc import Iterable
from contextlib import closing
from typing import NamedTuple

import httpx
import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion

from backbone.historian.open import open_historian
from backbone.historian.port import Historian
from backbone.settings import Settings
from backbone.site_files import read_site
from tests.history import EVER, NEVER
from tests.program import Program
from tests.servers import wait_until

TOPIC_QOS = 1
VALUES = 60_000
"""As many different values a sensor has, 0.001 apart."""
PATIENCE_S = 90


class Numbered(NamedTuple):
    """A reading: point, Unix ms, value in thousandths."""

    point: str
    t: int
    value: int


class Careful:
    """A device's connection to its broker: what is not acknowledged is sent again, also over a new connection.

    A broker that dies may take with it what it acknowledged; `repeat` says it again, as devices with a memory do.
    """

    def __init__(self, port: int, name: str) -> None:
        self._port = port
        self._client = paho.Client(CallbackAPIVersion.VERSION2, client_id=name, clean_session=False)
        self._client.max_queued_messages_set(0)
        self._client.on_publish = lambda _client, _data, number, _code, _properties: self._acknowledged.add(number)
        self._acknowledged: set[int] = set()
        self._said: list[tuple[int, str, str]] = []

    def __enter__(self) -> Careful:
        self._client.reconnect_delay_set(1, 1)
        self._client.connect("127.0.0.1", self._port)
        self._client.loop_start()
        return self

    def __exit__(self, *_: object) -> None:
        self._client.disconnect()
        self._client.loop_stop()

    def note(self, topic: str, body: str, at: int) -> int:
        """Publish what was measured at `at` (Unix ms), as soon as there is a broker; the number of the message."""
        self._said.append((at, topic, body))
        return self._client.publish(topic, body, qos=TOPIC_QOS).mid

    def say(self, topic: str, body: str, at: int) -> None:
        """As `note`, and wait until the broker has it."""
        self._wait_for(self.note(topic, body, at))

    def repeat(self, since: int) -> None:
        """Say again, in order, what was measured from `since` on; returns once the broker has it."""
        again = [row for row in tuple(self._said) if row[0] >= since]
        for number in [self._client.publish(topic, body, qos=TOPIC_QOS).mid for _, topic, body in again]:
            self._wait_for(number)

    def _wait_for(self, number: int) -> None:
        # paho's own wait gives up at once while there is no connection, and sends the message later all the same.
        wait_until(lambda: number in self._acknowledged, PATIENCE_S, "the broker's acknowledgement")
        self._acknowledged.discard(number)


class NumberedSensor:
    """A Zigbee2MQTT climate sensor that reports at a steady rate, each report with a time and a value of its own.

    `stamped`: it says when it measured.
    """

    def __init__(self, port: int, device: str, *, rate_hz: float = 100, stamped: bool = True) -> None:
        self._topic, self._pause_s = f"zigbee2mqtt/{device}", 1 / rate_hz
        self._stamped = stamped
        self.point = f"{device}.temperature"
        self._line = Careful(port, f"sensor-{device}")
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._report, name="numbered sensor")
        self._sent: list[Numbered] = []

    def __enter__(self) -> NumberedSensor:
        self._line.__enter__()
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.rest()
        self._line.__exit__()

    @property
    def sent(self) -> int:
        """How many readings the broker has."""
        return len(self._sent)

    @property
    def readings(self) -> list[Numbered]:
        """All of them; their times are the sensor's own."""
        return list(self._sent)

    def rest(self) -> None:
        """Report nothing more."""
        self._stop.set()
        self._thread.join(PATIENCE_S)

    def repeat(self, since: int) -> None:
        """Say again what was measured from `since` on (Unix ms)."""
        self._line.repeat(since)

    def _report(self) -> None:
        last = 0
        while not self._stop.wait(self._pause_s):
            last = max(last + 1, now_ms())
            reading = Numbered(self.point, last, 20_000 + len(self._sent) % VALUES)
            seen = f',"last_seen":"{stamp(last)}"' if self._stamped else ""
            self._line.say(self._topic, f'{{"temperature":{reading.value / 1000},"humidity":50{seen}}}', last)
            self._sent.append(reading)


class CountingModbus:
    """A Modbus TCP server whose registers hold one more at each read; it counts what it gave to each unit."""

    def __init__(self, port: int) -> None:
        self.given: Counter[int] = Counter()
        self._socket = socket.create_server(("127.0.0.1", port))
        self._stopping = False
        self._thread = threading.Thread(target=self._serve, name="counting modbus", daemon=True)

    def __enter__(self) -> CountingModbus:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopping = True
        self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()
        self._thread.join(5)

    def _serve(self) -> None:
        while not self._stopping:
            try:
                connection, _ = self._socket.accept()
            except OSError:
                return
            threading.Thread(target=self._answer, args=(connection,), daemon=True).start()

    def _answer(self, connection: socket.socket) -> None:
        with connection:
            while (header := _exactly(connection, 8)) is not None:
                transaction, _, length, unit, function = struct.unpack(">HHHBB", header)
                body = _exactly(connection, length - 2)
                if body is None:
                    return
                _, count = struct.unpack(">HH", body[:4])
                value = self.given[unit] + 1
                data = struct.pack(f">{count}H", *[value % 800] * count)
                answer = struct.pack(">HHHBBB", transaction, 0, 3 + len(data), unit, function, len(data)) + data
                try:
                    connection.sendall(answer)
                except OSError:
                    return
                self.given[unit] += 1


def _exactly(connection: socket.socket, size: int) -> bytes | None:
    data = b""
    while len(data) < size:
        try:
            part = connection.recv(size - len(data))
        except OSError:
            return None
        if not part:
            return None
        data += part
    return data


def now_ms() -> int:
    """Unix ms."""
    return time.time_ns() // 1_000_000


def stamp(t: int) -> str:
    """Unix ms as devices write it."""
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(t // 1000)) + f".{t % 1000:03d}Z"


def count_of(api: httpx.Client, point: str, since: int | None = None) -> int:
    """How many readings the historian has from `since` on (Unix ms; a day ago), by the API."""
    start, end = now_ms() - 86_400_000 if since is None else since, now_ms() + 3_600_000
    answer = api.get("/readings", params={"point": point, "max_points": 500, "start": stamp(start), "end": stamp(end)})
    assert answer.status_code == 200, answer.text
    return sum(bucket["count"] for bucket in answer.json()["buckets"])


def kept(program: Program, points: Iterable[str]) -> list[Numbered]:
    """What a program that was stopped has stored of these points."""
    url = program.environment().get("ANJU_HISTORIAN_URL")
    settings = Settings(site=program.site, data_dir=program.data, historian_url=url)
    site = read_site(settings)
    with closing(open_historian(settings.history_url, settings.data_dir, site)) as historian:
        return stored(historian, site.id, points)


def stored(historian: Historian, site: str, points: Iterable[str]) -> list[Numbered]:
    """What a historian has of these points."""
    return [
        Numbered(batch.points[p], t, round(x * 1000))
        for batch in historian.scan(site, sorted(points), NEVER, EVER)
        for p, t, x in zip(batch.p.tolist(), batch.t.tolist(), batch.x.tolist(), strict=True)
    ]


def nothing_lost_or_doubled(sent: Iterable[Numbered], stored: Iterable[Numbered]) -> None:
    """Every reading that was sent is stored once, with its time and value, and nothing else is.

    Raises:
        AssertionError: which are missing, and which nobody sent.
    """
    wanted, found = Counter(sent), Counter(stored)
    missing, strange = wanted - found, found - wanted
    assert not missing, f"{missing.total()} of {wanted.total()} missing: {sorted(missing)[:5]}"
    assert not strange, f"{strange.total()} that nobody sent: {sorted(strange)[:5]}"


def without_times(readings: Iterable[Numbered]) -> list[Numbered]:
    """For sources whose readings bear the gateway's time."""
    return [reading._replace(t=0) for reading in readings]
