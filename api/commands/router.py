"""Commands: what was asked of a gateway, and what became of it."""

from fastapi import APIRouter

from api.commands.schemas import CommandOut, show
from api.platform import PlatformDep
from api.problems import not_found
from api.security.access import Viewer
from backbone.database import commands

router = APIRouter(prefix="/commands", tags=["platform"])


@router.get("/{command_id}")
def get_command(command_id: str, platform: PlatformDep, _: Viewer) -> CommandOut:
    """One command and its reply."""
    with platform.database.read() as connection:
        given = commands.get_command(connection, command_id)
        reply = commands.get_reply(connection, command_id)
    if given is None or given.gateway not in platform.site.gateways:
        raise not_found("command", command_id)
    return show(given, reply)
