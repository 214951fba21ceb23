"""An InfluxDB that is gone for an hour: its machine, then its answers, then its capacity. Everything arrives.

An hour by what happened in it, not by the clock on the wall: more readings than every window, queue and request between
a gateway and the server holds, of hours that are over, and may be rolled up, before they arrive.
"""

import contextlib
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import httpx
import psutil

from backbone.historian.open import open_historian
from backbone.settings import Settings
from backbone.site_files import read_site
from tests.faults.numbered import Careful, Numbered, count_of, kept, nothing_lost_or_doubled, now_ms, stamp
from tests.faults.test_kill import CLIMATE, DETECTORS, alarms_of
from tests.program import Program
from tests.servers import influxdb, listening, wait_until

HOUR_MS = 3_600_000
BEFORE, AWAY = 600, 27_000
"""Readings of one point; each message brings as many of another. 2 MB of frames wait, four windows of the gateway."""
SPAN_MS = 2 * HOUR_MS
"""They were made in so much time."""
UNHURRIED = {"ANJU_DEVICE_MESSAGES_PER_S": "100000"}  # what it measured in hours it says in seconds here
GROWTH = 80_000_000
"""Of the services that write and judge, in bytes: what waits does so at the gateway, on its disk."""


@contextlib.contextmanager
def refusing(port: int) -> Iterator[Callable[[], bool]]:
    """Nobody listens."""
    assert not listening(port)
    yield lambda: True


@contextlib.contextmanager
def hanging(port: int) -> Iterator[Callable[[], bool]]:
    """Whoever connects is let in, and never answered; yields whether somebody did."""
    held: list[socket.socket] = []

    def let_in() -> None:
        with contextlib.suppress(OSError):
            while True:
                held.append(door.accept()[0])

    with socket.create_server(("127.0.0.1", port)) as door:
        thread = threading.Thread(target=let_in, name="hanging server")
        thread.start()
        try:
            yield lambda: bool(held)
        finally:
            door.shutdown(socket.SHUT_RDWR)
            thread.join()
            for one in held:
                one.close()


@contextlib.contextmanager
def overloaded(port: int) -> Iterator[Callable[[], bool]]:
    """Every write is answered 503; yields whether one was tried again."""
    tried: list[str] = []

    class Answer(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length", "0")))
            tried.append(self.path)
            self.do_GET()

        def do_GET(self) -> None:
            self.send_response(204 if self.path == "/ping" else 503)
            self.send_header("X-Influxdb-Version", "1.6.7")
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *args: object) -> None:
            """Quiet."""

    with ThreadingHTTPServer(("127.0.0.1", port), Answer) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield lambda: sum(path.startswith("/api/v2/write") for path in tried) > 1
        finally:
            server.shutdown()
            thread.join()


def test_an_influxdb_that_is_gone_for_an_hour_costs_no_reading_and_holds_no_alarm_up(tmp_path: Path) -> None:
    with influxdb(tmp_path / "influxdb") as influx:
        program = Program(tmp_path, simulate=False, environment={"ANJU_HISTORIAN_URL": influx.url, **UNHURRIED})
        point, sent = f"{CLIMATE}.temperature", list[Numbered]()
        begin = now_ms() - SPAN_MS

        def say(line: Careful, readings: int) -> None:
            for _ in range(readings):
                number = len(sent)
                reading = Numbered(point, begin + number * SPAN_MS // (BEFORE + AWAY), 20_000 + number)
                seen = f'"humidity":{number % 100},"last_seen":"{stamp(reading.t)}"'
                line.note(f"zigbee2mqtt/{CLIMATE}", f'{{"temperature":{reading.value / 1000},{seen}}}', reading.t)
                sent.append(reading)

        try:
            program.start()
            with Careful(program.mqtt_port, "sensors") as line, program.client() as api:
                say(line, BEFORE)
                wait_until(lambda: count_of(api, point, begin) >= BEFORE, 30, "readings to be stored")
                before = _memory(program)
                influx.proxy.stop()
                for away, detector in zip((refusing, hanging, overloaded), DETECTORS, strict=True):
                    with away(influx.port) as met:
                        say(line, AWAY // 3)
                        line.say(f"zigbee2mqtt/{detector}", '{"smoke":true,"battery":90}', now_ms())
                        wait_until(lambda d=detector: alarms_of(api, d), 15, f"the alarm, {away.__name__}")  # type: ignore[misc]
                        wait_until(met, 20, f"the server to be asked, {away.__name__}")
                wait_until(lambda: _waiting(api) > 1, 20, "frames to wait at the gateway")
                grown = {name: size - before[name] for name, size in _memory(program).items()}
                assert max(grown.values()) < GROWTH, grown
                influx.proxy.start(lambda: listening(influx.port))
                wait_until(lambda: _stored(api, point, begin) >= len(sent), 60, f"all {len(sent)} readings")
                wait_until(lambda: _waiting(api) == 0, 20, "the gateway to have given all")
        finally:
            program.stop()
        nothing_lost_or_doubled(sent, kept(program, [point]))
        settings = Settings(site=program.site, data_dir=program.data, historian_url=influx.url)
        with closing(open_historian(settings.history_url, settings.data_dir, read_site(settings))) as history:
            while history.tidy(now_ms()):
                pass
            assert list(history.check(lambda _: None)) == [], "hours that were over when their readings came"


def _memory(program: Program) -> dict[str, int]:
    """What the services that consume take, bytes."""
    rows = program.services()
    return {name: psutil.Process(rows[name]["pid"]).memory_info().rss for name in ("ingest", "rules")}


def _waiting(api: httpx.Client) -> int:
    """Frames at the gateways."""
    return sum(row["spooled"] or 0 for row in api.get("/gateways").json()["items"])


def _stored(api: httpx.Client, point: str, begin: int) -> int:
    """None while the history is not back."""
    with contextlib.suppress(AssertionError):
        return count_of(api, point, begin)
    return 0
