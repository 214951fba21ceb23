"""Training: who has learned what, until when, and who lacks what their duty needs."""

import uuid
from dataclasses import replace
from datetime import date, datetime
from typing import Annotated
from zoneinfo import ZoneInfo

from fastapi import APIRouter
from sqlalchemy import Connection
from starlette.responses import Response

from api.platform import Platform, PlatformDep
from api.problems import Problem, not_found, ours
from api.security.access import Viewer
from api.trainings.schemas import HeldOut, QualificationOut, RecordTraining, TrainingOut, TrainingsOut
from api.writing import Change, Write, writing
from backbone.database import drills as stored
from community.people import Action
from community.reminders import needed
from community.training import Training, expiry, held

router = APIRouter(prefix="/trainings", tags=["trainings"])
Recording = Annotated[Write, writing(Action.RECORD_TRAINING)]


@router.get("")
def get_trainings(platform: PlatformDep, _: Viewer) -> TrainingsOut:
    """What is needed, who has it, and what was recorded."""
    with platform.database.read() as c:
        return _shown(platform, c)


@router.post("", response_model=TrainingsOut, status_code=201)
def record_training(body: RecordTraining, write: Recording) -> Response:
    """Somebody was trained."""
    platform = write.platform
    file = platform.site.file
    qualification = next((q for q in file.qualifications if q.id == body.qualification), None)
    if qualification is None:
        raise not_found("qualification", body.qualification)
    if body.person not in {person.id for person in file.people}:
        raise not_found("person", body.person)
    if body.on > today(platform):
        raise Problem(422, "a training is recorded once it was held; this day is still to come", kind="bad-input")
    expires = expiry(qualification, body.on, body.expires)
    if expires <= body.on:
        raise Problem(422, "it expires before it was held", kind="bad-input")

    def work(change: Change) -> TrainingsOut:
        record = Training(
            id=f"tr-{uuid.uuid4().hex[:16]}",
            site=change.site,
            person=body.person,
            qualification=body.qualification,
            on=body.on,
            form=body.form,
            expires=expires,
            by=change.by,
            recorded_at=change.now,
            note=body.note,
        )
        stored.save_training(change.connection, record)
        return _shown(platform, change.connection)

    return write.perform("training.record", f"{body.person}:{body.qualification}", work, status=201)


@router.delete("/{training_id}")
def withdraw_training(training_id: str, write: Recording) -> Response:
    """It was recorded by mistake: it does not count any more, and stays on record."""

    def work(change: Change) -> None:
        found = ours(stored.get_training(change.connection, training_id), change.site, "training", training_id)
        stored.save_training(change.connection, replace(found, withdrawn=True, version=found.version + 1))

    return write.perform("training.withdraw", training_id, work, status=204)


def today(platform: Platform) -> date:
    """The day in the community."""
    return datetime.fromtimestamp(platform.now() / 1000, ZoneInfo(platform.site.file.site.timezone)).date()


def _shown(platform: Platform, c: Connection) -> TrainingsOut:
    file = platform.site.file
    records = [record for record in stored.list_trainings(c, platform.site.id) if not record.withdrawn]
    day = today(platform)
    return TrainingsOut(
        qualifications=[QualificationOut.model_validate(q) for q in file.qualifications],
        held=[
            HeldOut(person=one.person, qualification=q.id, standing=one.standing, expires=one.expires)
            for q, person in needed(file)
            for one in [held(person, q, file.trainings, records, day)]
        ],
        records=[TrainingOut.model_validate(record) for record in records],
        people={person.id: person.name for person in file.people},
    )
