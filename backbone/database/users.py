"""People who may sign in, and their sessions. Only hashes of passwords and tokens are stored."""

from dataclasses import dataclass

from sqlalchemy import Connection, delete, func, insert, select, update
from sqlalchemy.exc import IntegrityError

from backbone.database.errors import Conflict
from backbone.database.tables import sessions, users
from community.people import Role


@dataclass(frozen=True, slots=True, kw_only=True)
class User:
    """Somebody who may sign in."""

    username: str
    name: str
    password_hash: str
    roles: frozenset[Role]
    disabled: bool
    created: int
    version: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredSession:
    """A session by the SHA-256 of its token (hexadecimal)."""

    token_hash: str
    username: str
    created: int
    last_used: int
    expires: int


def get_user(connection: Connection, username: str) -> User | None:
    """A user by name."""
    row = connection.execute(select(users).where(users.c.username == username)).first()
    return None if row is None else _user(row)


def list_users(connection: Connection) -> list[User]:
    """All users, by name."""
    return [_user(row) for row in connection.execute(select(users).order_by(users.c.username))]


def count_users(connection: Connection) -> int:
    """How many users there are."""
    return int(connection.execute(select(func.count()).select_from(users)).scalar() or 0)


def insert_user(connection: Connection, user: User) -> None:
    """A new user.

    Raises:
        Conflict: the name is taken.
    """
    try:
        with connection.begin_nested():
            connection.execute(insert(users).values(**_columns(user)))
    except IntegrityError as error:
        raise Conflict(f"there is a user {user.username} already") from error


def update_user(connection: Connection, user: User) -> None:
    """Replace the version before.

    Raises:
        Conflict: somebody else changed the user meanwhile.
    """
    changed = connection.execute(
        update(users)
        .where(users.c.username == user.username, users.c.version == user.version - 1)
        .values(**_columns(user))
    )
    if changed.rowcount != 1:
        raise Conflict(f"the user {user.username} was changed meanwhile")


def insert_session(connection: Connection, session: StoredSession) -> None:
    """A new session."""
    connection.execute(
        insert(sessions).values(
            token_hash=session.token_hash,
            username=session.username,
            created=session.created,
            last_used=session.last_used,
            expires=session.expires,
        )
    )


def get_session(connection: Connection, token_hash: str) -> StoredSession | None:
    """A session by its token's hash."""
    row = connection.execute(select(sessions).where(sessions.c.token_hash == token_hash)).first()
    if row is None:
        return None
    return StoredSession(
        token_hash=row.token_hash,
        username=row.username,
        created=row.created,
        last_used=row.last_used,
        expires=row.expires,
    )


def touch_session(connection: Connection, token_hash: str, now: int) -> None:
    """The session was used."""
    connection.execute(update(sessions).where(sessions.c.token_hash == token_hash).values(last_used=now))


def delete_session(connection: Connection, token_hash: str) -> bool:
    """End a session; whether there was one."""
    return connection.execute(delete(sessions).where(sessions.c.token_hash == token_hash)).rowcount == 1


def delete_sessions_of(connection: Connection, username: str) -> int:
    """End all sessions of a user; how many."""
    return int(connection.execute(delete(sessions).where(sessions.c.username == username)).rowcount)


def delete_expired_sessions(connection: Connection, now: int, idle_ms: int) -> int:
    """Forget sessions that ended by time; how many."""
    ended = (sessions.c.expires <= now) | (sessions.c.last_used <= now - idle_ms)
    return int(connection.execute(delete(sessions).where(ended)).rowcount)


def _columns(user: User) -> dict[str, object]:
    return {
        "username": user.username,
        "name": user.name,
        "password_hash": user.password_hash,
        "roles": ",".join(sorted(role.value for role in user.roles)),
        "disabled": user.disabled,
        "created": user.created,
        "version": user.version,
    }


def _user(row: object) -> User:
    columns = row._mapping  # type: ignore[attr-defined]
    return User(
        username=columns["username"],
        name=columns["name"],
        password_hash=columns["password_hash"],
        roles=frozenset(Role(role) for role in columns["roles"].split(",") if role),
        disabled=columns["disabled"],
        created=columns["created"],
        version=columns["version"],
    )
