"""The stores of the services under test, as the program brings them along."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from backbone.database.database import Database
from backbone.historian.duckdb import DuckDBHistorian


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    with closing(Database.open(f"sqlite:///{tmp_path / 'anju.db'}")) as opened:
        yield opened


@pytest.fixture
def historian(tmp_path: Path) -> Iterator[DuckDBHistorian]:
    with closing(DuckDBHistorian(tmp_path / "history.duckdb", "yard").open()) as opened:
        yield opened
