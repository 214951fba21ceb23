"""The caller of a request, and the rights it takes: every route names one action of `community.people.RIGHTS`."""

from typing import Annotated, Any

from fastapi import Depends
from starlette.requests import HTTPConnection

from api.platform import Platform, PlatformDep
from api.problems import Problem
from api.security.sessions import Caller
from backbone.database import audit
from community.people import Action, may

COOKIE = "anju_session"
_SAFE_METHODS = {"GET", "HEAD", "OPTIONS"}


def token_of(connection: HTTPConnection) -> tuple[str | None, bool]:
    """The session token a request carries, and whether the browser added it by itself (cookie)."""
    scheme, _, token = connection.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer" and token.strip():
        return token.strip(), False
    return connection.cookies.get(COOKIE), True


def same_origin(connection: HTTPConnection, platform: Platform) -> bool:
    """Whether the page that asks is ours or an allowed one; programs send no Origin and are not meant."""
    origin = connection.headers.get("origin")
    if origin is None:
        return True
    own = connection.headers.get("host", "")
    return origin.partition("://")[2] == own or origin.rstrip("/") in platform.settings.origins


def authenticate(connection: HTTPConnection, platform: Platform) -> Caller:
    """The caller; blocking.

    Raises:
        Problem: 401, nobody is signed in; 403, another site's page asks in the name of ours.
    """
    token, by_cookie = token_of(connection)
    caller = platform.sessions.find(token, platform.now()) if token else None
    if caller is None:
        raise Problem(401, "sign in first", kind="sign-in", headers={"WWW-Authenticate": "Bearer"})
    method = connection.scope.get("method", "GET")
    if by_cookie and method not in _SAFE_METHODS and not same_origin(connection, platform):
        raise Problem(403, "another site's page may not act in your name", kind="origin")
    return caller


def authorise(caller: Caller, action: Action) -> None:
    """Let the caller do it.

    Raises:
        Problem: 403, none of their roles carries the right.
    """
    if not may(caller.roles, action):
        raise Problem(403, f"your role does not allow this ({action.value})", kind="forbidden")


class Require:
    """Dependency: somebody signed in who may do `action`."""

    def __init__(self, action: Action) -> None:
        self.action = action

    def __call__(self, connection: HTTPConnection, platform: PlatformDep) -> Caller:
        caller = authenticate(connection, platform)
        try:
            authorise(caller, self.action)
        except Problem:
            if connection.scope.get("method") not in _SAFE_METHODS:
                _note_refusal(connection, platform, caller)
            raise
        return caller


def _note_refusal(connection: HTTPConnection, platform: Platform, caller: Caller) -> None:
    with platform.database.begin() as transaction:
        audit.append(
            transaction,
            at=platform.now(),
            who=caller.username,
            action=f"{connection.scope.get('method')} {connection.url.path}",
            target="",
            outcome="forbidden",
        )


def require(action: Action) -> Any:
    """`Depends` on somebody who may do `action`."""
    return Depends(Require(action))


def signed_in(connection: HTTPConnection, platform: PlatformDep) -> Caller:
    """Dependency of one's own session: whoever is signed in."""
    return authenticate(connection, platform)


Viewer = Annotated[Caller, require(Action.VIEW)]
SignedIn = Annotated[Caller, Depends(signed_in)]
