"""What the gateway was commanded, durably: each id once, its reply, and the egress locks that must stay released."""

import sqlite3

import msgspec
import structlog

from community.commands import Command, Reply
from gateway.spool import Spool

KEPT_MS = 30 * 86_400_000
_IN_MEMORY = 10_000

log = structlog.get_logger()


class CommandLog:
    """In the spool's file; what the disk refuses is kept in memory, for refusing to act would be worse."""

    def __init__(self, spool: Spool) -> None:
        self._spool = spool
        self._replies: dict[str, Reply | None] = {}
        self._released: dict[str, str] = {}
        self._read()

    def _read(self) -> None:
        for point, cause in self._spool.file.execute("SELECT point, cause FROM released"):
            self._released[str(point)] = str(cause)

    def known(self, identifier: str) -> bool:
        """Whether this command was taken on before."""
        if identifier in self._replies:
            return True
        rows = self._query("SELECT id, reply FROM commands WHERE id = ?", (identifier,))
        for _, reply in rows:
            self._replies[identifier] = _decoded(reply)
        return bool(rows)

    def reply_to(self, identifier: str) -> Reply | None:
        """The reply of a known command; None while it is being carried out."""
        return self._replies.get(identifier)

    def unfinished(self) -> list[tuple[str, Command]]:
        """Commands taken on and never answered: the process ended in between."""
        rows = self._query("SELECT id, command FROM commands WHERE reply IS NULL", ())
        return [(str(row[0]), msgspec.json.decode(row[1], type=Command)) for row in rows if isinstance(row[1], bytes)]

    def begin(self, identifier: str, command: Command, now: int) -> None:
        """Taken on; on record before anything is switched."""
        if len(self._replies) > _IN_MEMORY:
            self._replies = {key: reply for key, reply in self._replies.items() if reply is None}
        self._replies[identifier] = None
        self._write(
            "INSERT OR IGNORE INTO commands VALUES (?, ?, ?, NULL)", (identifier, now, msgspec.json.encode(command))
        )

    def finish(self, identifier: str, reply: Reply) -> None:
        """Its reply."""
        self._replies[identifier] = reply
        values = (identifier, reply.at, msgspec.json.encode(reply))
        self._write(
            "INSERT INTO commands VALUES (?, ?, NULL, ?) ON CONFLICT (id) DO UPDATE SET reply = excluded.reply", values
        )

    def released_by(self, point: str) -> str | None:
        """What released this egress lock, if it must stay released."""
        return self._released.get(point)

    def release(self, point: str, cause: str, now: int) -> None:
        """From now on the lock is not re-locked but by a stand-down."""
        self._released[point] = cause
        self._write("INSERT OR REPLACE INTO released VALUES (?, ?, ?)", (point, cause, now))

    def stand_down(self, point: str) -> None:
        """It may be locked again."""
        self._released.pop(point, None)
        self._write("DELETE FROM released WHERE point = ?", (point,))

    def write_again(self, now: int) -> None:
        """After the spool's file was replaced: what is known in memory goes into the new one."""
        for point, cause in self._released.items():
            self._write("INSERT OR REPLACE INTO released VALUES (?, ?, ?)", (point, cause, now))
        for identifier, reply in self._replies.items():
            body = None if reply is None else msgspec.json.encode(reply)
            self._write("INSERT OR IGNORE INTO commands VALUES (?, ?, NULL, ?)", (identifier, now, body))

    def prune(self, now: int) -> None:
        """Forget commands of long ago; they have expired many times over."""
        self._write("DELETE FROM commands WHERE at < ? AND reply IS NOT NULL", (now - KEPT_MS,))

    def _query(self, statement: str, values: tuple[object, ...]) -> list[tuple[object, ...]]:
        try:
            return self._spool.file.execute(statement, values)
        except sqlite3.Error as error:
            log.warning("the command record cannot be read", error=str(error))
            return []

    def _write(self, statement: str, values: tuple[object, ...]) -> None:
        file = self._spool.file
        try:
            with file.transaction():
                file.execute(statement, values)
        except sqlite3.Error as error:
            log.warning("the command record cannot be written; it is kept in memory", error=str(error))


def _decoded(reply: object) -> Reply | None:
    return msgspec.json.decode(reply, type=Reply) if isinstance(reply, bytes) else None
