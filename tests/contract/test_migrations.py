"""Tables are made and changed when a database is opened: from nothing, again, together, or not at all."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import create_engine, inspect, text

from backbone.database import checkpoints, tickets
from backbone.database.database import Database
from backbone.database.errors import DatabaseError
from backbone.database.migrate import MIGRATIONS, newest
from backbone.database.tables import metadata
from tests.servers import ROOT

OPEN = "import sys; from backbone.database.database import Database; Database.open(sys.argv[1]).close()"


def test_from_nothing_to_exactly_our_tables(state_url: str) -> None:
    database = Database.open(state_url)
    with database.read() as connection:
        context = MigrationContext.configure(connection)
        assert compare_metadata(context, metadata) == []
    database.close()


def test_opened_again_nothing_is_changed(state_url: str) -> None:
    database = Database.open(state_url)
    with database.begin() as connection:
        checkpoints.save_checkpoint(connection, "kept", b"state")
    database.close()
    again = Database.open(state_url)
    with again.read() as connection:
        assert checkpoints.load_checkpoint(connection, "kept") == b"state"
    again.close()


def test_the_newest_tables_are_known_without_alembic() -> None:
    """Else each start would take half a second longer, and after a crash nobody watches meanwhile."""
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    assert newest() == ScriptDirectory.from_config(config).get_current_head()


def test_processes_that_start_together_find_the_tables_made_once(state_url: str) -> None:
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    started = [
        subprocess.Popen([sys.executable, "-c", OPEN, state_url], env=environment, stderr=subprocess.PIPE, text=True)
        for _ in range(4)
    ]
    for process in started:
        _, errors = process.communicate(timeout=60)
        assert (process.returncode, errors) == (0, "")


def test_what_cannot_be_done_whole_is_not_done_at_all(state_url: str) -> None:
    """A table in the way, as half a migration would leave it: the message says so, and nothing else is made."""
    database = Database.open(state_url)
    with database.begin() as connection:
        for table in reversed(metadata.sorted_tables):
            if table.name != "users":
                table.drop(connection)
        connection.exec_driver_sql("DROP TABLE alembic_version")
    database.close()
    with pytest.raises(DatabaseError, match="users"):
        Database.open(state_url)
    assert tables_of(state_url) == {"users"}


def test_a_newer_versions_database_is_left_alone(state_url: str) -> None:
    database = Database.open(state_url)
    with database.begin() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
    database.close()
    with pytest.raises(DatabaseError, match="newer version"):
        Database.open(state_url)


def tables_of(url: str) -> set[str]:
    engine = create_engine(url)
    try:
        return set(inspect(engine).get_table_names())
    finally:
        engine.dispose()


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("mysql://anju:secret@127.0.0.1/anju", "mysql is no database Anju keeps its state in"),
        ("sqlite:////proc/anju/state.db", "no folder"),
        ("", "no database URL"),
    ],
)
def test_a_place_that_cannot_be_used_is_told(url: str, says: str) -> None:
    with pytest.raises(DatabaseError, match=says) as refused:
        Database.open(url)
    assert "secret" not in str(refused.value)


def test_a_file_that_is_no_database_is_told(tmp_path: Path) -> None:
    path = tmp_path / "note.txt"
    path.write_text("not a database, and long enough to be looked at as one " * 10)
    with pytest.raises(DatabaseError, match="not a database"):
        Database.open(f"sqlite:///{path}")


def test_a_plain_postgresql_url_is_enough(postgres_url: str) -> None:
    Database.open(postgres_url.replace("postgresql+psycopg", "postgresql")).close()


def test_tickets_of_before_keep_their_evidence_and_conditions(tmp_path: Path) -> None:
    """As the first release wrote them: evidence was one text, and a condition only entries of the history."""
    path = tmp_path / "state.db"
    engine = create_engine(f"sqlite:///{path}")
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    history = [("reported", 5), ("start", 6), ("condition-cleared", 7), ("raised-again", 8), ("rectify", 9)]
    document = {
        "id": "t-1", "site": "jinxiu", "zone": "b1", "title_zh": "满", "title_en": "Full",
        "source": "rule:full:bin.fill", "priority": "low",
        "state": "rectified", "reported_at": 5, "respond_by": 6, "complete_by": 7,
        "assignee": "chen-gang", "rectified_by": "chen-gang", "evidence": "emptied", "version": 5,
        "history": [{"at": at, "by": "chen-gang", "change": change, "note": ""} for change, at in history],
    }  # fmt: skip
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "0007")
        connection.execute(
            text("INSERT INTO tickets VALUES ('t-1', 'jinxiu', 'rectified', 'b1', 5, 5, :document, :source)"),
            {"document": json.dumps(document), "source": document["source"]},
        )
    engine.dispose()
    database = Database.open(f"sqlite:///{path}")
    with database.read() as connection:
        (ticket,) = tickets.list_tickets(connection, "jinxiu", assignees=["chen-gang"])
        assert tickets.due_tickets(connection, "jinxiu", 5, 10) == ["t-1"]
    database.close()
    assert [(row.note, row.by, row.at) for row in ticket.evidence] == [("emptied", "chen-gang", 9)]
    assert [(row.standing, row.raised, row.at) for row in ticket.conditions] == [(True, 2, 8)]
