"""docker-compose.yml without an engine: its schema, the broker's very file, each service's own command line."""

from __future__ import annotations

import contextlib
import os
import re
import ssl
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import paho.mqtt.client as paho
import pytest
import yaml
from paho.mqtt.enums import CallbackAPIVersion

from tests import servers
from tests.servers import ROOT, Process, free_port, listening, wait_until

COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
STOP_WITHIN_S = 5.0
OURS = [name for name, row in COMPOSE["services"].items() if row.get("image") == "anju:latest" and name != "secrets"]


def test_the_file_is_a_compose_file() -> None:
    command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.compose-spec"]
    done = subprocess.run([*command, str(ROOT / "docker-compose.yml")], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


def test_what_it_mounts_is_there_and_nobody_runs_as_root() -> None:
    for name, row in COMPOSE["services"].items():
        for volume in row.get("volumes", []):
            if isinstance(volume, str) and volume.startswith("./"):
                assert (ROOT / volume.split(":")[0]).exists(), f"{name}: {volume}"
        assert row.get("image") == "anju:latest" or row["user"] not in {"root", "0"}, name
        assert "healthcheck" in row or name == "secrets", name
    assert re.search(r"^USER anju$", (ROOT / "Dockerfile").read_text(), re.MULTILINE)
    for path in re.findall(r"^COPY (?!--from)(\S+)", (ROOT / "Dockerfile").read_text(), re.MULTILINE):
        assert (ROOT / path).exists(), path


class Deployment:
    """The services of the compose file as processes of this machine; what differs is where the servers are."""

    def __init__(self, folder: Path, database: str, historian: str) -> None:
        self.folder = folder
        self.secrets = folder / "secrets"
        self.site = folder / "jinxiu.yaml"
        self.broker_port = free_port()
        self.http_port = free_port()
        self._stores = {"ANJU_DATABASE_URL": database, "ANJU_HISTORIAN_URL": historian}
        self._metrics: dict[str, int] = {}
        text = (ROOT / "sites" / "jinxiu.yaml").read_text(encoding="utf-8")
        for address in set(re.findall(r"127\.0\.0\.1:150\d\d", text)):
            text = text.replace(address, f"127.0.0.1:{free_port()}")
        self.site.write_text(text, encoding="utf-8")

    def environment(self, name: str) -> dict[str, str]:
        """The service's environment, with this machine's addresses for the compose network's."""
        given = {key: str(value) for key, value in COMPOSE["services"][name].get("environment", {}).items()}
        own = self.secrets / name
        url = (own / "anju_mqtt_url").read_text().replace(":8883", f":{self.broker_port}")
        changed = {"ANJU_SECRETS_DIR": str(own), "ANJU_MQTT_URL": url, "ANJU_MQTT_CA": str(own / "ca.crt")}
        if "ANJU_METRICS_PORT" in given:
            changed["ANJU_METRICS_PORT"] = str(self._metrics.setdefault(name, free_port()))
        if "ANJU_HTTP_PORT" in given:
            changed |= {"ANJU_HTTP_HOST": "127.0.0.1", "ANJU_HTTP_PORT": str(self.http_port)}
        stores = {key: value for key, value in self._stores.items() if (own / key.lower()).exists()}
        image = {"ANJU_DATA_DIR": str(self.folder / "data" / name), "ANJU_SITE": str(self.site)}
        return {**given, **image, **changed, **stores, "PYTHONPATH": f"{ROOT}:{ROOT / 'firmware-sim'}"}

    def make_secrets(self) -> None:
        """As the compose file's first service does."""
        here = {"/secrets": str(self.secrets), "broker": "127.0.0.1", "database": "127.0.0.1", "historian": "127.0.0.1"}
        command = [here.get(word, word) for word in COMPOSE["services"]["secrets"]["command"]]
        environment = {**os.environ, "ANJU_SITE": str(self.site), "PYTHONPATH": f"{ROOT}:{ROOT / 'firmware-sim'}"}
        for _ in range(2):  # a second start finds what the first one made
            subprocess.run([sys.executable, "-m", "anju", *command], env=environment, check=True)

    def broker(self) -> Process:
        """Debian's Mosquitto with the file that is mounted; only its listener is put on loopback."""
        home = self.folder / "mosquitto"
        (home / "data").mkdir(parents=True)
        (home / "secrets").symlink_to(self.secrets / "broker")
        (home / "config").mkdir()
        (home / "config" / "acl").write_text((ROOT / "deploy" / "mosquitto" / "acl").read_text())
        text = (ROOT / "deploy" / "mosquitto" / "mosquitto.conf").read_text()
        assert "\nlistener 8883\n" in text
        text = text.replace("\nlistener 8883\n", f"\nlistener {self.broker_port} 127.0.0.1\n")
        if os.getuid() == 0:
            text += "user root\n"  # the image's own user does not exist here
        (home / "config" / "mosquitto.conf").write_text(text)
        program, *arguments = COMPOSE["services"]["broker"]["command"]
        return Process("mosquitto", [f"/usr/sbin/{program}", *arguments], home)

    def service(self, name: str) -> Process:
        """A service with the command the file gives it."""
        command = [sys.executable, "-m", "anju", *COMPOSE["services"][name]["command"]]
        return Process(name, command, self.folder / "run" / name, env=self.environment(name))

    def healthy(self, name: str) -> bool:
        """The service's own health check, on this machine's ports."""
        kind, *words = COMPOSE["services"][name]["healthcheck"]["test"]
        ports = {"8000": str(self.http_port), "910": str(self._metrics.get(name, ""))}
        script = words[-1]
        script = re.sub(r"127\.0\.0\.1:910\d", f"127.0.0.1:{ports['910']}", script)
        script = script.replace("127.0.0.1:8000", f"127.0.0.1:{ports['8000']}").replace(
            "-p 8883", f"-p {self.broker_port}"
        )
        script = script.replace("$$", "$").replace("-h localhost", "-h 127.0.0.1")
        command = ["sh", "-c", script] if kind == "CMD-SHELL" else [sys.executable, *words[1:-1], script]
        return subprocess.run(command, cwd=self.folder / "mosquitto", capture_output=True, check=False).returncode == 0

    def client(self, name: str, *, password: str | None = None) -> paho.Client:
        """An outside MQTT client with a service's credential."""
        url = (self.secrets / name / "anju_mqtt_url").read_text()
        client = paho.Client(CallbackAPIVersion.VERSION2, client_id=f"outside-{name}")
        client.username_pw_set(name, password or url.split("://")[1].split("@")[0].split(":")[1])
        client.tls_set(str(self.secrets / "broker" / "ca.crt"), tls_version=ssl.PROTOCOL_TLS_CLIENT)
        return client


@pytest.fixture(scope="module")
def deployment(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployment]:
    """Everything of the compose file that can run here, running, on servers of its own."""
    folder = tmp_path_factory.mktemp("deployment")
    with contextlib.ExitStack() as stack:
        database = stack.enter_context(servers.postgres(folder / "postgres"))
        historian = stack.enter_context(servers.influxdb(folder / "influxdb"))
        made = Deployment(folder, database, historian.url)
        made.make_secrets()
        broker = made.broker().start(lambda: listening(made.broker_port))
        stack.callback(broker.stop)
        assert made.healthy("broker"), broker.output()
        running = [stack.enter_context(contextlib.closing(_Stopping(made.service(name).start()))) for name in OURS]
        yield made
    assert [service.process.name for service in running if service.took_s > STOP_WITHIN_S] == []


class _Stopping:
    """A service whose end is timed."""

    def __init__(self, process: Process) -> None:
        self.process = process
        self.took_s = 0.0

    def close(self) -> None:
        """SIGTERM, as the engine sends it."""
        began = time.monotonic()
        self.process.stop()
        self.took_s = time.monotonic() - began


def test_every_service_becomes_healthy_by_its_own_check(deployment: Deployment) -> None:
    for name in OURS:
        wait_until(lambda name=name: deployment.healthy(name), 60, f"{name} to be healthy")  # type: ignore[misc]


def test_readings_travel_from_the_devices_to_the_api(deployment: Deployment) -> None:
    """Simulator, Mosquitto with TLS, gateways, InfluxDB, PostgreSQL, API."""
    base = f"http://127.0.0.1:{deployment.http_port}/api/v1"
    wait_until(lambda: deployment.healthy("api"), 60, "the API")
    password = (deployment.secrets / "api" / "anju_admin_password").read_text()
    signed_in = httpx.post(f"{base}/session", json={"username": "admin", "password": password})
    assert signed_in.status_code == 201, signed_in.text
    bearer = {"Authorization": f"Bearer {signed_in.json()['token']}"}
    with httpx.Client(base_url=base, headers=bearer, timeout=10) as api:

        def fresh() -> int:
            return sum(point["fresh"] for point in api.get("/points", params={"limit": 1000}).json()["items"])

        wait_until(lambda: fresh() > 300, 60, "more than 300 fresh points")

        def stored() -> int:
            answer = api.get("/readings", params={"point": "env-b3-f1.temperature"})
            return sum(bucket["count"] for bucket in answer.json()["buckets"])

        wait_until(lambda: stored() >= 3, 30, "readings in InfluxDB")


def test_no_gateway_speaks_or_listens_as_another(deployment: Deployment) -> None:
    heard: list[str] = []
    subscribed = threading.Event()
    rules = deployment.client("rules")
    rules.on_message = lambda _c, _d, message: heard.append(message.topic)
    rules.on_subscribe = lambda *_: subscribed.set()
    east = deployment.client("gw-east")
    for client in (rules, east):
        client.connect("127.0.0.1", deployment.broker_port)
        client.loop_start()
    rules.subscribe("anju/v1/test/+/frames/+", qos=1)
    assert subscribed.wait(10)
    for gateway in ("gw-west", "gw-east"):
        east.publish(f"anju/v1/test/{gateway}/frames/bulk", b"x", qos=1).wait_for_publish(10)
    wait_until(lambda: heard, 10, "what the gateway may say")
    assert heard == ["anju/v1/test/gw-east/frames/bulk"]
    for client in (rules, east):
        client.disconnect()
        client.loop_stop()


def test_nobody_enters_without_the_right_password(deployment: Deployment) -> None:
    refused: list[str] = []
    client = deployment.client("gw-east", password="guessed")
    client.on_connect = lambda _c, _d, _f, reason, _p: refused.append(str(reason))
    client.connect("127.0.0.1", deployment.broker_port)
    client.loop_start()
    wait_until(lambda: refused, 10, "the broker's answer")
    client.loop_stop()
    assert refused[0] == "Not authorized"
