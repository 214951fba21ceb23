"""The site file on disk is the truth; what is asked for here is written there, and the services take it as any change.

The file is replaced as a whole, never a version that has mistakes. What stood there and was no version of ours (a file
that is being edited) is kept in the data folder.
"""

from pathlib import Path

import structlog
from sqlalchemy import Connection

from api.platform import Platform
from api.problems import Problem, conflict
from api.writing import Change
from backbone import small_file
from backbone.database import site_versions
from backbone.database.database import Database
from backbone.database.site_versions import SiteVersion
from backbone.settings import Settings
from backbone.site_files import read_profiles, site_file
from community.site.load import SiteErrors, load_site, text_digest
from community.site.site import Site
from community.site.snippets import Changed

log = structlog.get_logger()


def note_in_force(database: Database, settings: Settings, site: Site, now: int) -> None:
    """Record the site that is in force, if it is not the newest version; blocking."""
    text = _text(_path(settings))
    if text_digest(text) != site.digest:
        return  # changed again: the next one is recorded
    with database.begin() as c:
        site_versions.record(c, site.id, site.digest, text, now)


def text_in_force(platform: Platform) -> str:
    """The text of the site that is in force.

    Raises:
        Problem: the file was changed and is not in force (refused, or not taken yet).
    """
    text = _text(_path(platform.settings))
    if text_digest(text) != platform.site.digest:
        raise conflict("the site file on disk is not the one in force: mend it there, or go back to a version")
    return text


def checked(platform: Platform, text: str, rule: Changed | None = None) -> Site:
    """The text as a site.

    Raises:
        Problem: its mistakes, each with its line; of a rule's own lines counted from their first.
    """
    try:
        site = load_site(text, read_profiles(platform.settings.profiles), _path(platform.settings).name)
    except SiteErrors as errors:
        told = [{"where": _where(p.line, p.column, rule), "message": p.message} for p in errors.problems]
        raise Problem(422, f"{told[0]['where']}: {told[0]['message']}", kind="bad-input", errors=told) from errors
    if site.id != platform.site.id:
        raise Problem(422, f"this is another site ('{site.id}')", kind="bad-input")
    return site


def put(platform: Platform, change: Change, text: str, why: str) -> SiteVersion:
    """Write a checked text over the site file; who and why stand in its version.

    Raises:
        Problem: the file cannot be written here.
    """
    path, digest = _path(platform.settings), text_digest(text)
    if digest == platform.site.digest and text_digest(_text(path)) == digest:
        raise conflict("this is what is in force already")
    _keep_unknown(platform, change.connection, path)
    version = site_versions.record(change.connection, change.site, digest, text, change.now, who=change.by, why=why)
    try:
        mode = path.stat().st_mode
        small_file.replace(path, text.encode())
        path.chmod(mode)
    except OSError as error:
        sentence = f"{path} cannot be written from here ({error.strerror}); change it where it is kept"
        raise Problem(409, sentence, kind="refused") from error
    return version


def _keep_unknown(platform: Platform, c: Connection, path: Path) -> None:
    """What is about to be written over is either a version, or kept."""
    text = _text(path)
    digest = text_digest(text)
    known = {version.digest for version in site_versions.versions(c, platform.site.id)}
    if digest not in known:
        small_file.replace(platform.settings.data_dir / "site-files" / f"{digest[:12]}.yaml", text.encode())
        log.warning("the site file that was written over is kept", file=f"site-files/{digest[:12]}.yaml")


def _where(line: int, column: int, rule: Changed | None) -> str:
    own = rule.place(line, column) if rule is not None else None
    return f"{own[0]}:{own[1]}" if own is not None else f"site file {line}:{column}"


def _path(settings: Settings) -> Path:
    return site_file(settings.site).resolve()


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise conflict(f"the site file cannot be read: {error}") from error
