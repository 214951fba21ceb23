"""A database whose transaction is the test's."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Connection

from tests.unit.databases import new_database


@pytest.fixture
def c(tmp_path: Path) -> Iterator[Connection]:
    opened = new_database(tmp_path / "state.db")
    with opened.begin() as connection:
        yield connection
    opened.close()
