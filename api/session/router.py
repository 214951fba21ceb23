"""The session: sign in, who am I, sign out."""

import math

from fastapi import APIRouter, Request
from starlette.responses import JSONResponse, Response

from api.platform import PlatformDep
from api.problems import Problem
from api.security.access import COOKIE, SignedIn, same_origin
from api.security.sessions import Caller
from api.session.schemas import NewSession, Person, SessionOut, SignIn

router = APIRouter(prefix="/session", tags=["session"])
_PATH = "/"


def _address(request: Request) -> str:
    return request.client.host if request.client else ""


@router.post("", response_model=NewSession, status_code=201)
def sign_in(body: SignIn, request: Request, platform: PlatformDep) -> Response:
    """Sign in. Wrong guesses from one address are answered later and later."""
    if not same_origin(request, platform):
        raise Problem(403, "another site's page may not sign in here", kind="origin")
    now = platform.now()
    address = _address(request)
    wait_ms = platform.guessing.attempt(body.username, address, now)
    if wait_ms > 0:
        wait_s = math.ceil(wait_ms / 1000)
        raise Problem(
            429,
            f"too many wrong passwords; try again in {wait_s} s",
            kind="guessing",
            headers={"Retry-After": str(wait_s)},
        )
    opened = platform.sessions.sign_in(body.username, body.password, platform.passwords, address, now)
    if opened is None:
        raise Problem(401, "user name or password is wrong", kind="sign-in")
    caller, token = opened
    platform.guessing.succeeded(body.username, address)
    shown = NewSession(user=person(caller), expires=caller.expires, token=token)
    response = JSONResponse(shown.model_dump(mode="json"), 201, headers={"Cache-Control": "no-store"})
    response.set_cookie(
        COOKIE,
        token,
        max_age=int(platform.settings.session_absolute_s),
        path=_PATH,
        secure=request.url.scheme == "https",
        httponly=True,
        samesite="strict",
    )
    return response


@router.get("")
def get_session(caller: SignedIn) -> SessionOut:
    """Who is signed in."""
    return SessionOut(user=person(caller), expires=caller.expires)


@router.delete("", status_code=204)
def sign_out(platform: PlatformDep, caller: SignedIn) -> Response:
    """Sign out; the session's open pages are closed at once."""
    platform.sessions.sign_out(caller, platform.now())
    platform.end_pages("signed out", None, caller.session)
    response = Response(status_code=204)
    response.delete_cookie(COOKIE, path=_PATH, httponly=True, samesite="strict")
    return response


def person(caller: Caller) -> Person:
    """The caller as answers show them."""
    return Person(username=caller.username, name=caller.name, roles=sorted(caller.roles))
