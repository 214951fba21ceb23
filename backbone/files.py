"""Files people add, such as photos: kept in a folder under the digest of what is in them, never changed."""

import hashlib
import os
import re
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import BinaryIO

_ID = re.compile(r"[0-9a-f]{64}(\.[a-z0-9]{1,8})?")


class Files:
    """A folder of files; put twice, the same bytes are one file."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def put(self, content: bytes, name: str) -> str:
        """Keep `content` durably; its id, which ends as `name` does.

        Raises:
            OSError: the disk does not take it.
        """
        suffix = Path(name).suffix.lower()
        identifier = hashlib.sha256(content).hexdigest() + (suffix if _ID.fullmatch("0" * 64 + suffix) else "")
        path = self._path(identifier)
        if path.exists():
            return identifier
        path.parent.mkdir(parents=True, exist_ok=True)
        with NamedTemporaryFile(dir=path.parent, prefix=".", delete=False) as made:
            made.write(content)
            made.flush()
            os.fsync(made.fileno())
        Path(made.name).replace(path)
        return identifier

    def open(self, identifier: str) -> BinaryIO:
        """The file to read from.

        Raises:
            FileNotFoundError: there is none of this id.
        """
        if not _ID.fullmatch(identifier):
            raise FileNotFoundError(identifier)
        return self._path(identifier).open("rb")

    def _path(self, identifier: str) -> Path:
        return self._folder / identifier[:2] / identifier
