"""Gateways: whether they are there, what they could not use, and the reset of their interlocks."""

import secrets
from typing import Annotated

from fastapi import APIRouter
from starlette.responses import Response

from api.activations.schemas import Reason
from api.commands.schemas import CommandOut
from api.commands.schemas import show as show_command
from api.gateways.schemas import GatewayOut, show
from api.paging import Page
from api.platform import PlatformDep
from api.problems import not_found
from api.security.access import Viewer
from api.writing import Change, Write, writing
from backbone.database.commands import GivenCommand, insert_command
from community.commands import Command
from community.people import Action

router = APIRouter(prefix="/gateways", tags=["platform"])
Resetting = Annotated[Write, writing(Action.STAND_DOWN_PLAN)]
RESET_LIFE_MS = 30_000


@router.get("")
async def list_gateways(platform: PlatformDep, _: Viewer) -> Page[GatewayOut]:
    """Every gateway of the site file with its last status."""
    return Page(items=[show(row, platform.gateways.status(row.id)) for row in platform.site.gateways.values()])


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
