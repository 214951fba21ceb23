"""Web push: messages sealed for one browser, handed to its push service."""

import urllib.error
import urllib.request
from collections.abc import Mapping, Sequence
from functools import cached_property
from http.client import HTTPMessage
from pathlib import Path
from typing import IO, TYPE_CHECKING

import msgspec
import structlog

from community.notice_text import Message
from community.push import Browser, Browsers
from rules.notify.taken import NotTaken

if TYPE_CHECKING:
    from rules.notify.sealing import Sealer

MOST_BYTES = 2_500
"""Of the text: push services take 4,096 bytes in all."""
_GONE = frozenset({404, 410})
_NO_KEY = (OSError, ValueError)
log = structlog.get_logger()


class Push:
    """The platform's key, and everybody's browsers as they were read last."""

    def __init__(self, folder: Path, contact: str) -> None:
        self._folder = folder
        self._contact = contact
        self.browsers: Mapping[str, Browsers] = {}

    @property
    def public_key(self) -> str | None:
        """What a browser is told, so that it takes messages from us alone; None without a key."""
        try:
            return self._sealer.public_key
        except _NO_KEY:
            return None

    @cached_property
    def _sealer(self) -> "Sealer":
        from rules.notify.sealing import Sealer  # noqa: PLC0415 - cryptography that judging does not wait for

        return Sealer(self._folder, self._contact)

    def prepare(self) -> None:
        """Read the key, or make one, before there is something to say; blocking.

        Without one no browser is told anything, and people are by their other ways.
        """
        try:
            _ = self._sealer
        except _NO_KEY as error:
            log.error("the key of web push is none, and cannot be made: no browser is told", error=str(error))  # noqa: TRY400

    def of(self, person: str) -> tuple[Browser, ...]:
        """A person's browsers."""
        found = self.browsers.get(person)
        return found.rows if found is not None else ()

    def hand_over(self, person: str, message: Message, timeout_s: float) -> Sequence[str]:
        """Give a message to each of a person's browsers; blocking. The ids of those that are no more.

        Raises:
            NotTaken: no push service has taken it.
        """
        gone: list[str] = []
        refused: list[str] = []
        rows = self.of(person)
        for browser in rows:
            try:
                self._post(browser, message, timeout_s)
            except urllib.error.HTTPError as error:
                refused.append(f"the push service answered {error.code}")
                if error.code in _GONE:
                    gone.append(browser.id)
                error.close()
            except (OSError, ValueError) as error:
                refused.append(f"{type(error).__name__}: {error}")
        if len(refused) == len(rows):
            raise NotTaken("; ".join(refused) or "no browser is subscribed", gone)
        return gone

    def _post(self, browser: Browser, message: Message, timeout_s: float) -> None:
        own, body = self._sealer.sealed(_payload(message), browser)
        headers = {
            **own,
            "content-type": "application/octet-stream",
            "urgency": "high" if message.urgent else "normal",
        }
        request = urllib.request.Request(browser.endpoint, body, headers, method="POST")  # noqa: S310 - checked when it was taken
        with _opener.open(request, timeout=timeout_s) as answer:
            answer.read(1024)


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """A push service does not send elsewhere."""

    def redirect_request(
        self,
        req: urllib.request.Request,
        fp: IO[bytes],
        code: int,
        msg: str,
        headers: HTTPMessage,
        newurl: str,
    ) -> None:
        return None


_opener = urllib.request.build_opener(_NoRedirect)


def _payload(message: Message) -> bytes:
    """What the page's service worker reads."""
    body = message.body.encode()[:MOST_BYTES].decode(errors="ignore")
    return msgspec.json.encode(
        {"title": message.title, "body": body, "link": message.link, "ref": message.ref, "urgent": message.urgent}
    )
