"""Backups are whole and of one moment, made while readings arrive; what is damaged is not put back."""

import shutil
import subprocess
from contextlib import closing
from pathlib import Path

import msgspec
import pytest

from backbone.backup import MANIFEST, BackupError, make_backup, read_manifest, restore_backup
from backbone.database import outbox
from backbone.database.database import Database
from backbone.files import Files
from backbone.historian.duckdb import DuckDBHistorian
from backbone.historian.port import HistorianUnavailable
from tests.history import EVER, NEVER, NOON, batch
from tests.integration.test_duckdb_fold import FOLDER
from tests.integration.test_duckdb_historian import python

WRITING = (
    FOLDER
    + """
    if seq == 20:
        historian.backup(Path(sys.argv[2]))
        print("saved", flush=True)
"""
)


@pytest.fixture
def site_file(tmp_path: Path) -> Path:
    path = tmp_path / "院.yaml"
    path.write_text("site: {id: yard}\n", encoding="utf-8")
    return path


def saved(folder: Path, site_file: Path, **more: int) -> Path:
    """A backup of a history with one reading and a state with one event."""
    with closing(Database.open(f"sqlite:///{folder}/anju.db")) as database:
        with database.begin() as connection:
            outbox.append(connection, "rules", "yard", "alarm", "raised", "a-1", {"id": "a-1"}, 7)
        with closing(DuckDBHistorian(folder / "history.duckdb", "yard").open()) as historian:
            historian.write([batch([("e-1.temperature", NOON, 21.5)])], [], {})
            made, manifest = make_backup(
                folder / "backups",
                site="yard",
                site_file=site_file,
                historian=historian,
                database=database,
                files=folder / "files",
                now=more.get("now", NOON),
            )
    assert manifest == read_manifest(made)
    return made


def test_what_was_saved_is_there_after_everything_was_lost(tmp_path: Path, site_file: Path) -> None:
    photo = Files(tmp_path / "files").put(b"a photo", "pump.jpg")
    made = saved(tmp_path, site_file)
    assert {path.name for path in made.iterdir()} == {"history.duckdb", "anju.db", "files", "院.yaml", MANIFEST}
    shutil.rmtree(tmp_path / "files")
    later = Files(tmp_path / "files").put(b"a later photo", "door.jpg")
    history, state = tmp_path / "history.duckdb", tmp_path / "anju.db"
    history.write_bytes(b"garbage")
    state.unlink()
    _, aside = restore_backup(made, history=history, state=state, files=tmp_path / "files", now=NOON + 1)
    assert (aside / "history.duckdb").read_bytes() == b"garbage"
    with closing(DuckDBHistorian(history, "yard").open()) as historian:
        assert historian.latest("yard", None, NEVER)["e-1.temperature"].x == 21.5
    with closing(Database.open(f"sqlite:///{state}")) as database, database.read() as connection:
        assert [event.object_id for event in outbox.events_since(connection, "yard", 0, 9)] == ["a-1"]
    for name, content in ((photo, b"a photo"), (later, b"a later photo")):
        with Files(tmp_path / "files").open(name) as file:
            assert file.read() == content


def test_a_history_is_saved_as_of_one_moment_while_it_is_written_and_folded(tmp_path: Path) -> None:
    copied = tmp_path / "copied.duckdb"
    with python(WRITING, tmp_path / "history.duckdb", copied) as writer:
        assert writer.stdout is not None
        while writer.stdout.readline() != "saved\n":
            assert writer.poll() is None
        writer.stdout.readline()
        writer.kill()
    with closing(DuckDBHistorian(copied, "yard").open()) as historian:
        position = historian.positions()["gw-east"].bulk
        assert position >= 20
        assert historian.count("yard", None, NEVER, EVER) == 300 * position


@pytest.mark.parametrize("name", ["history.duckdb", "anju.db", MANIFEST])
def test_a_damaged_backup_is_refused_and_nothing_is_changed(tmp_path: Path, site_file: Path, name: str) -> None:
    made = saved(tmp_path, site_file)
    body = bytearray((made / name).read_bytes())
    body[len(body) // 2] ^= 0xFF
    (made / name).write_bytes(body)
    before = (tmp_path / "history.duckdb").read_bytes()
    with pytest.raises(BackupError, match=r"damaged|cannot be read"):
        restore_backup(
            made, history=tmp_path / "history.duckdb", state=tmp_path / "anju.db", files=tmp_path / "files", now=NOON
        )
    assert (tmp_path / "history.duckdb").read_bytes() == before


def test_a_folder_without_a_manifest_is_no_backup(tmp_path: Path, site_file: Path) -> None:
    made = saved(tmp_path, site_file)
    (made / MANIFEST).unlink()
    with pytest.raises(BackupError, match="no whole backup"):
        read_manifest(made)


def test_a_backup_of_a_newer_program_is_left_to_it(tmp_path: Path, site_file: Path) -> None:
    made = saved(tmp_path, site_file)
    known = msgspec.json.decode((made / MANIFEST).read_bytes())
    (made / MANIFEST).write_bytes(msgspec.json.encode({**known, "format": 99}))
    with pytest.raises(BackupError, match="newer version"):
        read_manifest(made)


def test_a_failed_backup_leaves_nothing_behind(tmp_path: Path, site_file: Path) -> None:
    with closing(Database.open(f"sqlite:///{tmp_path}/anju.db")) as database:
        historian = DuckDBHistorian(tmp_path / "history.duckdb", "yard").open()
        historian.close()
        with pytest.raises(HistorianUnavailable):
            make_backup(
                tmp_path / "backups",
                site="yard",
                site_file=site_file,
                historian=historian,
                database=database,
                files=tmp_path / "files",
                now=NOON,
            )
    assert list((tmp_path / "backups").iterdir()) == []


def test_a_backup_of_servers_names_what_is_not_in_it(tmp_path: Path, site_file: Path) -> None:
    made = saved(tmp_path, site_file)
    with pytest.raises(BackupError, match="keeps nothing in files of its own"):
        restore_backup(made, history=None, state=None, files=tmp_path / "files", now=NOON)


def test_the_backup_is_a_file_other_programs_read(tmp_path: Path, site_file: Path) -> None:
    made = saved(tmp_path, site_file)
    listed = subprocess.run(
        ["sha256sum", *[str(p) for p in made.iterdir()]], capture_output=True, text=True, check=True
    )
    known = {file.name: file.sha256 for file in read_manifest(made).files}
    said = {Path(line.split("  ")[1]).name: line.split("  ")[0] for line in listed.stdout.splitlines()}
    assert known.items() <= said.items()
