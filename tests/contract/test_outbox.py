"""What is committed is published: in order, at least once, whatever dies in between. Over both databases."""

import asyncio
import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from typing import Any

import msgspec
from prometheus_client import REGISTRY
from sqlalchemy import Connection, func, insert, select

from backbone import topics
from backbone.bus import Bus
from backbone.database import outbox
from backbone.database.database import Database
from backbone.database.outbox import FORGET_AT_ONCE, KEEP_MS, MOST_AT_ONCE, Relay
from backbone.database.tables import outbox as table
from rules.writer import Writer
from tests.servers import ROOT, Broker, listening
from tests.waiting import until

SITE = "jinxiu"
WRITE_AND_DIE = """
import asyncio, itertools, sys
from backbone.bus import Bus
from backbone.database import outbox
from backbone.database.database import Database
from backbone.database.outbox import Relay

async def main(database_url, broker_url, start):
    database = Database.open(database_url)
    def write(number):
        with database.begin() as connection:
            name = f"a-{number}"
            outbox.append(connection, "rules", "jinxiu", "alarm", "raised", name, {"id": name}, number)
    async with Bus(broker_url, "writer") as bus:
        relay = Relay(database, bus, "rules")
        running = asyncio.create_task(relay.run(asyncio.Event()))
        for number in itertools.count(int(start)):
            await asyncio.to_thread(write, number)
            print(number, file=sys.stderr, flush=True)
            relay.wake()

asyncio.run(main(*sys.argv[1:]))
"""


class Heard:
    """An outside client's events, in the order in which they came."""

    def __init__(self) -> None:
        self.events: list[dict[str, Any]] = []

    def take(self, _topic: str, payload: bytes) -> None:
        """A handler of the bus."""
        self.events.append(msgspec.json.decode(payload))

    @property
    def ids(self) -> list[str]:
        """The objects' ids."""
        return [event["id"] for event in self.events]


@contextlib.asynccontextmanager
async def listener(broker: Broker) -> AsyncIterator[Heard]:
    heard = Heard()
    async with Bus(broker.url, "listener") as bus:
        bus.subscribe(topics.event(SITE, "+"), heard.take)
        await until(lambda: bus.connected)
        yield heard


@contextlib.asynccontextmanager
async def relaying(database: Database, broker: Broker, writer: str = "rules") -> AsyncIterator[tuple[Relay, Bus]]:
    async with Bus(broker.url, f"relay-{writer}") as bus:
        relay, stop = Relay(database, bus, writer), asyncio.Event()
        running = asyncio.create_task(relay.run(stop), name="relay")
        await until(lambda: bus.connected)
        yield relay, bus
        stop.set()
        await running


def write(database: Database, *ids: str, writer: str = "rules", at: int = 7) -> None:
    with database.begin() as connection:
        for one in ids:
            outbox.append(connection, writer, SITE, "alarm", "raised", one, {"id": one, "grade": "high"}, at)


def unsent(database: Database) -> int:
    with database.read() as connection:
        return int(connection.execute(select(func.count()).where(table.c.sent.is_(False))).scalar_one())


async def test_events_are_told_whole_in_order_and_once(database: Database, mosquitto: Broker) -> None:
    expected = [f"a-{number}" for number in range(500)]
    async with listener(mosquitto) as heard, relaying(database, mosquitto) as (relay, _):
        for start in range(0, 500, 50):
            await asyncio.to_thread(write, database, *expected[start : start + 50])
            relay.wake()
        await until(lambda: len(heard.ids) >= 500 and not unsent(database))
        assert heard.ids == expected
        first = heard.events[0]
        assert {key: first[key] for key in ("id", "change", "grade", "at")} == {
            "id": "a-0",
            "change": "raised",
            "grade": "high",
            "at": 7,
        }
        numbers = [event["event"] for event in heard.events]
        assert numbers == sorted(set(numbers))


async def test_each_writers_events_are_its_own_relays(database: Database, mosquitto: Broker) -> None:
    write(database, "by-api", writer="api")
    write(database, "by-rules", writer="rules")
    async with listener(mosquitto) as heard:
        async with relaying(database, mosquitto, "rules"):
            await until(lambda: heard.ids)
        assert heard.ids == ["by-rules"]
        async with relaying(database, mosquitto, "api"):
            await until(lambda: len(heard.ids) == 2)
        assert heard.ids == ["by-rules", "by-api"]


async def test_what_happens_while_the_broker_is_away_is_told_when_it_is_back(
    database: Database, mosquitto: Broker
) -> None:
    async with relaying(database, mosquitto) as (relay, bus):
        mosquitto.process.kill()
        await until(lambda: not bus.connected)
        await asyncio.to_thread(write, database, "one", "two")
        relay.wake()
        mosquitto.process.start(lambda: listening(mosquitto.port))
        async with listener(mosquitto) as heard:
            # Both connect at their own pace, and the broker keeps nothing: what came too early is not meant.
            await until(lambda: bus.connected)
            await asyncio.to_thread(write, database, "three")
            relay.wake()
            await until(lambda: "three" in heard.ids)
        await until(lambda: not unsent(database))
        with database.read() as connection:
            assert [e.object_id for e in outbox.events_since(connection, SITE, 0, 10)] == ["one", "two", "three"]


async def test_what_the_broker_did_not_acknowledge_is_told_again(database: Database, mosquitto: Broker) -> None:
    async with relaying(database, mosquitto) as (relay, bus):
        os.kill(mosquitto.process.pid, signal.SIGSTOP)
        await asyncio.to_thread(write, database, "into the void")
        relay.wake()
        await until(lambda: bus.unacknowledged)
        assert unsent(database) == 1
        mosquitto.process.kill()
        await until(lambda: not bus.connected)
        assert unsent(database) == 1
        mosquitto.process.start(lambda: listening(mosquitto.port))
        await until(lambda: not unsent(database))


async def test_a_busy_bus_does_not_keep_events_unsent(database: Database, mosquitto: Broker) -> None:
    """Somebody else's messages are always in flight on the same connection."""
    async with relaying(database, mosquitto) as (relay, bus):

        async def chatter() -> None:
            while True:
                for _ in range(20):
                    bus.publish("chatter", b"x" * 200)
                await asyncio.sleep(0)

        chatting = asyncio.create_task(chatter())
        await until(lambda: bus.unacknowledged)
        await asyncio.to_thread(write, database, "one")
        relay.wake()
        await until(lambda: not unsent(database))
        chatting.cancel()


@contextlib.asynccontextmanager
async def handing_over(database: Database, relay: Relay) -> AsyncIterator[Writer]:
    """The rules' writer, whose events go to the relay as they are committed."""
    async with Writer(database, asyncio.Event()) as writer:
        writer.on_committed = relay.hand_over
        yield writer


def adding(*ids: str) -> Callable[[Connection], None]:
    def work(connection: Connection) -> None:
        for one in ids:
            outbox.append(connection, "rules", SITE, "alarm", "raised", one, {"id": one}, 7)

    return work


async def test_what_a_writer_hands_over_is_told_in_order_and_once(database: Database, mosquitto: Broker) -> None:
    """Older events first, more at once than are read at once, and others' wake-ups in between."""
    write(database, *(before := [f"before-{number}" for number in range(MOST_AT_ONCE + 50)]))
    written = [[f"a-{turn}-{number}" for number in range(3)] for turn in range(100)]
    written.insert(50, [f"many-{number}" for number in range(2 * MOST_AT_ONCE + 7)])
    expected = before + [one for ids in written for one in ids]
    async with (
        listener(mosquitto) as heard,
        relaying(database, mosquitto) as (relay, _),
        handing_over(database, relay) as writer,
    ):
        for ids in written:
            await writer.do(adding(*ids))
            relay.wake()
        await until(lambda: len(heard.ids) >= len(expected) and not unsent(database))
    assert heard.ids == expected


async def test_what_is_handed_over_while_the_broker_is_away_keeps_its_order(
    database: Database, mosquitto: Broker
) -> None:
    async with relaying(database, mosquitto) as (relay, bus), handing_over(database, relay) as writer:
        await writer.do(adding("one"))
        await until(lambda: not unsent(database))
        mosquitto.process.kill()
        await until(lambda: not bus.connected)
        await writer.do(adding("two"))
        await writer.do(adding("three"))
        published: list[str] = []
        publish = bus.publish

        def noted(topic: str, payload: bytes, **options: Any) -> bool:
            taken = publish(topic, payload, **options)
            if taken:
                published.append(msgspec.json.decode(payload)["id"])
            return taken

        bus.publish = noted  # type: ignore[method-assign]
        mosquitto.process.start(lambda: listening(mosquitto.port))
        await until(lambda: bus.connected)
        await writer.do(adding("four"))
        await until(lambda: not unsent(database))
        assert list(dict.fromkeys(published)) == ["two", "three", "four"]


def lives_and_dies(database_url: str, broker_url: str, start: int, commits: int) -> list[int]:
    """The numbers a writer committed before kill -9, told or not."""
    process = subprocess.Popen(
        [sys.executable, "-c", WRITE_AND_DIE, database_url, broker_url, str(start)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        text=True,
    )
    with process:
        assert process.stderr is not None
        committed = [int(process.stderr.readline()) for _ in range(commits)]
        process.kill()
        return committed + [int(line) for line in process.stderr.read().split("\n")[:-1]]


async def test_killed_between_commit_and_publish_no_event_is_lost(
    state_url: str, database: Database, mosquitto: Broker
) -> None:
    committed: list[int] = []
    async with listener(mosquitto) as heard:
        for life in range(3):
            committed += await asyncio.to_thread(
                lives_and_dies, state_url, mosquitto.url, life * 100_000, 20 + 37 * life
            )
        told_by_the_dead = set(heard.ids)
        async with relaying(database, mosquitto):
            await until(lambda: {f"a-{number}" for number in committed} <= set(heard.ids) and not unsent(database))
    assert told_by_the_dead
    first_told = list(dict.fromkeys(event["event"] for event in heard.events))
    assert first_told == sorted(first_told)


async def test_sent_events_are_forgotten_after_a_week_and_unsent_ones_never(
    database: Database, mosquitto: Broker
) -> None:
    now = 100 * KEEP_MS
    row = {"writer": "rules", "site": SITE, "kind": "alarm", "change": "raised", "document": "{}", "sent": True}
    old = [{**row, "object_id": f"old-{number}", "at": now - KEEP_MS - 1} for number in range(FORGET_AT_ONCE + 100)]
    with database.begin() as connection:
        connection.execute(insert(table), old)
    write(database, "old-unsent", writer="nobody", at=now - KEEP_MS - 1)
    write(database, "young", at=now - KEEP_MS + 1)
    async with Bus(mosquitto.url, "relay") as bus:
        stop = asyncio.Event()
        running = asyncio.create_task(Relay(database, bus, "rules", now=lambda: now).run(stop), name="relay")

        def kept() -> list[str]:
            with database.read() as connection:
                return [event.object_id for event in outbox.events_since(connection, SITE, 0, 10_000)]

        await until(lambda: kept() == ["old-unsent", "young"])
        stop.set()
        await running


async def test_an_outbox_that_cannot_be_read_is_tried_again(database: Database, mosquitto: Broker) -> None:
    def failures() -> float:
        return REGISTRY.get_sample_value("anju_loop_errors_total", {"loop": "outbox rules"}) or 0

    before = failures()
    async with listener(mosquitto) as heard, relaying(database, mosquitto) as (relay, _):
        with database.begin() as connection:
            connection.exec_driver_sql("ALTER TABLE outbox RENAME TO elsewhere")
        relay.wake()
        await until(lambda: failures() > before)
        with database.begin() as connection:
            connection.exec_driver_sql("ALTER TABLE elsewhere RENAME TO outbox")
        await asyncio.to_thread(write, database, "one")
        await until(lambda: heard.ids == ["one"])
