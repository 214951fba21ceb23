"""The community of the stream's benchmark: 1,000 climate points on five gateways, 200 rules over them."""

from __future__ import annotations

GATEWAYS = 5
POINTS_A_GATEWAY = 200
URGENT_GATEWAY = "gw-urgent"
"""Whose detectors raise alarms, where there are any."""
HALLS = 5
"""Of each gateway, each watched by its own rules."""
SITE = "bench"


def gateway_name(number: int) -> str:
    """Its id in the site file."""
    return f"gw-{number}"


def points_of(number: int) -> list[str]:
    """A gateway's points: what one frame has a reading of each of."""
    devices = range(POINTS_A_GATEWAY // 2)
    return [f"climate-{number}-{device}.{measure}" for device in devices for measure in ("temperature", "humidity")]


def site_file(detectors: int = 0) -> str:
    """The site file. With `detectors` a further gateway has so many, each with an alarm of its own."""
    head = [f"site: {{id: {SITE}, name: {{zh: 压测, en: Benchmark}}}}"]
    gateways, rules = gateway_rows(), rule_rows()
    if detectors:
        gateways += _detector_rows(detectors)
        rules += _rule("smoke", "{measure: smoke}", "{equals: 1}", "medium")
    return "\n".join([*head, "zones:", *zone_rows(), "gateways:", *gateways, "rules:", *rules]) + "\n"


def zone_rows() -> list[str]:
    """The halls."""
    return [f"  - {{id: {hall}, name: {{zh: {hall}}}, kind: lobby}}" for hall in _halls()]


def gateway_rows() -> list[str]:
    """The gateways and their devices."""
    lines = []
    for n in range(GATEWAYS):
        lines += [f"  - id: {gateway_name(n)}", "    devices:"]
        lines += [
            f"      - {{id: climate-{n}-{device}, profile: zigbee2mqtt-climate, zone: hall-{n}-{device % HALLS},"
            f" mqtt: {{topic: zigbee2mqtt/climate-{n}-{device}}}}}"
            for device in range(POINTS_A_GATEWAY // 2)
        ]
    return lines


def rule_rows() -> list[str]:
    """Of each hall's eight rules five are limits, two rolling means, one watches for silence."""
    lines = []
    for hall in _halls():
        for number, (measure, condition) in enumerate(_CONDITIONS):
            lines += _rule(f"{hall}-rule-{number}", f"{{zone: {hall}, measure: {measure}}}", condition)
    return lines


def _detector_rows(detectors: int) -> list[str]:
    halls = _halls()
    return [
        f"  - id: {URGENT_GATEWAY}",
        "    devices:",
        *(
            f"      - {{id: smoke-{n}, profile: zigbee2mqtt-smoke, zone: {halls[n % len(halls)]},"
            f" mqtt: {{topic: zigbee2mqtt/smoke-{n}}}}}"
            for n in range(detectors)
        ),
    ]


def _rule(name: str, select: str, condition: str, risk: str = "low") -> list[str]:
    return [
        f"  - id: {name}",
        f"    select: {select}",
        f"    when: {condition}",
        f"    risk: {risk}",
        "    message: {zh: 越限, en: Limit}",
        "    action: {zh: 检查, en: Look}",
    ]


def _halls() -> list[str]:
    return [f"hall-{n}-{hall}" for n in range(GATEWAYS) for hall in range(HALLS)]


_CONDITIONS = (
    ("temperature", "{above: 50, deadband: 2}"),
    ("temperature", "{below: -10, deadband: 1}"),
    ("humidity", "{above: 95, deadband: 2}"),
    ("humidity", "{below: 5, deadband: 2}"),
    ("temperature", "{mean: {over: 5m, above: 45}}"),
    ("humidity", "{mean: {over: 5m, above: 90}}"),
    ("temperature", "{above: 60, deadband: 5}"),
    ("temperature", "{stale: {for: 3x}}"),
)
