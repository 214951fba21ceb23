"""Sessions: 256 random bits for the browser, their hash for us. Read at every request, so that changes act at once.

While the database cannot be read, whoever was signed in goes on looking; while it cannot be written, whoever has a
password may begin to: it may burn, and the page is where that is seen. What was not written is written later.
"""

import hashlib
import secrets
from collections.abc import Iterable
from dataclasses import dataclass

import structlog
from sqlalchemy import Connection
from sqlalchemy.exc import InterfaceError, OperationalError

from api.security.passwords import Passwords
from backbone.database import audit, idempotency, users
from backbone.database.database import Database
from backbone.database.users import StoredSession, User
from community.people import Role

TOUCH_EVERY_MS = 60_000
KEEP_ANSWERS_MS = 86_400_000
_TOKEN_BYTES = 32
_MOST_KNOWN = 10_000
_AWAY = (OperationalError, InterfaceError)
log = structlog.get_logger()


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
        self._known: dict[str, tuple[Caller, int]] = {}
        """By session, as of the last time the database was asked: whose it is, and when it was used."""
        self._used: dict[str, int] = {}
        """When sessions were used, where that is not written yet."""
        self._unwritten: dict[str, tuple[StoredSession, str]] = {}
        """Sessions that could not be written, and from which address they were opened."""

    def sign_in(
        self, username: str, password: str, passwords: Passwords, address: str, now: int
    ) -> tuple[Caller, str] | None:
        """The caller and their token; None when name or password is wrong, or the user is disabled."""
        with self._database.read() as connection:
            user = users.get_user(connection, username)
        fits = passwords.fits(user.password_hash if user else None, password)
        token = secrets.token_urlsafe(_TOKEN_BYTES)
        session = StoredSession(
            token_hash=digest(token),
            username=username,
            created=now,
            last_used=now,
            expires=now + self._absolute_ms,
        )
        try:
            with self._database.begin() as connection:
                # Read again: hashing takes long enough for the user to be disabled meanwhile.
                current = users.get_user(connection, username)
                good = fits and current is not None and not current.disabled and current == user
                _note_opening(connection, session, address, good=good)
                if good:
                    users.insert_session(connection, session)
        except _AWAY:
            good = fits and user is not None and not user.disabled
            log.exception("a sign-in could not be recorded", user=username, address=address, good=good)
            if good:
                self._unwritten[session.token_hash] = session, address
        return (_caller(user, session), token) if good and user is not None else None

    def find(self, token: str, now: int) -> Caller | None:
        """Whose token it is; None when the session has ended or its user is disabled.

        Raises:
            OperationalError, InterfaceError: the database is away, and the session was not seen before.
        """
        token_hash = digest(token)
        caller, last_used = self._look_up(token_hash, now)
        if caller is not None and now - last_used > TOUCH_EVERY_MS:
            self._used[token_hash] = now
        return caller

    def ended(self, sessions: Iterable[str], now: int) -> list[str]:
        """Those of these that do not go on.

        Raises:
            OperationalError, InterfaceError: as `find`.
        """
        return [session for session in sessions if self._look_up(session, now)[0] is None]

    def write_down(self) -> None:
        """Write which sessions were opened and used, where that was not done at once."""
        used, self._used = self._used, {}
        opened = dict(self._unwritten)
        if not used and not opened:
            return
        try:
            with self._database.begin() as connection:
                for session, address in opened.values():
                    _note_opening(connection, session, address, good=True)
                    if users.get_user(connection, session.username) is not None:
                        users.insert_session(connection, session)
                for token_hash, at in used.items():
                    users.touch_session(connection, token_hash, at)
        except _AWAY:
            self._used = used | self._used
            raise
        for token_hash in opened:
            self._unwritten.pop(token_hash, None)

    def sign_out(self, caller: Caller, now: int) -> None:
        """End the caller's session."""
        self._known.pop(caller.session, None)
        if self._unwritten.pop(caller.session, None) is not None:
            return
        with self._database.begin() as connection:
            users.delete_session(connection, caller.session)
            audit.append(connection, at=now, who=caller.username, action="session.close", target="", outcome="done")

    def forget_old(self, now: int) -> None:
        """Remove sessions that ended by time, and answers kept against repetition."""
        self.write_down()
        with self._database.begin() as connection:
            users.delete_expired_sessions(connection, now, self._idle_ms)
            idempotency.forget(connection, now - KEEP_ANSWERS_MS)

    def _look_up(self, token_hash: str, now: int) -> tuple[Caller | None, int]:
        """Whose session it is and when it was last used, from the database or, while that is away, from memory."""
        try:
            with self._database.read() as connection:
                found = self._find(connection, token_hash, now)
        except _AWAY:
            if token_hash not in self._known:
                raise
            return self._remembered(token_hash, now)
        caller, last_used = found
        if caller is None:
            self._known.pop(token_hash, None)
            return found
        self._known[token_hash] = caller, last_used
        if len(self._known) > _MOST_KNOWN:
            self._known.pop(next(iter(self._known), ""), None)
        return found

    def _remembered(self, token_hash: str, now: int) -> tuple[Caller | None, int]:
        caller, last_used = self._known[token_hash]
        last_used = max(last_used, self._used.get(token_hash, 0))
        if caller.expires <= now or last_used <= now - self._idle_ms:
            return None, now
        return caller, last_used

    def _find(self, connection: Connection, token_hash: str, now: int) -> tuple[Caller | None, int]:
        session = users.get_session(connection, token_hash)
        if session is None and (unwritten := self._unwritten.get(token_hash)) is not None:
            session = unwritten[0]
        if session is None:
            return None, now
        last_used = max(session.last_used, self._used.get(token_hash, 0))
        if session.expires <= now or last_used <= now - self._idle_ms:
            return None, now
        user = users.get_user(connection, session.username)
        if user is None or user.disabled:
            return None, now
        return _caller(user, session), last_used


def _note_opening(connection: Connection, session: StoredSession, address: str, *, good: bool) -> None:
    audit.append(
        connection,
        at=session.created,
        who=session.username,
        action="session.open",
        target=address,
        outcome="done" if good else "failed",
    )


def _caller(user: User, session: StoredSession) -> Caller:
    return Caller(user.username, user.name, user.roles, session.token_hash, session.expires)
