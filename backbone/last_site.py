"""The site that was last in force, kept in the data folder: what a service runs that starts while its file is broken.

A machine that comes back at night with half a site file on its disk must watch and open doors as it did the day before.
"""

import os
from collections.abc import Callable
from pathlib import Path

import msgspec
import structlog

from backbone.building import building
from backbone.settings import Settings
from backbone.site_files import own_profile_texts, profiles_of, read_site, site_text
from community.site.load import SiteErrors, load_site, text_digest
from community.site.site import Site

FILE = "last-site.json"
log = structlog.get_logger()


class _Kept(msgspec.Struct, frozen=True):
    path: str
    """Of the site file it stood in: another one's is of no use."""
    text: str
    profiles: dict[str, str]
    """The installer's own, by path."""


def keep_last(settings: Settings, site: Site) -> None:
    """Keep what is in force, where it is what stands in the file.

    Raises:
        OSError: the data folder cannot be written.
    """
    try:
        text = site_text(settings.site)
        kept = _Kept(_path(settings), text, own_profile_texts(settings.profiles))
    except SiteErrors:
        return
    if text_digest(text) != site.digest:
        return
    path, content = settings.data_dir / FILE, msgspec.json.encode(kept)
    if path.is_file() and path.read_bytes() == content:
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_suffix(f".{os.getpid()}.partial")  # several services keep the same
    with partial.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    partial.replace(path)


def read_site_or_last(settings: Settings, tell: Callable[[list[str]], None] | None = None) -> tuple[Site, list[str]]:
    """The site of the settings; or the one last in force, and why the file as it stands is refused.

    `tell` is given these problems; without it they are logged.

    Raises:
        SiteErrors: the file is refused, and none was in force before.
    """
    try:
        return read_site(settings), []
    except SiteErrors as errors:
        last = _last(settings)
        if last is None:
            raise
        problems = [str(problem) for problem in errors.problems]
        (tell or _log)(problems)
        return last, problems


def _log(problems: list[str]) -> None:
    log.error("the site file is refused; the one last in force is run", problems=problems)


def _last(settings: Settings) -> Site | None:
    try:
        kept = msgspec.json.decode((settings.data_dir / FILE).read_bytes(), type=_Kept)
        if kept.path != _path(settings):
            return None
        with building():
            return load_site(kept.text, profiles_of(kept.profiles), kept.path)
    except (OSError, msgspec.MsgspecError, SiteErrors):
        return None


def _path(settings: Settings) -> str:
    return str(Path(settings.site).resolve())
