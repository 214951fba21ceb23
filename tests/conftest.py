"""Fixtures every suite may use; the servers themselves are in tests/servers.py."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests import servers


@pytest.fixture
def mosquitto(tmp_path: Path) -> Iterator[servers.Broker]:
    with servers.mosquitto(tmp_path / "mosquitto") as broker:
        yield broker


@pytest.fixture
def embedded_broker(tmp_path: Path) -> Iterator[servers.Broker]:
    with servers.embedded_broker(tmp_path / "broker") as broker:
        yield broker


@pytest.fixture(params=["mosquitto", "embedded"])
def broker(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[servers.Broker]:
    """Each broker in turn."""
    start = servers.mosquitto if request.param == "mosquitto" else servers.embedded_broker
    with start(tmp_path / "broker") as running:
        yield running


@pytest.fixture(scope="session")
def postgres_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with servers.postgres(tmp_path_factory.mktemp("postgres")) as url:
        yield url


@pytest.fixture(scope="session")
def influx(tmp_path_factory: pytest.TempPathFactory) -> Iterator[servers.Influx]:
    with servers.influxdb(tmp_path_factory.mktemp("influxdb")) as running:
        yield running


@pytest.fixture(scope="session")
def victoria_metrics_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with servers.victoria_metrics(tmp_path_factory.mktemp("victoria")) as url:
        yield url
