"""Versions of the site file: what was in force when, by whom and why; and back to one."""

from typing import Annotated

from fastapi import APIRouter, Path
from starlette.responses import Response

from api import paging
from api.paging import Cursor, Limit, Page
from api.platform import Platform, PlatformDep
from api.problems import not_found
from api.security.access import Viewer
from api.site_versions.keeping import checked, put
from api.site_versions.schemas import DifferenceOut, Restoring, SiteVersionOut, VersionDetail
from api.writing import Change, Write, writing
from backbone.database.site_versions import SiteVersion, text_of, versions
from backbone.site_files import read_profiles
from community.people import Action
from community.site.changes import Difference, differences
from community.site.load import SiteErrors, load_site
from community.site.model import SiteFile

router = APIRouter(prefix="/site-versions", tags=["rules"])
Number = Annotated[int, Path(ge=1, le=2**53)]


@router.get("")
def list_site_versions(
    platform: PlatformDep, _: Viewer, limit: Limit = 100, cursor: Cursor = None
) -> Page[SiteVersionOut]:
    """The newest first."""
    before = paging.decode(cursor, paging.Number)
    with platform.database.read() as c:
        rows = versions(c, platform.site.id, limit=limit + 1, before=before)
    return paging.page(rows, limit, lambda row: show(platform, row), lambda row: row.number)


@router.get("/{number}")
def get_site_version(number: Number, platform: PlatformDep, _: Viewer) -> VersionDetail:
    """What it changed, and what going back to it would."""
    with platform.database.read() as c:
        found = versions(c, platform.site.id, limit=2, before=number + 1)
        texts = [text_of(c, platform.site.id, version.number) for version in found]
    if not found or found[0].number != number:
        raise not_found("version", str(number))
    files = [_file(platform, text) for text in texts]
    own, before = files[0], files[1] if len(files) > 1 else None
    return VersionDetail(
        version=show(platform, found[0]),
        since_before=shown(differences(before, own)) if own and before else None,
        to_in_force=shown(differences(platform.site.file, own)) if own else None,
    )


@router.post("/{number}/restore", status_code=202)
def restore_site_version(
    number: Number, body: Restoring, platform: PlatformDep, write: Annotated[Write, writing(Action.CHANGE_RULES)]
) -> Response:
    """Write its text over the site file; the services take it within seconds."""

    def work(change: Change) -> SiteVersionOut:
        text = text_of(change.connection, change.site, number)
        if text is None:
            raise not_found("version", str(number))
        checked(platform, text)
        return show(platform, put(platform, change, text, f"{number}: {body.reason}"))

    return write.perform("site.restore", str(number), work, status=202, detail=body.reason)


def show(platform: Platform, version: SiteVersion) -> SiteVersionOut:
    """A version as answers have it."""
    return SiteVersionOut(
        number=version.number,
        digest=version.digest,
        at=version.at,
        who=version.who,
        why=version.why,
        in_force=version.digest == platform.site.digest,
    )


def shown(found: list[Difference]) -> list[DifferenceOut]:
    """Differences as answers have them."""
    return [DifferenceOut.model_validate(one) for one in found]


def _file(platform: Platform, text: str | None) -> SiteFile | None:
    try:
        return None if text is None else load_site(text, read_profiles(platform.settings.profiles)).file
    except SiteErrors:
        return None
