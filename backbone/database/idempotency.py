"""Answers to writes by their Idempotency-Key, so that a repeated request gets the first one's answer."""

from dataclasses import dataclass

from sqlalchemy import Connection, delete, insert, select

from backbone.database.tables import idempotency


@dataclass(frozen=True, slots=True)
class KeptAnswer:
    """The request a key was used for, and what was answered."""

    request: str
    status: int
    body: bytes


def find(connection: Connection, key: str, username: str) -> KeptAnswer | None:
    """What was answered to this key of this user."""
    query = select(idempotency).where(idempotency.c.key == key, idempotency.c.username == username)
    row = connection.execute(query).first()
    return None if row is None else KeptAnswer(row.request, row.status, bytes(row.body))


def save(connection: Connection, key: str, username: str, request: str, status: int, body: bytes, at: int) -> None:
    """Keep an answer, in the transaction of the write."""
    values = {"key": key, "username": username, "request": request[:400], "status": status, "body": body, "at": at}
    connection.execute(insert(idempotency).values(**values))


def forget(connection: Connection, before: int) -> int:
    """Delete answers older than a time; how many."""
    return int(connection.execute(delete(idempotency).where(idempotency.c.at < before)).rowcount)
