"""Passwords: Argon2id, at least eight characters, common ones refused, no composition rules (OWASP ASVS 5)."""

import threading
import unicodedata
from functools import cache
from pathlib import Path

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

LEAST_CHARACTERS = 8
MOST_CHARACTERS = 256
_AT_ONCE = 2
"""Hashes computed at the same time: each takes 19 MiB, and signing in must not starve the rest of the process."""


class PasswordRefused(ValueError):  # noqa: N818 - a refusal is no fault
    """Why a password may not be used; the message is for the person who chose it."""


@cache
def _common() -> frozenset[str]:
    text = Path(__file__).with_name("common_passwords.txt").read_text(encoding="utf-8")
    return frozenset(text.split())


def check(password: str, *about: str) -> None:
    """Refuse a password that is short, common, or one of the words `about` the person.

    Raises:
        PasswordRefused: with the reason.
    """
    if len(password) < LEAST_CHARACTERS:
        raise PasswordRefused(f"a password has at least {LEAST_CHARACTERS} characters")
    if len(password) > MOST_CHARACTERS:
        raise PasswordRefused(f"a password has at most {MOST_CHARACTERS} characters")
    lower = password.lower()
    if lower in _common() or len(set(lower)) < 3:
        raise PasswordRefused("this password is one of those tried first; choose another")
    if lower in {word.lower() for word in about}:
        raise PasswordRefused("a password is not the user's own name")


class Passwords:
    """Hashes and verifies. Blocking: call from a worker thread."""

    def __init__(self) -> None:
        # OWASP's first choice for Argon2id: 19 MiB, two passes, one lane.
        self._hasher = PasswordHasher(time_cost=2, memory_cost=19456, parallelism=1)
        self._turns = threading.BoundedSemaphore(_AT_ONCE)
        self._nobody = self._hasher.hash("nobody has this password")

    def hash(self, password: str) -> str:
        """The hash to keep."""
        with self._turns:
            return self._hasher.hash(_normal(password))

    def fits(self, kept: str | None, password: str) -> bool:
        """Whether the password is the one. Takes as long for an unknown user (`kept` None): names stay secret."""
        with self._turns:
            try:
                return self._hasher.verify(kept or self._nobody, _normal(password)) and kept is not None
            except (VerificationError, InvalidHashError):
                return False


def _normal(password: str) -> str:
    return unicodedata.normalize("NFKC", password)
