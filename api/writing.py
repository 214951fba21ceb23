"""A write: one transaction with its events, its audit row and its idempotency key; then the relay is woken."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Annotated, Any

from fastapi import Depends, Request
from pydantic import BaseModel
from sqlalchemy import Connection
from sqlalchemy.exc import IntegrityError
from starlette.responses import Response

from api.platform import Platform, PlatformDep
from api.problems import Problem, conflict
from api.security.access import require
from api.security.sessions import Caller
from backbone.database import audit, idempotency, outbox
from backbone.database.errors import Conflict
from community.errors import TransitionRefused
from community.people import Action

WRITER = "api"
_TRIES = 3
_LONGEST_KEY = 200
_LONGEST_REQUEST = 400


@dataclass(slots=True)
class Change:
    """What a write works with, inside its transaction."""

    connection: Connection
    site: str
    by: str
    now: int
    events: int = field(default=0)

    def publish(self, kind: str, change: str, identifier: str, thing: Any) -> None:
        """Have the event go out once this is committed."""
        outbox.append(self.connection, WRITER, self.site, kind, change, identifier, thing, self.now)
        self.events += 1


Work = Callable[[Change], BaseModel | None]


@dataclass(frozen=True, slots=True)
class Write:
    """A caller with the right to write, and the request's key against repetition."""

    caller: Caller
    platform: Platform
    place: str
    """Method and path."""
    key: str | None
    digest: str
    """Of the body: a key that comes again must come with the same one. Empty where the body holds a password."""

    def perform(self, action: str, target: str, work: Work, *, status: int = 200, detail: str = "") -> Response:
        """Do `work` once, however often it is sent; blocking.

        The state may have changed under it (`Conflict`): then it is tried on the new state, and refused by that if
        need be.
        """
        refusal: Exception | None = None
        for _ in range(_TRIES):
            try:
                return self._once(action, target, work, status, detail)
            except (Conflict, IntegrityError) as error:
                refusal = conflict("somebody else changed this just now; look again")
                refusal.__cause__ = error
            except (TransitionRefused, Problem) as error:
                refusal = error
                break
        assert refusal is not None
        with self.platform.database.begin() as connection:
            self._note(connection, self.platform.now(), action, target, "refused", str(refusal))
        raise refusal

    def _once(self, action: str, target: str, work: Work, status: int, detail: str) -> Response:
        now = self.platform.now()
        with self.platform.database.begin() as connection:
            if (earlier := self._earlier(connection)) is not None:
                return earlier
            change = Change(connection, self.platform.site.id, self.caller.username, now)
            shown = work(change)
            body = b"" if shown is None else shown.model_dump_json().encode()
            self._note(connection, now, action, target, "done", detail)
            if self.key is not None:
                idempotency.save(connection, self.key, self.caller.username, self._request, status, body, now)
        if change.events:
            self.platform.wake_relay()
        return _answer(status, body)

    @property
    def _request(self) -> str:
        return f"{self.digest} {self.place}"[:_LONGEST_REQUEST]

    def _note(self, connection: Connection, at: int, action: str, target: str, outcome: str, detail: str) -> None:
        who = self.caller.username
        audit.append(connection, at=at, who=who, action=action, target=target, outcome=outcome, detail=detail)

    def _earlier(self, connection: Connection) -> Response | None:
        if self.key is None:
            return None
        kept = idempotency.find(connection, self.key, self.caller.username)
        if kept is None:
            return None
        if kept.request != self._request:
            raise Problem(422, "this Idempotency-Key was used for another request", kind="idempotency")
        return _answer(kept.status, kept.body)


def _answer(status: int, body: bytes) -> Response:
    return Response(body, status, media_type="application/json" if body else None)


def writing(action: Action, *, secret: bool = False) -> Any:
    """`Depends` on a write of somebody who may do `action`; of a `secret` body not even a digest is kept."""

    async def begin(request: Request, platform: PlatformDep, caller: Annotated[Caller, require(action)]) -> Write:
        key = request.headers.get("idempotency-key")
        if key is not None and not 0 < len(key) <= _LONGEST_KEY:
            raise Problem(400, f"an Idempotency-Key has 1 to {_LONGEST_KEY} characters", kind="idempotency")
        digest = "" if secret else hashlib.sha256(await request.body()).hexdigest()
        return Write(caller, platform, f"{request.method} {request.url.path}", key, digest)

    return Depends(begin)
