"""The whole program as a user starts it: `anju up` on free ports, watched from outside."""

from __future__ import annotations

import contextlib
import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import httpx
import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion
from pymodbus.client import ModbusTcpClient

from tests.servers import ROOT, Process, answers, free_port, wait_until

ADMIN_PASSWORD = "a-password-for-tests"  # pragma: allowlist secret
Message = tuple[str, dict[str, Any], float]


class Program:
    """`anju up` with the demo community (simulator optional); outside clients for MQTT, HTTP and Modbus."""

    def __init__(
        self,
        folder: Path,
        *,
        simulate: bool = True,
        site: Path = ROOT / "sites" / "jinxiu.yaml",
        changes: Mapping[str, str] | None = None,
        environment: Mapping[str, str] | None = None,
    ) -> None:
        self.folder = folder
        self.data = folder / "data"
        self.http_port, self.mqtt_port = free_port(), free_port()
        folder.mkdir(parents=True, exist_ok=True)
        self.site = folder / site.name
        self.modbus: dict[str, str] = {}
        text = site.read_text(encoding="utf-8")
        for before, after in (changes or {}).items():
            assert before in text, f"{site} has no {before!r} to change"
            text = text.replace(before, after)
        self.site.write_text(self._with_free_modbus_ports(text), encoding="utf-8")
        self._environment = {
            "ANJU_SITE": str(self.site),
            "ANJU_DATA_DIR": str(self.data),
            "ANJU_HTTP_PORT": str(self.http_port),
            "ANJU_MQTT_PORT": str(self.mqtt_port),
            "ANJU_ADMIN_PASSWORD": ADMIN_PASSWORD,
            "ANJU_SIMULATE": "1" if simulate else "0",
            "PYTHONPATH": f"{ROOT}:{ROOT / 'firmware-sim'}",
            **(environment or {}),
        }
        self.process = Process("anju-up", [sys.executable, "-m", "anju", "up"], folder, env=self._environment)

    def _with_free_modbus_ports(self, text: str) -> str:
        for address in sorted(set(re.findall(r"127\.0\.0\.1:150\d\d", text))):
            self.modbus[address] = f"127.0.0.1:{free_port()}"
            text = text.replace(address, self.modbus[address])
        return text

    @property
    def url(self) -> str:
        """Where the page is."""
        return f"http://127.0.0.1:{self.http_port}"

    def start(self) -> Program:
        """Start, and wait until it says it is ready."""
        self.process.start(lambda: answers(f"{self.url}/readyz"))
        return self

    def stop(self) -> int | None:
        """Ctrl-C, as a person would."""
        if self.process.running:
            os.kill(self.process.pid, signal.SIGINT)
            with contextlib.suppress(AssertionError):
                wait_until(lambda: not self.process.running, 10, "the program to stop")
        return self.process.stop()

    def services(self) -> dict[str, dict[str, Any]]:
        """The supervisor's word on each service."""
        rows = json.loads((self.data / "services.json").read_text())["services"]
        return {row["name"]: row for row in rows}

    def kill(self, service: str) -> None:
        """kill -9 one service's process, and wait until its successor runs."""
        pid = self.services()[service]["pid"]
        os.kill(pid, signal.SIGKILL)
        wait_until(
            lambda: (row := self.services()[service])["state"] == "running" and row["pid"] != pid,
            40,
            f"{service} again",
        )

    def environment(self) -> dict[str, str]:
        """For an `anju` command that is to meet this program."""
        return {**os.environ, **self._environment}

    def client(self, username: str = "admin", password: str = ADMIN_PASSWORD) -> httpx.Client:
        """A signed-in HTTP client; waits for the API if it is just being started again."""
        wait_until(lambda: answers(f"{self.url}/healthz"), 60, "the API to answer")
        answer = httpx.post(f"{self.url}/api/v1/session", json={"username": username, "password": password}, timeout=10)
        assert answer.status_code in {200, 201}, answer.text
        bearer = {"Authorization": f"Bearer {answer.json()['token']}"}
        return httpx.Client(base_url=f"{self.url}/api/v1", headers=bearer, timeout=10)

    def add_user(self, username: str, role: str, password: str = ADMIN_PASSWORD) -> None:
        """Let somebody sign in, as an administrator does on the command line."""
        done = subprocess.run(
            [sys.executable, "-m", "anju", "user", "add", username, "--role", role],
            env={**self.environment(), "ANJU_NEW_PASSWORD": password},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr

    @contextlib.contextmanager
    def outside(self) -> Iterator[Outside]:
        """An MQTT client of somebody else's."""
        with Outside(self.mqtt_port) as outside:
            yield outside

    def coil(self, address: str, unit: int, number: int) -> bool:
        """A coil as an outside Modbus client sees it; `address` as the site file has it."""
        host, port = self.modbus[address].split(":")
        client: Any = ModbusTcpClient(host, port=int(port), timeout=2)
        try:
            assert client.connect(), f"nobody listens on {host}:{port}"
            answer = client.read_coils(number, count=1, device_id=unit)
            assert not answer.isError(), answer
            return bool(answer.bits[0])
        finally:
            client.close()


class Outside:
    """A plain paho client: publishes as a device would, and keeps what it hears."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._client = paho.Client(CallbackAPIVersion.VERSION2)
        self._lock = threading.Lock()
        self._heard: list[Message] = []
        self._subscribed = threading.Event()
        self._filters: list[str] = []

    def __enter__(self) -> Outside:
        self._client.on_message = self._on_message
        self._client.on_connect = self._on_connect
        self._client.on_subscribe = lambda *_: self._subscribed.set()
        self._client.connect("127.0.0.1", self._port)
        self._client.loop_start()
        return self

    def __exit__(self, *_: object) -> None:
        self._client.disconnect()
        self._client.loop_stop()

    def _on_connect(self, client: paho.Client, *_: object) -> None:
        """Again after the broker was away, which has forgotten what was subscribed."""
        for topic_filter in self._filters:
            client.subscribe(topic_filter, qos=1)

    def _on_message(self, _client: object, _data: object, message: paho.MQTTMessage) -> None:
        with contextlib.suppress(ValueError):
            body = json.loads(message.payload)
            with self._lock:
                self._heard.append((message.topic, body, time.monotonic()))

    def listen(self, topic_filter: str) -> None:
        """Subscribe; returns once the broker said so."""
        self._subscribed.clear()
        self._filters.append(topic_filter)
        self._client.subscribe(topic_filter, qos=1)
        assert self._subscribed.wait(10), f"no answer to the subscription of {topic_filter}"

    def publish(self, topic: str, payload: bytes | str | dict[str, Any], *, retain: bool = False) -> float:
        """Publish, wait for the broker's acknowledgement; the moment just before it was sent."""
        body = json.dumps(payload) if isinstance(payload, dict) else payload
        at = time.monotonic()
        self._client.publish(topic, body, qos=1, retain=retain).wait_for_publish(10)
        return at

    def shout(self, topic: str, payload: bytes) -> None:
        """Publish and do not wait: the broker may not take it."""
        self._client.publish(topic, payload, qos=1)

    def heard(self, topic_part: str = "", where: Callable[[dict[str, Any]], bool] = lambda _: True) -> list[Message]:
        """What arrived on topics that contain `topic_part`."""
        with self._lock:
            return [m for m in self._heard if topic_part in m[0] and where(m[1])]

    def wait_for(self, topic_part: str, where: Callable[[dict[str, Any]], bool], timeout_s: float = 10) -> Message:
        """The first message that fits."""
        wait_until(lambda: self.heard(topic_part, where), timeout_s, f"a message on {topic_part}")
        return self.heard(topic_part, where)[0]
