"""`anju backup` and `anju restore`: by the running platform when it runs, by ourselves when it does not."""

import fcntl
import json
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.parse import urlsplit
from urllib.request import Request, urlopen

from anju.up import UpSettings
from backbone.backup import BackupError, Manifest, make_backup, restore_backup
from backbone.database.database import Database
from backbone.historian.open import open_historian
from backbone.settings import Settings
from backbone.site_files import read_site, site_file
from backbone.steady import wall_ms

ASK_S = 5.0
BACKUP_S = 3_600.0


def backup(password: Callable[[], tuple[str, str]]) -> tuple[Path, list[str]]:
    """A new backup in the data folder's `backups`; where it is, and which stores are servers' and not in it.

    `password` gives an administrator's name and password, should the platform run.

    Raises:
        BackupError, HistorianError, SiteErrors, DatabaseError: why there is none.
    """
    settings = UpSettings()
    url = f"http://{settings.http_host}:{settings.http_port}"
    if _answers(f"{url}/healthz"):
        return _by_the_platform(url, *password())
    site = read_site(settings)
    with (
        closing(Database.open(settings.state_url)) as database,
        closing(open_historian(settings.history_url, settings.data_dir, site)) as historian,
    ):
        made, manifest = make_backup(
            settings.data_dir / "backups",
            site=site.id,
            site_file=site_file(settings.site),
            historian=historian,
            database=database,
            files=settings.data_dir / "files",
            now=wall_ms(),
        )
    return made, list(manifest.elsewhere)


def restore(folder: Path) -> tuple[Manifest, Path]:
    """Put a backup back into the data folder; what was there is moved aside. See `restore_backup`.

    Raises:
        BackupError: it is not whole or does not fit, or the platform runs.
    """
    settings = Settings()
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    with (settings.data_dir / "up.lock").open("a") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise BackupError(f"the platform runs on {settings.data_dir}: stop it first") from error
        return restore_backup(
            folder,
            history=_file(settings.history_url, "duckdb:"),
            state=_file(settings.state_url, "sqlite:///"),
            files=settings.data_dir / "files",
            now=wall_ms(),
        )


def _file(url: str, scheme: str) -> Path | None:
    return Path(url.removeprefix(scheme)) if url.startswith(scheme) else None


def _by_the_platform(url: str, username: str, password: str) -> tuple[Path, list[str]]:
    token = _post(f"{url}/api/v1/session", {"username": username, "password": password}, ASK_S * 4)["token"]
    made = _post(f"{url}/api/v1/backups", None, BACKUP_S, Authorization=f"Bearer {token}")
    return Path(made["folder"]), made["elsewhere"]


def _post(url: str, body: object, timeout_s: float, **headers: str) -> Any:
    data = json.dumps(body).encode() if body is not None else b""
    request = Request(url, data, {"Content-Type": "application/json", **headers})  # noqa: S310  (our own address)
    try:
        with urlopen(request, timeout=timeout_s) as response:  # noqa: S310
            return json.load(response)
    except HTTPError as error:
        raise BackupError(str(json.load(error).get("detail", error))) from error
    except (OSError, ValueError) as error:
        raise BackupError(f"{urlsplit(url).netloc} does not answer: {error}") from error


def _answers(url: str) -> bool:
    try:
        with urlopen(url, timeout=ASK_S) as response:  # noqa: S310
            return int(response.status) == 200
    except OSError:
        return False
