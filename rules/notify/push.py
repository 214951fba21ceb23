"""Web push: messages encrypted for one browser (RFC 8291), handed to its push service under our own key (RFC 8292)."""

import os
import urllib.error
import urllib.request
from collections.abc import Mapping, Sequence
from http.client import HTTPMessage
from pathlib import Path
from typing import IO

import msgspec
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_private_key
from webpush import WebPush
from webpush.types import WebPushKeys, WebPushSubscription
from webpush.vapid import VAPID

from community.notice_text import Message
from community.push import Browser, Browsers
from rules.notify.taken import NotTaken

KEY_FILE = "push-key.pem"
KEEP_S = 4 * 3600
"""How long the push service keeps a message for a phone that is off."""
MOST_BYTES = 2_500
"""Of the text: push services take 4,096 bytes in all."""
_GONE = frozenset({404, 410})


class Push:
    """The platform's key, and everybody's browsers as they were read last."""

    def __init__(self, folder: Path, contact: str) -> None:
        key = _key_of(folder / KEY_FILE)
        private = load_pem_private_key(key, None)
        assert isinstance(private, EllipticCurvePrivateKey)
        public = private.public_key()
        self.public_key: str = VAPID.get_application_server_key(public)
        """What a browser is told, so that it takes messages from us alone."""
        self.browsers: Mapping[str, Browsers] = {}
        pem = public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
        self._sealer = WebPush(private_key=key, public_key=pem, subscriber=contact, ttl=KEEP_S)

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
        keys = WebPushKeys(p256dh=browser.p256dh, auth=browser.auth)
        to = WebPushSubscription.model_validate({"endpoint": browser.endpoint, "keys": keys})
        sealed = self._sealer.get(message=_payload(message), subscription=to)
        headers = {
            **{str(name): str(value) for name, value in sealed.headers.items()},
            "content-type": "application/octet-stream",
            "urgency": "high" if message.urgent else "normal",
        }
        request = urllib.request.Request(browser.endpoint, sealed.encrypted, headers, method="POST")  # noqa: S310 - checked when it was taken
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


def _key_of(path: Path) -> bytes:
    """The key in a file that only we can read, made when there is none yet."""
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        made, _, _ = VAPID.generate_keys()
        fresh = path.with_suffix(".new")
        with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
            file.write(made)
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(path)
    return path.read_bytes()
