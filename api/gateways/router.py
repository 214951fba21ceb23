"""Gateways: whether they are there, what they refused, lost and found, and the reset of their interlocks."""

import secrets
from typing import Annotated

from fastapi import APIRouter, Query
from starlette.responses import Response

from api import paging
from api.activations.schemas import Reason
from api.commands.schemas import CommandOut
from api.commands.schemas import show as show_command
from api.gateways.schemas import FoundOut, GatewayOut, LossOut, show, show_found
from api.paging import Cursor, Limit, Page
from api.platform import PlatformDep
from api.problems import Problem, not_found
from api.security.access import Viewer
from api.times import Moment, to_ms
from api.writing import Change, Write, writing
from backbone.database.commands import GivenCommand, insert_command
from backbone.database.losses import list_losses
from community.commands import Command
from community.people import Action

router = APIRouter(prefix="/gateways", tags=["platform"])
Resetting = Annotated[Write, writing(Action.STAND_DOWN_PLAN)]
RESET_LIFE_MS = 30_000
WEEK_MS = 7 * 86_400_000


@router.get("")
async def list_gateways(platform: PlatformDep, _: Viewer) -> Page[GatewayOut]:
    """Every gateway of the site file with its last status."""
    return Page(items=[show(row, platform.gateways.status(row.id)) for row in platform.site.gateways.values()])


@router.get("/{gateway}/losses")
def list_gateway_losses(
    platform: PlatformDep,
    _: Viewer,
    gateway: str,
    start: Annotated[Moment | None, Query(alias="from", description="a week before the end if unset")] = None,
    end: Annotated[Moment | None, Query(alias="to", description="not included; now if unset")] = None,
    limit: Limit = 100,
    cursor: Cursor = None,
) -> Page[LossOut]:
    """Readings that are gone or never came, by device, lane and reason, the latest first."""
    if gateway not in platform.site.gateways:
        raise not_found("gateway", gateway)
    last = to_ms(end) if end else platform.now() + 1
    first = to_ms(start) if start else last - WEEK_MS
    if first >= last:
        raise Problem(422, "from must be before to", kind="bad-input")
    before = paging.decode(cursor, tuple[paging.Number, paging.Number])
    with platform.database.read() as connection:
        rows = list_losses(connection, platform.site.id, gateway, start=first, end=last, limit=limit + 1, before=before)
    return paging.page(rows, limit, lambda row: LossOut.model_validate(row[1]), lambda row: (row[1].last, row[0]))


@router.get("/{gateway}/found")
def list_found_devices(
    platform: PlatformDep,
    _: Viewer,
    gateway: str,
    zone: Annotated[str | None, Query(description="where the devices are put in the lines; a guess if unset")] = None,
) -> FoundOut:
    """Devices that announced themselves to the gateway and are not in the site file, with the lines that take them up.

    Nothing is adopted until somebody pastes a row into the site file.
    """
    if gateway not in platform.site.gateways:
        raise not_found("gateway", gateway)
    if zone is not None and zone not in platform.site.zones:
        raise not_found("zone", zone)
    return show_found(platform.found.of(gateway), platform.site, gateway, zone)


@router.post("/{gateway_id}/interlocks/{interlock_id}/reset", response_model=CommandOut, status_code=202)
def reset_interlock(gateway_id: str, interlock_id: str, body: Reason, write: Resetting) -> Response:
    """Ask the gateway to reset a tripped interlock; what became of it is in the command's reply.

    The gateway refuses while the cause stands. Its outputs stay as they are: doors are locked again by a command.
    """
    gateway = write.platform.site.gateways.get(gateway_id)
    if gateway is None or all(row.id != interlock_id for row in gateway.interlocks):
        raise not_found("interlock", f"{gateway_id}/{interlock_id}")

    def work(change: Change) -> CommandOut:
        identifier = f"reset-{interlock_id[:40]}-{secrets.token_hex(8)}"
        command = Command(
            point=f"interlock:{interlock_id}", value=0, expires=change.now + RESET_LIFE_MS, cause=f"person:{change.by}"
        )
        insert_command(change.connection, identifier, change.site, gateway_id, command)
        return show_command(GivenCommand(identifier, gateway_id, None, None, command), None)

    return write.perform("interlock.reset", f"{gateway_id}/{interlock_id}", work, status=202, detail=body.reason)
