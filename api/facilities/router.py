"""The register of facilities (设施台账), their documents, and the plan of their renewal."""

import io
import uuid
from collections import Counter
from itertools import groupby
from typing import Annotated

import segno
from fastapi import APIRouter, Query, Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from api import uploads
from api.facilities.schemas import (
    DocumentOut,
    FacilityDetail,
    FacilityOut,
    FacilityRenewal,
    RenewalPlan,
    RenewalYear,
)
from api.facilities.showing import detail, overview, today
from api.platform import Platform, PlatformDep
from api.problems import not_found
from api.security.access import Viewer
from api.writing import Change, Write, writing
from backbone.database import upkeep as stored
from community.facilities import FacilityDocument
from community.people import Action
from community.renewal import renewals
from community.site.upkeep import Facility

router = APIRouter(prefix="/facilities", tags=["facilities"])
Keeping = Annotated[Write, writing(Action.KEEP_REGISTER)]


@router.get("")
def list_facilities(
    platform: PlatformDep,
    _: Viewer,
    category: str | None = None,
    zone: Annotated[str | None, Query(description="with all zones inside")] = None,
    party: str | None = None,
) -> list[FacilityOut]:
    """All facilities, in the site file's order."""
    rows = [
        row
        for row in platform.site.file.facilities
        if (category is None or row.category == category)
        and (zone is None or zone in platform.site.zone_path(row.zone))
        and (party is None or row.party == party)
    ]
    with platform.database.read() as c:
        return overview(platform, c, rows)


@router.get("/{facility_id}/qr.svg", response_class=Response)
def get_facility_code(facility_id: str, platform: PlatformDep, _: Viewer) -> Response:
    """The QR code to print and put on it: residents report what is wrong with it, without signing in."""
    if all(row.id != facility_id for row in platform.site.file.facilities):
        raise not_found("facility", facility_id)
    drawn = io.BytesIO()
    segno.make(f"{platform.settings.public_url.rstrip('/')}/report/{facility_id}", error="m").save(
        drawn, kind="svg", scale=6, border=3, light="#fff"
    )
    return Response(drawn.getvalue(), media_type="image/svg+xml")


@router.get("/renewals")
def get_renewals(platform: PlatformDep, _: Viewer) -> RenewalPlan:
    """What has to be renewed in which year, and what it costs."""
    now = today(platform)
    facilities = platform.site.file.facilities
    rows = [FacilityRenewal.model_validate(row) for row in renewals(facilities)]
    known = Counter(row.facility for row in rows)
    years = []
    for year, group in groupby((row for row in rows if row.due >= now), key=lambda row: row.due.year):
        of_year = list(group)
        cost = sum(row.cost or 0 for row in of_year)
        missing = sum(row.cost is None for row in of_year)
        years.append(RenewalYear(year=year, cost=cost, unestimated=missing, rows=of_year))
    return RenewalPlan(
        overdue=[row for row in rows if row.due < now],
        years=years,
        unknown=[row.id for row in facilities if row.id not in known],
    )


@router.get("/{facility_id}")
def get_facility(facility_id: str, platform: PlatformDep, _: Viewer) -> FacilityDetail:
    """One facility with all that belongs to it."""
    row = _known(platform, facility_id)
    with platform.database.read() as c:
        return detail(platform, c, row)


@router.post(
    "/{facility_id}/documents",
    response_model=DocumentOut,
    status_code=201,
    openapi_extra=uploads.body_of(uploads.DOCUMENTS),
)
async def add_facility_document(
    facility_id: str,
    request: Request,
    write: Keeping,
    name: Annotated[str, Query(min_length=1, max_length=200)],
) -> Response:
    """Add a document: PDF, JPEG or PNG, as the body, up to 20 MB."""
    content = await request.body()
    return await run_in_threadpool(_add_document, facility_id, content, name, write)


def _add_document(facility_id: str, content: bytes, name: str, write: Write) -> Response:
    facility = _known(write.platform, facility_id)
    content, kind = uploads.taken(content, uploads.DOCUMENTS)

    def work(change: Change) -> DocumentOut:
        document = FacilityDocument(
            id=f"f-{uuid.uuid4().hex[:16]}",
            facility=facility.id,
            file=uploads.keep(write.platform.files, content, kind),
            name=name.strip(),
            media_type=kind,
            size=len(content),
            at=change.now,
            by=change.by,
        )
        stored.save_document(change.connection, change.site, document)
        return DocumentOut.model_validate(document)

    return write.perform("facility.document", facility.id, work, status=201, detail=name)


@router.get("/{facility_id}/documents/{document_id}", response_class=Response)
def get_facility_document(facility_id: str, document_id: str, platform: PlatformDep, _: Viewer) -> Response:
    """The bytes of a document."""
    with platform.database.read() as c:
        documents = stored.list_documents(c, platform.site.id, facility_id)
    found = next((document for document in documents if document.id == document_id), None)
    if found is None:
        raise not_found("document", document_id)
    return uploads.answer(platform.files, found.file, found.media_type)


def _known(platform: Platform, identifier: str) -> Facility:
    found = next((row for row in platform.site.file.facilities if row.id == identifier), None)
    if found is None:
        raise not_found("facility", identifier)
    return found
