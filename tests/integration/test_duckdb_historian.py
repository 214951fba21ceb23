"""What only the DuckDB file promises: one transaction, kill -9, faults of the file in words."""

import os
import resource
import signal
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from pathlib import Path

import numpy as np
import pytest

from backbone.historian.duckdb import DuckDBHistorian
from backbone.historian.open import open_historian
from backbone.historian.port import HistorianCorrupt, HistorianRefused, HistorianUnavailable, ReadingBatch
from backbone.position import Position
from tests.history import EVER, NEVER, NOON, batch, make_site
from tests.servers import ROOT

TEMPERATURE = "e-1.temperature"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "history.duckdb"


def opened(path: Path) -> DuckDBHistorian:
    return DuckDBHistorian(path, "yard").open()


def python(code: str, *arguments: object) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(code), *map(str, arguments)],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        text=True,
    )


WRITER = """
import sys
from pathlib import Path
from backbone.historian.duckdb import DuckDBHistorian
from backbone.position import Position
from tests.history import NOON, batch
historian = DuckDBHistorian(Path(sys.argv[1]), "yard").open()
n = historian.positions().get("gw-east", Position()).bulk
while True:
    rows = [(f"e-{k}.temperature", NOON + n, float(n)) for k in range(300)]
    historian.write([batch(rows)], [], {"gw-east": Position(1, 0, n + 1)})
    n += 1
    print(n, flush=True)
"""


@pytest.mark.parametrize("after", [3, 40, 111])
def test_kill_9_loses_nothing_that_was_reported_durable_and_doubles_nothing(path: Path, after: int) -> None:
    reported = 0
    for _ in range(2):
        with python(WRITER, path) as writer:
            assert writer.stdout is not None
            for _ in range(after):
                reported = int(writer.stdout.readline())
            writer.send_signal(signal.SIGKILL)
            reported = max([reported, *(int(line) for line in writer.stdout.read().split("\n")[:-1])])
    with closing(opened(path)) as historian:
        position = historian.positions()["gw-east"].bulk
        assert position >= reported
        assert historian.count("yard", None, NEVER, EVER) == 300 * position
        assert historian.latest("yard", ["e-7.temperature"], NEVER)["e-7.temperature"].x == position - 1
        rows = historian.series("yard", "e-7.temperature", NOON, NOON + position, position).buckets
        assert [bucket.count for bucket in rows] == [1] * position


def test_a_failed_write_leaves_nothing_behind(path: Path) -> None:
    with closing(opened(path)) as historian:
        historian.write([batch([(TEMPERATURE, NOON, 1.0)])], [], {"gw-east": Position(1, 0, 1)})
        with pytest.raises(HistorianRefused):
            historian.write([batch([("e-9.new", NOON, 2.0)])], [], {"gw-east": Position(1, 0, object())})  # type: ignore[arg-type]
        assert historian.count("yard", None, NEVER, EVER) == 1
        assert historian.positions() == {"gw-east": Position(1, 0, 1)}
        historian.write([batch([("e-9.new", NOON, 2.0)])], [], {})
        assert historian.latest("yard", None, NEVER)["e-9.new"].x == 2.0


def test_a_file_of_another_process_is_named_with_what_to_do(path: Path) -> None:
    with python(WRITER, path) as holder:
        assert holder.stdout is not None
        holder.stdout.readline()
        try:
            with pytest.raises(HistorianUnavailable, match=rf"open in another process .*{holder.pid}.*`anju up`"):
                opened(path)
        finally:
            holder.kill()
            holder.stdout.read()
    opened(path).close()


def test_a_file_that_is_no_history_is_said_to_be_none(path: Path) -> None:
    path.write_bytes(b"not a database" * 1000)
    with pytest.raises(HistorianCorrupt, match=r"no DuckDB file.*history repair"):
        opened(path)


def test_a_damaged_file_is_said_to_be_damaged(path: Path) -> None:
    with closing(opened(path)) as historian:
        n = 200_000
        historian.write(
            [
                ReadingBatch(
                    "yard",
                    (TEMPERATURE,),
                    np.zeros(n, np.uint32),
                    NOON + np.arange(n),
                    np.random.default_rng(1).random(n),
                    np.zeros(n, np.uint8),
                )
            ],
            [],
            {},
        )
    with path.open("r+b") as file:
        file.seek(4096 * 3)
        file.write(os.urandom(path.stat().st_size - 4096 * 3))
    with pytest.raises(HistorianCorrupt, match=r"damaged.*history repair"):
        opened(path).count("yard", None, NEVER, EVER)


def test_a_damaged_log_is_said_to_be_damaged(path: Path) -> None:
    with python(WRITER, path) as writer:
        assert writer.stdout is not None
        for _ in range(10):
            writer.stdout.readline()
        writer.kill()
        writer.stdout.read()
    log = Path(f"{path}.wal")
    damaged = bytearray(log.read_bytes())
    damaged[200] ^= 0xFF
    log.write_bytes(damaged)
    with pytest.raises(HistorianCorrupt, match=r"\.wal.*damaged.*history repair"):
        opened(path)


def test_a_history_of_a_newer_program_is_left_alone(path: Path) -> None:
    with closing(opened(path)) as historian:
        historian._connected().execute("UPDATE about SET schema_version = 99")
    with pytest.raises(HistorianCorrupt, match="newer version"):
        opened(path)


@contextmanager
def full_disk(free: int) -> Iterator[None]:
    """No file may grow beyond `free` bytes: the system answers as it does when the disk is full."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (free, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_a_full_disk_is_waited_out(path: Path) -> None:
    def write(n: int) -> None:
        rows = ReadingBatch(
            "yard",
            (TEMPERATURE,),
            np.zeros(5000, np.uint32),
            NOON + n * 5000 + np.arange(5000),
            np.random.default_rng(n).random(5000),
            np.zeros(5000, np.uint8),
        )
        historian.write([rows], [], {"gw-east": Position(1, 0, n + 1)})

    written = 0

    def write_until_full() -> None:
        nonlocal written
        for written in range(400):
            write(written)

    with closing(opened(path)) as historian:
        with full_disk(3_000_000), pytest.raises(HistorianUnavailable, match=r"no room to write.*Free space"):
            write_until_full()
        assert 0 < written < 399
        for n in range(written, written + 3):
            write(n)
        assert historian.positions() == {"gw-east": Position(1, 0, written + 3)}
        assert historian.count("yard", None, NEVER, EVER) == 5000 * (written + 3)
    with closing(opened(path)) as historian:
        assert historian.count("yard", None, NEVER, EVER) == 5000 * (written + 3)


def test_closed_is_closed(path: Path) -> None:
    historian = opened(path)
    historian.close()
    historian.close()
    with pytest.raises(HistorianUnavailable, match="closed"):
        historian.count("yard", None, NEVER, EVER)
    assert not Path(f"{path}.wal").exists()


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("postgresql://x", "no historian: write duckdb:PATH"),
        ("duckdb:", "names no file"),
        ("influxdb+http://host:8086", "no InfluxDB: write"),
        ("influxdb+ftp://host/bucket", "no InfluxDB: write"),
    ],
)
def test_a_url_of_no_historian_says_how_to_write_one(tmp_path: Path, url: str, says: str) -> None:
    with pytest.raises(HistorianRefused, match=says):
        open_historian(url, tmp_path, make_site())


def test_readers_meet_points_that_begin_this_moment(path: Path) -> None:
    writes, began = 400, [0]
    with closing(opened(path)) as historian, ThreadPoolExecutor(1) as pool:

        def write() -> None:
            for n in range(1, writes + 1):
                began[0] = n
                historian.write([batch([(f"e-{n}.temperature", NOON - n, float(n))])], [], {})

        writer = pool.submit(write)
        while not writer.done():
            historian.latest("yard", None, NOON - began[0])  # as far back as is being written: it reads the file
            sum(one.t.size for one in historian.scan("yard", None, NOON - writes, NOON))
        writer.result()
        assert len(historian.latest("yard", None, NEVER)) == writes
