"""Guessing passwords is slowed for the one who guesses, never for the one whose account it is.

Failures are counted for an account from an address, and for an address over all accounts. Nobody is locked out: from
elsewhere the account opens as always, and from the same address after the wait.
"""

from collections import OrderedDict
from dataclasses import dataclass
from ipaddress import IPv6Address, ip_address

FORGET_MS = 3_600_000
MOST_KEPT = 10_000


@dataclass(frozen=True, slots=True)
class Patience:
    """Tries that cost nothing, then waits that double up to a longest one."""

    free: int
    longest_ms: int

    def wait_ms(self, failures: int) -> int:
        """The wait after this many failures in a row."""
        return 0 if failures < self.free else int(min(self.longest_ms, 1000 * 2 ** min(failures - self.free, 20)))


OF_ACCOUNT = Patience(free=5, longest_ms=900_000)
OF_ADDRESS = Patience(free=30, longest_ms=60_000)


@dataclass(slots=True)
class _Tally:
    failures: int
    last: int


class Guessing:
    """Counts attempts. An attempt counts as failed until it succeeds, so that many at once do not slip through."""

    def __init__(self) -> None:
        self._tallies: OrderedDict[tuple[str, str], _Tally] = OrderedDict()

    def attempt(self, account: str, address: str, now: int) -> int:
        """Milliseconds to wait before this attempt; 0: go on, and it is counted."""
        keys = self._keys(account, address)
        wait = max(
            patience.wait_ms(tally.failures) - (now - tally.last)
            for key, patience in keys
            if (tally := self._tally(key, now))
        )
        if wait > 0:
            return wait
        for key, _ in keys:
            tally = self._tally(key, now)
            tally.failures += 1
            tally.last = now
        return 0

    def succeeded(self, account: str, address: str) -> None:
        """The attempt was the account's owner: forget the failures, and do not count it for the address."""
        (of_account, _), (of_address, _) = self._keys(account, address)
        self._tallies.pop(of_account, None)
        if (tally := self._tallies.get(of_address)) is not None:
            tally.failures = max(0, tally.failures - 1)

    def _keys(self, account: str, address: str) -> tuple[tuple[tuple[str, str], Patience], ...]:
        place = network_of(address)
        return ((account.casefold(), place), OF_ACCOUNT), (("", place), OF_ADDRESS)

    def _tally(self, key: tuple[str, str], now: int) -> _Tally:
        tally = self._tallies.get(key)
        if tally is None or now - tally.last > FORGET_MS:
            tally = self._tallies[key] = _Tally(0, now)
            while len(self._tallies) > MOST_KEPT:
                self._tallies.popitem(last=False)
        self._tallies.move_to_end(key)
        return tally


def network_of(address: str) -> str:
    """The address; of IPv6 the /64 a home or an office has to itself."""
    try:
        ip = ip_address(address)
    except ValueError:
        return address
    if isinstance(ip, IPv6Address) and ip.ipv4_mapped is None:
        return f"{IPv6Address(int(ip) >> 64 << 64)}/64"
    return str(ip.ipv4_mapped if isinstance(ip, IPv6Address) else ip)
