"""The ingest service over real brokers, a real historian and a real database: frames in, readings and commits out."""

import asyncio
import os
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
from prometheus_client import REGISTRY
from sqlalchemy import text

from backbone.database.database import Database
from backbone.database.losses import list_losses
from backbone.frames import Frame, FrameEvent
from backbone.historian.duckdb import DuckDBHistorian
from backbone.historian.open import open_historian
from backbone.historian.port import HistorianUnavailable, ReadingBatch, Unwritten
from backbone.losses import loss_event
from backbone.position import Position
from community.losses import Loss, LossReason
from community.site.profile import Lane
from ingest.validate import Fault
from tests import servers
from tests.history import EVER, NEVER, event, frame, make_site
from tests.ingest_rig import SITE, Picky, Sender, ingesting, quarantine, sending
from tests.servers import ROOT, Process
from tests.waiting import until

TEMPERATURE, SMOKE, CREDENTIAL = "e-1.temperature", "e-1.smoke", "e-1.credential"
NOW = int(time.time() * 1000)


def numbered(seq: int, *, n: int = 50) -> Frame:
    """Frame `seq` of a stream of readings with a time of their own each."""
    return frame([(TEMPERATURE, NOW - 3_600_000 + (seq * n + k), float(seq)) for k in range(n)], seq=seq)


def frame_rows(seq: int, *, n: int = 50) -> ReadingBatch:
    """The readings of that frame."""
    one = numbered(seq, n=n)
    return ReadingBatch("yard", one.points, one.p, one.t, one.x, one.q)


def as_a_power_cut_leaves_it(path: Path, folder: Path) -> None:
    """A copy of a history in use: its newest part is in the log."""
    folder.mkdir()
    for file in path.parent.glob(f"{path.name}*"):
        (folder / file.name).write_bytes(file.read_bytes())


async def test_frames_become_readings_and_are_committed(
    broker: servers.Broker, historian: DuckDBHistorian, database: Database
) -> None:
    async with ingesting(broker.url, historian, database), sending(broker.url, "yard", "gw-east") as east:
        await until(lambda: east.heard, "the position at start")
        east.send(frame([(SMOKE, NOW, 1.0)], events=[event(CREDENTIAL, NOW, data={"card": "x"})]), Lane.URGENT)
        for seq in range(1, 101):
            east.send(numbered(seq), as_json=seq % 2 == 0)
        await until(lambda: east.done, "everything to be committed")
        assert east.committed == {"epoch": 1, "urgent": 1, "bulk": 100}
    assert historian.count("yard", TEMPERATURE, NEVER, EVER) == 5000
    assert historian.latest("yard", [SMOKE], NEVER)[SMOKE].x == 1.0
    assert historian.events("yard", None, NEVER, EVER, 10) == [event(CREDENTIAL, NOW, data={"card": "x"})]
    assert historian.positions() == {"gw-east": Position(1, 1, 100)}
    assert quarantine(database) == {}


async def test_what_a_gateway_lost_is_recorded_once_however_often_it_is_told(
    mosquitto: servers.Broker, historian: DuckDBHistorian, database: Database
) -> None:
    loss = Loss("gw-east", "e-1", "bulk", LossReason.SPOOL_FULL, NOW, NOW - 5_000, NOW, 40)
    async with ingesting(mosquitto.url, historian, database), sending(mosquitto.url, "yard", "gw-east") as east:
        east.send(frame([(SMOKE, NOW, 1.0)], events=[loss_event(loss)]), Lane.URGENT)
        east.send(frame([], seq=2, events=[loss_event(replace(loss, last=NOW + 1, count=70))]), Lane.URGENT)
        east.send(frame([], seq=3, events=[loss_event(replace(loss, gateway="gw-other"))]), Lane.URGENT)
        await until(lambda: east.done, "everything to be committed")
    with database.read() as connection:
        rows = list_losses(connection, "yard", "gw-east", start=0, end=2 * NOW)
    assert [row for _, row in rows] == [replace(loss, last=NOW + 1, count=70)]
    assert list(quarantine(database)) == [("gw-east", "a loss of another gateway")]
    assert historian.events("yard", None, NEVER, EVER, 10) == []


async def test_positions_are_told_at_start_and_frames_sent_again_change_nothing(
    mosquitto: servers.Broker, historian: DuckDBHistorian, database: Database
) -> None:
    historian.write([], [], {"gw-east": Position(1, 0, 2)})
    async with ingesting(mosquitto.url, historian, database), sending(mosquitto.url, "yard", "gw-east") as east:
        for seq in range(1, 5):
            east.send(numbered(seq))
        await until(lambda: east.done, "everything to be committed")
        assert east.heard[0] == {"epoch": 1, "urgent": 0, "bulk": 2}
    assert historian.count("yard", None, NEVER, EVER) == 100


async def test_garbage_is_quarantined_and_everything_else_goes_on(
    mosquitto: servers.Broker, historian: DuckDBHistorian, database: Database
) -> None:
    async with ingesting(mosquitto.url, historian, database), sending(mosquitto.url, "yard", "gw-east") as east:
        nan, inf = float("nan"), float("inf")
        good = (TEMPERATURE, NOW, 20.0)
        east.send(frame([good, (SMOKE, NOW, nan), (SMOKE, NOW, inf), ("w-1.smoke", NOW, 1.0)], seq=1))
        east.send_bytes(b'{"v":1,"epoch":1,"seq":2')
        east.send(frame([("no.such", NOW, 1.0), (SMOKE, NOW + 3_600_000, 1.0), (SMOKE, 17, 1.0)], seq=3))
        east.send_bytes(b"\xff\x00garbage")
        east.send(frame([(TEMPERATURE, NOW + 1, 21.0)], seq=5, events=[event(CREDENTIAL, NOW, "Not A Type")]))
        async with sending(mosquitto.url, "yard", "gw-north") as stranger:
            stranger.send(frame([good]))
            await until(lambda: east.done, "everything to be committed")
            await until(lambda: any("gw-north" in source for source, _ in quarantine(database)), "the stranger")
    assert historian.count("yard", None, NEVER, EVER) == 2
    found = quarantine(database)
    for source, reason, least in [
        (SMOKE, Fault.NOT_FINITE.value, 2),
        ("gw-east/w-1.smoke", Fault.OTHER_GATEWAY.value, 1),
        ("gw-east/no.such", Fault.UNKNOWN_POINT.value, 1),
        (SMOKE, Fault.FUTURE.value, 1),
        (SMOKE, Fault.PAST.value, 1),
        (CREDENTIAL, Fault.EVENT_TYPE.value, 1),
    ]:
        assert found.pop((source, reason)).count == least
    topics = {source for source, _ in found}
    assert topics == {"anju/v1/yard/gw-east/frames/bulk", "anju/v1/yard/gw-north/frames/bulk"}
    assert all(row.sample and row.first <= row.last for row in found.values())


class Away:
    """The historian behind a switch: while `away` it takes nothing; while `stuck` is clear, a write hangs."""

    def __init__(self, inner: DuckDBHistorian) -> None:
        self._inner = inner
        self.away = True
        self.stuck = threading.Event()
        self.stuck.set()
        self.asked = 0

    def positions(self) -> dict[str, Position]:
        self._ask()
        return self._inner.positions()

    def write(
        self,
        batches: Sequence[ReadingBatch],
        events: Sequence[tuple[str, FrameEvent]],
        positions: Mapping[str, Position],
    ) -> Sequence[Unwritten]:
        self._ask()
        self.stuck.wait(10)
        self._inner.write(batches, events, positions)
        return [Unwritten("e-9.x", "field type conflict", 1, 2, 3, "a line")]

    def _ask(self) -> None:
        self.asked += 1
        if self.away:
            raise HistorianUnavailable("made unavailable by the test")

    def __getattr__(self, name: str) -> object:
        return getattr(self._inner, name)


async def test_while_the_historian_is_away_nothing_is_committed_and_then_all_arrives(
    mosquitto: servers.Broker, historian: DuckDBHistorian, database: Database
) -> None:
    away = Away(historian)
    async with (
        ingesting(mosquitto.url, away, database),  # type: ignore[arg-type]
        sending(mosquitto.url, "yard", "gw-east") as east,
    ):
        await until(lambda: away.asked >= 2, "the positions to be asked for again")
        assert not east.heard
        away.away = False
        east.send(numbered(1))
        await until(lambda: east.done, "the first frame")
        away.away = True
        for seq in range(2, 40):
            east.send(numbered(seq))
        before = away.asked
        await until(lambda: away.asked > before + 3, "writing to be tried again")
        assert east.committed["bulk"] == 1
        away.away = False
        await until(lambda: east.done, "everything to be committed")
    assert historian.count("yard", None, NEVER, EVER) == 39 * 50
    assert quarantine(database)["e-9.x", "the historian refused it: field type conflict"].count >= 6


async def test_a_damaged_history_is_waited_out_and_what_was_not_written_arrives(
    mosquitto: servers.Broker, database: Database, tmp_path: Path
) -> None:
    path, stopped = tmp_path / "history.duckdb", tmp_path / "stopped"
    with closing(DuckDBHistorian(path, "yard").open()) as historian:
        historian.write([frame_rows(1)], [], {"gw-east": Position(1, 0, 1)})
        await asyncio.to_thread(as_a_power_cut_leaves_it, path, stopped)
    log = stopped / "history.duckdb.wal"
    whole = log.read_bytes()
    log.write_bytes(whole[:200] + bytes([whole[200] ^ 0xFF]) + whole[201:])
    site = make_site()
    with closing(open_historian(f"duckdb:{stopped / 'history.duckdb'}", tmp_path, site, patient=True)) as historian:
        async with sending(mosquitto.url, "yard", "gw-east") as east, ingesting(mosquitto.url, historian, database):
            for seq in (1, 2, 3):
                east.send(numbered(seq))
            await until(lambda: REGISTRY.get_sample_value("anju_ingest_historian_away"), "ingest to say so")
            assert not east.heard
            log.write_bytes(whole)
            await until(lambda: east.done, "what was not written")
        assert historian.count("yard", None, NEVER, EVER) == 150


async def test_a_write_that_is_refused_as_a_whole_ends_nothing_and_loses_only_what_is_at_fault(
    mosquitto: servers.Broker, historian: DuckDBHistorian, database: Database
) -> None:
    picky = Picky(historian, SMOKE)
    async with (
        ingesting(mosquitto.url, picky, database),  # type: ignore[arg-type]
        sending(mosquitto.url, "yard", "gw-east") as east,
    ):
        rows = [(TEMPERATURE, NOW - n, 1.0) for n in range(100)]
        east.send(frame([*rows, (SMOKE, NOW - 5000, 1.0), (SMOKE, NOW, 0.0)], seq=1, events=[event(CREDENTIAL, NOW)]))
        await until(lambda: east.done, "the commit")
        east.send(numbered(2))
        await until(lambda: east.done, "the next commit")
    assert historian.count("yard", None, NEVER, EVER) == 150
    assert len(historian.events("yard", None, NEVER, EVER, 9)) == 1
    entry = quarantine(database)[SMOKE, "the historian refused it: no"]
    assert entry.count == 2
    assert "Z to 2026-" in entry.sample, "of which time it was"


async def test_it_stops_at_once_while_the_historian_is_away(
    mosquitto: servers.Broker, historian: DuckDBHistorian, database: Database
) -> None:
    away = Away(historian)
    async with ingesting(mosquitto.url, away, database):  # type: ignore[arg-type]
        await until(lambda: away.asked >= 1, "the first try")


async def test_a_slow_write_does_not_hold_up_the_loop(
    mosquitto: servers.Broker, historian: DuckDBHistorian, database: Database
) -> None:
    slow = Away(historian)
    slow.away = False
    slow.stuck.clear()
    async with (
        ingesting(mosquitto.url, slow, database),  # type: ignore[arg-type]
        sending(mosquitto.url, "yard", "gw-east") as east,
    ):
        east.send(numbered(1))
        await until(lambda: slow.asked >= 2, "the write")
        longest = 0.0
        for _ in range(30):
            begun = time.monotonic()
            await asyncio.sleep(0.005)
            longest = max(longest, time.monotonic() - begun)
        assert longest < 5, "the write holds for ten, and nobody else"
        assert not east.done
        slow.stuck.set()
        await until(lambda: east.done, "the commit")


async def test_readings_are_stored_while_the_database_takes_no_quarantine(
    mosquitto: servers.Broker, historian: DuckDBHistorian, database: Database
) -> None:
    def rename(old: str, new: str) -> None:
        with database.begin() as connection:
            connection.execute(text(f"ALTER TABLE {old} RENAME TO {new}"))

    rename("quarantine", "elsewhere")
    async with ingesting(mosquitto.url, historian, database), sending(mosquitto.url, "yard", "gw-east") as east:
        east.send(frame([(TEMPERATURE, NOW, 1.0), (SMOKE, NOW, float("nan"))], seq=1))
        await until(lambda: east.done, "the commit")
        rename("elsewhere", "quarantine")
        await until(lambda: quarantine(database), "the refusal to be recorded")
    assert quarantine(database)[SMOKE, Fault.NOT_FINITE.value].count == 1


async def test_a_full_disk_stops_commits_until_there_is_room(
    mosquitto: servers.Broker, tmp_path: Path, database: Database
) -> None:
    from tests.integration.test_duckdb_historian import full_disk  # noqa: PLC0415

    with closing(DuckDBHistorian(tmp_path / "full.duckdb", "yard").open()) as historian:
        async with ingesting(mosquitto.url, historian, database), sending(mosquitto.url, "yard", "gw-east") as east:
            east.send(numbered(1))
            await until(lambda: east.done, "the first frame")
            with full_disk(1_000_000):
                for seq in range(2, 12):
                    east.send(numbered(seq, n=20_000))
                await until(lambda: REGISTRY.get_sample_value("anju_ingest_historian_away") == 1, "the disk to be full")
                assert not east.done
            await until(lambda: east.done, "everything to be committed")
        assert historian.count("yard", None, NEVER, EVER) == 50 + 10 * 20_000


SERVICE = """
import asyncio, signal, sys
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from backbone.database.database import Database
from backbone.historian.open import open_historian
from backbone.steady import wall_ms
from ingest.service import run
from ingest.settings import IngestSettings
from tests.history import make_site
url, history, folder = sys.argv[1:]
async def main():
    site = make_site()
    with closing(Database.open(f"sqlite:///{folder}/anju.db")) as database:
        with closing(open_historian(history, Path(folder), site)) as historian:
            await run(IngestSettings(mqtt_url=url), site, historian, database, asyncio.Event())
asyncio.run(main())
"""


@pytest.mark.parametrize("kind", ["duckdb", "influxdb"])
async def test_killed_again_and_again_it_loses_and_doubles_nothing(
    request: pytest.FixtureRequest, mosquitto: servers.Broker, tmp_path: Path, kind: str
) -> None:
    history = f"duckdb:{tmp_path / 'history.duckdb'}"
    if kind == "influxdb":
        history = f"influxdb+http://127.0.0.1:{request.getfixturevalue('influx').port}/killed"
    command = [sys.executable, "-c", SERVICE, mosquitto.url, history, str(tmp_path)]
    process = Process("ingest", command, tmp_path, env={**os.environ, "PYTHONPATH": str(ROOT)})

    async def feed(east: Sender) -> None:
        while True:
            for _ in range(20):
                east.send(numbered(east.next()))
            await asyncio.sleep(0.02)

    async with sending(mosquitto.url, "yard", "gw-east") as east:
        feeding = asyncio.create_task(feed(east))
        try:
            for _ in range(4):
                process.start()
                before = east.committed["bulk"]
                await until(lambda before=before: east.committed["bulk"] > before + 100, process.output())  # type: ignore[misc]
                process.kill()
        finally:
            feeding.cancel()
        process.start()
        try:
            await until(lambda: east.done, "everything to be committed")
        finally:
            process.kill()
        sent = len(east.payloads[Lane.BULK])
    with closing(open_historian(history, tmp_path, SITE)) as historian:
        assert historian.positions() == {"gw-east": Position(1, 0, sent)}
        assert historian.count("yard", None, NEVER, EVER) == sent * 50
