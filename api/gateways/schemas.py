"""Gateways as shown."""

from collections.abc import Mapping

from pydantic import BaseModel, ConfigDict, Field

from api.live.gateways import GatewayStatus, InterlockState
from api.times import Timestamp
from backbone.found import FoundList, FoundRow
from community.losses import LossReason
from community.site.adoption import KnownTopics, Match, Proposal, propose
from community.site.devices import Gateway, Interlock
from community.site.site import Site
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
    discovery: str | None = Field(
        default=None, description="announcements of devices its broker does not let through; no reading is lost by it"
    )
    counters: dict[str, float] = {}
    refusals: list[RefusedOut] = []
    devices: dict[str, DeviceOut] = {}
    interlocks: list[InterlockOut] = []


class FoundDeviceOut(BaseModel):
    """A device that announced itself and is not in the site file, and the lines that take it up."""

    source: str = Field(description="home-assistant, zigbee2mqtt, chirpstack, things-stack, tasmota, shelly, sparkplug")
    topic: str = Field(description="as a device row writes it")
    name: str
    maker: str
    model: str
    values: list[str] = Field(description="what it announces, as paths of a profile")
    unread: list[str] = Field(description="of these, what the proposed profile does not read")
    first: Timestamp = Field(description="since the gateway started")
    last: Timestamp
    times: int
    match: Match = Field(
        description="model: it says that it is this product; name: a text people chose says so; values: a general "
        "profile reads what it announces; draft: a profile was drafted of it; none: nothing is proposed"
    )
    profile: str | None
    product: str
    row: str | None = Field(description="YAML to paste below `devices:` of the gateway")
    draft: str | None = Field(description="YAML of a profile to save in the folder of ANJU_PROFILES first")
    change: list[str] = Field(description="keys of the row only a person knows: zone, bin")


class FoundOut(BaseModel):
    """What a gateway found announced; nothing of it is adopted until somebody pastes it."""

    told: Timestamp | None = Field(description="null: the gateway has told nothing yet")
    looking: bool = Field(description="false: it does not look for devices (ANJU_DISCOVERY=0)")
    unheard: list[str] = Field(description="topic filters its broker refuses")
    left_off: int = Field(description="devices found beside these")
    items: list[FoundDeviceOut]


def show_found(found: FoundList | None, site: Site, gateway: str, zone: str | None) -> FoundOut:
    """The list without what the site file has meanwhile, with a proposal for each."""
    if found is None:
        return FoundOut(told=None, looking=True, unheard=[], left_off=0, items=[])
    known = KnownTopics(site)
    rows = [row for row in found.devices if row.device.topic not in known]
    proposals = propose([row.device for row in rows], site, gateway, zone)
    return FoundOut(
        told=found.at,
        looking=found.unheard is not None,
        unheard=list(found.unheard or ()),
        left_off=found.left_off,
        items=[_found(row, proposal) for row, proposal in zip(rows, proposals, strict=True)],
    )


def _found(row: FoundRow, proposal: Proposal) -> FoundDeviceOut:
    device = row.device
    return FoundDeviceOut(
        source=device.source,
        topic=device.topic,
        name=device.name,
        maker=device.maker,
        model=device.model,
        values=[value.path for value in device.values],
        unread=list(proposal.unread),
        first=row.first,
        last=row.last,
        times=row.times,
        match=proposal.match,
        profile=proposal.profile,
        product=proposal.product,
        row=proposal.row,
        draft=proposal.draft,
        change=list(proposal.change),
    )


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
        discovery=status.discovery,
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
