"""Activations: plans in force, and what people do in them."""

from collections.abc import Callable
from hashlib import sha256
from typing import Annotated, Literal

from fastapi import APIRouter, Query, Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import HTMLResponse, Response

from api import paging, photos, uploads
from api.activations.report import Report
from api.activations.review import open_review, review_is_closed
from api.activations.schemas import ActivationOut, LevelChange, Reason, StepDone
from api.drills.following import follow, no_emergency
from api.paging import Cursor, Limit, Page
from api.paper.file import pdf
from api.paper.html import html
from api.platform import PlatformDep
from api.problems import conflict, not_found, ours
from api.security.access import Viewer
from api.writing import Change, Write, writing
from backbone.database import activations as stored
from backbone.database.commands import insert_command
from community import activation_course, activations, step_proof
from community.activations import Activation, ActivationState
from community.commands import Command
from community.evidence import Photo
from community.people import Action
from community.step_proof import Shown

router = APIRouter(prefix="/activations", tags=["plans"])
Working = Annotated[Write, writing(Action.WORK_STEP)]
COMMAND_LIFE_MS = 60_000
MOST_IN_FORCE = 1_000
Activating = Annotated[Write, writing(Action.ACTIVATE_PLAN)]
StandingDown = Annotated[Write, writing(Action.STAND_DOWN_PLAN)]


@router.get("")
def list_activations(
    platform: PlatformDep,
    _: Viewer,
    state: Annotated[list[ActivationState] | None, Query(description="may be given several times")] = None,
    limit: Limit = 100,
    cursor: Cursor = None,
) -> Page[ActivationOut]:
    """Activations, the newest first."""
    before = paging.decode(cursor, paging.Place)
    with platform.database.read() as connection:
        rows = stored.list_activations(connection, platform.site.id, states=state, limit=limit + 1, before=before)
    return paging.page(rows, limit, ActivationOut.model_validate, lambda row: (row.activated_at, row.id))


@router.get("/{activation_id}")
def get_activation(activation_id: str, platform: PlatformDep, _: Viewer) -> ActivationOut:
    """One activation with its steps and timeline."""
    with platform.database.read() as connection:
        activation = ours(
            stored.get_activation(connection, activation_id), platform.site.id, "activation", activation_id
        )
    return ActivationOut.model_validate(activation)


@router.get(
    "/{activation_id}/report",
    response_class=HTMLResponse,
    responses={200: {"content": {"application/pdf": {"schema": {"type": "string", "format": "binary"}}}}},
)
def get_report(
    activation_id: str,
    platform: PlatformDep,
    _: Viewer,
    language: Annotated[Literal["zh", "en"], Query(description="of the report")] = "zh",
    file: Annotated[Literal["html", "pdf"], Query(description="a page, or a file to keep and send")] = "html",
) -> Response:
    """The post-incident report: deadlines, machine actions with their proof, readings, the timeline."""
    with platform.database.read() as connection:
        activation = ours(
            stored.get_activation(connection, activation_id), platform.site.id, "activation", activation_id
        )
    report = Report(platform, activation, language)
    if file == "html":
        return HTMLResponse(html(report))
    name = f'attachment; filename="{activation_id}.pdf"'
    return Response(pdf(report), media_type="application/pdf", headers={"Content-Disposition": name})


@router.post("/{activation_id}/steps/{step_id}/done", response_model=ActivationOut)
def finish_step(activation_id: str, step_id: str, body: StepDone, write: Working) -> Response:
    """A person has done a step."""

    def step(change: Change, activation: Activation) -> Activation:
        if all(step.id != step_id for step in activation.steps):
            raise not_found("step", step_id)
        shown = Shown(note=body.note, photos=tuple(dict.fromkeys(body.photos)), value=body.value)
        return step_proof.prove(activation, step_id, change.by, shown, change.now)

    return perform(write, activation_id, "step-done", step)


@router.post(
    "/{activation_id}/photos",
    response_model=ActivationOut,
    status_code=201,
    openapi_extra=uploads.body_of(uploads.PHOTOS),
)
async def add_activation_photo(activation_id: str, request: Request, write: Working) -> Response:
    """Add a photo: JPEG or PNG, as the body; a step then names it."""
    content = await request.body()
    return await run_in_threadpool(_add_photo, activation_id, content, write)


def _add_photo(activation_id: str, content: bytes, write: Write) -> Response:
    taken = photos.taken(content)

    def step(change: Change, activation: Activation) -> Activation:
        return step_proof.add_photo(activation, Photo(**taken.keep(write.platform, change)._asdict()))

    return perform(write, activation_id, "photo", step, status=201)


@router.get("/{activation_id}/photos/{photo_id}", response_class=Response)
def get_activation_photo(activation_id: str, photo_id: str, platform: PlatformDep, _: Viewer) -> Response:
    """The bytes of a photo."""
    with platform.database.read() as connection:
        found = stored.get_activation(connection, activation_id)
    return photos.answer(platform, found, photo_id)


@router.post("/{activation_id}/contain", response_model=ActivationOut)
def contain_activation(activation_id: str, body: Reason, write: StandingDown) -> Response:
    """The danger is contained."""
    return perform(
        write, activation_id, "contained", lambda c, a: activations.contain(a, by=c.by, reason=body.reason, now=c.now)
    )


@router.post("/{activation_id}/activate", response_model=ActivationOut)
def end_standby(activation_id: str, body: Reason, write: Activating) -> Response:
    """Whoever looked saw it: the plan comes into force at once."""
    return perform(
        write,
        activation_id,
        "activate",
        lambda c, a: activation_course.come_into_force(a, by=c.by, why=body.reason, now=c.now),
    )


@router.post("/{activation_id}/pause", response_model=ActivationOut)
def pause_activation(activation_id: str, body: Reason, write: StandingDown) -> Response:
    """Nothing is begun and nothing becomes late until it goes on."""
    return perform(
        write,
        activation_id,
        "pause",
        lambda c, a: activation_course.pause(a, by=c.by, reason=body.reason, now=c.now),
    )


@router.post("/{activation_id}/resume", response_model=ActivationOut)
def resume_activation(activation_id: str, body: Reason, write: StandingDown) -> Response:
    """It goes on; a drill only once no real emergency is open."""

    def go_on(change: Change, activation: Activation) -> Activation:
        if activation.drill:
            no_emergency(change)
        return activation_course.resume(activation, by=change.by, reason=body.reason, now=change.now)

    return perform(write, activation_id, "resume", go_on)


@router.post("/{activation_id}/level", response_model=ActivationOut)
def change_level(activation_id: str, body: LevelChange, write: StandingDown) -> Response:
    """Another level of the plan."""

    def to_level(change: Change, activation: Activation) -> Activation:
        kept = activation_course.adopted(activation, write.platform.site.plans.get(activation.plan))
        return activation_course.change_level(kept, body.level, change.by, body.reason, change.now)

    return perform(write, activation_id, "level", to_level)


@router.post("/{activation_id}/stand-down", response_model=ActivationOut)
def stand_down_activation(activation_id: str, body: Reason, write: StandingDown) -> Response:
    """The emergency is over; of a real one a ticket asks for its review."""

    def end(change: Change, activation: Activation) -> Activation:
        after = activations.stand_down(activation, by=change.by, reason=body.reason, now=change.now)
        if not after.drill:
            open_review(change, activation, after)
        return after

    return perform(write, activation_id, "stood-down", end)


@router.post("/{activation_id}/review", response_model=ActivationOut)
def review_activation(activation_id: str, body: Reason, write: StandingDown) -> Response:
    """What was learned; `reason` is the report. Its review ticket is closed before."""

    def review(change: Change, activation: Activation) -> Activation:
        if activation.drill:
            raise conflict("this was a drill: evaluate the drill")
        review_is_closed(change, activation)
        return activations.review(activation, by=change.by, report=body.reason, now=change.now)

    return perform(write, activation_id, "reviewed", review)


@router.post("/{activation_id}/restore", response_model=ActivationOut)
def restore_outputs(activation_id: str, body: Reason, write: StandingDown) -> Response:
    """After the end: switch back what the plan switched - lock the doors, silence the sirens."""

    def switch_back(change: Change, activation: Activation) -> Activation:
        points = write.platform.site.points
        held = _held(change)
        given = []
        for number, (name, value) in enumerate(activation_course.to_restore(activation)):
            point = points.get(name)
            if point is None or point.output is None:
                continue
            if name in held:
                raise conflict(f"{name} is held by the plan {held[name]}, which is in force")
            identifier = f"restore-{number}-{sha256(f'{activation.id}|{change.now}'.encode()).hexdigest()[:16]}"
            command = Command(
                point=name, value=value, expires=change.now + COMMAND_LIFE_MS, cause=f"stand-down:{activation.id}"
            )
            given.append((identifier, point.gateway, command))
        after = activation_course.restore(
            activation,
            tuple((identifier, command.point, command.value) for identifier, _, command in given),
            by=change.by,
            reason=body.reason,
            now=change.now,
        )
        for identifier, gateway, command in given:
            insert_command(change.connection, identifier, change.site, gateway, command, activation=activation.id)
        return after

    return perform(write, activation_id, "restore", switch_back)


def _held(change: Change) -> dict[str, str]:
    """Outputs that plans in force have switched, and which plan."""
    in_force = stored.list_activations(change.connection, change.site, states=activations.OPEN, limit=MOST_IN_FORCE)
    return {
        action.point: activation.plan
        for activation in in_force
        if activation.moves
        for step in activation.steps
        for action in step.actions
    }


def perform(
    write: Write,
    activation_id: str,
    what: str,
    step: Callable[[Change, Activation], Activation],
    *,
    status: int = 200,
) -> Response:
    """Do a step in an activation, save it and have the event go out."""

    def work(change: Change) -> ActivationOut:
        activation = ours(
            stored.get_activation(change.connection, activation_id), change.site, "activation", activation_id
        )
        return keep(change, what, step(change, activation))

    return write.perform(f"activation.{what}", activation_id, work, status=status)


def keep(change: Change, what: str, activation: Activation) -> ActivationOut:
    """Save it and have the event go out."""
    stored.save_activation(change.connection, activation)
    if activation.drill:
        follow(change, activation)
    change.publish("plan", what, activation.id, activation)
    return ActivationOut.model_validate(activation)
