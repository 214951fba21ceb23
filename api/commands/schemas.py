"""Commands as shown."""

from pydantic import BaseModel, Field

from api.times import Timestamp
from backbone.database.commands import GivenCommand
from community.commands import Outcome, Reply


class CommandOut(BaseModel):
    """A command to a gateway; `outcome` is null while the gateway has not answered."""

    id: str
    gateway: str
    point: str = Field(description="an output, or `interlock:…`")
    value: float
    cause: str
    expires: Timestamp
    outcome: Outcome | None = None
    reason: str = ""
    read_back: float | None = None


def show(given: GivenCommand, reply: Reply | None) -> CommandOut:
    """The command as answers show it."""
    command = given.command
    shown = CommandOut(
        id=given.id,
        gateway=given.gateway,
        point=command.point,
        value=command.value,
        cause=command.cause,
        expires=command.expires,
    )
    if reply is None:
        return shown
    return shown.model_copy(update={"outcome": reply.outcome, "reason": reply.reason, "read_back": reply.read_back})
