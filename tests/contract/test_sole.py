"""One worker at a time, over every database: who comes second stands by, and takes over when the first is gone."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError
from structlog.testing import capture_logs

from backbone.database.database import Database
from backbone.database.sole import SoleLost, alone
from tests.servers import mortal_postgres
from tests.waiting import until


class Worker:
    """Does its work until told to end."""

    def __init__(self, url: str, folder: Path, name: str = "ingest") -> None:
        self._url, self._folder, self._name = url, folder, name
        self.stop = asyncio.Event()
        self.works = False

    async def run(self) -> None:
        with closing(Database.open(self._url)) as database:
            await alone(database, self._folder, self._name, self.stop, self._work)

    async def _work(self) -> None:
        self.works = True
        try:
            await self.stop.wait()
        finally:
            self.works = False


StandsBy = Callable[[], bool]


@pytest.fixture
def stands_by() -> Iterator[StandsBy]:
    """Whether somebody has said that they stand by."""
    with capture_logs() as said:
        yield lambda: any("standing by" in entry["event"] for entry in said)


async def test_the_second_stands_by_and_takes_over(state_url: str, tmp_path: Path, stands_by: StandsBy) -> None:
    first, second = Worker(state_url, tmp_path), Worker(state_url, tmp_path)
    other = Worker(state_url, tmp_path, "rules")
    async with asyncio.TaskGroup() as group:
        group.create_task(first.run())
        await until(lambda: first.works, "the first to work")
        group.create_task(second.run())
        group.create_task(other.run())
        await until(lambda: other.works, "another's work, which is not in the way")
        await until(stands_by, "the second to stand by")
        assert not second.works
        first.stop.set()
        await until(lambda: second.works, "the second to take over")
        assert not first.works
        second.stop.set()
        other.stop.set()


async def test_who_stands_by_ends_when_told(state_url: str, tmp_path: Path, stands_by: StandsBy) -> None:
    first, second = Worker(state_url, tmp_path), Worker(state_url, tmp_path)
    async with asyncio.TaskGroup() as group:
        group.create_task(first.run())
        await until(lambda: first.works, "the first to work")
        waiting = group.create_task(second.run())
        await until(stands_by, "the second to stand by")
        second.stop.set()
        async with asyncio.timeout(10):
            await waiting
        assert first.works
        first.stop.set()


async def test_who_fails_leaves_the_turn_to_others(state_url: str, tmp_path: Path) -> None:
    async def fail() -> None:
        raise RuntimeError("made to fail")

    with closing(Database.open(state_url)) as database:
        with pytest.raises(RuntimeError, match="made to fail"):
            await alone(database, tmp_path, "ingest", asyncio.Event(), fail)
        next_one = Worker(state_url, tmp_path)
        async with asyncio.TaskGroup() as group:
            group.create_task(next_one.run())
            await until(lambda: next_one.works, "the next to work")
            next_one.stop.set()


_ENDED = text(
    "SELECT pg_terminate_backend(l.pid), l.classid, l.objid::bigint FROM pg_locks l JOIN pg_database d "
    "ON d.oid = l.database WHERE l.locktype = 'advisory' AND d.datname = current_database() "
    "AND l.pid <> pg_backend_pid()"
)


async def test_who_lost_the_turn_to_another_ends(postgres_url: str, tmp_path: Path) -> None:
    """As when the network was cut: the session is over, and another works by now."""
    first = Worker(postgres_url, tmp_path)
    task = asyncio.create_task(first.run())
    await until(lambda: first.works, "the first to work")
    with closing(Database.open(postgres_url)) as admin, admin.connect() as other:
        ((_, kind, number),) = other.execute(_ENDED).all()
        number -= 2**32 if number >= 2**31 else 0
        taken = text("SELECT pg_try_advisory_lock(:kind, :number)")
        await until(lambda: other.execute(taken, {"kind": kind, "number": number}).scalar(), "the other to have it")
        with pytest.raises(SoleLost):
            async with asyncio.timeout(20):
                await task
    assert not first.works


_HELD = text("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'")


async def test_a_server_that_comes_back_gives_the_turn_back(tmp_path: Path) -> None:
    """A restart of the database must not cost a restart of every worker: alarms would wait for that."""
    with mortal_postgres(tmp_path / "postgres") as server, closing(Database.open(server.url)) as admin:

        def held() -> bool:
            with suppress(SQLAlchemyError), admin.connect() as other:
                return bool(other.execute(_HELD).scalar())
            return False

        first = Worker(server.url, tmp_path)
        task = asyncio.create_task(first.run())
        await until(lambda: first.works, "the first to work")
        assert held()
        await asyncio.to_thread(server.kill)
        await asyncio.to_thread(server.start)
        await until(held, "the turn to be taken again")
        assert first.works
        assert not task.done()
        first.stop.set()
        await task
