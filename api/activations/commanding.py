"""Who commands a response: taken in one action, handed over with a reason."""

from typing import Annotated

from fastapi import APIRouter
from starlette.responses import Response

from api.activations.router import perform
from api.activations.schemas import ActivationOut, HandOver, TakeCommand
from api.problems import Problem, not_found
from api.writing import Write, writing
from community import commanding
from community.people import Action, may

router = APIRouter(prefix="/activations", tags=["plans"])
Commanding = Annotated[Write, writing(Action.TAKE_COMMAND)]


@router.post("/{activation_id}/command", response_model=ActivationOut)
def take_command(activation_id: str, body: TakeCommand, write: Commanding) -> Response:
    """Whoever asks commands from now on; from somebody who has not offered it, with a reason."""
    return perform(write, activation_id, "command-taken", lambda c, a: commanding.take(a, c.by, body.reason, c.now))


@router.post("/{activation_id}/command/offer", response_model=ActivationOut)
def hand_over_command(activation_id: str, body: HandOver, write: Commanding) -> Response:
    """Whoever commands hands it to somebody, who is told; they command until it is taken."""
    person = next((p for p in write.platform.site.file.people if p.id == body.to), None)
    if person is None:
        raise not_found("person", body.to)
    if not may(frozenset(person.roles), Action.TAKE_COMMAND):
        raise Problem(422, f"{person.name} may not take command", kind="bad-input")
    return perform(
        write, activation_id, "command-offered", lambda c, a: commanding.offer(a, body.to, c.by, body.reason, c.now)
    )
