"""Guessing, buckets and passwords by themselves."""

import pytest

from api.security.buckets import Buckets
from api.security.guessing import FORGET_MS, Guessing, network_of
from api.security.passwords import PasswordRefused, Passwords, check

VICTIM, ATTACKER, HOME = "wang-wei", "203.0.113.7", "198.51.100.1"


def test_waits_double_and_end() -> None:
    guessing, now, waits = Guessing(), 0, []
    for _ in range(40):
        wait = guessing.attempt(VICTIM, ATTACKER, now)
        waits.append(wait)
        now += wait or 1
    told = [wait for wait in waits if wait]
    assert waits[:5] == [0] * 5
    assert told == sorted(told)
    assert max(told) <= 900_000
    assert guessing.attempt(VICTIM, HOME, now) == 0
    assert guessing.attempt(VICTIM, ATTACKER, now + FORGET_MS + 1) == 0


def test_many_at_once_count_before_they_fail() -> None:
    guessing = Guessing()
    assert [guessing.attempt(VICTIM, ATTACKER, 0) > 0 for _ in range(8)] == [False] * 5 + [True] * 3


def test_one_address_that_tries_many_names_is_slowed() -> None:
    guessing = Guessing()
    passed = sum(guessing.attempt(f"user-{n}", ATTACKER, 0) == 0 for n in range(100))
    assert passed == 30
    assert guessing.attempt("user-0", HOME, 0) == 0


def test_an_office_that_signs_in_is_not_slowed() -> None:
    guessing = Guessing()
    for n in range(500):
        assert guessing.attempt(f"user-{n}", HOME, 0) == 0
        guessing.succeeded(f"user-{n}", HOME)


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("192.0.2.1", "192.0.2.1"),
        ("::ffff:192.0.2.1", "192.0.2.1"),
        ("2001:db8:1:2:aaaa::1", "2001:db8:1:2::/64"),
        ("unix", "unix"),
    ],
)
def test_an_address_is_what_one_party_has(address: str, network: str) -> None:
    assert network_of(address) == network


def test_a_bucket_fills_again() -> None:
    buckets = Buckets(rate_per_s=10, burst=3)
    assert [buckets.take("a", 0) for _ in range(3)] == [0, 0, 0]
    assert buckets.take("a", 0) == pytest.approx(0.1)
    assert buckets.take("b", 0) == 0
    assert buckets.take("a", 100) == 0
    assert buckets.take("a", 100) > 0


def test_a_clock_that_goes_back_empties_no_bucket() -> None:
    buckets = Buckets(rate_per_s=10, burst=2)
    assert buckets.take("a", 1000) == 0
    assert buckets.take("a", 0) == 0
    assert buckets.take("a", 0) > 0


def test_passwords_are_hashed_with_argon2id_and_found_again() -> None:
    passwords = Passwords()
    kept = passwords.hash("correct horse é")
    assert kept.startswith("$argon2id$")
    assert passwords.fits(kept, "correct horse e\u0301"), "the same letters, typed on another keyboard"
    assert not passwords.fits(kept, "correct horse")
    assert not passwords.fits(None, "nobody has this password")
    assert not passwords.fits("no hash", "x")


@pytest.mark.parametrize("password", ["1234567", "Password1", "88888888", "x" * 257, "abababab", "wang-wei"])
def test_poor_passwords_are_refused(password: str) -> None:
    with pytest.raises(PasswordRefused):
        check(password, "wang-wei")


@pytest.mark.parametrize("password", ["correct horse", "锦绣社区的门禁密码", "Tr0ub4dor&3"])
def test_others_are_not(password: str) -> None:
    check(password, "wang-wei")
