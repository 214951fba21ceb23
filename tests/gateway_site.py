"""A small site for tests of the gateway, with the profiles that ship."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

from community.site.load import load_profiles, load_site
from community.site.site import Site
from tests.servers import ROOT

PROFILES = load_profiles(
    {path.name: path.read_text() for path in sorted((ROOT / "gateway" / "profiles").glob("*.yaml"))}
)
GATEWAY = "gw-1"


def site_of(
    devices: Iterable[str],
    *,
    elsewhere: Iterable[str] = (),
    mqtt: str | None = None,
    interlocks: Iterable[str] = (),
    profiles: Mapping[str, str] | None = None,
) -> Site:
    """A site whose gateway `gw-1` has `devices` (YAML flow rows); `elsewhere` are those of gateway `gw-2`.

    `profiles` are texts by file name, beside those that ship.
    """
    text = site_text(devices, elsewhere=elsewhere, mqtt=mqtt, interlocks=interlocks)
    return load_site(text, {**PROFILES, **load_profiles(profiles or {})})


def site_text(
    devices: Iterable[str],
    *,
    elsewhere: Iterable[str] = (),
    mqtt: str | None = None,
    interlocks: Iterable[str] = (),
) -> str:
    """The site's file."""
    lines = [
        "site: {id: test, name: {zh: 测试}}",
        "zones: [{id: hall, name: {zh: 大厅}, kind: lobby}]",
        "gateways:",
        f"  - id: {GATEWAY}",
        *([f"    mqtt: {{url: '{mqtt}'}}"] if mqtt else []),
        "    devices:",
        *(f"      - {row}" for row in devices),
        *(["    interlocks:"] if interlocks else []),
        *(f"      - {row}" for row in interlocks),
    ]
    others = list(elsewhere)
    if others:
        lines += ["  - id: gw-2", "    devices:", *(f"      - {row}" for row in others)]
    return "\n".join(lines) + "\n"


def mqtt_device(identifier: str, profile: str, topic: str, extra: str = "") -> str:
    """A row for a device that speaks MQTT."""
    return f"{{id: {identifier}, profile: {profile}, zone: hall, mqtt: {{topic: '{topic}'}}{extra}}}"


def modbus_device(identifier: str, profile: str, port: int, unit: int, extra: str = "") -> str:
    """A row for a device behind a Modbus server on loopback."""
    address = f"127.0.0.1:{port}"
    return f"{{id: {identifier}, profile: {profile}, zone: hall, modbus: {{tcp: '{address}', unit: {unit}}}{extra}}}"


def data(*parts: str) -> Path:
    """A path under tests/data."""
    return ROOT.joinpath("tests", "data", *parts)
