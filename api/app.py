"""The application: every resource behind one gate, errors as problems, the page at the root."""

from collections.abc import Callable
from functools import cache
from pathlib import Path

from fastapi import APIRouter, FastAPI, WebSocket
from fastapi.exceptions import WebSocketRequestValidationError
from fastapi.routing import APIRoute
from starlette.routing import BaseRoute

from api import health, problems, web
from api.access_events.router import router as access_events
from api.activations.commanding import router as commanding
from api.activations.router import router as activations
from api.alarm_journal.load import router as alarm_load
from api.alarm_journal.router import router as alarm_journal
from api.alarms.router import router as alarms
from api.backups.router import router as backups
from api.commands.router import router as commands
from api.drills.router import router as drills
from api.exchange.imports import Imports
from api.exchange.router import router as exchange
from api.facilities.router import router as facilities
from api.gateways.router import router as gateways
from api.headcounts.router import router as headcounts
from api.inspections.router import router as inspections
from api.kpis.router import router as kpis
from api.live.found import FoundBoard
from api.live.gateways import GatewayBoard
from api.live.hub import Hub
from api.live.latest import LatestCache
from api.live.router import router as live
from api.live.services import ServiceBoard
from api.live.unrecorded import UnrecordedBoard
from api.middleware import Gate
from api.notifications.link import router as notification_links
from api.notifications.push import router as push
from api.notifications.router import router as notifications
from api.plans.router import router as plans
from api.platform import Platform
from api.points.router import router as points
from api.problems import Problem
from api.quarantine.router import router as quarantine
from api.readings.router import router as readings
from api.reminders.router import router as reminders
from api.reports.router import router as reports
from api.risks.router import router as risks
from api.rosters.router import router as rosters
from api.rosters.swaps import router as roster_requests
from api.rules.router import router as rules
from api.rules.trials import Trials
from api.safety.router import router as safety
from api.security.buckets import Buckets
from api.security.guessing import Guessing
from api.security.passwords import Passwords
from api.security.sessions import Sessions
from api.services.router import router as services
from api.session.router import router as session
from api.settings import ApiSettings
from api.site_versions.router import router as site_versions
from api.sites.router import router as sites
from api.suppressions.router import router as suppressions
from api.tickets.rating import links as ticket_links
from api.tickets.rating import router as ticket_ratings
from api.tickets.reporting import links as resident_reports
from api.tickets.router import router as tickets
from api.tickets.work import router as ticket_work
from api.trainings.router import router as trainings
from api.users.router import router as users
from api.zones.router import router as zones
from backbone.database.database import Database
from backbone.files import Files
from backbone.historian.port import Historian
from community.site.site import Site

VERSION = "1"
_RESOURCES = (
    session,
    sites,
    zones,
    points,
    readings,
    exchange,
    rules,
    site_versions,
    alarms,
    alarm_journal,
    alarm_load,
    suppressions,
    tickets,
    ticket_ratings,
    ticket_work,
    plans,
    activations,
    commanding,
    headcounts,
    gateways,
    commands,
    services,
    quarantine,
    backups,
    access_events,
    users,
    rosters,
    roster_requests,
    notifications,
    push,
    drills,
    trainings,
    facilities,
    inspections,
    risks,
    safety,
    kpis,
    reports,
    reminders,
)


def create_app(
    settings: ApiSettings,
    site: Site,
    historian: Historian,
    database: Database,
    *,
    now: Callable[[], int],
    web_dist: Path,
    wake_relay: Callable[[], None],
    on_loop: Callable[[Callable[[], None]], None],
    bus_connected: Callable[[], bool],
) -> FastAPI:
    """The application with what it works on; its `Platform` is `app.state.platform`.

    `on_loop` has a function called on the event loop, from any thread.
    """
    latest = LatestCache(site)
    hub = Hub(latest)
    app = bare_app()
    app.state.platform = Platform(
        settings=settings,
        site=site,
        historian=historian,
        database=database,
        now=now,
        passwords=Passwords(),
        sessions=Sessions(
            database,
            idle_ms=int(settings.session_idle_s * 1000),
            absolute_ms=int(settings.session_absolute_s * 1000),
        ),
        guessing=Guessing(),
        latest=latest,
        gateways=GatewayBoard(site.gateways),
        found=FoundBoard(),
        unrecorded=UnrecordedBoard(now),
        services=ServiceBoard(settings.data_dir / "services.json"),
        hub=hub,
        wake_relay=wake_relay,
        end_pages=lambda reason, username, session: on_loop(
            lambda: hub.end_pages(reason, username=username, session=session)
        ),
        bus_connected=bus_connected,
        files=Files(settings.data_dir / "files"),
        trials=Trials(settings.data_dir / "trials", settings.profiles),
        imports=Imports(settings.data_dir / "imports"),
        reports=Buckets(1 / 60, 5),
    )
    app.add_middleware(Gate, buckets=Buckets(settings.requests_per_s, settings.requests_burst), now=now)
    web.install(app, web_dist)
    return app


def bare_app() -> FastAPI:
    """The routes alone: enough to describe them, nothing to answer with."""
    app = FastAPI(
        title="Anju 安居",
        version=VERSION,
        summary="Smart-community monitoring, alarms and emergency response",
        description="Errors are problem details (RFC 9457). Lists page by cursor. Writes take `Idempotency-Key`. "
        "Times are RFC 3339. Live push: WebSocket `/api/v1/live`.",
        docs_url=None,
        redoc_url=None,
        openapi_url="/openapi.json",
        generate_unique_id_function=_operation,
        responses=problems.RESPONSES,
    )
    app.router.routes.extend(_routes())
    problems.install(app)
    app.add_exception_handler(WebSocketRequestValidationError, _bad_socket)  # type: ignore[arg-type]
    return app


@cache
def _routes() -> tuple[BaseRoute, ...]:
    """Those of every application of this process: FastAPI takes a quarter of a second to work out what each reads."""
    whole = APIRouter(responses=problems.RESPONSES, generate_unique_id_function=_operation)
    for resource in (*_RESOURCES, live):
        whole.include_router(resource, prefix="/api/v1")  # at once: each router around a route is worked out again
    for router in (health.router, notification_links, resident_reports, ticket_links):
        whole.include_router(router)
    return tuple(whole.routes)


def _operation(route: APIRoute) -> str:
    return route.name


async def _bad_socket(socket: WebSocket, error: WebSocketRequestValidationError) -> None:
    said = "; ".join(f"{'.'.join(str(p) for p in e['loc'])}: {e['msg']}" for e in error.errors())
    await socket.send_denial_response(problems.response(Problem(422, said, kind="bad-input")))
