"""Sessions: 256 random bits for the browser, their hash for us. Read at every request, so that changes act at once."""

import hashlib
import secrets
from dataclasses import dataclass

from sqlalchemy import Connection

from api.security.passwords import Passwords
from backbone.database import audit, idempotency, users
from backbone.database.database import Database
from backbone.database.users import StoredSession, User
from community.people import Role

TOUCH_EVERY_MS = 60_000
KEEP_ANSWERS_MS = 86_400_000
_TOKEN_BYTES = 32


@dataclass(frozen=True, slots=True)
class Caller:
    """Somebody signed in."""

    username: str
    name: str
    roles: frozenset[Role]
    session: str
    """Names the session without opening it."""
    expires: int


def digest(token: str) -> str:
    """What is kept of a token. It is random, so one fast hash is enough."""
    return hashlib.sha256(token.encode()).hexdigest()


class Sessions:
    """Opens, finds and ends sessions. Blocking."""

    def __init__(self, database: Database, *, idle_ms: int, absolute_ms: int) -> None:
        self._database = database
        self._idle_ms = idle_ms
        self._absolute_ms = absolute_ms

    def sign_in(
        self, username: str, password: str, passwords: Passwords, address: str, now: int
    ) -> tuple[Caller, str] | None:
        """The caller and their token; None when name or password is wrong, or the user is disabled."""
        with self._database.read() as connection:
            user = users.get_user(connection, username)
        fits = passwords.fits(user.password_hash if user else None, password)
        with self._database.begin() as connection:
            # Read again: hashing takes long enough for the user to be disabled meanwhile.
            current = users.get_user(connection, username)
            good = fits and current is not None and not current.disabled and current == user
            audit.append(
                connection,
                at=now,
                who=username,
                action="session.open",
                target=address,
                outcome="done" if good else "failed",
            )
            if not good or current is None:
                return None
            token = secrets.token_urlsafe(_TOKEN_BYTES)
            session = StoredSession(
                token_hash=digest(token),
                username=username,
                created=now,
                last_used=now,
                expires=now + self._absolute_ms,
            )
            users.insert_session(connection, session)
        return _caller(current, session), token

    def find(self, token: str, now: int) -> Caller | None:
        """Whose token it is; None when the session has ended or its user is disabled."""
        token_hash = digest(token)
        with self._database.read() as connection:
            caller, last_used = self._find(connection, token_hash, now)
        if caller is not None and now - last_used > TOUCH_EVERY_MS:
            with self._database.begin() as connection:
                users.touch_session(connection, token_hash, now)
        return caller

    def lives(self, session: str, now: int) -> bool:
        """Whether a session goes on."""
        with self._database.read() as connection:
            return self._find(connection, session, now)[0] is not None

    def sign_out(self, caller: Caller, now: int) -> None:
        """End the caller's session."""
        with self._database.begin() as connection:
            users.delete_session(connection, caller.session)
            audit.append(connection, at=now, who=caller.username, action="session.close", target="", outcome="done")

    def forget_old(self, now: int) -> None:
        """Remove sessions that ended by time, and answers kept against repetition."""
        with self._database.begin() as connection:
            users.delete_expired_sessions(connection, now, self._idle_ms)
            idempotency.forget(connection, now - KEEP_ANSWERS_MS)

    def _find(self, connection: Connection, token_hash: str, now: int) -> tuple[Caller | None, int]:
        session = users.get_session(connection, token_hash)
        if session is None or session.expires <= now or session.last_used <= now - self._idle_ms:
            return None, now
        user = users.get_user(connection, session.username)
        if user is None or user.disabled:
            return None, now
        return _caller(user, session), session.last_used


def _caller(user: User, session: StoredSession) -> Caller:
    return Caller(user.username, user.name, user.roles, session.token_hash, session.expires)
