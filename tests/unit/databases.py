"""New databases, quickly: making the tables takes longer than most tests that need them."""

from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

from backbone.database.database import Database


def new_database(path: Path) -> Database:
    """A file with all tables and nothing in them, opened; one that is there already is opened as it is."""
    if not path.exists():
        path.write_bytes(_empty())
    return Database.open(f"sqlite:///{path}")


@cache
def _empty() -> bytes:
    with TemporaryDirectory() as folder:
        file = Path(folder) / "empty.db"
        database = Database.open(f"sqlite:///{file}")
        database.close()
        return file.read_bytes()
