"""A historian on an InfluxDB: the real one, or one that answers as told where the real one cannot be brought to it."""

import json
import threading
import uuid
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

from backbone.historian.influx_address import InfluxAddress
from backbone.historian.influxdb import InfluxHistorian
from tests import servers
from tests.history import NOON, make_site

SITE = make_site()
TEMPERATURE, HUMIDITY = "e-1.temperature", "e-1.humidity"
MANY = [(TEMPERATURE, NOON + n, float(n)) for n in range(25_000)]
Answer = tuple[int, dict[str, str], object]
"""Status, headers and body."""
Answering = Callable[[str, dict[str, list[str]], bytes], Answer]
"""Of path, query and body."""


def opened(url: str, folder: Path) -> InfluxHistorian:
    """The historian of the site."""
    return InfluxHistorian(InfluxAddress.parse(url), folder, SITE)


def bucket_of(influx: servers.Influx) -> str:
    """A bucket of the test's own."""
    return f"influxdb+http://127.0.0.1:{influx.port}/t{uuid.uuid4().hex}"


class Scripted(ThreadingHTTPServer):
    """A server that answers as told."""

    daemon_threads = True

    def __init__(self, version: str, answer: Answering, *, asked: bool, login: str, address: str) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.version = version
        self.answer = answer
        self.asked = asked
        self.url = f"influxdb+http://{login}{'@' if login else ''}127.0.0.1:{self.server_port}/{address}"
        self.requests: list[tuple[str, str, str]] = []
        """Method, path and credentials."""


class _Handler(BaseHTTPRequestHandler):
    server: Scripted

    def do_GET(self) -> None:
        self._reply(b"")

    def do_POST(self) -> None:
        self._reply(self.rfile.read(int(self.headers["Content-Length"])))

    def _reply(self, body: bytes) -> None:
        parts = urlsplit(self.path)
        self.server.requests.append((self.command, parts.path, self.headers.get("Authorization", "")))
        status, headers, answer = self._answer(parts.path, parse_qs(parts.query), body)
        content = b"" if answer is None else json.dumps(answer).encode()
        self.send_response(status)
        self.send_header("X-Influxdb-Version", self.server.version)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content)

    def _answer(self, path: str, query: dict[str, list[str]], body: bytes) -> Answer:
        if path == "/ping":
            return 204, {}, None
        if path == "/query" and not self.server.asked:
            return 200, {}, {"results": [{"statement_id": 0}]}
        return self.server.answer(path, query, body)

    def log_message(self, *args: object) -> None:
        """Quiet."""


@contextmanager
def scripted(
    version: str,
    answer: Answering,
    folder: Path,
    *,
    asked: bool = False,
    login: str = "",
    bucket: str = "anju",
    query: str = "",
) -> Iterator[tuple[Scripted, InfluxHistorian]]:
    """A server that says it is of this version, and a historian on it.

    `asked`: whether `answer` is for questions as well; otherwise nothing is stored.
    """
    server = Scripted(version, answer, asked=asked, login=login, address=bucket + query)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        with closing(opened(server.url, folder)) as historian:
            yield server, historian
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def readings_in(body: bytes) -> list[bytes]:
    """The lines of a request, but for those that tell which hours change."""
    return [line for line in body.split(b"\n") if not line.startswith(b"anju_")]
