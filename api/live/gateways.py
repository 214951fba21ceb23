"""What the gateways say of themselves: their retained status, last word each."""

from collections.abc import Iterable

import msgspec

MOST_BYTES = 256_000


class StatusError(ValueError):
    """A status that cannot be read."""


class Refused(msgspec.Struct, frozen=True):
    """Messages a gateway would not take, by source and reason."""

    source: str
    reason: str
    count: int = 0
    last: int | None = None


class DeviceState(msgspec.Struct, frozen=True):
    """How a device fares at its gateway."""

    last: int | None = None
    ok: bool | None = None
    error: str | None = None


class InterlockState(msgspec.Struct, frozen=True):
    """Whether an interlock is tripped, and what became of its outputs: `set`, `setting`, or why not."""

    tripped: bool
    since: int | None = None
    causes: tuple[str, ...] = ()
    failure: str | None = None
    outputs: dict[str, str] = {}


class GatewayStatus(msgspec.Struct, frozen=True):
    """Payload of `…/status`; the will says no more than `online: false`."""

    online: bool
    epoch: int | None = None
    since: int | None = None
    version: str | None = None
    spooled: int | None = None
    spool_hours_left: float | None = None
    problem: str | None = None
    problems: list[str] = []
    discovery: str | None = None
    counters: dict[str, float] = {}
    refusals: list[Refused] = []
    devices: dict[str, DeviceState] = {}
    interlocks: dict[str, InterlockState] = {}


class GatewayBoard:
    """The last status of every gateway of the site. Touched on the event loop only."""

    def __init__(self, gateways: Iterable[str]) -> None:
        self._statuses: dict[str, GatewayStatus | None] = dict.fromkeys(gateways)

    def use(self, gateways: Iterable[str]) -> None:
        """Know the gateways of another version of the site file."""
        self._statuses = {gateway: self._statuses.get(gateway) for gateway in gateways}

    def take(self, gateway: str, payload: bytes) -> bool:
        """Take in a status; False when nothing changed or it is not one of the site's gateways.

        Raises:
            StatusError: the payload is no status.
        """
        if gateway not in self._statuses:
            return False
        if len(payload) > MOST_BYTES:
            raise StatusError(f"a status of {len(payload)} bytes")
        try:
            said = msgspec.json.decode(payload, type=GatewayStatus)
        except (msgspec.MsgspecError, ValueError) as error:
            raise StatusError(str(error)) from error
        before = self._statuses[gateway]
        if before is not None and said == GatewayStatus(online=False):
            # The will: what was last known of the gateway's insides is still worth showing.
            said = msgspec.structs.replace(before, online=False)
        self._statuses[gateway] = said
        return said != before

    def status(self, gateway: str) -> GatewayStatus | None:
        """The last status; None when the gateway was not heard."""
        return self._statuses.get(gateway)

    def away(self, gateway: str) -> bool:
        """Whether the gateway is known to be offline."""
        status = self._statuses.get(gateway)
        return status is not None and not status.online
