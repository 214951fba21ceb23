"""The historian: readings made durable, the share of what the store alone can do, and how fast questions are answered.

Run `python -m benchmarks.historian`; half a minute. In each write, frames of 200 readings are decoded, checked and
written in batches of 50,000, and the positions with them. Stores alone get columns or lines made beforehand.
"""

import asyncio
import http.client
import json
import os
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from itertools import count
from pathlib import Path

import numpy as np
import psutil
import pyarrow as pa

from backbone.deliveries import Delivery
from backbone.frames import Frame, decode, encode_compact, encode_json
from backbone.historian.duckdb import DuckDBHistorian
from backbone.historian.duckdb_file import connect
from backbone.historian.influx_address import InfluxAddress
from backbone.historian.influxdb import InfluxHistorian
from backbone.historian.line_protocol import LineWriter
from backbone.historian.port import Historian, ReadingBatch
from backbone.position import Position
from benchmarks.figures import Figure
from community.site.profile import Lane
from community.site.site import Site
from ingest.validate import Limits, SitePoints, check
from tests import servers
from tests.history import make_site
from tests.ingest_rig import Sender, sending
from tests.servers import ROOT, Process
from tests.waiting import until

STATIONS = 1_000
A_FRAME, A_BATCH, A_REQUEST = 200, 50_000, 10_000
DUCKDB_READINGS, INFLUX_READINGS, BROKER_READINGS = 3_000_000, 1_000_000, 2_000_000
BROKER_WINDOW = 1_000
"""Frames on their way at once."""
START = int(time.time() * 1000) - 6 * 3_600_000
GATEWAY = "gw-east"

SERVICE = """
import asyncio, sys
from contextlib import closing
from pathlib import Path
import psutil
from backbone.database.database import Database
from backbone.historian.open import open_historian
from benchmarks.historian import bench_site
from ingest.service import run
from ingest.settings import IngestSettings
url, folder = sys.argv[1], Path(sys.argv[2])
psutil.Process().cpu_affinity([0])
site = bench_site()
with closing(Database.open(f"sqlite:///{folder}/anju.db")) as database:
    with closing(open_historian(f"duckdb:{folder}/history.duckdb", folder, site)) as historian:
        asyncio.run(run(IngestSettings(mqtt_url=url), site, historian, database, asyncio.Event()))
"""


def bench_site() -> Site:
    """A thousand stations, three points each."""
    return make_site(east=STATIONS, west=1)


def frames(site: Site) -> Iterator[Frame]:
    """Frames of the site's numeric points in turn, a reading each a second, values with one decimal."""
    names = [point for point in site.points if point.startswith("e-") and not point.endswith("credential")]
    values = np.round(np.random.default_rng(1).normal(20, 3, A_FRAME), 1)
    index, quality = np.arange(A_FRAME, dtype=np.uint32), np.zeros(A_FRAME, np.uint8)
    chunks = [tuple(names[at : at + A_FRAME]) for at in range(0, len(names), A_FRAME)]
    for seq in count(1):
        second, chunk = divmod(seq - 1, len(chunks))
        times = np.full(A_FRAME, START + second * 1000, dtype=np.int64)
        yield Frame(1, seq, START, chunks[chunk], index, times, np.roll(values, seq), quality)


def payloads(site: Site, readings: int, encode: Callable[[Frame], bytes] = encode_compact) -> list[bytes]:
    """The frames of so many readings, as they arrive."""
    source = frames(site)
    return [encode(next(source)) for _ in range(readings // A_FRAME)]


def keep(historian: Historian, site: Site, arrived: Sequence[bytes]) -> float:
    """What ingest does with payloads, without the broker; seconds."""
    points = SitePoints(site)
    limits = Limits(START, 0, START + 10**9)
    a_batch = A_BATCH // A_FRAME
    begin = time.perf_counter()
    for at in range(0, len(arrived), a_batch):
        deliveries = [Delivery(GATEWAY, Lane.BULK, decode(one), START) for one in arrived[at : at + a_batch]]
        checked = check(deliveries, points, limits)
        assert not checked.refused
        historian.write([checked.readings], checked.events, {GATEWAY: Position(1, 0, deliveries[-1].frame.seq)})
    return time.perf_counter() - begin


def batches(site: Site, readings: int) -> Iterator[ReadingBatch]:
    """Checked batches, made beforehand."""
    points, limits, source = SitePoints(site), Limits(START, 0, START + 10**9), frames(site)
    for _ in range(readings // A_BATCH):
        deliveries = [Delivery(GATEWAY, Lane.BULK, next(source), START) for _ in range(A_BATCH // A_FRAME)]
        yield check(deliveries, points, limits).readings


def raw_duckdb(path: Path, site: Site, readings: int) -> float:
    """Columns into the table ours go to, in a file with our settings, a transaction a batch, nothing else; seconds.

    Checkpoints are in it as they come, as they are in what it stands beside.
    """
    with closing(connect(path)) as connection:
        seconds = 0.0
        for batch in batches(site, readings):
            rows = pa.table({"point": batch.p.astype(np.int32), "t": batch.t, "x": batch.x, "q": batch.q})
            begin = time.perf_counter()
            connection.from_arrow(rows).insert_into("arrived")
            seconds += time.perf_counter() - begin
        return seconds


def duckdb_rows(folder: Path, site: Site) -> Iterator[Figure]:
    """Writing to DuckDB, and asking."""
    for form, encode in (("json", encode_json), ("compact", encode_compact)):
        arrived = payloads(site, DUCKDB_READINGS, encode)
        path = folder / f"{form}.duckdb"
        raw_s = raw_duckdb(folder / f"raw-{form}.duckdb", site, DUCKDB_READINGS)
        with closing(DuckDBHistorian(path, site.id).open()) as historian:
            cpu = time.process_time()
            seconds = keep(historian, site, arrived)
            yield row(
                f"historian.duckdb.{form}_readings_per_s",
                DUCKDB_READINGS / seconds,
                "readings/s",
                aim=300_000,
                n=DUCKDB_READINGS,
                raw_readings_per_s=round(DUCKDB_READINGS / raw_s),
                share_of_raw=round(raw_s / seconds, 2),
                cpu_us_a_reading=round((time.process_time() - cpu) / DUCKDB_READINGS * 1e6, 3),
                memory_mb=round(psutil.Process().memory_info().rss / 1e6),
            )
            yield row(f"historian.duckdb.{form}_share_of_raw", raw_s / seconds, "share", aim=0.2, n=DUCKDB_READINGS)
    size = path.stat().st_size / DUCKDB_READINGS
    yield row("historian.duckdb.bytes_a_reading", size, "bytes", n=DUCKDB_READINGS, aim=3)
    with closing(DuckDBHistorian(path, site.id).open()) as historian:
        yield from query_rows("duckdb", historian, site)


def query_rows(kind: str, historian: Historian, site: Site) -> Iterator[Figure]:
    """How fast questions are answered."""
    end = START + 24 * 3_600_000
    historian.latest(site.id, None, START)
    questions: dict[str, Callable[[], object]] = {
        "latest_p95_ms": lambda: historian.latest(site.id, None, START),
        "series_p95_ms": lambda: historian.series(site.id, "e-7.temperature", START, end, 500),
    }
    for name, ask in questions.items():
        took = []
        for _ in range(20):
            begin = time.perf_counter()
            ask()
            took.append(time.perf_counter() - begin)
        yield row(f"historian.{kind}.{name}", float(np.percentile(took, 95)) * 1000, "ms", aim=20, n=20)


def influx_rows(folder: Path, site: Site) -> Iterator[Figure]:
    """Writing to InfluxDB beside a bare loader of lines made beforehand, in requests of the same size.

    They take turns: what the server puts in order behind either is in the way of both.
    """
    with servers.influxdb(folder / "influxdb") as influx:
        writer = LineWriter(site)
        loads = [writer.readings(batch).text for batch in batches(site, INFLUX_READINGS)]
        arrived, a_batch = payloads(site, INFLUX_READINGS), A_BATCH // A_FRAME
        connection = http.client.HTTPConnection("127.0.0.1", influx.port)
        connection.request("POST", "/query?q=CREATE+DATABASE+bare")
        connection.getresponse().read()
        with closing(connection), closing(InfluxHistorian(InfluxAddress.parse(influx.url), folder, site)) as historian:
            historian.tidy(START)  # as ingest does at its start: it then knows which hours are rolled up
            bare_s = seconds = 0.0
            for number, lines in enumerate(loads):
                bare_s += bare(connection, lines)
                seconds += keep(historian, site, arrived[number * a_batch : (number + 1) * a_batch])
            for name, taken_s in (("bare_readings_per_s", bare_s), ("readings_per_s", seconds)):
                yield row(f"historian.influxdb.{name}", INFLUX_READINGS / taken_s, "readings/s", n=INFLUX_READINGS)
            yield row("historian.influxdb.share_of_bare", bare_s / seconds, "share", aim=0.8, n=INFLUX_READINGS)
            yield from query_rows("influxdb", historian, site)


def bare(connection: http.client.HTTPConnection, lines: Sequence[str]) -> float:
    """Lines into the server by one connection, one request after the other; seconds."""
    bodies = ["\n".join(lines[at : at + A_REQUEST]).encode() for at in range(0, len(lines), A_REQUEST)]
    begin = time.perf_counter()
    for body in bodies:
        connection.request("POST", "/api/v2/write?bucket=bare&precision=ms", body)
        response = connection.getresponse()
        response.read()
        assert response.status == 204
    return time.perf_counter() - begin


async def through_broker(folder: Path, site: Site) -> Figure:
    """The service on one core, the broker and this sender on the other."""
    arrived = payloads(site, BROKER_READINGS)
    me = psutil.Process()
    every = me.cpu_affinity()
    me.cpu_affinity([every[-1]])
    try:
        with servers.embedded_broker(folder / "broker") as broker:
            environment = {**os.environ, "PYTHONPATH": f"{ROOT}:{ROOT / 'firmware-sim'}"}
            command = [sys.executable, "-c", SERVICE, broker.url, str(folder)]
            service = Process("ingest", command, folder, env=environment)
            async with sending(broker.url, site.id, GATEWAY) as gateway:
                await asyncio.to_thread(service.start)
                try:
                    await until(lambda: gateway.heard, "the service")
                    process = psutil.Process(service.pid)
                    cpu = sum(process.cpu_times()[:2])
                    begin = time.perf_counter()
                    for number, payload in enumerate(arrived):
                        await until(room(gateway, number), "room")
                        gateway.send_bytes(payload)
                        if number % 20 == 0:
                            await asyncio.sleep(0)
                    await until(lambda: gateway.done, "everything to be committed")
                    seconds = time.perf_counter() - begin
                    cpu_s = sum(process.cpu_times()[:2]) - cpu
                    memory_mb = round(process.memory_info().rss / 1e6)
                finally:
                    service.stop()
        with closing(DuckDBHistorian(folder / "history.duckdb", site.id).open()) as historian:
            assert historian.count(site.id, None, 0, START * 2) == BROKER_READINGS
    finally:
        me.cpu_affinity(every)
    return row(
        "ingest.readings_per_s",
        BROKER_READINGS / seconds,
        "readings/s",
        aim=300_000,
        n=BROKER_READINGS,
        cpu_share=round(cpu_s / seconds, 2),
        memory_mb=memory_mb,
    )


def room(gateway: Sender, number: int) -> Callable[[], bool]:
    """Whether frame `number` is within the window."""
    return lambda: number - int(gateway.committed["bulk"]) < BROKER_WINDOW


def row(name: str, value: float, unit: str, *, n: int, aim: float | None = None, **more: object) -> Figure:
    """One result; of times and sizes less is better."""
    return Figure(name, value, unit, n, aim, lower=unit in {"ms", "bytes"}, more=more)


def figures() -> Iterator[Figure]:
    """Every one of them."""
    site = bench_site()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        yield from duckdb_rows(folder, site)
        yield from influx_rows(folder, site)
        yield asyncio.run(through_broker(folder, site))


if __name__ == "__main__":
    for figure in figures():
        print(json.dumps(figure.row()))
