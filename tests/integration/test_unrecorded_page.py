"""The database takes or gives nothing, and somebody looks at a page: alarms without a record are there all the same."""

import contextlib
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from rules.settings import RulesSettings
from tests.integration.api_server import Page, api_server
from tests.integration.test_unrecorded import FIRST, hanging
from tests.rules_rig import edge, judging
from tests.servers import Broker, Postgres, mortal_postgres, standing_still
from tests.waiting import until


async def listed(page: Page, length: int) -> list[dict[str, object]]:
    """The alarms without a record, once there are so many."""
    while len(rows := (await page.message("unrecorded", 30))["object"]["items"]) != length:
        pass
    return rows  # type: ignore[no-any-return]


async def test_an_alarm_without_a_record_is_on_the_page_until_it_has_one(mosquitto: Broker, tmp_path: Path) -> None:
    settings = RulesSettings(mqtt_url=mosquitto.url, data_dir=tmp_path)
    async with (
        api_server(tmp_path, mosquitto.url) as server,
        server.client("manager") as manager,
        server.page(manager) as page,
        edge(mosquitto.url, server.site, server.site.points[FIRST].gateway) as gateway,
        judging(settings, server.site, server.database),
    ):
        gateway.send((FIRST, 0.0))
        await until(lambda: gateway.all_committed, "the first frame")
        with hanging(tmp_path):
            gateway.send((FIRST, 1.0))
            (row,) = await listed(page, 1)
            assert (row["scope"], row["state"], row["grade"]) == (FIRST, "unacknowledged", "high")
            assert (await manager.get("/alarms/unrecorded")).json()["items"] == [row], "a page that comes now sees it"
            assert (await manager.get(f"/alarms/{row['id']}")).status_code == 404
            gateway.send((FIRST, 0.0))
            while (await listed(page, 1))[0]["state"] != "returned-unacknowledged":
                pass
        recorded = await page.message("alarm", 30)
        assert recorded["object"]["id"] == row["id"], "the same one"
        assert await listed(page, 0) == []


@contextlib.contextmanager
def gone(postgres: Postgres) -> Iterator[None]:
    postgres.kill()
    yield
    postgres.start()


@contextlib.contextmanager
def mute(postgres: Postgres) -> Iterator[None]:
    """It takes connections and queries, and says nothing."""
    with standing_still(*postgres.pids):
        yield


@pytest.mark.parametrize("away", [gone, mute])
async def test_whoever_is_signed_in_goes_on_looking_without_a_database(
    mosquitto: Broker, tmp_path: Path, away: Callable[[Postgres], AbstractContextManager[None]]
) -> None:
    with mortal_postgres(tmp_path / "postgres") as postgres:
        async with (
            api_server(tmp_path, mosquitto.url, postgres.url) as server,
            server.client("manager") as manager,
            server.page(manager) as page,
        ):
            with away(postgres):
                services = await page.message("services", 30)
                assert {(one["name"], one["state"]) for one in services["object"]["items"]} == {("database", "away")}
                assert (await manager.get("/session")).json()["user"]["username"] == "manager"
                assert (await manager.get("/alarms/unrecorded")).json()["items"] == []
                assert (await manager.get("/alarms")).status_code == 503
                async with server.page(manager) as another:
                    await another.message("ping")
                await page.message("ping")
                assert (await manager.get("/session", headers={"Authorization": "Bearer x"})).status_code == 503
            assert (await page.message("services", 30))["object"]["items"] == []
            assert (await manager.get("/alarms")).status_code == 200
