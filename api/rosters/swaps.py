"""Duty swaps: who is on duty asks another to stand in or to exchange; it counts once the other has said yes."""

import uuid
from dataclasses import replace
from typing import Annotated

from fastapi import APIRouter
from starlette.responses import Response

from api.problems import conflict, not_found
from api.rosters.router import WEEK_MS, changes_of, shown, trained
from api.rosters.schemas import AnswerIn, AskIn, ChangeIn, RosterOut
from api.writing import Change, Write, writing
from backbone.database import notifications as stored
from community.people import Action
from community.roster import RosterChange

router = APIRouter(prefix="/rosters/requests", tags=["rosters"])
Own = Annotated[Write, writing(Action.SWAP_DUTY)]


@router.post("", response_model=RosterOut, status_code=201)
def ask_to_stand_in(body: AskIn, write: Own) -> Response:
    """Ask somebody to take over the caller's duty, or to swap. The roster stays as it is until they answer."""
    wanted = changes_of(ChangeIn(**body.model_dump(), out=write.caller.username), write)
    request = f"q-{uuid.uuid4().hex[:16]}"

    def work(change: Change) -> RosterOut:
        for one in wanted:
            trained(write.platform, change, one)
            stored.save_roster_change(change.connection, replace(one, request=request))
        return _shown(change, write)

    return write.perform("roster.ask", body.in_, work, status=201, detail=f"{body.duty}: {body.reason}")


@router.post("/{request}/answer", response_model=RosterOut)
def answer_request(request: str, body: AnswerIn, write: Own) -> Response:
    """Say yes or no to what one was asked."""

    def work(change: Change) -> RosterOut:
        for one in _waiting(change, request, asked=write.caller.username):
            if body.accepted:
                if one.since <= change.now:
                    raise conflict("this duty has begun: whoever makes the roster can still change it")
                trained(write.platform, change, one)
            answered = replace(one, accepted=body.accepted, answered_at=change.now, version=one.version + 1)
            stored.save_roster_change(change.connection, answered)
        return _shown(change, write)

    return write.perform("roster.answer", request, work, detail="yes" if body.accepted else "no")


@router.delete("/{request}", response_model=RosterOut)
def take_back_request(request: str, write: Own) -> Response:
    """The caller does not ask any more."""

    def work(change: Change) -> RosterOut:
        for one in _waiting(change, request, asking=write.caller.username):
            stored.save_roster_change(change.connection, replace(one, withdrawn=True, version=one.version + 1))
        return _shown(change, write)

    return write.perform("roster.take-back", request, work)


def _waiting(change: Change, request: str, *, asked: str = "", asking: str = "") -> list[RosterChange]:
    """The changes of a request that is the caller's to answer, or to take back."""
    found = [c for c in stored.roster_changes_after(change.connection, change.site, change.now) if c.request == request]
    found.sort(key=lambda one: one.since)
    mine = [one for one in found if one.by == asking or (asked and one.by != asked and asked in {one.in_, one.out})]
    if not mine:
        raise not_found("request", request)
    if not all(one.waits for one in mine):
        raise conflict("this was answered already")
    return mine


def _shown(change: Change, write: Write) -> RosterOut:
    return shown(write.platform, change.connection, change.now, change.now + WEEK_MS)
