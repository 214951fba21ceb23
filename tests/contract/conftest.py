"""Databases of a test's own, of either kind."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from backbone.database.database import Database


@pytest.fixture(params=["sqlite", "postgresql"])
def state_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """An empty database nobody else uses, as ANJU_DATABASE_URL."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'state.db'}"
    found: str = request.getfixturevalue("postgres_url")
    return found


@pytest.fixture
def database(state_url: str) -> Iterator[Database]:
    """The same, opened."""
    opened = Database.open(state_url)
    yield opened
    opened.close()
