"""Statements an alarm waits for do, on both databases, what SQLAlchemy's own would: the same rows, the same errors."""

from pathlib import Path

import pytest
from sqlalchemy import Connection, bindparam, insert, select
from sqlalchemy.exc import IntegrityError, OperationalError, ProgrammingError

from backbone.database.checkpoints import add_checkpoint, forget_checkpoints, load_checkpoint, save_checkpoint
from backbone.database.database import Database
from backbone.database.statements import Prepared, one_of, savepoint
from backbone.database.tables import checkpoints, personal

_add = Prepared(insert(personal), columns=personal.c.keys())
_found = Prepared(
    select(personal.c.person, personal.c.document)
    .where(one_of(personal.c.what, ["a", "b"]), personal.c.site == bindparam("site"))
    .order_by(personal.c.person)
    .limit(2)
)
_nowhere = Prepared(select(checkpoints.c.name).where(checkpoints.c.name == bindparam("wanted")))


def _row(person: str, what: str = "a", document: str = "王 '\"") -> dict[str, object]:
    return {"site": "s", "person": person, "what": what, "document": document}


def test_rows_go_in_and_come_out(database: Database) -> None:
    with database.begin() as c:
        assert _add.run(c, _row("p1")) == 1
        _add.run_all(c, [_row("p2", "b"), _row("p3", "c"), _row("p4")])
    with database.read() as c:
        assert [tuple(row) for row in _found.rows(c, {"site": "s"})] == [("p1", "王 '\""), ("p2", "王 '\"")]
        assert _found.first(c, {"site": "nobody's"}) is None


def test_a_fault_is_called_what_it_is_always_called_and_leaves_nothing(database: Database) -> None:
    def twice(c: Connection) -> None:
        _add.run(c, _row("p1"))
        _add.run(c, _row("p1"))

    with pytest.raises(IntegrityError), database.begin() as c:
        twice(c)
    with pytest.raises(IntegrityError), database.begin() as c:
        _add.run_all(c, [_row("p1"), _row("p1")])
    with database.begin() as c:
        c.exec_driver_sql("ALTER TABLE checkpoints RENAME TO elsewhere")
    with pytest.raises((OperationalError, ProgrammingError)), database.begin() as c:
        _nowhere.rows(c, {"wanted": "x"})
    with database.begin() as c:
        assert _found.rows(c, {"site": "s"}) == []
        _add.run(c, _row("p1"))


def test_what_fails_within_a_savepoint_costs_nothing_else(database: Database) -> None:
    def twice(c: Connection) -> None:
        with savepoint(c):
            _add.run(c, _row("within"))
        _add.run(c, _row("before"))

    def fail(c: Connection) -> None:
        _add.run(c, _row("innermost"))
        raise ValueError("a fault of ours")

    with database.begin() as c:
        _add.run(c, _row("before"))
        with pytest.raises(IntegrityError), savepoint(c):
            twice(c)
        with savepoint(c):
            _add.run(c, _row("later"))
            with pytest.raises(ValueError, match="a fault of ours"), savepoint(c):
                fail(c)
    with database.read() as c:
        assert [row[0] for row in _found.rows(c, {"site": "s"})] == ["before", "later"]


@pytest.mark.parametrize("durable", [True, False])
def test_a_transaction_that_fails_is_undone_and_the_next_is_as_durable_as_it_says(
    database: Database, durable: bool
) -> None:
    def fail(c: Connection) -> None:
        save_checkpoint(c, "n", b"half")
        raise ValueError("a fault of ours")

    with pytest.raises(ValueError, match="a fault of ours"), database.begin(durable=durable) as c:
        fail(c)
    with database.begin(durable=durable) as c:
        assert load_checkpoint(c, "n") is None
        add_checkpoint(c, "n", b"whole")
    with database.begin() as c:
        setting = "PRAGMA synchronous" if database.is_sqlite else "SHOW synchronous_commit"
        assert c.exec_driver_sql(setting).scalar() in {2, "on"}
        assert load_checkpoint(c, "n") == b"whole"


def test_what_two_writers_write_in_turn_both_find(database: Database, state_url: str) -> None:
    """A writer's connection is kept, with what it has read: it must see what others wrote since."""
    other = Database.open(state_url)
    try:
        for number in range(5):
            with database.begin() as c:
                save_checkpoint(c, "n", b"%d" % number)
            with other.begin() as c:
                assert load_checkpoint(c, "n") == b"%d" % number
                save_checkpoint(c, "n", b"other")
            with database.begin() as c:
                assert load_checkpoint(c, "n") == b"other"
            with database.read() as c:
                assert load_checkpoint(c, "n") == b"other"
    finally:
        other.close()


def test_a_full_disk_costs_the_whole_transaction_and_not_the_next(tmp_path: Path) -> None:
    def fill(c: Connection) -> None:
        _add.run(c, _row("first"))
        c.exec_driver_sql(f"PRAGMA max_page_count={c.exec_driver_sql('PRAGMA page_count').scalar()}")
        with savepoint(c):
            _add.run(c, _row("large", document="x" * 1_000_000))

    database = Database.open(f"sqlite:///{tmp_path / 'state.db'}")
    with pytest.raises(OperationalError, match="full"), database.begin() as c:
        fill(c)
    with database.begin() as c:
        assert _found.rows(c, {"site": "s"}) == []
        _add.run(c, _row("large", document="x" * 1_000_000))
    with database.read() as c:
        assert [row[0] for row in _found.rows(c, {"site": "s"})] == ["large"]
    database.close()


def test_what_is_deleted_is_not_written_once_more(tmp_path: Path) -> None:
    """The rules store megabytes a second under load and delete them seconds later: alarms wait for the same disk."""
    database = Database.open(f"sqlite:///{tmp_path / 'state.db'}")
    with database.begin() as c:
        save_checkpoint(c, "n", b"x" * 1_000_000)
    log = tmp_path / "state.db-wal"
    before = log.stat().st_size
    with database.begin() as c:
        forget_checkpoints(c, ["n"])
    assert log.stat().st_size - before < 200_000
    database.close()
