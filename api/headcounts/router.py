"""Who is inside, and the headcount of an activation: begun, checked off at muster points, confirmed by two people."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Annotated

from fastapi import APIRouter, Query
from starlette.responses import Response

from api.headcounts.doors import is_inside, last_seen
from api.headcounts.schemas import (
    Begin,
    CardOut,
    Check,
    Confirm,
    ConfirmationOut,
    HeadcountChange,
    HeadcountOut,
    NamePerson,
    PresenceOut,
    RetireCard,
    RowOut,
    Strike,
)
from api.paging import Page
from api.platform import Platform, PlatformDep
from api.problems import conflict, not_found, ours
from api.security.access import Viewer, require
from api.security.sessions import Caller
from api.writing import Change, Write, writing
from backbone.database import headcounts as stored
from backbone.database.activations import get_activation, save_activation
from backbone.database.last_places import save_retired_card
from community import headcount as counting
from community.activations import Activation, noted
from community.headcount import (
    DAY_MS,
    OUTSIDE,
    CheckOff,
    Confirmation,
    Headcount,
    HeadcountState,
    RetiredCard,
    Row,
    Status,
)
from community.people import Action
from community.step_proof import headcount_confirmed

router = APIRouter(tags=["plans"])
Retiring = Annotated[Write, writing(Action.RETIRE_CARD)]
Working = Annotated[Write, writing(Action.WORK_STEP)]
MUSTER = "assembly-point"
Step = Callable[[Headcount, list[Row], Change], Headcount]


@router.get("/presence")
def list_presence(platform: PlatformDep, _: Viewer) -> Page[PresenceOut]:
    """How many people are in each place, by the doors; nobody is named."""
    last, known = last_seen(platform)
    if not known:
        raise conflict("the doors' events cannot be read now")
    inside = [one for one in last.values() if one.zone != OUTSIDE]
    counts, older = Counter(one.zone for one in inside), platform.now() - DAY_MS
    old = Counter(one.zone for one in inside if one.at < older)
    items = [PresenceOut(zone=zone, people=people, older=old[zone]) for zone, people in sorted(counts.items())]
    return Page(items=items)


@router.get("/activations/{activation_id}/headcount")
def get_headcount(activation_id: str, platform: PlatformDep, _: Viewer) -> HeadcountOut:
    """The list as it stands now."""
    with platform.database.read() as connection:
        activation = get_activation(connection, activation_id)
        headcount = stored.get_headcount(connection, activation_id)
    if activation is None or headcount is None or headcount.site != platform.site.id:
        raise not_found("headcount", activation_id)
    return _show(platform, activation, headcount, *_listed(platform, headcount))


@router.post("/activations/{activation_id}/headcount", response_model=HeadcountOut, status_code=201)
def begin_headcount(activation_id: str, body: Begin, write: Working) -> Response:
    """Begin: everybody whose card was last inside is on the list."""
    platform, site = write.platform, write.platform.site
    last, known = last_seen(platform)

    def work(change: Change) -> HeadcountOut:
        activation = _activation(change, activation_id)
        if stored.get_headcount(change.connection, activation_id) is not None:
            raise conflict("the headcount has begun already")
        zone = body.zone or site.building_of(activation.zone)
        if zone not in site.zones:
            raise not_found("zone", zone)
        inside = [one for one in last.values() if is_inside(platform, one.zone, zone)]
        begun = counting.begin(activation_id, change.site, zone, inside, change.by, change.now, doors_known=known)
        _keep(change, "begun", begun)
        _note(change, activation, "headcount-begun", f"{zone}: {len(inside)}")
        return _show(platform, activation, begun, _rows(platform, begun, last), known)

    return write.perform("headcount.begin", activation_id, work, status=201)


@router.post("/activations/{activation_id}/headcount/people", response_model=HeadcountOut)
def name_person(activation_id: str, body: NamePerson, write: Working) -> Response:
    """Somebody without a card was inside."""
    if body.zone not in write.platform.site.zones:
        raise not_found("zone", body.zone)
    return _perform(
        write,
        activation_id,
        "name",
        lambda h, _, c: counting.name(h, body.person, body.zone, body.note, c.by, c.now),
    )


@router.post("/activations/{activation_id}/headcount/check", response_model=HeadcountOut)
def check_person(activation_id: str, body: Check, write: Working) -> Response:
    """Somebody is safe, injured, or missing after all."""

    def step(headcount: Headcount, listed: list[Row], change: Change) -> Headcount:
        said = CheckOff(
            person=body.person,
            status=Status(body.status),
            where=body.where,
            at=change.now,
            by=change.by,
            note=body.note,
        )
        return counting.check(headcount, said, listed)

    return _perform(write, activation_id, "check", step)


@router.post("/activations/{activation_id}/headcount/strike", response_model=HeadcountOut)
def strike_person(activation_id: str, body: Strike, write: Retiring) -> Response:
    """Nobody is behind a row: a lost card, which is retired for good, or a name that was misheard."""

    def step(headcount: Headcount, listed: list[Row], change: Change) -> Headcount:
        said = CheckOff(
            person=body.person, status=Status.STRUCK, where="", at=change.now, by=change.by, note=body.reason
        )
        after = counting.check(headcount, said, listed)
        if any(row.person == body.person and not row.named for row in listed):
            save_retired_card(change.connection, change.site, _retired(change, body.person, body.reason))
        return after

    return _perform(write, activation_id, "strike", step, detail=f"{body.person}: {body.reason}")


@router.get("/presence/cards")
def list_old_cards(
    platform: PlatformDep,
    _: Annotated[Caller, require(Action.RETIRE_CARD)],
    days: Annotated[int, Query(ge=1, le=3650, description="no door has seen them for so long")] = 30,
) -> Page[CardOut]:
    """Cards that were last inside and that no door has seen for long, the oldest first: some stand for nobody."""
    last, _known = last_seen(platform)
    before = platform.now() - days * DAY_MS
    old = sorted((one for one in last.values() if one.zone != OUTSIDE and one.at < before), key=lambda one: one.at)
    return Page(items=[CardOut(card=one.card, zone=one.zone, seen_at=one.at) for one in old])


@router.post("/presence/cards/{card}/retire", status_code=204)
def retire_card(card: str, body: RetireCard, write: Retiring) -> Response:
    """It stands for nobody until it is used again."""
    last, _known = last_seen(write.platform)

    def work(change: Change) -> None:
        if card not in last:
            raise not_found("card", card)
        save_retired_card(change.connection, change.site, _retired(change, card, body.reason))

    return write.perform("card.retire", card, work, status=204, detail=body.reason)


def _retired(change: Change, card: str, reason: str) -> RetiredCard:
    return RetiredCard(card=card, at=change.now, by=change.by, reason=reason)


@router.post("/activations/{activation_id}/headcount/confirm", response_model=HeadcountOut)
def confirm_headcount(activation_id: str, body: Confirm, write: Working) -> Response:
    """The list is right; two people say so."""
    return _perform(
        write,
        activation_id,
        "confirm",
        lambda h, listed, c: counting.confirm(h, listed, body.note, c.by, c.now),
    )


def _perform(write: Write, activation_id: str, what: str, step: Step, *, detail: str = "") -> Response:
    platform = write.platform
    last, known = last_seen(platform)

    def work(change: Change) -> HeadcountOut:
        activation = _activation(change, activation_id)
        headcount = stored.get_headcount(change.connection, activation_id)
        if headcount is None:
            raise not_found("headcount", activation_id)
        after = step(headcount, _rows(platform, headcount, last), change)
        _keep(change, what, after)
        if after.state is HeadcountState.CONFIRMED:
            _confirmed(change, activation, after.confirmations)
        return _show(platform, activation, after, _rows(platform, after, last), known)

    return write.perform(f"headcount.{what}", activation_id, work, detail=detail)


def _keep(change: Change, what: str, headcount: Headcount) -> None:
    """Save it, and have every open page read it again."""
    stored.save_headcount(change.connection, headcount)
    changed = HeadcountChange(id=headcount.id, state=headcount.state, version=headcount.version)
    change.publish("headcount", what, headcount.id, changed.model_dump(mode="json"))


def _activation(change: Change, activation_id: str) -> Activation:
    return ours(get_activation(change.connection, activation_id), change.site, "activation", activation_id)


def _note(change: Change, activation: Activation, what: str, detail: str) -> None:
    after = noted(activation, change.now, change.by, what, detail)
    save_activation(change.connection, after)
    change.publish("plan", what, after.id, after)


def _confirmed(change: Change, activation: Activation, said: Sequence[Confirmation]) -> None:
    """On record; and the steps it proves are done once nobody is missing."""
    first, last = said[-2:]
    after = noted(activation, change.now, change.by, "headcount-confirmed", last.in_words)
    after = headcount_confirmed(after, last.missing, (first.by, last.by), last.in_words, change.now)
    after = replace(after, version=activation.version + 1)
    save_activation(change.connection, after)
    change.publish("plan", "headcount-confirmed", after.id, after)


def _listed(platform: Platform, headcount: Headcount) -> tuple[list[Row], bool]:
    last, known = last_seen(platform)
    return _rows(platform, headcount, last), known


def _rows(platform: Platform, headcount: Headcount, last: dict[str, counting.Pass]) -> list[Row]:
    return counting.rows(headcount, last, lambda zone: is_inside(platform, zone, headcount.zone))


def _show(
    platform: Platform, activation: Activation, headcount: Headcount, listed: list[Row], known: bool
) -> HeadcountOut:
    plan = platform.site.plans.get(activation.plan)
    musters = [resource for resource in plan.resources if resource.kind == MUSTER] if plan is not None else []
    return HeadcountOut(
        activation=headcount.id,
        zone=headcount.zone,
        state=headcount.state,
        started_at=headcount.started_at,
        started_by=headcount.started_by,
        doors_known=headcount.doors_known and known,
        muster_points={m.id: {"zh": m.name.zh, "en": m.name.in_language("en")} for m in musters},
        people=[RowOut.model_validate(row) for row in listed],
        missing=sum(row.status is Status.MISSING for row in listed),
        confirmations=[ConfirmationOut.model_validate(one) for one in headcount.confirmations],
        version=headcount.version,
    )
