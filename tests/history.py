"""Small sites and batches of readings for the tests of the historian and of ingest."""

from collections.abc import Mapping, Sequence

from backbone.frames import Frame, FrameEvent
from backbone.historian.port import ReadingBatch
from community.site.load import load_profiles, load_site
from community.site.site import Site

NOON = 1_789_992_000_000
"""2026-09-21 12:00 UTC: a multiple of every step a series may have, up to twelve hours."""
NEVER, EVER = 0, 4_102_444_800_000

_PROFILE = """
id: station
product: Station
maker: Nobody
source: made up for tests
family: environment
decoder: zigbee2mqtt
every: 10s
measures:
  temperature: {name: {zh: 温度}}
  humidity: {name: {zh: 湿度}}
  smoke: {name: {zh: 烟感}, family: fire, kind: boolean, lane: urgent}
  credential: {name: {zh: 门禁}, family: access, kind: event}
"""


def make_site(
    identifier: str = "yard",
    *,
    east: int = 2,
    west: int = 1,
    new: int = 0,
    moved: bool = False,
    timezone: str = "Asia/Shanghai",
) -> Site:
    """A site of gateways `gw-east`, `gw-west`, `gw-new` with stations `e-1`…, `w-1`…, `n-1`…; each measures
    temperature, humidity, smoke and reports credentials. `moved`: `e-1` stands in another zone, at `gw-west`."""
    lines = [
        f"site: {{id: {identifier}, name: {{zh: 院}}, timezone: {timezone}}}",
        "zones: [{id: z1, name: {zh: 一}, kind: building}, {id: z2, name: {zh: 二}, kind: building}]",
        "gateways:",
    ]
    for gateway, prefix, count in (("gw-east", "e", east), ("gw-west", "w", west), ("gw-new", "n", new)):
        if not count:
            continue
        lines += [f"- id: {gateway}", "  devices:"]
        stations = [(f"{prefix}-{n}", "z1") for n in range(1, count + 1)]
        if moved:
            stations = [one for one in stations if one[0] != "e-1"] + [("e-1", "z2")] * (gateway == "gw-west")
        lines += [
            f"  - {{id: {name}, profile: station, zone: {zone}, mqtt: {{topic: 's/{name}'}}}}"
            for name, zone in stations
        ]
    return load_site("\n".join(lines), load_profiles({"station.yaml": _PROFILE}))


def batch(rows: Sequence[tuple[str, int, float] | tuple[str, int, float, int]], site: str = "yard") -> ReadingBatch:
    """Readings given as (point, t, x[, q])."""
    return ReadingBatch.of(site, [row if len(row) == 4 else (*row, 0) for row in rows])


def frame(
    rows: Sequence[tuple[str, int, float] | tuple[str, int, float, int]],
    *,
    seq: int = 1,
    epoch: int = 1,
    events: Sequence[FrameEvent] = (),
) -> Frame:
    """A frame of the same rows."""
    columns = batch(rows)
    return Frame(epoch, seq, NOON, columns.points, columns.p, columns.t, columns.x, columns.q, tuple(events))


def event(point: str, t: int, kind: str = "access.granted", data: Mapping[str, object] | None = None) -> FrameEvent:
    """An event at a point."""
    return FrameEvent(point, t, kind, dict(data or {}))
