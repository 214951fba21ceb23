"""Messages encrypted for one browser (RFC 8291) and signed with our own key (RFC 8292)."""

import os
from collections.abc import Mapping
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_private_key
from webpush import WebPush
from webpush.types import WebPushKeys, WebPushSubscription
from webpush.vapid import VAPID

from community.push import Browser

KEY_FILE = "push-key.pem"
KEEP_S = 4 * 3600
"""How long the push service keeps a message for a phone that is off."""


class Sealer:
    """The platform's key."""

    def __init__(self, folder: Path, contact: str) -> None:
        """Read it, or make one.

        Raises:
            OSError: the file cannot be read, or not written.
            ValueError: it holds no key of this kind.
        """
        key = _key_of(folder / KEY_FILE)
        private = load_pem_private_key(key, None)
        if not isinstance(private, EllipticCurvePrivateKey):
            raise ValueError(f"{KEY_FILE} holds a key of another kind; move it away, and one is made")  # noqa: TRY004  (a bad file)
        public = private.public_key()
        self.public_key: str = VAPID.get_application_server_key(public)
        """What a browser is told, so that it takes messages from us alone."""
        pem = public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
        self._webpush = WebPush(private_key=key, public_key=pem, subscriber=contact, ttl=KEEP_S)

    def sealed(self, payload: bytes, browser: Browser) -> tuple[Mapping[str, str], bytes]:
        """Headers and body for the push service of a browser.

        Raises:
            ValueError: the browser's address or keys are none.
        """
        keys = WebPushKeys(p256dh=browser.p256dh, auth=browser.auth)
        to = WebPushSubscription.model_validate({"endpoint": browser.endpoint, "keys": keys})
        sealed = self._webpush.get(message=payload, subscription=to)
        return {str(name): str(value) for name, value in sealed.headers.items()}, sealed.encrypted


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
