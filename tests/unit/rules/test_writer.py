"""The writer: in order, tried again while the database is away, and given up only to stop."""

import asyncio
import sqlite3
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

import pytest
from sqlalchemy import Connection
from sqlalchemy.exc import OperationalError

from backbone.database.checkpoints import load_checkpoint, save_checkpoint
from backbone.database.database import Database
from rules.writer import MOST_IN_A_ROW, Stopped, Writer
from tests.unit.databases import new_database
from tests.waiting import until


class Flaky(Database):
    """A database that is away for the first `failures` transactions."""

    def __init__(self, real: Database, failures: int) -> None:
        self._real = real
        self.failures = failures

    @contextmanager
    def begin(self, *, durable: bool = True) -> Iterator[Connection]:
        if self.failures:
            self.failures -= 1
            raise OperationalError("BEGIN", {}, sqlite3.OperationalError("unable to open database file"))
        with self._real.begin(durable=durable) as connection:
            yield connection


@pytest.fixture
def real(tmp_path: Path) -> Iterator[Database]:
    database = new_database(tmp_path / "anju.db")
    yield database
    database.close()


@asynccontextmanager
async def busy(writer: Writer) -> AsyncIterator[None]:
    """A transaction lasts as long as the block, and whatever is to be written has to wait."""
    begun, go_on = threading.Event(), threading.Event()

    def stand(_c: Connection) -> None:
        begun.set()
        assert go_on.wait(10)

    first = asyncio.create_task(writer.do(stand))
    await until(begun.is_set, "the first transaction")
    yield
    go_on.set()
    await first


def noting(order: list[str], what: str) -> Callable[[Connection], None]:
    """A transaction that says when it had its turn."""
    return lambda _c: order.append(what)


async def test_tries_again_and_keeps_the_order(real: Database) -> None:
    flaky = Flaky(real, 2)
    async with Writer(flaky, asyncio.Event()) as writer:
        await writer.do(lambda c: save_checkpoint(c, "n", b"first"))
        assert not writer.away
        flaky.failures = 1
        await writer.do(lambda c: save_checkpoint(c, "n", b"second"))
    with real.read() as c:
        assert load_checkpoint(c, "n") == b"second"


async def test_a_failing_work_leaves_nothing_behind(real: Database) -> None:
    def work(c: Connection) -> None:
        save_checkpoint(c, "n", b"half")
        raise ValueError("a fault of ours")

    async with Writer(real, asyncio.Event()) as writer:
        with pytest.raises(ValueError, match="a fault of ours"):
            await writer.do(work)
    with real.read() as c:
        assert load_checkpoint(c, "n") is None


async def test_stops_while_the_database_is_away(real: Database) -> None:
    stop = asyncio.Event()
    flaky = Flaky(real, 1_000)
    async with Writer(flaky, stop) as writer:
        task = asyncio.create_task(writer.do(lambda c: save_checkpoint(c, "n", b"never")))
        await until(lambda: writer.away, "the first failure")
        stop.set()
        with pytest.raises(Stopped):
            await task


async def test_an_alarm_is_written_before_all_that_waits_beside(real: Database) -> None:
    order: list[str] = []
    async with Writer(real, asyncio.Event()) as writer:
        beside = writer.beside()
        async with busy(beside):
            others = [asyncio.create_task(beside.do(noting(order, f"note {n}"))) for n in range(3)]
            await asyncio.sleep(0)
            alarms = [asyncio.create_task(writer.do(noting(order, f"alarm {n}"))) for n in range(2)]
            await asyncio.sleep(0)
        await asyncio.gather(*others, *alarms)
    assert order == ["alarm 0", "alarm 1", "note 0", "note 1", "note 2"]


async def test_what_is_given_up_beside_is_not_written_and_holds_up_nothing(real: Database) -> None:
    async with Writer(real, asyncio.Event()) as writer:
        async with busy(writer):
            given_up = asyncio.create_task(writer.beside().do(lambda c: save_checkpoint(c, "n", b"never")))
            await asyncio.sleep(0)
            given_up.cancel()
            with pytest.raises(asyncio.CancelledError):
                await given_up
        await writer.do(lambda c: save_checkpoint(c, "m", b"alarm"))
    with real.read() as c:
        assert (load_checkpoint(c, "n"), load_checkpoint(c, "m")) == (None, b"alarm")


async def test_people_are_told_in_a_flood_of_alarms(real: Database) -> None:
    order: list[str] = []
    async with Writer(real, asyncio.Event()) as writer:
        async with busy(writer):
            works = [(writer, "alarm")] * (2 * MOST_IN_A_ROW) + [(writer.beside(), "note")] * 2
            flood = [asyncio.create_task(one.do(noting(order, what))) for one, what in works]
            await asyncio.sleep(0)
        await asyncio.gather(*flood)
    # the first counts too: it was an alarm's
    assert order.index("note") == MOST_IN_A_ROW - 1
    assert order[MOST_IN_A_ROW:].index("note") == MOST_IN_A_ROW
