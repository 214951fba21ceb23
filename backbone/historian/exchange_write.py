"""Readings as a file of one of the formats, a piece at a time: whoever sends it on needs no room for the whole."""

import io
from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.csv as pacsv
import pyarrow.parquet as pq

from backbone.historian.line_protocol import LineWriter
from backbone.historian.port import ReadingBatch
from community.site.site import Site

_SCHEMA = pa.schema(
    [
        ("time", pa.timestamp("ms", tz="UTC")),
        ("point", pa.dictionary(pa.int32(), pa.string())),
        ("value", pa.float64()),
        ("quality", pa.uint8()),
    ]
)


class _Pieces(io.RawIOBase):
    """What was written since it was last taken."""

    def __init__(self) -> None:
        self._pieces: list[bytes] = []
        self._written = 0

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        piece = bytes(data)
        self._pieces.append(piece)
        self._written += len(piece)
        return len(piece)

    def tell(self) -> int:
        return self._written

    def take(self) -> bytes:
        taken, self._pieces = b"".join(self._pieces), []
        return taken


def pieces(batches: Iterable[ReadingBatch], kind: str, site: Site) -> Iterator[bytes]:
    """The file, of a kind (csv, parquet, lines); a piece for each batch, and its end."""
    if kind == "lines":
        writer = LineWriter(site)
        for batch in batches:
            yield "".join(f"{line}\n" for line in writer.readings(batch).text).encode()
        return
    sink = _Pieces()
    with pacsv.CSVWriter(sink, _SCHEMA) if kind == "csv" else pq.ParquetWriter(sink, _SCHEMA) as opened:
        for batch in batches:
            opened.write_table(_table(batch))
            yield sink.take()
    yield sink.take()


def _table(batch: ReadingBatch) -> Any:
    points = pa.DictionaryArray.from_arrays(pa.array(batch.p.astype(np.int32)), pa.array(batch.points))
    return pa.table([pa.array(batch.t, _SCHEMA.field("time").type), points, batch.x, batch.q], schema=_SCHEMA)
