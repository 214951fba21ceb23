"""Readings to and from files: CSV, Parquet, and InfluxDB's line protocol; and events, a JSON object a line.

The columns are `time` (RFC 3339, UTC, ms), `point`, `value`, `quality` (bits; none given means good). Streamed, so that
a file may be larger than memory.
"""

from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime, tzinfo
from pathlib import Path

import msgspec

from backbone.frames import FrameEvent
from backbone.historian.exchange_read import BadLine, ExchangeError, read_lines
from backbone.historian.exchange_write import pieces
from backbone.historian.port import ReadingBatch
from community.site.site import Site

_EVER = 2**62


def format_of(path: Path) -> str:
    """The format a file's name tells: csv, parquet or lines.

    Raises:
        ExchangeError: none of ours.
    """
    found = {".csv": "csv", ".parquet": "parquet", ".lp": "lines", ".lines": "lines"}.get(path.suffix.lower())
    if found is None:
        raise ExchangeError(f"{path.name}: name it .csv, .parquet or .lp, so that its format is clear")
    return found


def write(batches: Iterable[ReadingBatch], path: Path, site: Site, said: Callable[[int], None]) -> int:
    """Write readings to a file in the format of its name; how many. `said` hears of progress.

    Raises:
        ExchangeError: a name without a format.
        OSError: the disk refuses; the file, if there was one, is as before.
    """
    kind, new = format_of(path), path.with_name(f".{path.name}.writing")
    written = 0

    def counted() -> Iterator[ReadingBatch]:
        nonlocal written
        for batch in batches:
            yield batch
            written += batch.t.size
            said(written)

    try:
        with new.open("wb") as file:
            file.writelines(pieces(counted(), kind, site))
        new.replace(path)
    finally:
        new.unlink(missing_ok=True)
    return written


def write_events(events: Iterable[FrameEvent], path: Path) -> None:
    """Write events, a JSON object a line: point, t, type, data.

    Raises:
        OSError: the disk refuses.
    """
    with path.open("wb") as file:
        file.writelines(msgspec.json.encode(event) + b"\n" for event in events)


def read_events(path: Path) -> list[FrameEvent]:
    """Events of such a file.

    Raises:
        ExchangeError: a line that is none.
        OSError: the file cannot be read.
    """
    decoder, found = msgspec.json.Decoder(FrameEvent), list[FrameEvent]()
    with path.open("rb") as file:
        for number, line in enumerate(file, 1):
            try:
                found.append(decoder.decode(line))
            except msgspec.MsgspecError as error:
                raise ExchangeError(f"{path.name}:{number}: no event: {error}") from error
    return found


def read(path: Path, site: str) -> Iterator[ReadingBatch]:
    """The readings of a file, some at a time; for a file that must be whole.

    Raises:
        ExchangeError: a line or a column that is none; what came before it was given out already.
        OSError: the file cannot be read.
    """

    def refuse(bad: BadLine) -> None:
        raise ExchangeError(f"{path.name}:{bad.line}: {bad.reason}")

    return read_lines(path, format_of(path), site, refuse, _EVER)


def written(ms: int) -> str:
    """A time (Unix ms) in RFC 3339, UTC."""
    return datetime.fromtimestamp(ms / 1000, UTC).isoformat(timespec="milliseconds")


def moment(text: str, zone: tzinfo = UTC) -> int:
    """A time as a person writes it (`2026-11-23`, `2026-11-23T08:00+08:00`), Unix ms; of `zone` where it says nothing.

    Raises:
        ValueError: it is none.
    """
    at = datetime.fromisoformat(text)
    return round((at if at.tzinfo else at.replace(tzinfo=zone)).timestamp() * 1000)
