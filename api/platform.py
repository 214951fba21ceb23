"""What the resources work with; made once by `create_app`, found again by a dependency."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends
from starlette.requests import HTTPConnection

from api.exchange.imports import Imports
from api.live.found import FoundBoard
from api.live.gateways import GatewayBoard
from api.live.hub import Hub
from api.live.latest import LatestCache
from api.live.services import ServiceBoard
from api.live.unrecorded import UnrecordedBoard
from api.rules.trials import Trials
from api.security.buckets import Buckets
from api.security.guessing import Guessing
from api.security.passwords import Passwords
from api.security.sessions import Sessions
from api.settings import ApiSettings
from backbone.database.database import Database
from backbone.files import Files
from backbone.historian.port import Historian
from community.site.site import Site


@dataclass(frozen=True, slots=True, kw_only=True)
class Platform:
    """The stores, the site, and what is known of the present."""

    settings: ApiSettings
    site: Site
    historian: Historian
    database: Database
    now: Callable[[], int]
    passwords: Passwords
    sessions: Sessions
    guessing: Guessing
    latest: LatestCache
    gateways: GatewayBoard
    found: FoundBoard
    unrecorded: UnrecordedBoard
    services: ServiceBoard
    hub: Hub
    wake_relay: Callable[[], None]
    """Called from any thread once an event was committed to the outbox."""
    end_pages: Callable[[str, str | None, str | None], None]
    """Called from any thread: reason, user, session whose open pages are to be closed."""
    bus_connected: Callable[[], bool]
    files: Files
    trials: Trials
    imports: Imports
    reports: Buckets
    """How often somebody who is not signed in may report a problem."""


def _platform(connection: HTTPConnection) -> Platform:
    found = connection.app.state.platform
    assert isinstance(found, Platform)
    return found


PlatformDep = Annotated[Platform, Depends(_platform)]
