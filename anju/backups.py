"""`anju backup` and `anju restore`: by the running platform when it runs, by ourselves when it does not."""

import fcntl
from contextlib import closing
from pathlib import Path

from anju.running import Password, Running
from anju.up import UpSettings
from backbone.backup import BackupError, Manifest, make_backup, restore_backup
from backbone.database.database import Database
from backbone.historian.open import open_historian
from backbone.settings import Settings
from backbone.site_files import read_site, site_file
from backbone.steady import wall_ms

BACKUP_S = 3_600.0


def backup(password: Password) -> tuple[Path, list[str]]:
    """A new backup in the data folder's `backups`; where it is, and which stores are servers' and not in it.

    Raises:
        RunningError, BackupError, HistorianError, SiteErrors, DatabaseError: why there is none.
    """
    settings = UpSettings()
    if (running := Running.find(settings, password)) is not None:
        made = running.json("POST", "/backups", timeout_s=BACKUP_S)
        return Path(made["folder"]), made["elsewhere"]
    site = read_site(settings)
    with (
        closing(Database.open(settings.state_url)) as database,
        closing(open_historian(settings.history_url, settings.data_dir, site)) as historian,
    ):
        folder, manifest = make_backup(
            settings.data_dir / "backups",
            site=site.id,
            site_file=site_file(settings.site),
            historian=historian,
            database=database,
            files=settings.data_dir / "files",
            now=wall_ms(),
        )
    return folder, list(manifest.elsewhere)


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
            history=settings.history_file,
            state=settings.state_file,
            files=settings.data_dir / "files",
            now=wall_ms(),
        )
