"""Frames straight to the embedded broker: readings a second that pass the rules AND are durable in DuckDB.

Run `python -m benchmarks.stream [SECONDS]`. The real services run as processes: `anju broker`, `anju ingest`,
`anju rules`; a load process plays five gateways of 200 points (benchmarks/stream_load.py). Counted is from outside,
by what both consumers say on `committed/…`: a frame counts when the slower one has it. How far the two are apart is the
backlog. Beside it stands what DuckDB alone appends on the same machine just before: the same columns into the same
table and file settings, batches as large as the largest of ingest, each durable, through a dozen checkpoints and more;
by one process that has both cores and does nothing else. (How much memory it takes is another program,
benchmarks/stream_memory.py.)
"""

import asyncio
import json
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

import psutil

from backbone import topics
from backbone.bus import Bus
from benchmarks.figures import Figure, memory_mb
from benchmarks.historian import bench_site, raw_duckdb
from benchmarks.stream_load import CONSUMERS
from benchmarks.stream_site import GATEWAYS, POINTS_A_GATEWAY, SITE, gateway_name, site_file
from tests.servers import ROOT, Process, free_port, listening
from tests.waiting import until

AIMS = {"compact": 1_000_000, "json": 500_000}
RAW_AIM = 0.2
RAW_READINGS = 40_000_000
WARM_S = 3.0
SECONDS = 60.0
LOOK_S = 1.0


@dataclass(frozen=True, slots=True)
class Measured:
    """What went through in a time."""

    readings: int
    seconds: float
    memory_mb: Sequence[int]
    """What whoever keeps the readings took meanwhile, each `LOOK_S`."""
    more: dict[str, Any]

    @property
    def per_s(self) -> float:
        """Readings a second."""
        return self.readings / self.seconds


class Committed:
    """How many frames each consumer has committed, over all gateways of the load."""

    def __init__(self, bus: Bus, site: str = SITE) -> None:
        self._seq: dict[tuple[str, str], int] = {}
        for consumer in CONSUMERS:
            for number in range(GATEWAYS):
                bus.subscribe(topics.committed(site, gateway_name(number), consumer), self._on_committed)

    def _on_committed(self, topic: str, payload: bytes) -> None:
        self._seq[topics.gateway_of(topic), topics.last_level(topic)] = json.loads(payload)["bulk"]

    def frames(self, consumer: str) -> int:
        """Committed by one consumer."""
        return sum(seq for (_, name), seq in self._seq.items() if name == consumer)

    def all_there(self) -> bool:
        """Whether every consumer has said where it stands with every gateway."""
        return len(self._seq) == len(CONSUMERS) * GATEWAYS

    def all_move(self) -> bool:
        """Whether every consumer has something of every gateway."""
        return self.all_there() and all(self._seq.values())


@contextmanager
def services(
    folder: Path,
    *ingest: str,
    site: str | None = None,
    gateway: str | None = None,
    more: Mapping[str, str] = MappingProxyType({}),
) -> Iterator[tuple[str, dict[str, Process]]]:
    """The broker's URL, and the processes that run; `ingest` is the command that keeps the readings.

    `site` is the text of a site file, and `gateway` one of its gateways that runs too; `more` is their environment.
    """
    port = free_port()
    (folder / "site.yaml").write_text(site or site_file())
    environment = {
        "ANJU_SITE": str(folder / "site.yaml"),
        "ANJU_DATA_DIR": str(folder / "data"),
        "ANJU_MQTT_PORT": str(port),
        "ANJU_HTTP_PORT": str(free_port()),
        "PYTHONPATH": f"{ROOT}:{ROOT / 'firmware-sim'}",
        **more,
    }
    with ExitStack() as stack:
        running: dict[str, Process] = {}
        commands = {"broker": ["broker"], "ingest": ingest, "rules": ["rules"]}
        if gateway is not None:
            commands["gateway"], environment["ANJU_GATEWAY"] = ["gateway"], gateway
        for name, command in commands.items():
            running[name] = Process(name, [sys.executable, "-m", "anju", *command], folder, env=environment)
            stack.callback(running[name].stop)
            running[name].start((lambda: listening(port)) if name == "broker" else None)
        yield f"mqtt://127.0.0.1:{port}", running


async def measure(url: str, running: dict[str, Process], load: Process, seconds: float) -> Measured:
    """Let it flow, and count."""
    async with Bus(url, "bench-watch") as bus:
        committed = Committed(bus)
        await until(committed.all_there, "both consumers", timeout_s=30)
        await asyncio.to_thread(load.start)
        await until(committed.all_move, "the first commits", timeout_s=30)
        await asyncio.sleep(WARM_S)
        processes = {name: psutil.Process(p.pid) for name, p in {**running, "load": load}.items()}
        cpu = {name: sum(p.cpu_times()[:2]) for name, p in processes.items()}
        begin, first = time.perf_counter(), {c: committed.frames(c) for c in CONSUMERS}
        apart, memory = [], []
        while time.perf_counter() - begin < seconds:
            await asyncio.sleep(LOOK_S)
            apart.append(abs(committed.frames("rules") - committed.frames("ingest")))
            memory.append(round(memory_mb(processes["ingest"].pid)))
        took = time.perf_counter() - begin
        frames = {c: committed.frames(c) - first[c] for c in CONSUMERS}
        return Measured(
            min(frames.values()) * POINTS_A_GATEWAY,
            took,
            memory,
            {
                "seconds": round(took, 1),
                "readings_per_s": {c: round(frames[c] * POINTS_A_GATEWAY / took) for c in CONSUMERS},
                "frames_apart": {"first": apart[0], "most": max(apart), "last": apart[-1]},
                "cpu_share": {n: round((sum(p.cpu_times()[:2]) - cpu[n]) / took, 2) for n, p in processes.items()},
                "memory_mb": {n: round(memory_mb(p.pid)) for n, p in processes.items()},
                "ingest_memory_mb": {"first": memory[0], "most": max(memory), "last": memory[-1]},
            },
        )


def flow(form: str, seconds: float, *ingest: str, more: Mapping[str, str] = MappingProxyType({})) -> Measured:
    """Frames of one form on a fresh site."""
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        with services(folder, *ingest, more=more) as (url, running):
            command = [sys.executable, "-m", "benchmarks.stream_load", url, form]
            load = Process("load", command, folder, env={"PYTHONPATH": str(ROOT)})
            try:
                found = asyncio.run(measure(url, running, load, seconds))
            finally:
                load.stop()
            found.more.update(json.loads(load.output().splitlines()[-1]))
            return found


def figures(seconds: float = SECONDS) -> Iterator[Figure]:
    """The form gateways send, and the open one."""
    with tempfile.TemporaryDirectory() as folder:
        raw_per_s = RAW_READINGS / raw_duckdb(Path(folder) / "raw.duckdb", bench_site(), RAW_READINGS)
    for form, aim in AIMS.items():
        found = flow(form, seconds, "ingest")
        name = "stream.readings_per_s" if form == "compact" else f"stream.readings_per_s_{form}"
        yield Figure(name, found.per_s, "readings/s", found.readings, aim, more=found.more)
        if form == "compact":
            more = {"raw_readings_per_s": round(raw_per_s)}
            yield Figure("stream.share_of_raw", found.per_s / raw_per_s, "", found.readings, RAW_AIM, more=more)


if __name__ == "__main__":
    for one in figures(float(sys.argv[1]) if len(sys.argv) > 1 else SECONDS):
        print(json.dumps(one.row()))
