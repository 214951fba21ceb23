"""The live channel over real WebSockets: told at once, told once, told again after an absence."""

import asyncio
import json
import time
from pathlib import Path

import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus

from backbone.frames import FrameBuilder, encode_compact
from backbone.steady import wall_ms
from tests import servers
from tests.integration.api_server import api_server
from tests.program import Outside

SMOKE = "smoke-b3-f1-a.smoke"
GATEWAY = "gw-east"


def frame(server_site_point: str, value: float, seq: int) -> bytes:
    builder = FrameBuilder()
    builder.add(server_site_point, wall_ms(), value, 0)
    return encode_compact(builder.seal(epoch=1, seq=seq, sent=wall_ms()))


async def test_an_open_page_is_told_everything(tmp_path: Path, broker: servers.Broker) -> None:
    async with api_server(tmp_path, broker.url) as server, server.client() as admin, server.page(admin) as page:
        gateway = server.site.points[SMOKE].gateway
        with Outside(broker.port) as outside:
            alarm = server.raise_alarm(SMOKE, wall_ms())
            payload = server.payload(alarm)
            sent = time.monotonic()
            outside.publish("anju/v1/jinxiu/events/alarm", payload)
            told = await page.message("alarm")
            assert time.monotonic() - sent < 1
            assert told["object"] == (await admin.get(f"/alarms/{alarm.id}")).json()
            assert (told["change"], told["event"] > page.hello["event"]) == ("raised", True)

            outside.publish(f"anju/v1/jinxiu/{gateway}/frames/urgent", frame(SMOKE, 1.0, 1))
            (value,) = (await page.message("readings"))["values"]
            assert (value[0], value[2], value[3]) == (SMOKE, 1.0, 0)
            shown = (await admin.get(f"/points/{SMOKE}")).json()
            assert (shown["value"], shown["fresh"]) == (1.0, True)

            outside.publish(f"anju/v1/jinxiu/{gateway}/status", {"online": True, "epoch": 1}, retain=True)
            told = await page.message("gateway")
            rows = (await admin.get("/gateways")).json()["items"]
            assert told["object"] == next(row for row in rows if row["id"] == gateway)

        (tmp_path / "services.json").write_text('{"services":[{"name":"rules","state":"running","restarts":0}]}')
        told = await page.message("services")
        assert told["object"]["items"] == (await admin.get("/services")).json()["items"]
        assert (await page.message("ping"))["now"] <= wall_ms()


async def test_readings_are_gathered_to_four_a_second(tmp_path: Path, embedded_broker: servers.Broker) -> None:
    async with (
        api_server(tmp_path, embedded_broker.url) as server,
        server.client() as admin,
        server.page(admin) as page,
    ):
        gateway = server.site.points[SMOKE].gateway

        def publish() -> None:
            with Outside(embedded_broker.port) as outside:
                for n in range(1, 301):
                    outside.publish(f"anju/v1/jinxiu/{gateway}/frames/bulk", frame(SMOKE, float(n), n))

        began = time.monotonic()
        publishing = asyncio.create_task(asyncio.to_thread(publish))
        messages, last = 0, 0.0
        while last < 300:
            last = (await page.message("readings"))["values"][0][2]
            messages += 1
        await publishing
        assert messages <= 4 * (time.monotonic() - began) + 2


async def test_a_page_that_was_away_gets_what_it_missed(tmp_path: Path, broker: servers.Broker) -> None:
    async with api_server(tmp_path, broker.url) as server, server.client("manager") as manager:
        alarms = [server.raise_alarm(f"smoke-b{n}-f1-a.smoke", wall_ms()) for n in (1, 2, 3, 4)]
        async with server.page(manager) as page:
            await manager.post(f"/alarms/{alarms[0].id}/acknowledge", json={})
            seen = (await page.message("alarm"))["event"]
        for alarm in alarms[1:]:
            await manager.post(f"/alarms/{alarm.id}/acknowledge", json={})
        async with server.page(manager, since=seen) as page:
            missed = [await page.message("alarm") for _ in alarms[1:]]
            assert [m["object"]["id"] for m in missed] == [alarm.id for alarm in alarms[1:]]
            assert [m["event"] for m in missed] == [seen + 1, seen + 2, seen + 3]
        async with server.page(manager, since=10_000_000) as page:
            await page.message("resync")
        async with server.page(manager, since=0) as page:
            assert len([await page.message("alarm") for _ in range(8)]) == 8


async def test_events_come_through_without_a_broker(tmp_path: Path, mosquitto: servers.Broker) -> None:
    async with (
        api_server(tmp_path, mosquitto.url) as server,
        server.client("manager") as manager,
        server.page(manager) as page,
    ):
        mosquitto.process.kill()
        await asyncio.to_thread(servers.wait_until, lambda: not servers.listening(mosquitto.port))
        alarm = server.raise_alarm(SMOKE, wall_ms())
        assert (await page.message("alarm"))["object"]["id"] == alarm.id
        await manager.post(f"/alarms/{alarm.id}/acknowledge", json={})
        assert (await page.message("alarm"))["change"] == "acknowledged"
        mosquitto.process.start(lambda: servers.listening(mosquitto.port))
        with Outside(mosquitto.port) as outside:
            await asyncio.to_thread(outside.listen, "anju/v1/jinxiu/events/#")
            ticket = (await manager.post("/tickets", json={"zone": "b1", "title": "x"})).json()
            await asyncio.to_thread(outside.wait_for, "events/ticket", lambda e: e["id"] == ticket["id"])
        told = await page.message("ticket")
        assert told["object"]["id"] == ticket["id"]


async def test_events_come_through_though_a_broker_that_is_there_passes_nothing_on(
    tmp_path: Path, mosquitto: servers.Broker
) -> None:
    """As a cluster that elects a leader: connected, and silent for seconds."""
    async with api_server(tmp_path, mosquitto.url) as server, server.client() as admin, server.page(admin) as page:
        alarm = server.raise_alarm(SMOKE, wall_ms())
        assert (await page.message("alarm"))["object"] == (await admin.get(f"/alarms/{alarm.id}")).json()


async def test_a_page_closes_when_its_session_ends(tmp_path: Path, embedded_broker: servers.Broker) -> None:
    async with api_server(tmp_path, embedded_broker.url) as server, server.client() as admin:
        async with server.client("crew") as crew, server.page(crew) as page:
            began = time.monotonic()
            await crew.delete("/session")
            assert await page.closed() == "signed out"
            assert time.monotonic() - began < 1
        async with server.client("crew") as crew, server.page(crew) as page:
            await admin.patch("/users/crew", json={"roles": ["supervisor"]})
            assert "changed" in await page.closed()
            async with server.page(crew) as again:
                assert again.hello["type"] == "hello", "with the new role it may come again"
        async with server.client("manager") as manager, server.page(manager) as page:
            with server.database.begin() as connection:
                connection.exec_driver_sql("DELETE FROM sessions WHERE username = 'manager'")
            assert await page.closed() == "signed out", "also when another process ended it"


@pytest.mark.parametrize(
    ("query", "headers", "status"),
    [
        ("", {}, 401),
        ("?token=wrong", {}, 401),
        ("", {"Cookie": "anju_session=wrong"}, 401),
        ("?since=soon", {}, 422),
        ("", {"Origin": "https://evil.test"}, 403),
    ],
)
async def test_strangers_are_refused_with_a_problem(
    tmp_path: Path, embedded_broker: servers.Broker, query: str, headers: dict[str, str], status: int
) -> None:
    async with api_server(tmp_path, embedded_broker.url) as server:
        url = f"ws://127.0.0.1:{server.settings.http_port}/api/v1/live{query}"
        with pytest.raises(InvalidStatus) as refused:
            async with connect(url, additional_headers=headers):
                pass
        answer = refused.value.response
        assert answer.status_code == status
        assert answer.headers["content-type"] == "application/problem+json"
        assert json.loads(answer.body or b"")["status"] == status


async def test_the_token_may_come_as_cookie_or_in_the_address(tmp_path: Path, embedded_broker: servers.Broker) -> None:
    async with api_server(tmp_path, embedded_broker.url) as server, server.client("crew") as crew:
        token = crew.headers["Authorization"].removeprefix("Bearer ")
        url = f"ws://127.0.0.1:{server.settings.http_port}/api/v1/live"
        own = {"Cookie": f"anju_session={token}", "Origin": server.url}
        async with connect(url, additional_headers=own) as socket:
            assert json.loads(await socket.recv())["type"] == "hello"
        async with connect(f"{url}?token={token}") as socket:
            assert json.loads(await socket.recv())["type"] == "hello"


async def test_a_page_that_does_not_read_harms_nobody(tmp_path: Path, embedded_broker: servers.Broker) -> None:
    """It is told to load anew once it reads again; the others hear everything meanwhile."""
    many = 2_000
    async with api_server(tmp_path, embedded_broker.url) as server, server.client() as admin:
        alarm = server.raise_alarm(SMOKE, wall_ms())
        body = json.loads(server.payload(alarm))
        body["acknowledge_note"] = "x" * 10_000
        headers = {"Authorization": admin.headers["Authorization"]}
        url = f"ws://127.0.0.1:{server.settings.http_port}/api/v1/live"
        async with connect(url, additional_headers=headers, max_queue=1, ping_interval=None) as asleep:
            async with server.page(admin) as page:

                def publish() -> None:
                    with Outside(embedded_broker.port) as outside:
                        for n in range(many):
                            outside.publish("anju/v1/jinxiu/events/alarm", {**body, "event": 1_000 + n})

                publishing = asyncio.create_task(asyncio.to_thread(publish))
                heard = [(await page.message("alarm"))["event"] for _ in range(many)]
                await publishing
                assert heard == list(range(1_000, 1_000 + many))
            kinds: list[str] = []
            async with asyncio.timeout(20):
                while "resync" not in kinds:
                    kinds.append(json.loads(await asleep.recv())["type"])
            assert len(kinds) < many
