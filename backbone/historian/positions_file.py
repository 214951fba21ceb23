"""Positions beside a historian that has no transactions: one small file, replaced as a whole."""

import os
from collections.abc import Mapping
from pathlib import Path

import msgspec

from backbone.historian.port import HistorianCorrupt, HistorianUnavailable
from backbone.stream import Position


class PositionsFile:
    """A JSON object of `[epoch, urgent, bulk]` by gateway."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def read(self) -> dict[str, Position]:
        """The positions stored last; none before the first.

        Raises:
            HistorianCorrupt: the file is damaged.
        """
        try:
            rows = msgspec.json.decode(self._path.read_bytes(), type=dict[str, tuple[int, int, int]])
        except FileNotFoundError:
            return {}
        except (msgspec.MsgspecError, OSError) as error:
            raise HistorianCorrupt(
                f"{self._path} cannot be read ({error}). Delete it: gateways then send again what they still have, "
                "and writing that again changes nothing"
            ) from error
        return {gateway: Position(*row) for gateway, row in rows.items()}

    def store(self, positions: Mapping[str, Position]) -> None:
        """Replace the file; durable when this returns.

        Raises:
            HistorianUnavailable: no room, or no permission.
        """
        new = self._path.with_suffix(".new")
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            with new.open("wb") as file:
                file.write(msgspec.json.encode(positions))
                file.flush()
                os.fsync(file.fileno())
            new.replace(self._path)
            folder = os.open(self._path.parent, os.O_RDONLY)
            try:
                os.fsync(folder)
            finally:
                os.close(folder)
        except OSError as error:
            raise HistorianUnavailable(f"positions cannot be stored: {error}") from error
