"""Readings to and from files: CSV, Parquet, and InfluxDB's line protocol.

The columns are `time` (RFC 3339, UTC, ms), `point`, `value`, `quality` (bits; none given means good). Streamed, so that
a file may be larger than memory.
"""

import re
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime, tzinfo
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pacsv
import pyarrow.parquet as pq

from backbone.frames import FrameEvent
from backbone.historian.line_protocol import LineWriter
from backbone.historian.port import ReadingBatch
from community.site.site import Site

FORMATS = ("csv", "parquet", "lines")
A_BATCH = 50_000
_SCHEMA = pa.schema(
    [
        ("time", pa.timestamp("ms", tz="UTC")),
        ("point", pa.dictionary(pa.int32(), pa.string())),
        ("value", pa.float64()),
        ("quality", pa.uint8()),
    ]
)
_READ = {"time": pa.timestamp("ms", tz="UTC"), "point": pa.string(), "value": pa.float64(), "quality": pa.uint8()}
_LINE = re.compile(
    r"(?P<measure>(?:[^,\\]|\\.)+),(?P<tags>\S*?device=(?:[^, \\]|\\.)+\S*) "
    r"value=(?P<x>[^,]+),quality=(?P<q>\d+)i (?P<t>-?\d+)\Z"
)
_DEVICE = re.compile(r"(?:^|,)device=((?:[^, \\]|\\.)+)")


class ExchangeError(ValueError):
    """A file that cannot be read; the message says where and why."""


def format_of(path: Path) -> str:
    """The format a file's name tells.

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
        if kind == "lines":
            lines = LineWriter(site)
            with new.open("w", encoding="utf-8") as file:
                for batch in counted():
                    file.write("".join(f"{line}\n" for line in lines.readings(batch).text))
        else:
            opened = pacsv.CSVWriter(new, _SCHEMA) if kind == "csv" else pq.ParquetWriter(new, _SCHEMA)
            with opened as writer:
                for batch in counted():
                    writer.write_table(_table(batch))
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
    """The readings of a file, some at a time.

    Raises:
        ExchangeError: a line or a column that is none; what came before it was given out already.
        OSError: the file cannot be read.
    """
    kind = format_of(path)
    if kind == "lines":
        yield from _read_lines(path, site)
        return
    try:
        for table in _tables(path, kind):
            yield _batch(table, site)
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError, KeyError) as error:
        raise ExchangeError(f"{path.name}: {str(error).splitlines()[0]}") from error


def _table(batch: ReadingBatch) -> Any:
    points = pa.DictionaryArray.from_arrays(pa.array(batch.p.astype(np.int32)), pa.array(batch.points))
    return pa.table([pa.array(batch.t, _SCHEMA.field("time").type), points, batch.x, batch.q], schema=_SCHEMA)


def _tables(path: Path, kind: str) -> Iterator[Any]:
    if kind == "parquet":
        yield from (pa.Table.from_batches([rows]) for rows in pq.ParquetFile(path).iter_batches(A_BATCH))
        return
    options = pacsv.ConvertOptions(column_types=_READ, timestamp_parsers=[pacsv.ISO8601])
    reader = pacsv.open_csv(path, pacsv.ReadOptions(block_size=1 << 20), convert_options=options)
    yield from (pa.Table.from_batches([rows]) for rows in reader)


def _batch(table: Any, site: str) -> ReadingBatch:
    missing = {"time", "point", "value"} - set(table.column_names)
    if missing:
        raise ExchangeError(f"there is no column {', '.join(sorted(missing))}; they are time, point, value, quality")
    points = pc.dictionary_encode(table["point"].cast(pa.string()).combine_chunks())
    t = table["time"].cast(pa.timestamp("ms", tz="UTC")).cast(pa.int64())
    if points.null_count or t.null_count or table["value"].null_count:
        raise ExchangeError("a row lacks its time, point or value")
    q = np.zeros(table.num_rows, np.uint8)
    if "quality" in table.column_names:
        q = table["quality"].fill_null(0).cast(pa.uint8()).to_numpy()
    return ReadingBatch(
        site,
        tuple(points.dictionary.to_pylist()),
        points.indices.to_numpy().astype(np.uint32),
        t.to_numpy(),
        table["value"].cast(pa.float64()).to_numpy(),
        q,
    )


def _read_lines(path: Path, site: str) -> Iterator[ReadingBatch]:
    rows: list[tuple[str, int, float, int]] = []
    with path.open(encoding="utf-8") as file:
        for number, line in enumerate(file, start=1):
            if line.strip() and not line.startswith("#"):
                rows.append(_line(path, number, line.rstrip("\n")))
            if len(rows) == A_BATCH:
                yield _of_rows(rows, site)
                rows = []
    if rows:
        yield _of_rows(rows, site)


def _line(path: Path, number: int, line: str) -> tuple[str, int, float, int]:
    found = _LINE.match(line)
    device = _DEVICE.search(found["tags"]) if found else None
    if found is None or device is None:
        raise ExchangeError(f"{path.name}:{number}: no reading; write measure,device=… value=…,quality=…i and the ms")
    try:
        return f"{_plain(device[1])}.{_plain(found['measure'])}", int(found["t"]), float(found["x"]), int(found["q"])
    except ValueError as error:
        raise ExchangeError(f"{path.name}:{number}: {error}") from error


def _plain(text: str) -> str:
    return re.sub(r"\\(.)", r"\1", text)


def _of_rows(rows: list[tuple[str, int, float, int]], site: str) -> ReadingBatch:
    names = tuple(dict.fromkeys(row[0] for row in rows))
    place = {name: number for number, name in enumerate(names)}
    return ReadingBatch(
        site,
        names,
        np.array([place[row[0]] for row in rows], dtype=np.uint32),
        np.array([row[1] for row in rows], dtype=np.int64),
        np.array([row[2] for row in rows], dtype=np.float64),
        np.array([row[3] for row in rows], dtype=np.uint8),
    )


def moment(text: str, zone: tzinfo = UTC) -> int:
    """A time as a person writes it (`2026-11-23`, `2026-11-23T08:00+08:00`), Unix ms; of `zone` where it says nothing.

    Raises:
        ValueError: it is none.
    """
    at = datetime.fromisoformat(text)
    return round((at if at.tzinfo else at.replace(tzinfo=zone)).timestamp() * 1000)
