"""A small file that is replaced as a whole: after a power cut it is the old one or the new one, and complete."""

import os
from pathlib import Path


def replace(path: Path, content: bytes) -> None:
    """Put `content` in place of the file; it is on the disk afterwards. Blocks.

    Raises:
        OSError: the disk refuses; the old file stands.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(f"{path.name}.new")
    with beside.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    beside.replace(path)
    sync_folder(path.parent)


def sync_folder(folder: Path) -> None:
    """Have the disk know which files are in it. Blocks.

    Raises:
        OSError: the disk refuses.
    """
    directory = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(directory)
    finally:
        os.close(directory)
