"""Positions beside a historian that has no transactions: one small file, replaced as a whole.

The server has them too, where it can be asked. Of the two, the file tells that the server was set back.
"""

import os
from pathlib import Path

import msgspec

from backbone.historian.influx_positions import Stored
from backbone.historian.port import HistorianCorrupt, HistorianUnavailable
from backbone.position import Position

_Rows = dict[str, tuple[int, int, int]]


class PositionsFile:
    """A JSON object of the last commit's number, and of `[epoch, urgent, bulk]` by gateway."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def read(self) -> Stored:
        """What was stored last; nothing before the first.

        Raises:
            HistorianCorrupt: the file is damaged.
        """
        try:
            content = self._path.read_bytes()
            try:
                rows, number = msgspec.json.decode(content, type=_Rows), 0  # as it was before there were numbers
            except msgspec.ValidationError:
                number, rows = msgspec.json.decode(content, type=tuple[int, _Rows])
        except FileNotFoundError:
            return Stored(0, {})
        except (msgspec.MsgspecError, OSError) as error:
            raise HistorianCorrupt(
                f"{self._path} cannot be read ({error}). Delete it: gateways then send again what they still have, "
                "and writing that again changes nothing"
            ) from error
        return Stored(number, {gateway: Position(*row) for gateway, row in rows.items()})

    def store(self, stored: Stored) -> None:
        """Replace the file; durable when this returns.

        Raises:
            HistorianUnavailable: no room, or no permission.
        """
        new = self._path.with_suffix(".new")
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            with new.open("wb") as file:
                file.write(msgspec.json.encode(stored))
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
