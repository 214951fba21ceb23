"""Numbered readings: a source that knows what it sent, so that a checker can tell what is missing."""

from __future__ import annotations

import contextlib
import socket
import struct
import threading
from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion

TOPIC_QOS = 1


class NumberedSensor:
    """A Zigbee2MQTT climate sensor that reports at a steady rate, each report with a time of its own (ms).

    It is a careful device: what the broker did not acknowledge it sends again.
    """

    def __init__(self, port: int, topic: str, *, rate_hz: float = 100) -> None:
        self._port, self._topic, self._pause_s = port, topic, 1 / rate_hz
        self._client = paho.Client(CallbackAPIVersion.VERSION2, client_id="numbered-sensor", clean_session=False)
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._report, name="numbered sensor")
        self.first: datetime | None = None
        self.last: datetime | None = None
        self.sent = 0

    def __enter__(self) -> NumberedSensor:
        self._client.reconnect_delay_set(1, 1)
        self._client.connect("127.0.0.1", self._port)
        self._client.loop_start()
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join(30)
        self._client.disconnect()
        self._client.loop_stop()

    def _report(self) -> None:
        while not self._stop.wait(self._pause_s):
            now = datetime.now(UTC)
            now = now.replace(microsecond=now.microsecond // 1000 * 1000)
            if self.last is not None and now <= self.last:
                now = self.last + timedelta(milliseconds=1)
            self.first = self.first or now
            self.last = now
            self.sent += 1
            stamp = now.isoformat(timespec="milliseconds")
            body = f'{{"temperature":{20 + self.sent % 1000 / 1000},"humidity":50,"last_seen":"{stamp}"}}'
            message = self._client.publish(self._topic, body, qos=TOPIC_QOS)
            with contextlib.suppress(RuntimeError, ValueError):
                message.wait_for_publish(30)


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


def stored(api: httpx.Client, point: str, start: datetime, end: datetime) -> int:
    """How many readings of the point the historian has from `start` to `end`, both included."""
    answer = api.get(
        "/readings",
        params={
            "point": point,
            "start": (start - timedelta(milliseconds=1)).isoformat(),
            "end": (end + timedelta(milliseconds=1)).isoformat(),
            "max_points": 500,
        },
    )
    assert answer.status_code == 200, answer.text
    buckets: list[dict[str, Any]] = answer.json()["buckets"]
    return sum(bucket["count"] for bucket in buckets)
