"""The application over a real database and a remembered history, asked over ASGI without a socket."""

import shutil
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from api.app import create_app
from api.security.passwords import Passwords
from api.settings import ApiSettings
from backbone.database.database import Database
from backbone.settings import Settings
from backbone.site_files import read_site
from community.people import Role
from community.site.site import Site
from tests.servers import ROOT
from tests.unit.api.house import PASSWORD, Clock, House, RememberedHistory, add_session, add_user


@pytest.fixture(scope="session")
def site() -> Site:
    return read_site(Settings(site=ROOT / "sites" / "jinxiu.yaml"))


@pytest.fixture(scope="session")
def password_hash() -> str:
    return Passwords().hash(PASSWORD)


@pytest.fixture(scope="session")
def first_database(tmp_path_factory: pytest.TempPathFactory, password_hash: str) -> Path:
    """A migrated file with a user of every role, to copy: making it takes longer than any of these tests."""
    path = tmp_path_factory.mktemp("database") / "anju.db"
    database = Database.open(f"sqlite:///{path}")
    with database.begin() as connection:
        for role in Role:
            add_user(connection, role.value, password_hash, role)
            add_session(connection, role)
    database.close()
    return path


@pytest.fixture
def house(site: Site, first_database: Path, password_hash: str, tmp_path: Path) -> Iterator[House]:
    """One of its own."""
    with _house(site, first_database, password_hash, tmp_path) as house:
        yield house


@pytest.fixture(scope="module")
def shared_house(
    site: Site, first_database: Path, password_hash: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[House]:
    """One for tests that leave nothing behind the others mind."""
    with _house(site, first_database, password_hash, tmp_path_factory.mktemp("house")) as house:
        yield house


@contextmanager
def _house(site: Site, first_database: Path, password_hash: str, folder: Path) -> Iterator[House]:
    shutil.copy(first_database, folder / "anju.db")
    database = Database.open(f"sqlite:///{folder / 'anju.db'}")
    clock, history = Clock(), RememberedHistory()
    woken: list[None] = []
    app = create_app(
        ApiSettings(data_dir=folder),
        site,
        history,
        database,
        now=clock,
        web_dist=folder / "dist",
        wake_relay=lambda: woken.append(None),
        on_loop=lambda call: call(),
        bus_connected=lambda: True,
    )
    yield House(app, site, database, history, clock, woken, password_hash, folder)
    database.close()


@pytest.fixture
async def web(house: House) -> AsyncIterator[httpx.AsyncClient]:
    """Nobody signed in."""
    async with house.client() as client:
        yield client
