"""Backups, made while everything goes on."""

from pathlib import Path
from typing import Annotated

from fastapi import APIRouter
from sqlalchemy.exc import SQLAlchemyError

from api.backups.schemas import BackupOut
from api.platform import PlatformDep
from api.problems import Problem
from api.security.access import require
from api.security.sessions import Caller
from backbone.backup import BackupError, Manifest, make_backup
from backbone.database import audit
from backbone.historian.port import HistorianError
from backbone.site_files import site_file
from community.people import Action

router = APIRouter(prefix="/backups", tags=["platform"])


@router.post("", status_code=201)
def create_backup(platform: PlatformDep, caller: Annotated[Caller, require(Action.MAKE_BACKUP)]) -> BackupOut:
    """Save history, state and site file into a new folder of `backups` in the data folder; it may take minutes."""
    try:
        made, manifest = make_backup(
            platform.settings.data_dir / "backups",
            site=platform.site.id,
            site_file=site_file(platform.settings.site),
            historian=platform.historian,
            database=platform.database,
            files=platform.settings.data_dir / "files",
            now=platform.now(),
        )
    except (BackupError, HistorianError, SQLAlchemyError, OSError) as error:
        raise Problem(503, f"no backup was made: {error}", kind="unavailable") from error
    with platform.database.begin() as connection:
        audit.append(
            connection,
            at=platform.now(),
            who=caller.username,
            action="backup.make",
            target=str(made),
            outcome="done",
        )
    return _show(made, manifest)


def _show(folder: Path, manifest: Manifest) -> BackupOut:
    return BackupOut(
        folder=str(folder.resolve()),
        made_at=manifest.made_at,
        size=sum(file.size for file in manifest.files),
        elsewhere=list(manifest.elsewhere),
    )
