"""Disks that refuse: a file system that is full, one that is read-only, and what needs no privileges."""

from __future__ import annotations

import contextlib
import os
import resource
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from functools import cache
from pathlib import Path
from typing import Protocol

import psutil

from tests.servers import Process

MEGABYTES = 16
UNPRIVILEGED = ["setpriv", "--inh-caps", "-all", "--bounding-set", "-all"]


class Disk(Protocol):
    """Where a process writes; `folder` is there and empty at first."""

    folder: Path

    def refuse(self, process: Process) -> None:
        """From now on it takes nothing more; of a process that runs, or before its start."""
        ...

    def recover(self, process: Process) -> None:
        """It takes everything again."""
        ...


class FullDisk:
    """A file system of its own that somebody else fills to the last byte."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._ballast = folder / "ballast"

    def refuse(self, _process: Process) -> None:
        """ENOSPC."""
        with self._ballast.open("wb", buffering=0) as file, contextlib.suppress(OSError):
            while file.write(bytes(4096)):
                pass

    def recover(self, _process: Process) -> None:
        """Room again."""
        self._ballast.unlink()


class ReadOnlyDisk:
    """A file system of its own that becomes read-only while nobody writes, as a card that fails at boot."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def refuse(self, _process: Process) -> None:
        """EROFS."""
        _do("mount", "-o", "remount,ro", str(self.folder))

    def recover(self, _process: Process) -> None:
        """Writable."""
        _do("mount", "-o", "remount,rw", str(self.folder))


class LimitedFiles:
    """Any folder: no file of the running process may grow (EFBIG), which everybody may ask for."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def refuse(self, process: Process) -> None:
        """Every write beyond what is there fails."""
        psutil.Process(process.pid).rlimit(psutil.RLIMIT_FSIZE, (1, resource.RLIM_INFINITY))

    def recover(self, process: Process) -> None:
        """Files may grow."""
        psutil.Process(process.pid).rlimit(psutil.RLIMIT_FSIZE, (resource.RLIM_INFINITY,) * 2)


class ProtectedFiles:
    """Any folder whose modes let the process write nothing (EACCES); root goes without its rights."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def refuse(self, process: Process) -> None:
        """For the next start of the process."""
        if os.getuid() == 0:
            process.command[:0] = UNPRIVILEGED
        for path in self.folder.rglob("*"):
            path.chmod(0o500 if path.is_dir() else 0o400)

    def recover(self, _process: Process) -> None:
        """As it was."""
        for path in self.folder.rglob("*"):
            path.chmod(0o700 if path.is_dir() else 0o600)


OpenDisk = Callable[[Path], AbstractContextManager[Disk]]


@contextlib.contextmanager
def _mounted(folder: Path) -> Iterator[None]:
    folder.mkdir(parents=True)
    _do("mount", "-t", "tmpfs", "-o", f"size={MEGABYTES}m", "anju-test", str(folder))
    try:
        yield
    finally:
        _do("umount", "-l", str(folder))


@contextlib.contextmanager
def full(folder: Path) -> Iterator[Disk]:
    """For root."""
    with _mounted(folder):
        yield FullDisk(folder)


@contextlib.contextmanager
def read_only(folder: Path) -> Iterator[Disk]:
    """For root."""
    with _mounted(folder):
        yield ReadOnlyDisk(folder)


@contextlib.contextmanager
def limited(folder: Path) -> Iterator[Disk]:
    """For everybody."""
    folder.mkdir(parents=True)
    yield LimitedFiles(folder)


@contextlib.contextmanager
def protected(folder: Path) -> Iterator[Disk]:
    """For everybody."""
    folder.mkdir(parents=True)
    yield ProtectedFiles(folder)


@cache
def may_mount() -> bool:
    """Whether file systems can be mounted here: by root, outside most containers."""
    with (
        tempfile.TemporaryDirectory() as scratch,
        contextlib.suppress(OSError, subprocess.CalledProcessError),
        _mounted(Path(scratch) / "disk"),
    ):
        return True
    return False


def _do(*command: str) -> None:
    subprocess.run(command, check=True, capture_output=True, timeout=10)
