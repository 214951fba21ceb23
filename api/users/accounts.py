"""Accounts outside of HTTP: the first administrator."""

import structlog

from api.security import passwords
from api.security.passwords import Passwords
from api.settings import ApiSettings
from backbone.database import audit, users
from backbone.database.database import Database
from backbone.database.users import User
from community.people import Role

FIRST = "admin"
_NAME = "管理员"
log = structlog.get_logger()


def ensure_administrator(database: Database, password: str, now: int) -> bool:
    """Make the first administrator, `admin`, unless anybody may sign in already; whether it was made.

    Raises:
        PasswordRefused: the password is short or common.
    """
    with database.read() as connection:
        if users.count_users(connection):
            return False
    passwords.check(password, FIRST)
    kept = Passwords().hash(password)
    with database.begin() as connection:
        if users.count_users(connection):
            return False
        users.insert_user(
            connection,
            User(
                username=FIRST,
                name=_NAME,
                password_hash=kept,
                roles=frozenset({Role.ADMINISTRATOR}),
                disabled=False,
                created=now,
            ),
        )
        audit.append(
            connection, at=now, who="system", action="user.create", target=FIRST, outcome="done", detail="the first one"
        )
    return True


def first_administrator(database: Database, settings: ApiSettings, now: int) -> None:
    """At the start of the API alone: the administrator whose password the settings give."""
    if settings.admin_password is not None:
        ensure_administrator(database, settings.admin_password.get_secret_value(), now)
        return
    with database.read() as connection:
        if not users.count_users(connection):
            log.warning("nobody may sign in yet: set ANJU_ADMIN_PASSWORD, or run `anju user add`")
