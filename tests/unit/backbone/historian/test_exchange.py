"""Readings to files and back, in every format; what is none is told with its place."""

from collections.abc import Iterator
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from backbone.historian.exchange import moment, read, write
from backbone.historian.exchange_read import ExchangeError
from backbone.historian.port import ReadingBatch
from tests.history import NOON, batch, make_site

SITE = make_site()
NAMES = ("e-1.temperature", "e-1.humidity", "e-1.smoke")
Rows = list[tuple[str, int, float, int]]
ROWS = st.lists(
    st.tuples(
        st.sampled_from(NAMES),
        st.integers(0, 4_000_000_000_000),
        st.floats(-1e12, 1e12, allow_nan=False),
        st.integers(0, 255),
    ),
    min_size=1,
    max_size=50,
)


def rows_of(batches: Iterator[ReadingBatch]) -> Rows:
    return [
        (one.points[p], t, x, q)
        for one in batches
        for p, t, x, q in zip(*(column.tolist() for column in (one.p, one.t, one.x, one.q)), strict=True)
    ]


@pytest.mark.parametrize("name", ["history.csv", "history.parquet", "history.lp"])
@given(rows=ROWS)
@settings(max_examples=30, deadline=None)
def test_what_is_written_is_read_again(tmp_path_factory: pytest.TempPathFactory, name: str, rows: Rows) -> None:
    path = tmp_path_factory.mktemp("exchange") / name
    heard: list[int] = []
    parts = [rows[:20], rows[20:] or rows[:1]]
    written = write([batch(part) for part in parts], path, SITE, heard.append)
    assert heard[-1] == written
    assert rows_of(read(path, "yard")) == [row for part in parts for row in part]


def test_a_file_of_another_program_is_read(tmp_path: Path) -> None:
    path = tmp_path / "other.csv"
    path.write_text("value,time,point\n21.5,2026-09-21T20:00:00+08:00,e-1.temperature\n", encoding="utf-8")
    assert rows_of(read(path, "yard")) == [("e-1.temperature", NOON, 21.5, 0)]


@pytest.mark.parametrize(
    ("name", "text", "says"),
    [
        ("a.csv", "time,point\n2026-01-01T00:00:00Z,e.t\n", "no column value"),
        ("a.csv", "time,point,value\nyesterday,e.t,1\n", "yesterday"),
        ("a.csv", "time,point,value\n2026-01-01T00:00:00Z,e.t,warm\n", "warm"),
        ("a.csv", "time,point,value\n2026-01-01T00:00:00Z,e.t,\n", "no number"),
        ("a.lp", "temperature,device=e-1 value=1,quality=0i 5\nrubbish\n", "a.lp:2"),
        ("a.lp", "temperature,site=x value=1,quality=0i 5\n", "a.lp:1"),
        ("a.parquet", "no parquet", "a.parquet"),
        ("a.txt", "", "name it .csv"),
    ],
)
def test_what_is_no_history_is_refused_with_its_place(tmp_path: Path, name: str, text: str, says: str) -> None:
    path = tmp_path / name
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ExchangeError, match=says):
        list(read(path, "yard"))


def test_a_file_is_replaced_whole_or_not_at_all(tmp_path: Path) -> None:
    path = tmp_path / "history.csv"
    path.write_text("as it was")

    def breaking() -> Iterator[ReadingBatch]:
        yield batch([("e-1.temperature", NOON, 1.0)])
        raise RuntimeError("the historian went away")

    with pytest.raises(RuntimeError):
        write(breaking(), path, SITE, lambda _: None)
    assert [found.name for found in tmp_path.iterdir()] == ["history.csv"]
    assert path.read_text() == "as it was"


def test_parquet_has_the_types_others_expect(tmp_path: Path) -> None:
    path = tmp_path / "history.parquet"
    write([batch([("e-1.temperature", NOON, 21.5)])], path, SITE, lambda _: None)
    table = pq.read_table(path)
    assert table.column_names == ["time", "point", "value", "quality"]
    assert table["time"].to_pylist()[0].isoformat() == "2026-09-21T12:00:00+00:00"
    assert table["value"].to_pylist() == [21.5]


def test_moments_are_utc_where_they_say_nothing() -> None:
    assert moment("2026-09-21T20:00+08:00") == moment("2026-09-21T12:00") == NOON
    with pytest.raises(ValueError, match="yesterday"):
        moment("yesterday")
