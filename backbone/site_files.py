"""The site file and the device profiles, from where the settings say they are."""

import zlib
from collections.abc import Mapping
from pathlib import Path

from backbone.building import building
from backbone.settings import Settings
from community.site.advice import advise_site
from community.site.load import Problem, SiteErrors, load_profiles, load_site, text_digest
from community.site.profile import Profile
from community.site.site import Site

SHIPPED_PROFILES = Path(__file__).resolve().parents[1] / "gateway" / "profiles"


def read_site(settings: Settings) -> Site:
    """The site of the settings, with our profiles and the installer's.

    Raises:
        SiteErrors: every problem of the site file or of a profile, or that there is no such file.
    """
    path = site_file(settings.site)
    with building():
        return load_site(_text(path), read_profiles(settings.profiles), str(path))


def site_text(path: Path) -> str:
    """The text of the one site file a setting means.

    Raises:
        SiteErrors: there is none, or it cannot be read.
    """
    return _text(site_file(path))


def read_profiles(own: Path | None) -> dict[str, Profile]:
    """The shipped profiles, and those of an installer's folder, which replace ours of the same id."""
    return profiles_of(own_profile_texts(own))


def own_profile_texts(own: Path | None) -> dict[str, str]:
    """The files of an installer's folder, by path.

    Raises:
        SiteErrors: there is no such folder, or a file of it cannot be read.
    """
    if own is None:
        return {}
    if not own.is_dir():
        raise SiteErrors([Problem(str(own), 1, 1, "there is no such folder of profiles; look at ANJU_PROFILES")])
    return _texts(own)


def profiles_of(own: Mapping[str, str]) -> dict[str, Profile]:
    """The shipped profiles and these texts.

    Raises:
        SiteErrors: every problem of them.
    """
    return load_profiles({**_texts(SHIPPED_PROFILES), **own})


def _texts(folder: Path) -> dict[str, str]:
    return {str(path): _text(path) for path in sorted(folder.glob("*.yaml"))}


def source_files(settings: Settings) -> list[Path]:
    """The files a site is read from: its own, and the profiles. Those that are not there are left out."""
    own = settings.profiles
    folders = [SHIPPED_PROFILES, *([own] if own else [])]
    site = settings.site
    sites = sorted([*site.glob("*.yaml"), *site.glob("*.yml")]) if site.is_dir() else [site]
    return [*sites, *(path for folder in folders for path in sorted(folder.glob("*.yaml")))]


def site_digest(settings: Settings) -> str:
    """`Site.digest` of the file as it stands, without reading more of it; empty where it cannot be read."""
    try:
        return text_digest(_text(site_file(settings.site)))
    except SiteErrors:
        return ""


def check_file(path: Path, own_profiles: Path | None = None) -> tuple[Problem, ...]:
    """Every problem of a site file (or a folder's), or of the profiles it stands on."""
    return review_file(path, own_profiles)[0]


def review_file(path: Path, own_profiles: Path | None = None) -> tuple[tuple[Problem, ...], tuple[Problem, ...]]:
    """Its problems; and what somebody should decide about a file without any, which can be run as it is."""
    try:
        file = site_file(path)
        text, name = _text(file), str(file)
        with building():
            site = load_site(text, read_profiles(own_profiles), name)
        return (), advise_site(site, text, name)
    except SiteErrors as errors:
        return errors.problems, ()


def own_sites(settings: Settings) -> list[Path]:
    """The site files this worker serves: the one there is, or its share of a folder's, by the name of the file.

    Raises:
        SiteErrors: a folder without site files.
    """
    path = settings.site
    if not path.is_dir():
        return [path]
    files = sorted([*path.glob("*.yaml"), *path.glob("*.yml")])
    if not files:
        raise SiteErrors([Problem(str(path), 1, 1, "this folder has no site file; look at ANJU_SITE")])
    if settings.partition is None:
        return files
    share, shares = (int(part) for part in settings.partition.split("/"))
    return [file for file in files if zlib.crc32(file.stem.encode()) % shares == share - 1]


def site_file(path: Path) -> Path:
    """The one site file a setting means: itself, or the one in a folder.

    Raises:
        SiteErrors: the folder has none, or several.
    """
    if not path.is_dir():
        return path
    files = sorted([*path.glob("*.yaml"), *path.glob("*.yml")])
    if len(files) != 1:
        raise SiteErrors([Problem(str(path), 1, 1, f"this folder has {len(files)} site files; name one in ANJU_SITE")])
    return files[0]


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise SiteErrors([Problem(str(path), 1, 1, "there is no such file; look at ANJU_SITE")]) from None
    except UnicodeDecodeError as error:
        raise SiteErrors(
            [Problem(str(path), 1, 1, f"this is not UTF-8 text: {error.reason} at byte {error.start}")]
        ) from None
    except OSError as error:
        raise SiteErrors([Problem(str(path), 1, 1, f"cannot be read: {error.strerror}")]) from None
