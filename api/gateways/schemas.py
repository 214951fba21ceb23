"""Gateways as shown."""

from collections.abc import Mapping

from pydantic import BaseModel, ConfigDict, Field

from api.live.gateways import GatewayStatus, InterlockState
from api.times import Timestamp
from community.losses import LossReason
from community.site.devices import Gateway, Interlock
from community.text import Text


class RefusedOut(BaseModel):
    """Messages the gateway would not take."""

    source: str = Field(description="topic or unit")
    reason: str
    count: int
    last: Timestamp | None


class DeviceOut(BaseModel):
    """How a device fares at its gateway."""

    last: Timestamp | None
    ok: bool | None
    error: str | None


class LossOut(BaseModel):
    """Readings that are gone, or never came."""

    model_config = ConfigDict(from_attributes=True)

    device: str | None = Field(description="null: not one device's")
    lane: str | None
    reason: LossReason
    first: Timestamp
    last: Timestamp
    count: int = Field(description="readings; messages for a sequence gap; 0: nobody can know")


class InterlockOut(BaseModel):
    """A local interlock of a gateway; `tripped` is null while the gateway was not heard."""

    id: str
    name: Text | None
    tripped: bool | None
    since: Timestamp | None = None
    causes: list[str] = Field(default=[], description="the points that agreed")
    failure: str | None = Field(default=None, description="why it opened doors although nobody voted: it failed itself")
    outputs: dict[str, str] = Field(default={}, description="by point: `set`, `setting`, or why it does not obey")


class GatewayOut(BaseModel):
    """A gateway and what it last said of itself; `online` is null while it was not heard."""

    id: str
    name: Text | None
    online: bool | None
    epoch: int | None = None
    since: Timestamp | None = None
    version: str | None = None
    spooled: int | None = Field(default=None, description="frames kept until they are safe upstream")
    spool_hours_left: float | None = Field(
        default=None, description="hours of outage the spool still holds at the present rate"
    )
    problem: str | None = Field(default=None, description="what keeps it from its work although it is online")
    problems: list[str] = Field(default=[], description="the same one by one, the worst first")
    counters: dict[str, float] = {}
    refusals: list[RefusedOut] = []
    devices: dict[str, DeviceOut] = {}
    interlocks: list[InterlockOut] = []


def show(gateway: Gateway, status: GatewayStatus | None) -> GatewayOut:
    """The gateway as answers and the live channel show it."""
    if status is None:
        return GatewayOut(id=gateway.id, name=gateway.name, online=None, interlocks=_interlocks(gateway, {}))
    return GatewayOut(
        id=gateway.id,
        name=gateway.name,
        online=status.online,
        epoch=status.epoch,
        since=status.since,
        version=status.version,
        spooled=status.spooled,
        spool_hours_left=status.spool_hours_left,
        problem=status.problem,
        problems=status.problems,
        counters=status.counters,
        refusals=[RefusedOut(source=r.source, reason=r.reason, count=r.count, last=r.last) for r in status.refusals],
        devices={key: DeviceOut(last=d.last, ok=d.ok, error=d.error) for key, d in status.devices.items()},
        interlocks=_interlocks(gateway, status.interlocks),
    )


def _interlocks(gateway: Gateway, states: Mapping[str, InterlockState]) -> list[InterlockOut]:
    return [_interlock(row, states.get(row.id)) for row in gateway.interlocks]


def _interlock(row: Interlock, state: InterlockState | None) -> InterlockOut:
    if state is None:
        return InterlockOut(id=row.id, name=row.name, tripped=None)
    return InterlockOut(
        id=row.id,
        name=row.name,
        tripped=state.tripped,
        since=state.since,
        causes=list(state.causes),
        failure=state.failure,
        outputs=state.outputs,
    )
