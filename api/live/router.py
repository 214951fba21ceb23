"""`/api/v1/live`: everything that changes, pushed to a page over one WebSocket."""

import asyncio
from typing import Annotated

import structlog
from fastapi import APIRouter, Query, WebSocket
from sqlalchemy.exc import InterfaceError, OperationalError
from starlette.websockets import WebSocketDisconnect

from api import problems
from api.live.client import Client
from api.live.feed import events_since
from api.live.messages import event_message, hello, ping
from api.platform import Platform, PlatformDep
from api.problems import Problem
from api.security.access import authorise, same_origin, token_of
from community.people import Action

router = APIRouter()
log = structlog.get_logger()

PING_S = 2.0
SEND_S = 15.0
MOST_MISSED = 500
MOST_PAGES_OF_A_USER = 20
_POLICY = 1008


@router.websocket("/live")
async def live(
    socket: WebSocket,
    platform: PlatformDep,
    since: Annotated[int | None, Query(ge=0, le=2**53)] = None,
    token: Annotated[str | None, Query(max_length=200)] = None,
) -> None:
    """Hello, then what the page missed since event `since`, then everything as it happens."""
    try:
        client = await _admit(socket, platform, token)
    except Problem as problem:
        await socket.send_denial_response(problems.response(problem))
        return
    try:
        await socket.accept()
        await _send(socket, hello(platform.hub.last_event, platform.now()))
        if since is not None:
            await _catch_up(platform, client, since)
        async with asyncio.TaskGroup() as group:
            group.create_task(_listen(socket, client), name="live listen")
            group.create_task(_tell(socket, platform, client), name="live tell")
    except* (WebSocketDisconnect, OSError, TimeoutError) as gone:
        # The page left, or does not take what it is sent; it comes again with `since`.
        log.debug("page gone", reason=repr(gone.exceptions[0]))
    finally:
        platform.hub.remove(client)


async def _admit(socket: WebSocket, platform: Platform, token: str | None) -> Client:
    """A page of ours, of somebody who may look; from here on it is told everything."""
    if not same_origin(socket, platform):
        raise Problem(403, "another site's page may not listen", kind="origin")
    token = token or token_of(socket)[0]
    try:
        caller = await asyncio.to_thread(platform.sessions.find, token, platform.now()) if token else None
    except (OperationalError, InterfaceError) as error:
        raise Problem(503, "the database does not answer", kind="no-database") from error
    if caller is None:
        raise Problem(401, "sign in first", kind="sign-in")
    authorise(caller, Action.VIEW)
    if platform.hub.pages_of(caller.username) >= MOST_PAGES_OF_A_USER:
        raise Problem(429, f"{MOST_PAGES_OF_A_USER} pages of yours are open already", kind="rate")
    return platform.hub.add(caller.username, caller.session)


async def _catch_up(platform: Platform, client: Client, since: int) -> None:
    if since > platform.hub.last_event:
        # Numbers of another life of the database: nothing the page knows can be trusted.
        client.resync()
        return
    rows = await asyncio.to_thread(events_since, platform.database, platform.site.id, since, MOST_MISSED)
    if len(rows) >= MOST_MISSED:
        client.resync()
        return
    client.catch_up([(row.number, event_message(row.kind, row.number, row.change, row.body)) for row in rows])


async def _listen(socket: WebSocket, client: Client) -> None:
    """Nothing is expected of the page; it is read so that its end is noticed."""
    while (await socket.receive())["type"] != "websocket.disconnect":
        pass
    client.end("the page left")


async def _tell(socket: WebSocket, platform: Platform, client: Client) -> None:
    clock = asyncio.get_running_loop().time
    next_ping = clock() + PING_S
    while client.close_reason is None:
        await client.wait(next_ping - clock())
        for message in client.take():
            await _send(socket, message)
        if clock() >= next_ping:
            next_ping = clock() + PING_S
            await _send(socket, ping(platform.now()))
    async with asyncio.timeout(SEND_S):
        await socket.close(_POLICY, client.close_reason)


async def _send(socket: WebSocket, message: bytes) -> None:
    async with asyncio.timeout(SEND_S):
        await socket.send_text(message.decode())
