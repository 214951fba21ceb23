"""Browsers people are told in by web push (RFC 8030): which, and how to subscribe one."""

from fnmatch import fnmatchcase
from typing import Annotated
from urllib.parse import urlsplit

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import Response

from api.notifications.router import Own, person_of
from api.platform import PlatformDep
from api.problems import Problem, not_found
from api.security.access import Viewer
from api.times import Timestamp
from api.writing import Change
from backbone.database import notifications as stored
from community.push import Browser, Browsers, browser_id, subscribed, without

router = APIRouter(prefix="/notifications/push", tags=["notifications"])
_KEY = r"^[A-Za-z0-9_-]+={0,2}$"


class BrowserOut(BaseModel):
    """A browser somebody is told in. Its address is the secret of it and its push service."""

    model_config = ConfigDict(from_attributes=True)

    id: str
    label: str
    at: Timestamp = Field(description="since when")


class PushOut(BaseModel):
    """The caller's browsers, and what another one subscribes with."""

    key: str | None = Field(description="the applicationServerKey; null: the rules service has not run yet")
    browsers: list[BrowserOut]


class PushKeys(BaseModel):
    """As the browser made them."""

    model_config = ConfigDict(extra="ignore")

    p256dh: Annotated[str, Field(min_length=86, max_length=90, pattern=_KEY)]
    auth: Annotated[str, Field(min_length=22, max_length=24, pattern=_KEY)]


class PushIn(BaseModel):
    """A browser's PushSubscription, and what its owner calls it."""

    model_config = ConfigDict(extra="ignore")

    endpoint: Annotated[str, Field(max_length=1_000)]
    keys: PushKeys
    label: Annotated[str, Field(max_length=80)] = ""


@router.get("")
def get_push(platform: PlatformDep, caller: Viewer) -> PushOut:
    """The caller's browsers."""
    person = person_of(platform, caller.username)
    with platform.database.read() as c:
        return _shown(stored.browsers_of(c, platform.site.id, person.id), stored.push_key(c, platform.site.id))


@router.post("", response_model=PushOut, status_code=201)
def subscribe_push(body: PushIn, write: Own) -> Response:
    """Tell the caller in this browser too."""
    person = person_of(write.platform, write.caller.username)
    allowed = [origin.strip() for origin in write.platform.settings.push_services.split(",")]
    if not any(fnmatchcase(_origin(body.endpoint), origin) for origin in allowed):
        raise Problem(422, "this push service is not one of ANJU_PUSH_SERVICES", kind="bad-input")

    def work(change: Change) -> PushOut:
        browser = Browser(
            id=browser_id(body.endpoint),
            endpoint=body.endpoint,
            p256dh=body.keys.p256dh,
            auth=body.keys.auth,
            label=body.label.strip(),
            at=change.now,
        )
        return _keep(change, subscribed(stored.browsers_of(change.connection, change.site, person.id), browser))

    return write.perform("notifications.subscribe", person.id, work, status=201)


@router.delete("/{browser}", response_model=PushOut)
def unsubscribe_push(browser: str, write: Own) -> Response:
    """Tell the caller there no more."""
    person = person_of(write.platform, write.caller.username)

    def work(change: Change) -> PushOut:
        known = stored.browsers_of(change.connection, change.site, person.id)
        after = without(known, {browser})
        if after == known:
            raise not_found("browser", browser)
        return _keep(change, after)

    return write.perform("notifications.unsubscribe", person.id, work)


def _keep(change: Change, browsers: Browsers) -> PushOut:
    stored.save_browsers(change.connection, change.site, browsers)
    return _shown(browsers, stored.push_key(change.connection, change.site))


def _shown(browsers: Browsers, key: str | None) -> PushOut:
    return PushOut(key=key, browsers=[BrowserOut.model_validate(row) for row in browsers.rows])


def _origin(endpoint: str) -> str:
    try:
        parts = urlsplit(endpoint)
        port = "" if parts.port is None else f":{parts.port}"
    except ValueError:
        return ""
    return f"{parts.scheme}://{parts.hostname}{port}"
