"""The API over a real socket: its life, what it stores, and what it tells the broker."""

import asyncio
import json
import socket
from collections.abc import Iterator
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import pytest

from anju.history_remote import export
from anju.running import Running, RunningError
from api.service import PortTaken, run
from backbone.database import audit
from backbone.historian.duckdb import DuckDBHistorian
from backbone.historian.port import HistorianUnavailable, ReadingBatch
from backbone.steady import wall_ms
from tests import servers
from tests.history import NOON, batch
from tests.integration.api_server import PASSWORD, ApiServer, api_server
from tests.program import Outside

SMOKE = "smoke-b3-f1-a.smoke"
STOP_WITHIN_S = 3.0


async def test_it_starts_answers_and_stops_in_time(tmp_path: Path, embedded_broker: servers.Broker) -> None:
    async with api_server(tmp_path, embedded_broker.url) as server:
        async with httpx.AsyncClient(base_url=server.url) as web:
            assert (await web.get("/healthz")).status_code == 200
            assert "anju_api_requests_total" in (await web.get("/metrics")).text
            assert (await web.get("/openapi.json")).json()["openapi"].startswith("3.")
            assert (await web.get("/")).headers["content-type"].startswith("text/html")
            assert (await web.get("/api/v1/alarms")).status_code == 401
        async with server.client() as admin, server.page(admin) as one, server.page(admin) as two:
            assert await server.end() < STOP_WITHIN_S
            assert await one.closed() == "the server stops"
            await two.closed()
        await server.start()
        async with server.client() as admin:
            assert (await admin.get("/users")).status_code == 200


async def test_a_taken_port_is_said_clearly(tmp_path: Path, embedded_broker: servers.Broker) -> None:
    async with api_server(tmp_path, embedded_broker.url) as server:
        with socket.create_server(("127.0.0.1", 0)) as other:
            settings = server.settings.model_copy(update={"http_port": other.getsockname()[1]})
            with pytest.raises(PortTaken, match="set ANJU_HTTP_PORT"):
                await run(settings, server.site, server.historian, server.database, asyncio.Event())


async def test_a_download_that_breaks_off_leaves_the_file_as_it_was(
    tmp_path: Path, embedded_broker: servers.Broker, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Half a file must not look like a whole one."""
    file, reads = tmp_path / "readings.csv", 0

    def broken(*_: object) -> Iterator[ReadingBatch]:
        nonlocal reads
        for reads in range(1, 4):
            yield batch([(SMOKE, NOON + reads * 100_000 + n, 1.0) for n in range(10_000)], "jinxiu")
        raise HistorianUnavailable("the disk went away")

    async with api_server(tmp_path, embedded_broker.url) as server:
        server.historian.write([batch([(SMOKE, NOON, 1.0)], "jinxiu")], [], {})
        running = await asyncio.to_thread(Running, server.url, "admin", PASSWORD)
        await asyncio.to_thread(export, running, file, [], lambda _: None)
        whole = file.read_text()
        assert whole.count("\n") == 2
        monkeypatch.setattr(server.historian, "scan", broken)
        with pytest.raises(RunningError, match=r"broke off after [1-9]\d* bytes"):
            await asyncio.to_thread(export, running, file, [], lambda _: None)
    assert reads == 3
    assert file.read_text() == whole
    assert not await asyncio.to_thread(lambda: list(tmp_path.glob(".*writing")))


async def test_with_a_damaged_history_the_page_is_there_and_says_so(
    tmp_path: Path, embedded_broker: servers.Broker
) -> None:
    """People see their community and why charts are missing; once the file is mended, nobody has to start anything."""
    now, path = wall_ms(), tmp_path / "history.duckdb"
    with closing(DuckDBHistorian(path, "jinxiu").open()) as historian:
        historian.write([batch([(SMOKE, now - 60_000, 1.0)], "jinxiu")], [], {})
    whole = path.read_bytes()
    path.write_bytes(b"\xff" * 4096 + whole[4096:])

    async with api_server(tmp_path, embedded_broker.url, ready="/healthz") as server, server.client() as admin:

        async def noted() -> list[dict[str, Any]]:
            rows: list[dict[str, Any]] = (await admin.get("/services")).json()["items"]
            return [row for row in rows if row["name"] == "historian"]

        async def value() -> object:
            return (await admin.get(f"/points/{SMOKE}")).json()["value"]

        [row] = await noted()
        assert row["state"] == "damaged"
        assert "anju history repair" in row["reason"]
        chart = await admin.get("/readings", params={"point": SMOKE})
        assert (chart.status_code, chart.json()["detail"]) == (503, "the history is damaged")
        assert await value() is None
        async with server.page(admin) as page:
            path.write_bytes(whole)
            assert (await page.message("services"))["object"]["items"] == []
        assert await noted() == []
        assert await value() == 1.0
        assert len((await admin.get("/readings", params={"point": SMOKE})).json()["buckets"]) == 1


async def test_what_people_do_is_stored_and_published(tmp_path: Path, broker: servers.Broker) -> None:
    async with api_server(tmp_path, broker.url) as server:
        with Outside(broker.port) as outside:
            await asyncio.to_thread(outside.listen, "anju/v1/jinxiu/events/#")
            alarm = server.raise_alarm(SMOKE, wall_ms())
            async with server.client("manager") as manager, server.client("safety-officer") as officer:
                answer = await manager.post(f"/alarms/{alarm.id}/acknowledge", json={"note": "on my way"})
                assert answer.json()["state"] == "acknowledged"
                fire = {"zone": "b3-f1", "level": "high", "reason": "smoke seen"}
                activation = (await officer.post("/plans/fire/activations", json=fire)).json()
                ticket = (await manager.post("/tickets", json={"zone": "b1", "title": "灯坏了"})).json()
            for kind, identifier, change in (
                ("alarm", alarm.id, "acknowledged"),
                ("plan", activation["id"], "activated"),
                ("ticket", ticket["id"], "reported"),
            ):
                heard = await asyncio.to_thread(outside.wait_for, f"events/{kind}", partial(_is, identifier))
                assert heard[1]["change"] == change
        with server.database.read() as connection:
            assert audit.verify(connection) is None


def _is(identifier: str, event: dict[str, Any]) -> bool:
    return bool(event["id"] == identifier)


async def test_two_people_at_once(tmp_path: Path, embedded_broker: servers.Broker) -> None:
    """One of many acknowledgements wins; one of many tickets with one key is made."""
    async with api_server(tmp_path, embedded_broker.url) as server:
        await _at_once(server)


async def test_two_people_at_once_on_postgresql(
    tmp_path: Path, embedded_broker: servers.Broker, postgres_url: str
) -> None:
    async with api_server(tmp_path, embedded_broker.url, postgres_url) as server:
        await _at_once(server)
        async with server.client() as admin:
            for path in ("/alarms/a%00b", "/users/a%00b"):
                assert (await admin.get(path)).status_code in {404, 405, 422}
            assert (await admin.patch("/users/a%00b", json={"disabled": True})).status_code == 422


async def _at_once(server: ApiServer) -> None:
    alarm = server.raise_alarm(SMOKE, wall_ms())
    async with server.client("manager") as manager, server.client("safety-officer") as officer:
        people = [manager, officer] * 5
        answers = await asyncio.gather(*(p.post(f"/alarms/{alarm.id}/acknowledge", json={}) for p in people))
        assert sorted(a.status_code for a in answers) == [200] + [409] * 9
        key = {"Idempotency-Key": "one-and-the-same"}
        body = {"zone": "b1", "title": "x"}
        made = await asyncio.gather(*(manager.post("/tickets", json=body, headers=key) for _ in range(10)))
        assert {a.status_code for a in made} == {201}, [a.text for a in made]
        assert len({a.json()["id"] for a in made}) == 1
        assert len((await manager.get("/tickets")).json()["items"]) == 1
        activated = await asyncio.gather(
            *(
                officer.post("/plans/fire/activations", json={"zone": "b1", "level": "high", "reason": "x"})
                for _ in range(6)
            )
        )
        assert {a.status_code for a in activated} == {201}, [a.text for a in activated]
        assert len({a.json()["id"] for a in activated}) == 1
        (one,) = (await officer.get("/activations")).json()["items"]
        assert [row["what"] for row in one["timeline"]].count("called-again") == 5, "nobody's reason is lost"
    with server.database.read() as connection:
        assert audit.verify(connection) is None


async def test_garbage_on_the_wire_is_survived(tmp_path: Path, embedded_broker: servers.Broker) -> None:
    async with api_server(tmp_path, embedded_broker.url) as server:
        with Outside(embedded_broker.port) as outside:
            for topic in (
                "events/alarm",
                "events/ticket",
                "gw-east/status",
                "gw-east/frames/urgent",
                "gw-east/frames/x",
            ):
                for payload in (b"", b"{", b"\xff\xfe", b"[]", b'{"event":1}', json.dumps({"online": 3})):
                    outside.publish(f"anju/v1/jinxiu/{topic}", payload)
        for bytes_ in (b"\x00" * 100, b"GET / HTTP/9.9\r\n\r\n", b"GET /" + b"x" * 100_000):
            reader, writer = await asyncio.open_connection("127.0.0.1", server.settings.http_port)
            writer.write(bytes_)
            await writer.drain()
            writer.close()
            del reader
        async with server.client() as admin:
            assert (await admin.get("/gateways")).status_code == 200
