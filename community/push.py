"""Web push (RFC 8030): the browsers a person has asked to be told in, each by the address its push service gave it."""

import hashlib
from collections.abc import Set
from dataclasses import dataclass, replace

CHANNEL = "webpush"
MOST = 10
"""Browsers of one person; the oldest goes when another comes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Browser:
    """A browser's subscription."""

    id: str
    endpoint: str
    """Whoever knows it can send there: it is shown to nobody."""
    p256dh: str
    """Its public key, P-256, base64url (RFC 8291)."""
    auth: str
    """Its authentication secret of 16 bytes, base64url."""
    label: str
    """What the person calls it."""
    at: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Browsers:
    """All of a person's, the oldest first."""

    person: str
    rows: tuple[Browser, ...] = ()


def browser_id(endpoint: str) -> str:
    """The same for the same subscription."""
    return hashlib.sha256(endpoint.encode()).hexdigest()[:16]


def subscribed(browsers: Browsers, browser: Browser) -> Browsers:
    """With another one; a browser that subscribes again replaces itself."""
    others = tuple(row for row in browsers.rows if row.id != browser.id)
    return replace(browsers, rows=(*others, browser)[-MOST:])


def without(browsers: Browsers, ids: Set[str]) -> Browsers:
    """Without some, which the person gave up or the push service knows no more."""
    return replace(browsers, rows=tuple(row for row in browsers.rows if row.id not in ids))
