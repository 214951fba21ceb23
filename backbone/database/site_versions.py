"""Every site file that was in force: its text, since when, and who changed it and why."""

import zlib
from dataclasses import dataclass

from sqlalchemy import Connection, Select, func, insert, select

from backbone.database.documents import storable
from backbone.database.tables import site_versions

_columns = site_versions.c


@dataclass(frozen=True, slots=True, kw_only=True)
class SiteVersion:
    """One of them. `at` Unix ms; `who` is empty where the file itself was edited."""

    number: int
    site: str
    digest: str
    at: int
    who: str
    why: str


def record(c: Connection, site: str, digest: str, text: str, at: int, *, who: str = "", why: str = "") -> SiteVersion:
    """The version as the newest; the one that is there when it is the newest already."""
    last = newest(c, site)
    if last is not None and last.digest == digest:
        return last
    who, why = storable(who, 120), storable(why, 2_000)
    packed = zlib.compress(text.encode())
    done = c.execute(insert(site_versions).values(site=site, digest=digest, at=at, who=who, why=why, text=packed))
    key = done.inserted_primary_key
    assert key is not None
    return SiteVersion(number=key[0], site=site, digest=digest, at=at, who=who, why=why)


def newest(c: Connection, site: str) -> SiteVersion | None:
    """The one that was recorded last."""
    return next(iter(versions(c, site, limit=1)), None)


def first_at(c: Connection, site: str) -> int | None:
    """Since when versions are on record (Unix ms): since then the platform watches this site."""
    row = c.execute(select(func.min(_columns.at)).where(_columns.site == site)).first()
    return None if row is None else row[0]


def versions(c: Connection, site: str, *, limit: int = 100, before: int | None = None) -> list[SiteVersion]:
    """The newest first; `before` is the number of the last one of the page before."""
    query = _shown().where(_columns.site == site).order_by(_columns.number.desc()).limit(limit)
    if before is not None:
        query = query.where(_columns.number < before)
    return [SiteVersion(**row._mapping) for row in c.execute(query)]


def text_of(c: Connection, site: str, number: int) -> str | None:
    """The text of a version; None where there is none of this number."""
    query = select(_columns.text).where(_columns.site == site, _columns.number == number)
    row = c.execute(query).first()
    return None if row is None else zlib.decompress(row[0]).decode()


def _shown() -> Select[tuple[int, str, str, int, str, str]]:
    return select(_columns.number, _columns.site, _columns.digest, _columns.at, _columns.who, _columns.why)
