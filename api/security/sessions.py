"""Sessions: 256 random bits for the browser, their hash for us. Read at every request, so that changes act at once.

While the database cannot be read, whoever was signed in goes on looking; while it cannot be written, whoever has a
password may begin to: it may burn, and the page is where that is seen. What was not written is written later.
"""

import hashlib
import secrets
import threading
from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

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


class _Opened(NamedTuple):
    """A session that is not written yet: it lasts while its user is as they were when it was opened."""

    session: StoredSession
    user: User
    address: str


class _Ended(NamedTuple):
    """Who signed out, and when."""

    username: str
    at: int


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
        self._unwritten: dict[str, _Opened] = {}
        self._ended: dict[str, _Ended] = {}
        """Sessions whose end is not written yet."""
        self._writing = threading.Lock()

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
            if good and user is not None:
                if len(self._unwritten) >= _MOST_KNOWN:
                    raise
                self._unwritten[session.token_hash] = _Opened(session, user, address)
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
        """Write which sessions were opened, used and ended, where that was not done at once.

        Raises:
            OperationalError, InterfaceError: the database is away; it is all written the next time.
        """
        with self._writing:
            opened, used, ended = dict(self._unwritten), dict(self._used), dict(self._ended)
            if not (opened or used or ended):
                return
            with self._database.begin() as connection:
                for token_hash, one in opened.items():
                    _write_opened(connection, token_hash, one)
                for token_hash, at in used.items():
                    users.touch_session(connection, token_hash, at)
                for token_hash, end in ended.items():
                    users.delete_session(connection, token_hash)
                    audit.append(
                        connection, at=end.at, who=end.username, action="session.close", target="", outcome="done"
                    )
            for token_hash in opened:
                self._unwritten.pop(token_hash, None)
            for token_hash, at in used.items():
                if self._used.get(token_hash) == at:
                    self._used.pop(token_hash, None)
            for token_hash in ended:
                self._ended.pop(token_hash, None)

    def sign_out(self, caller: Caller, now: int) -> None:
        """End the caller's session: here at once, on record as soon as the database takes it."""
        self._ended[caller.session] = _Ended(caller.username, now)
        self._known.pop(caller.session, None)
        try:
            self.write_down()
        except _AWAY:
            log.exception("a sign-out could not be recorded yet", user=caller.username)

    def forget_old(self, now: int) -> None:
        """Remove sessions that ended by time, and answers kept against repetition."""
        self.write_down()
        with self._database.begin() as connection:
            users.delete_expired_sessions(connection, now, self._idle_ms)
            idempotency.forget(connection, now - KEEP_ANSWERS_MS)

    def _look_up(self, token_hash: str, now: int) -> tuple[Caller | None, int]:
        """Whose session it is and when it was last used, from the database or, while that is away, from memory."""
        if token_hash in self._ended:
            return None, now
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
        unwritten = None if session is not None else self._unwritten.get(token_hash)
        if unwritten is not None:
            session = unwritten.session
        if session is None:
            return None, now
        last_used = max(session.last_used, self._used.get(token_hash, 0))
        if session.expires <= now or last_used <= now - self._idle_ms:
            return None, now
        user = users.get_user(connection, session.username)
        if user is None or user.disabled or (unwritten is not None and user != unwritten.user):
            return None, now
        return _caller(user, session), last_used


def _write_opened(connection: Connection, token_hash: str, opened: _Opened) -> None:
    """A session on record, unless it is already: of a commit one may not hear that it was done."""
    if users.get_session(connection, token_hash) is not None:
        return
    _note_opening(connection, opened.session, opened.address, good=True)
    if users.get_user(connection, opened.user.username) == opened.user:
        users.insert_session(connection, opened.session)


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
