"""Files of readings, read line by line: what is no reading is refused with its line and why, all others are read."""

import csv
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from backbone.historian.port import ReadingBatch

A_BATCH = 50_000
NEEDED = ("time", "point", "value")
STAMP = pa.timestamp("ms", tz="UTC")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_POINT = re.compile(r"[a-z0-9][a-z0-9-]{0,62}\.[a-z0-9][a-z0-9-]{0,62}")
_LINE = re.compile(
    r"(?P<measure>(?:[^,\\]|\\.)+),(?P<tags>\S*?device=(?:[^, \\]|\\.)+\S*) "
    r"value=(?P<x>[^,]+),quality=(?P<q>\d+)i (?P<t>-?\d+)\Z"
)
_DEVICE = re.compile(r"(?:^|,)device=((?:[^, \\]|\\.)+)")
_MOST_QUALITY = 255


class ExchangeError(ValueError):
    """A file that cannot be read or written; the message says where and why."""


@dataclass(frozen=True, slots=True)
class BadLine:
    """A line (of Parquet: a row) that is no reading, counted from 1, and why."""

    line: int
    reason: str


class _Row(NamedTuple):
    point: str
    t: int
    x: float
    q: int


Refuse = Callable[[BadLine], None]


class _NoReadingError(ValueError):
    pass


def read_lines(path: Path, kind: str, site: str, refuse: Refuse, before: int) -> Iterator[ReadingBatch]:
    """The readings of a file of a kind (csv, parquet, lines), some at a time; none made at or after `before`, Unix ms.

    Raises:
        ExchangeError: it is no such file, or lacks a column; what came before was given out.
        OSError: the file cannot be read.
    """
    source = {"csv": _csv, "parquet": _parquet, "lines": _lines}[kind]
    try:
        for batch in source(path, site, refuse, before):
            if batch.t.size:
                yield batch
    except UnicodeDecodeError as error:
        raise ExchangeError(f"{path.name} is no text in UTF-8") from error
    except (csv.Error, pa.ArrowInvalid, pa.ArrowNotImplementedError) as error:
        raise ExchangeError(f"{path.name}: {str(error).splitlines()[0]}") from error


def _csv(path: Path, site: str, refuse: Refuse, before: int) -> Iterator[ReadingBatch]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        rows = csv.reader(file)
        header = [name.strip() for name in next(rows, [])]
        places = [_place(header, name, path) for name in NEEDED]
        quality = header.index("quality") if "quality" in header else None
        numbered = ((rows.line_num, row) for row in rows if row)
        while some := list(islice(numbered, A_BATCH)):
            whole = [row for row in some if len(row[1]) == len(header)]
            for number, row in some:
                if len(row) != len(header):
                    refuse(BadLine(number, f"{len(row)} fields instead of {len(header)}"))
            time, point, value = ([row[place].strip() for _, row in whole] for place in places)
            bits = ["0"] * len(whole) if quality is None else [row[quality].strip() or "0" for _, row in whole]
            batch = _at_once(site, time, point, value, bits, before)
            if batch is None:
                numbers = [number for number, _ in whole]
                batch = _one_by_one(
                    zip(numbers, zip(time, point, value, bits, strict=True), strict=True), site, refuse, before
                )
            yield batch


def _place(header: Sequence[str], name: str, path: Path) -> int:
    if name not in header:
        raise ExchangeError(f"{path.name}: there is no column {name}; they are time, point, value, quality")
    return header.index(name)


def _at_once(
    site: str, time: Sequence[str], point: Sequence[str], value: Sequence[str], bits: Sequence[str], before: int
) -> ReadingBatch | None:
    """All of them; None when one is no reading."""
    try:
        t = pa.array(time, pa.string()).cast(STAMP).cast(pa.int64()).to_numpy()
        x = pa.array(value, pa.string()).cast(pa.float64()).to_numpy()
        q = pa.array(bits, pa.string()).cast(pa.uint8()).to_numpy()
    except pa.ArrowInvalid:
        return None
    points = pc.dictionary_encode(pa.array(point, pa.string()))
    names = tuple(points.dictionary.to_pylist())
    if not (np.isfinite(x).all() and ((t >= 0) & (t < before)).all() and all(map(_POINT.fullmatch, names))):
        return None
    return ReadingBatch(site, names, points.indices.to_numpy().astype(np.uint32), t, x, q)


def _one_by_one(rows: Iterator[tuple[int, Sequence[str]]], site: str, refuse: Refuse, before: int) -> ReadingBatch:
    found = []
    for number, (time, point, value, bits) in rows:
        try:
            found.append(_row(point, _moment(time), value, bits, before))
        except _NoReadingError as error:
            refuse(BadLine(number, str(error)))
    return ReadingBatch.of(site, found)


def _row(point: str, t: int, value: str, bits: str, before: int) -> _Row:
    if not _POINT.fullmatch(point):
        raise _NoReadingError(f"'{point[:80]}' is no point: write device.measure")
    try:
        x = float(value)
    except ValueError as error:
        raise _NoReadingError(f"'{value[:80]}' is no number") from error
    if not np.isfinite(x):
        raise _NoReadingError(f"{value[:80]} is no value")
    if t < 0 or t >= before:
        raise _NoReadingError("its time is to come" if t >= before else "its time is before 1970")
    if not bits.isdecimal() or int(bits) > _MOST_QUALITY:
        raise _NoReadingError(f"'{bits[:80]}' is no quality: 0 to 255")
    return _Row(point, t, x, int(bits))


def _moment(text: str) -> int:
    try:
        at = datetime.fromisoformat(text)
        return ((at if at.tzinfo else at.replace(tzinfo=UTC)) - _EPOCH) // timedelta(milliseconds=1)
    except (ValueError, OverflowError) as error:
        raise _NoReadingError(f"'{text[:80]}' is no time: write 2026-11-23T08:00:00Z") from error


def _lines(path: Path, site: str, refuse: Refuse, before: int) -> Iterator[ReadingBatch]:
    with path.open(encoding="utf-8") as file:
        numbered = ((number, line) for number, line in enumerate(file, 1) if line.strip() and not line.startswith("#"))
        while some := list(islice(numbered, A_BATCH)):
            found = []
            for number, line in some:
                try:
                    found.append(_line(line.rstrip("\r\n"), before))
                except _NoReadingError as error:
                    refuse(BadLine(number, str(error)))
            yield ReadingBatch.of(site, found)


def _line(line: str, before: int) -> _Row:
    found = _LINE.match(line)
    device = _DEVICE.search(found["tags"]) if found else None
    if found is None or device is None:
        raise _NoReadingError("no reading; write measure,device=… value=…,quality=…i and the ms")
    return _row(f"{_plain(device[1])}.{_plain(found['measure'])}", int(found["t"]), found["x"], found["q"], before)


def _plain(text: str) -> str:
    return re.sub(r"\\(.)", r"\1", text)


def _parquet(path: Path, site: str, refuse: Refuse, before: int) -> Iterator[ReadingBatch]:
    begin = 1
    for rows in pq.ParquetFile(path).iter_batches(A_BATCH):
        table = pa.Table.from_batches([rows])
        for name in NEEDED:
            _place(table.column_names, name, path)
        t = _numbers(table["time"].cast(STAMP).cast(pa.int64()), -1)
        x = _numbers(table["value"].cast(pa.float64()), np.nan)
        points = pc.dictionary_encode(table["point"].cast(pa.string()).fill_null("").combine_chunks())
        names = points.dictionary.to_pylist()
        p = points.indices.to_numpy().astype(np.uint32)
        q = np.zeros(table.num_rows, np.uint8)
        if "quality" in table.column_names:
            q = table["quality"].fill_null(0).cast(pa.uint8()).to_numpy()
        known = np.array([bool(_POINT.fullmatch(name)) for name in names], dtype=np.bool_)[p]
        reasons = (
            (~known, "no point: write device.measure"),
            (~np.isfinite(x), "no value"),
            (t < 0, "no time, or one before 1970"),
            (t >= before, "its time is to come"),
        )
        bad = np.zeros(t.size, np.bool_)
        for which, why in reasons:
            for row in np.flatnonzero(which & ~bad).tolist():
                refuse(BadLine(begin + row, why))
            bad |= which
        begin += table.num_rows
        yield ReadingBatch(site, tuple(names), p[~bad], t[~bad], x[~bad], q[~bad])


def _numbers(column: Any, missing: float) -> Any:
    return column.fill_null(missing).to_numpy()
