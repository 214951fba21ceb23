"""Names and card numbers become keyed hashes before they leave the gateway (GB/T 35273: minimum, masking)."""

import hashlib
import os
import secrets
from pathlib import Path

_KEY_BYTES = 32
_DIGEST_BYTES = 8


AS_READ_LIMIT = 64


class PseudonymKeyError(OSError):
    """The key file cannot be used; nothing personal may leave without it."""


class Pseudonyms:
    """The same person or card always gets the same pseudonym; without the key none can be led back."""

    def __init__(self, key: bytes) -> None:
        self._key = key
        self.as_read = False
        """The site file says that cards and names are passed on as they are."""

    @classmethod
    def open(cls, path: Path) -> "Pseudonyms":
        """With the key in `path`, made there (mode 0600) when there is none.

        Raises:
            PseudonymKeyError: the file is too short, or cannot be read or made.
        """
        try:
            if not path.exists():
                _make(path)
            key = path.read_bytes()
        except OSError as error:
            raise PseudonymKeyError(f"{path}: {error.strerror}") from error
        if len(key) < _KEY_BYTES:
            raise PseudonymKeyError(f"{path} holds {len(key)} bytes; a key has {_KEY_BYTES}")
        return cls(key[:_KEY_BYTES])

    def of(self, kind: str, value: str) -> str:
        """The pseudonym of a `card` or `person`: 16 hexadecimal digits; itself where the site wants it `as_read`."""
        if self.as_read:
            return value.strip()[:AS_READ_LIMIT]
        text = f"{kind}:{value.strip().lower()}".encode()
        return hashlib.blake2b(text, key=self._key, digest_size=_DIGEST_BYTES).hexdigest()


def _make(path: Path) -> None:
    """Written aside and linked into place, so that two gateways starting together agree on one key."""
    path.parent.mkdir(parents=True, exist_ok=True)
    aside = path.with_name(f".{path.name}.{os.getpid()}")
    descriptor = os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    try:
        os.write(descriptor, secrets.token_bytes(_KEY_BYTES))
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    try:
        os.link(aside, path)
    except FileExistsError:
        pass
    finally:
        aside.unlink()
