"""`anju user`: people who may sign in, from the command line."""

from contextlib import closing
from dataclasses import replace

from sqlalchemy import Connection

from api.security import passwords
from api.security.passwords import Passwords
from backbone.database import audit, users
from backbone.database.database import Database
from backbone.database.errors import Conflict
from backbone.database.users import User
from backbone.settings import Settings
from community.people import Role

BY = "command line"


def add_user(username: str, name: str, roles: list[str], password: str, now: int) -> None:
    """Let somebody sign in.

    Raises:
        ValueError: no such role, a password that is refused, or the name is taken; the message says which.
    """
    granted = frozenset(_role(role) for role in roles)
    passwords.check(password, username)
    kept = Passwords().hash(password)
    with closing(Database.open(Settings().state_url)) as database, database.begin() as connection:
        user = User(username=username, name=name, password_hash=kept, roles=granted, disabled=False, created=now)
        try:
            users.insert_user(connection, user)
        except Conflict as error:
            raise ValueError(str(error)) from error
        _note(connection, now, "user.create", username)


def set_password(username: str, password: str, now: int) -> None:
    """A new password; open sessions end.

    Raises:
        ValueError: no such user, or a password that is refused.
    """
    passwords.check(password, username)
    kept = Passwords().hash(password)
    with closing(Database.open(Settings().state_url)) as database, database.begin() as connection:
        user = users.get_user(connection, username)
        if user is None:
            raise ValueError(f"there is no user {username}")
        users.update_user(connection, replace(user, password_hash=kept, version=user.version + 1))
        users.delete_sessions_of(connection, username)
        _note(connection, now, "user.password", username)


def _role(text: str) -> Role:
    try:
        return Role(text)
    except ValueError:
        raise ValueError(f"there is no role '{text}'; there are {', '.join(Role)}") from None


def _note(connection: Connection, now: int, action: str, target: str) -> None:
    audit.append(connection, at=now, who=BY, action=action, target=target, outcome="done")
