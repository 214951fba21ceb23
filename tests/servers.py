"""Real servers for tests: on free loopback ports, data in a temporary folder, stopped by process id."""

from __future__ import annotations

import contextlib
import itertools
import os
import pwd
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.error import URLError
from urllib.parse import urlencode
from urllib.request import Request, urlopen

import psutil

ROOT = Path(__file__).resolve().parents[1]
CHROMIUM = "/usr/bin/chromium"
START_S = 60.0
STOP_S = 10.0
LOWEST_PORT, PORTS = 12_000, 2_000


def _own_ports() -> Iterator[int]:
    """Of this process of the tests: below those the machine gives to connections, and apart from its neighbours'."""
    worker = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
    lowest = LOWEST_PORT + PORTS * (worker % 10)
    return (lowest + number % PORTS for number in itertools.count(secrets.randbelow(PORTS)))


_ports = _own_ports()


def free_port() -> int:
    """A loopback port nobody listens on now, and that nobody is given until somebody does."""
    for port in _ports:
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port
    raise AssertionError("there is always another")


def wait_until(condition: Callable[[], object], timeout_s: float = START_S, what: str = "the condition") -> None:
    """Return once `condition()` is true; AssertionError when it is not within `timeout_s`."""
    end = time.monotonic() + timeout_s
    while not condition():
        if time.monotonic() > end:
            raise AssertionError(f"waited {timeout_s} s for {what}")
        time.sleep(0.02)


def listening(port: int) -> bool:
    """Whether something accepts connections on the port."""
    with socket.socket() as probe:
        probe.settimeout(0.5)
        return probe.connect_ex(("127.0.0.1", port)) == 0


@contextlib.contextmanager
def standing_still(*pids: int) -> Iterator[None]:
    """These processes do nothing meanwhile."""
    stopped: list[int] = []
    try:
        for pid in pids:
            os.kill(pid, signal.SIGSTOP)
            stopped.append(pid)
        yield
    finally:
        for pid in stopped:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGCONT)


class Process:
    """A server process of a test: its output goes to a file, and it never outlives the test."""

    def __init__(
        self, name: str, command: list[str], folder: Path, *, user: str | None = None, env: dict[str, str] | None = None
    ) -> None:
        self.name = name
        self.command = command
        self.folder = folder
        self.log = folder / f"{name}.log"
        self._user = user if os.getuid() == 0 else None
        self.environment = {**os.environ, **(env or {})}
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int:
        """The process id while it runs."""
        assert self._process is not None, f"{self.name} is not started"
        return self._process.pid

    @property
    def running(self) -> bool:
        """Whether it was started and has not ended."""
        return self._process is not None and self._process.poll() is None

    def start(self, ready: Callable[[], object] | None = None) -> Process:
        """Start it, and wait until `ready()`."""
        self.folder.mkdir(parents=True, exist_ok=True)
        with self.log.open("ab") as out:
            self._process = subprocess.Popen(
                self.command,
                cwd=self.folder,
                env=self.environment,
                stdout=out,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                user=self._user,
                group=pwd.getpwnam(self._user).pw_gid if self._user else None,
                extra_groups=[] if self._user else None,
            )
        if ready is not None:
            try:
                wait_until(lambda: not self.running or ready(), what=f"{self.name} to answer")
                assert self.running, f"{self.name} ended with {self._process.returncode}"
            except AssertionError as error:
                text = self.output()[-3000:]
                self.stop()
                raise AssertionError(f"{error}\n{text}") from None
        return self

    def kill(self) -> None:
        """kill -9, and wait for its end."""
        if self.running:
            assert self._process is not None
            os.kill(self._process.pid, signal.SIGKILL)
            self._process.wait(STOP_S)

    def stop(self) -> int | None:
        """SIGTERM (SIGKILL to the whole group if it does not end), and wait. The exit code."""
        if self._process is None:
            return None
        if self.running:
            self._process.terminate()
            try:
                self._process.wait(STOP_S)
            except subprocess.TimeoutExpired:
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(self._process.pid, signal.SIGKILL)
                self._process.wait(STOP_S)
        return self._process.returncode

    def output(self) -> str:
        """All it printed."""
        return self.log.read_text(errors="replace") if self.log.exists() else ""


@dataclass(frozen=True)
class Broker:
    """An MQTT broker on `port`."""

    port: int
    process: Process

    @property
    def url(self) -> str:
        """As ANJU_MQTT_URL."""
        return f"mqtt://127.0.0.1:{self.port}"


def installed(name: str) -> str:
    """Where a Debian program is; some stand where only root looks."""
    found = shutil.which(name, path=f"{os.environ['PATH']}:/usr/sbin:/usr/local/sbin")
    assert found, f"{name} is not installed: run `make test`, which installs the Debian packages the tests use"
    return found


@contextlib.contextmanager
def mosquitto(folder: Path, *, more: str = "") -> Iterator[Broker]:
    """Debian's Mosquitto, anonymous, persistent in `folder`, with the limits our deployment sets, and `more` lines."""
    port = free_port()
    folder.mkdir(parents=True, exist_ok=True)
    config = folder / "mosquitto.conf"
    config.write_text(
        f"listener {port} 127.0.0.1\nallow_anonymous true\nset_tcp_nodelay true\nmax_queued_messages 10000\n"
        f"max_inflight_messages 200\npersistence true\npersistence_location {folder}/\nautosave_interval 5\n"
        + ("user root\n" if os.getuid() == 0 else "")
        + more
    )
    process = Process("mosquitto", [installed("mosquitto"), "-c", str(config)], folder)
    process.start(lambda: listening(port))
    try:
        yield Broker(port, process)
    finally:
        process.stop()


@contextlib.contextmanager
def embedded_broker(folder: Path) -> Iterator[Broker]:
    """The broker the program brings along, as its own process."""
    port = free_port()
    code = f"from backbone.broker import run; from pathlib import Path; run({port}, Path({str(folder)!r}))"
    process = Process(
        "broker", [sys.executable, "-c", code], folder, env={"PYTHONPATH": f"{ROOT}:{ROOT / 'firmware-sim'}"}
    )
    process.start(lambda: listening(port))
    try:
        yield Broker(port, process)
    finally:
        process.stop()


@contextlib.contextmanager
def postgres(folder: Path) -> Iterator[str]:
    """A PostgreSQL cluster of its own; its SQLAlchemy URL (database `anju`)."""
    with mortal_postgres(folder) as server:
        yield server.url


@dataclass(frozen=True)
class Postgres:
    """A PostgreSQL that may be killed and started again."""

    url: str
    port: int
    process: Process

    @property
    def pids(self) -> list[int]:
        """Of the postmaster and its children."""
        return [self.process.pid, *(child.pid for child in psutil.Process(self.process.pid).children())]

    def kill(self) -> None:
        """kill -9 of the postmaster; its children notice, and end."""
        postmaster = psutil.Process(self.process.pid)
        children = postmaster.children()
        self.process.kill()
        psutil.wait_procs(children, STOP_S)

    def start(self) -> None:
        """Again, on what is on the disk; whoever else began tests meanwhile has closed the way to it."""
        _open_path(self.process.folder)
        self.process.start(lambda: listening(self.port))


@contextlib.contextmanager
def mortal_postgres(folder: Path) -> Iterator[Postgres]:
    """The same; it may be killed."""
    port = free_port()
    bin_dir = max(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda p: int(p.parent.name))
    user = "postgres" if os.getuid() == 0 else None
    folder.mkdir(parents=True, exist_ok=True)
    if user:
        shutil.chown(folder, user, user)
    _open_path(folder)
    data = folder / "data"
    as_user = {"user": user, "group": user, "extra_groups": []} if user else {}
    subprocess.run(
        [bin_dir / "initdb", "-D", data, "-U", "anju", "--auth=trust", "-E", "UTF8", "--no-sync"],
        check=True,
        stdout=subprocess.DEVNULL,
        cwd=folder,
        **as_user,  # type: ignore[call-overload]
    )
    arguments = ["-D", str(data), "-p", str(port), "-h", "127.0.0.1", "-k", str(folder), "-c", "fsync=off"]
    process = Process("postgres", [str(bin_dir / "postgres"), *arguments], folder, user=user)
    process.start(lambda: listening(port))
    try:

        def created() -> bool:
            made = subprocess.run(
                [bin_dir / "createdb", "-h", "127.0.0.1", "-p", str(port), "-U", "anju", "anju"],
                capture_output=True,
                check=False,
            )
            return made.returncode == 0

        wait_until(created, what="PostgreSQL to make the database")
        yield Postgres(f"postgresql+psycopg://anju@127.0.0.1:{port}/anju", port, process)
    finally:
        process.stop()


def _open_path(folder: Path) -> None:
    """For a server that runs as a user of its own."""
    for parent in folder.parents if os.getuid() == 0 else ():
        if parent in {Path("/"), Path("/tmp")}:
            break
        parent.chmod(parent.stat().st_mode | 0o011)


@dataclass(frozen=True)
class Influx:
    """Debian's InfluxDB 1.x, with the one rewrite that gives it /api/v2/write."""

    port: int
    """The port of the rewriting proxy: what a program is given."""
    database: str
    process: Process
    proxy: Process

    @property
    def url(self) -> str:
        """As ANJU_HISTORIAN_URL."""
        return f"influxdb+http://127.0.0.1:{self.port}/{self.database}"


@contextlib.contextmanager
def influxdb(
    folder: Path,
    database: str = "anju",
    *,
    administrator: tuple[str, str] | None = None,
    largest_body: str = "25m",
) -> Iterator[Influx]:
    """InfluxDB behind nginx: writes on /api/v2/write, reads by InfluxQL on /query.

    With an `administrator` (name and password) it lets in only whom it knows.
    """
    server, rpc, port = free_port(), free_port(), free_port()
    folder.mkdir(parents=True, exist_ok=True)
    config = folder / "influxdb.conf"
    config.write_text(
        f'reporting-disabled = true\nbind-address = "127.0.0.1:{rpc}"\n'
        f'[meta]\n dir = "{folder}/meta"\n[data]\n dir = "{folder}/data"\n wal-dir = "{folder}/wal"\n'
        f' query-log-enabled = false\n[http]\n bind-address = "127.0.0.1:{server}"\n log-enabled = false\n'
        f" auth-enabled = {str(administrator is not None).lower()}\n"
        "[monitor]\n store-enabled = false\n"
    )
    proxy = folder / "nginx.conf"
    proxy.write_text(
        f"daemon off; pid {folder}/nginx.pid; error_log {folder}/nginx-error.log;"
        + (" user root;" if os.getuid() == 0 else "")
        + f""" worker_processes 1; events {{}} http {{ access_log off; client_max_body_size {largest_body};
        client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy; fastcgi_temp_path {folder}/f;
        uwsgi_temp_path {folder}/u; scgi_temp_path {folder}/s;
        server {{ listen 127.0.0.1:{port};
          location = /api/v2/write {{ rewrite ^ /write?db=$arg_bucket&precision=$arg_precision? break;
            proxy_pass http://127.0.0.1:{server}; }}
          location / {{ proxy_pass http://127.0.0.1:{server}; }} }} }}"""
    )
    influx = Process("influxdb", [installed("influxd"), "-config", str(config)], folder)
    nginx = Process("nginx", [installed("nginx"), "-c", str(proxy), "-p", str(folder)], folder)
    try:
        influx.start(lambda: answers(f"http://127.0.0.1:{server}/ping"))
        nginx.start(lambda: listening(port))
        statements, query = [f"CREATE DATABASE {database}"], f"http://127.0.0.1:{server}/query?"
        if administrator is not None:
            # Whom a server knows first may be made by anybody.
            statements.insert(0, "CREATE USER {} WITH PASSWORD '{}' WITH ALL PRIVILEGES".format(*administrator))
            query += urlencode(dict(zip("up", administrator, strict=True)))
        for statement in statements:
            with urlopen(Request(query, data=urlencode({"q": statement}).encode())) as response:
                response.read()
        yield Influx(port, database, influx, nginx)
    finally:
        nginx.stop()
        influx.stop()


@contextlib.contextmanager
def victoria_metrics(folder: Path) -> Iterator[str]:
    """VictoriaMetrics; its base URL (it takes /api/v2/write)."""
    port = free_port()
    process = Process(
        "victoria-metrics",
        [
            installed("victoria-metrics"),
            f"-httpListenAddr=127.0.0.1:{port}",
            f"-storageDataPath={folder / 'data'}",
            "-memory.allowedBytes=256MB",
        ],
        folder,
    )
    process.start(lambda: answers(f"http://127.0.0.1:{port}/health"))
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        process.stop()


def answers(url: str) -> bool:
    """Whether a GET of `url` succeeds."""
    try:
        with urlopen(url, timeout=2) as response:
            return 200 <= int(response.status) < 300
    except (URLError, OSError):
        return False
