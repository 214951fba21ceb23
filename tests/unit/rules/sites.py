"""Small communities for the rules' tests, built from rows."""

from collections.abc import Mapping, Sequence
from typing import Any

from community.site.devices import Device
from community.site.model import SiteFile, Zone
from community.site.plans import Plan
from community.site.profile import Family, Lane, ValueKind
from community.site.site import Point, Site
from community.text import Text


def make_site(
    points: Mapping[str, Mapping[str, Any]],
    rules: Sequence[Mapping[str, Any]],
    *,
    plans: Sequence[Mapping[str, Any]] = (),
    parents: Mapping[str, str] | None = None,
    timezone: str = "Asia/Shanghai",
) -> Site:
    """A site of one gateway. A point is a row `{zone, measure's family, kind, every, tags, output}`, all optional."""
    parents = parents or {}
    zones = {row.get("zone", "z1") for row in points.values()} | set(parents) | set(parents.values())
    zone_parent = {zone: parents.get(zone) for zone in sorted(zones)}
    devices = {point.partition(".")[0]: row.get("zone", "z1") for point, row in points.items()}
    file = SiteFile.model_validate(
        {
            "site": {"id": "test", "name": {"zh": "测试"}, "timezone": timezone},
            "zones": [_zone(zone, zone_parent) for zone, parent in zone_parent.items() if parent is None],
            "gateways": [
                {"id": "gw", "devices": [{"id": d, "profile": "any", "zone": zone} for d, zone in devices.items()]}
            ],
            "rules": [{"message": {"zh": "报警"}, "risk": "medium", **rule} for rule in rules],
            "plans": list(plans),
        }
    )
    return Site(
        file=file,
        profiles={},
        points={name: _point(name, row) for name, row in points.items()},
        devices={d.id: d for d in file.gateways[0].devices},
        gateways={"gw": file.gateways[0]},
        zones=_zones(file.zones),
        plans={plan.id: plan for plan in file.plans},
        zone_parent=zone_parent,
        digest="test",
    )


def _zone(zone: str, zone_parent: Mapping[str, str | None]) -> dict[str, Any]:
    inner = [_zone(child, zone_parent) for child, parent in zone_parent.items() if parent == zone]
    return {"id": zone, "name": {"zh": zone}, "kind": "building", "zones": inner}


def _zones(rows: Sequence[Zone]) -> dict[str, Zone]:
    found: dict[str, Zone] = {}
    for row in rows:
        found |= {row.id: row, **_zones(row.zones)}
    return found


def _point(name: str, row: Mapping[str, Any]) -> Point:
    device, _, measure = name.partition(".")
    output = Device.model_validate(
        {"id": "d", "profile": "p", "zone": "z", "outputs": {"m": row["output"]} if "output" in row else {}}
    ).outputs.get("m")
    return Point(
        id=name,
        device=device,
        measure=measure,
        zone=row.get("zone", "z1"),
        gateway="gw",
        name=Text(zh=name),
        unit="",
        family=Family(row.get("family", "environment")),
        kind=ValueKind(row.get("kind", "number")),
        lane=Lane.URGENT,
        low=None,
        high=None,
        every_s=row.get("every", 10),
        output=output,
        tags=tuple(row.get("tags", ())),
        states={},
    )


def fire_plan(identifier: str = "fire") -> dict[str, Any]:
    """A plan row with a machine step, a call and a person's step."""
    return Plan.model_validate(
        {
            "id": identifier,
            "name": {"zh": "火灾应急预案", "en": "Fire plan"},
            "kind": "fire",
            "version": 3,
            "approved": {"by": "wang-wei", "on": "2026-09-01"},
            "next_revision": "2027-09-01",
            "organisation": {"commander": "safety-officer", "roles": ["guide"]},
            "levels": {
                "high": {
                    "steps": [
                        {"id": "release", "name": {"zh": "开门"}, "do": {"set": "egress-lock"}, "within": "3s"},
                        {"id": "call", "name": {"zh": "通知"}, "notify": ["commander", "guide"], "within": "15s"},
                        {"id": "evacuate", "name": {"zh": "疏散"}, "who": "guide", "within": "5m", "proof": "note"},
                    ]
                }
            },
        }
    ).model_dump(mode="json", by_alias=True)
