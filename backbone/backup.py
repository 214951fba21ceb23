"""Backups of what this installation keeps in its own files: the history, the state, photos, the site file as it was.

A backup is a folder that says in `manifest.json` what is in it; that file is written last, so a folder without one is
no backup. Stores on servers (PostgreSQL, InfluxDB) are named there and saved with their own tools.
"""

import hashlib
import os
import shutil
from datetime import UTC, datetime
from itertools import count
from pathlib import Path

import msgspec

from backbone.database.database import Database
from backbone.historian.port import Historian

MANIFEST = "manifest.json"
HISTORY, STATE, FILES = "history.duckdb", "anju.db", "files"
FORMAT = 1
_BLOCK_BYTES = 1 << 20


class BackupError(Exception):
    """A backup cannot be made or put back; the message says what to do."""


class Kept(msgspec.Struct, frozen=True):
    """One file of a backup."""

    name: str
    size: int
    sha256: str


class Manifest(msgspec.Struct, frozen=True):
    """What a backup holds."""

    format: int
    site: str
    made_at: int
    """Unix ms."""
    files: tuple[Kept, ...]
    elsewhere: tuple[str, ...] = ()
    """Stores that are servers' and were not saved: `history`, `state`."""


def make_backup(
    folder: Path, *, site: str, site_file: Path, historian: Historian, database: Database, files: Path, now: int
) -> tuple[Path, Manifest]:
    """A new backup inside `folder`, named by the time; services go on meanwhile.

    History and state are each as of one moment, the state the later one: an alarm may refer to readings the backup
    lacks by a second, never the other way round. `files` is the folder of photos and documents; it is copied last, so
    that none the state names is missing.

    Raises:
        BackupError, HistorianError: it cannot be made; nothing is left of it.
    """
    name = datetime.fromtimestamp(now / 1000, UTC).strftime("%Y-%m-%dT%H-%M-%SZ")
    names = (name if number == 1 else f"{name}-{number}" for number in count(1))
    made = next(free for free in (folder / one for one in names) if not free.exists())
    making = folder / f".{made.name}.making"
    try:
        shutil.rmtree(making, ignore_errors=True)
        making.mkdir(parents=True)
        elsewhere = []
        if not historian.backup(making / HISTORY):
            elsewhere.append("history")
        if not database.backup(making / STATE):
            elsewhere.append("state")
        shutil.copy2(site_file, making / site_file.name)
        if files.is_dir():
            shutil.copytree(files, making / FILES, ignore=shutil.ignore_patterns(".*"))
        kept = tuple(_kept(path, making) for path in sorted(making.rglob("*")) if path.is_file())
        manifest = Manifest(FORMAT, site, now, kept, tuple(elsewhere))
        (making / MANIFEST).write_bytes(msgspec.json.format(msgspec.json.encode(manifest), indent=2))
        for path in making.rglob("*"):
            _sync(path)
        making.rename(made)
        _sync(folder)
    except OSError as error:
        raise BackupError(f"the backup cannot be written to {folder}: {error.strerror or error}") from error
    finally:
        shutil.rmtree(making, ignore_errors=True)
    return made, manifest


def read_manifest(folder: Path) -> Manifest:
    """What a backup says it holds, each file checked.

    Raises:
        BackupError: it is no backup, is of a newer program, or a file of it is missing or damaged.
    """
    try:
        manifest = msgspec.json.decode((folder / MANIFEST).read_bytes(), type=Manifest)
        if manifest.format > FORMAT:
            raise BackupError(f"{folder} was made by a newer version of this program: restore it with that one")
        for file in manifest.files:
            if _kept(folder / file.name, folder) != file:
                raise BackupError(f"{folder / file.name} is damaged: take another backup")
    except FileNotFoundError as error:
        raise BackupError(f"{folder} is no whole backup: there is no {Path(str(error.filename)).name}") from error
    except msgspec.MsgspecError as error:
        raise BackupError(f"{folder / MANIFEST} cannot be read: {error}") from error
    except OSError as error:
        raise BackupError(f"{folder} cannot be read: {error.strerror or error}") from error
    return manifest


def restore_backup(
    folder: Path, *, history: Path | None, state: Path | None, files: Path, now: int
) -> tuple[Manifest, Path]:
    """Put a backup's files in the place of those that are there, which are moved aside; services must not run.

    `history` and `state` are where this installation keeps them, None when a server does. What is in the backup's
    photos and documents is added to `files`: they are named by their content, so none is replaced. Returns the manifest
    and where the files before are now.

    Raises:
        BackupError: it is not whole, or does not fit this installation; nothing was changed.
    """
    manifest = read_manifest(folder)
    held = {file.name for file in manifest.files}
    wanted = {HISTORY: history, STATE: state}
    for name, target in wanted.items():
        if target is not None and name not in held:
            raise BackupError(f"{folder} has no {name}: it was on a server when the backup was made")
    place = next((path.parent for path in wanted.values() if path is not None), None)
    if place is None:
        raise BackupError("this installation keeps nothing in files of its own: restore its servers with their tools")
    aside = place / f"before-restore-{now}"
    try:
        fresh = {}
        if (folder / FILES).is_dir():
            shutil.copytree(folder / FILES, files, dirs_exist_ok=True)
        for name, target in wanted.items():
            if target is not None:
                fresh[target] = target.with_name(f".{target.name}.restoring")
                shutil.copy2(folder / name, fresh[target])
                _sync(fresh[target])
        aside.mkdir(parents=True)
        for target, copy in fresh.items():
            for old in target.parent.glob(f"{target.name}*"):
                old.rename(aside / old.name)
            copy.rename(target)
        _sync(place)
    except OSError as error:
        raise BackupError(f"the backup cannot be put into {place}: {error.strerror or error}") from error
    return manifest, aside


def _kept(path: Path, root: Path) -> Kept:
    digest, size = hashlib.sha256(), 0
    with path.open("rb") as file:
        while block := file.read(_BLOCK_BYTES):
            digest.update(block)
            size += len(block)
    return Kept(path.relative_to(root).as_posix(), size, digest.hexdigest())


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
