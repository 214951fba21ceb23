"""What a site file must satisfy beyond its shape: ids, places, devices, the register of facilities."""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import lru_cache
from zoneinfo import ZoneInfo

from community.headcount import OUTSIDE
from community.site.check_composition import check_composition
from community.site.check_duty import address, check_contacts, check_notifications, check_roster
from community.site.check_escalations import check_escalations
from community.site.check_interlocks import check_interlocks
from community.site.check_plans import check_plans, check_risks
from community.site.check_readiness import check_readiness
from community.site.check_rules import check_rules
from community.site.check_safety import check_safety
from community.site.check_tickets import check_tickets
from community.site.check_upkeep import check_facilities, check_upkeep
from community.site.devices import Device, Line, ModbusSource
from community.site.mend import Mended
from community.site.model import SiteFile, Zone
from community.site.problems import Problem, problem_at, suggestion
from community.site.profile import Profile
from community.site.subject import Found, Subject
from community.site.topics import Topics
from community.site.yaml_text import Document, Path

_ADDRESS = re.compile(r"[^\s:/]+:[0-9]{1,5}|\[[0-9a-fA-F:.]+\]:[0-9]{1,5}")
_OF_SERIAL_PORTS = frozenset({"baud", "parity", "stop_bits"})
_SHAPES = {
    "sparkplug_b": (
        r"spBv1\.0/[^/+]+/(?:\+|[ND](?:BIRTH|DATA|DEATH))/[^/+]+(?:/[^/+]+)?",
        "spBv1.0/GROUP/+/NODE for an edge node, spBv1.0/GROUP/+/NODE/DEVICE for a device behind it",
    )
}
"""What a device's topic looks like, for formats that take it apart, and how to write it."""
_SECTIONS = {
    "parties": "party",
    "people": "person",
    "gateways": "gateway",
    "facilities": "facility",
    "schedules": "schedule",
    "checklists": "checklist",
    "routes": "route",
    "calendars": "calendar",
    "rules": "rule",
    "risks": "risk",
    "plans": "plan",
    "qualifications": "qualification",
}


def check(file: SiteFile, profiles: Mapping[str, Profile], document: Document, name: str) -> list[Problem]:
    """Every problem the checks find, each where it stands."""
    subject = Subject(file, profiles)
    return [problem_at(document, name, path, sentence) for path, sentence in _all(subject)]


def check_mended(mended: Mended, profiles: Mapping[str, Profile], name: str) -> list[Problem]:
    """The same for what remains of a file with mistakes of shape; their consequences are left out."""
    document = mended.document
    return [
        problem_at(document, name, path, sentence)
        for path, sentence in _all(Subject(mended.file, profiles, mended.unsure))
        if mended.can_judge(path)
    ]


def _all(subject: Subject) -> Found:
    for run in CHECKS:
        yield from run(subject)


def _ids(subject: Subject) -> Found:
    file = subject.file
    yield from _twice("zone", _zone_ids(file.zones, ("zones",)))
    yield from _twice("device", (((*path, "id"), device.id) for path, device in subject.devices))
    for key, what in _SECTIONS.items():
        yield from _twice(what, (((key, i, "id"), row.id) for i, row in enumerate(getattr(file, key))))
    for index, plan in enumerate(file.plans):
        for level, flow in plan.levels.items():
            path: Path = ("plans", index, "levels", level, "steps")
            yield from _twice("step", (((*path, i, "id"), step.id) for i, step in enumerate(flow.steps)))


def _zone_ids(zones: Iterable[Zone], path: Path) -> Iterator[tuple[Path, str]]:
    for index, zone in enumerate(zones):
        yield (*path, index, "id"), zone.id
        yield from _zone_ids(zone.zones, (*path, index, "zones"))


def _twice(what: str, ids: Iterable[tuple[Path, str]]) -> Found:
    seen: set[str] = set()
    for path, identifier in ids:
        if identifier in seen:
            yield path, f"the {what} id '{identifier}' is used twice; give this one another"
        seen.add(identifier)


def _site(subject: Subject) -> Found:
    try:
        ZoneInfo(subject.file.site.timezone)
    except (KeyError, ValueError, OSError):
        yield ("site", "timezone"), f"no time zone '{subject.file.site.timezone}'; write one like Asia/Shanghai"


def _brokers(subject: Subject) -> Found:
    for index, gateway in enumerate(subject.file.gateways):
        if gateway.mqtt is not None:
            path: Path = ("gateways", index, "mqtt", "url")
            yield from address(path, gateway.mqtt.url)
            if not gateway.mqtt.url.startswith(("env:", "mqtt://", "mqtts://")):
                yield path, "this is no broker; write mqtt://host:1883, mqtts://host:8883 or env:NAME"


def _devices(subject: Subject) -> Found:
    listening = Topics[str]()
    units: dict[tuple[str, str, int], str] = {}
    ports: dict[str, tuple[Line, str]] = {}
    for path, device in subject.devices:
        yield from subject.absent((*path, "zone"), "zone", device.zone)
        if device.leads_to != OUTSIDE:
            yield from subject.absent((*path, "leads_to"), "zone", device.leads_to)
        for measure, zone in device.zones.items():
            yield from subject.absent((*path, "zones", measure), "zone", zone)
        profile = subject.profiles.get(device.profile)
        if profile is None:
            near = suggestion(device.profile, subject.profiles) or "; `anju profiles` lists them"
            yield (*path, "profile"), f"there is no device profile '{device.profile}'{near}"
            continue
        yield from _source(path, device, profile)
        yield from _measures(path, device, profile)
        if device.mqtt is not None:
            yield from _topic((*path, "mqtt", "topic"), device.mqtt.topic, device.id, listening)
            yield from _shape((*path, "mqtt", "topic"), device.mqtt.topic, profile)
        if device.modbus is not None:
            line = device.modbus.line
            place = (line.kind, line.address, device.modbus.unit)
            if place in units:
                yield (*path, "modbus"), f"'{units[place]}' already is unit {place[2]} at {place[1]}"
            units[place] = device.id
            known, other = ports.setdefault(line.address, (line, device.id))
            if known != line:
                yield (
                    (*path, "modbus"),
                    f"'{other}' speaks otherwise at {line.address}; all units of a line speak alike",
                )


def _source(path: Path, device: Device, profile: Profile) -> Found:
    if profile.decoder == "modbus":
        if device.modbus is None:
            yield path, f'{profile.id} speaks Modbus: add modbus: {{tcp: "host:port", unit: 1}}'
        else:
            yield from _line((*path, "modbus"), device.modbus)
        if device.mqtt is not None:
            yield (*path, "mqtt"), f"{profile.id} speaks Modbus, not MQTT; delete this"
    else:
        if device.mqtt is None:
            yield path, f"{profile.id} speaks MQTT: add mqtt: {{topic: …}}"
        if device.modbus is not None:
            yield (*path, "modbus"), f"{profile.id} speaks MQTT, not Modbus; delete this"


def _line(path: Path, source: ModbusSource) -> Found:
    ways = (("tcp", source.tcp), ("rtu", source.rtu), ("rtu_tcp", source.rtu_tcp))
    given = [(key, address) for key, address in ways if address is not None]
    if len(given) != 1:
        yield path, "say where the unit is, in one way: tcp, rtu (a serial port) or rtu_tcp"
        return
    key, address = given[0]
    if key == "rtu" and not address.startswith("/"):
        yield (*path, key), f"'{address}' is no serial port; write its path, such as /dev/ttyUSB0"
    if key != "rtu" and not _is_address(address):
        yield (*path, key), f"'{address}' is no address; write host:port"
    if key != "tcp" and not 1 <= source.unit <= 247:
        yield (*path, "unit"), "units of a serial line are numbered 1 to 247; 0 speaks to all and none answers"
    if key != "rtu" and (serial := sorted(_OF_SERIAL_PORTS & source.model_fields_set)):
        yield (*path, serial[0]), f"{serial[0]} belongs to a serial port (rtu), not to {key}; delete this"


@lru_cache(maxsize=1000)  # units of one line share it
def _is_address(text: str) -> bool:
    return bool(_ADDRESS.fullmatch(text)) and 0 < int(text.rpartition(":")[2]) < 65536


def _measures(path: Path, device: Device, profile: Profile) -> Found:
    for key, rows in (("outputs", device.outputs), ("names", device.names), ("zones", device.zones)):
        for measure in rows:
            if measure not in profile.measures:
                yield (*path, key, measure), f"{profile.id} has no '{measure}'{suggestion(measure, profile.measures)}"
    for measure, output in device.outputs.items():
        if measure in profile.measures and not profile.measures[measure].writable:
            yield (*path, "outputs", measure), f"'{measure}' of {profile.id} can only be read, not commanded"
        if output.kind == "egress-lock" and output.safe != 0:
            yield (*path, "outputs", measure, "safe"), "an egress lock fails open: its safe state is 0 (unlocked)"
    if device.bin is None:
        if "fill" in profile.measures:
            yield path, "a bin sensor measures a distance: add bin: {depth_mm: …, dead_zone_mm: …} for its fill level"
    elif "fill" not in profile.measures:
        yield (*path, "bin"), f"{profile.id} measures no fill level; delete this"
    elif device.bin.dead_zone_mm >= device.bin.depth_mm:
        yield (*path, "bin"), "the dead zone is as deep as the bin; both are measured from the sensor downwards"


def _topic(path: Path, topic: str, device: str, listening: Topics[str]) -> Found:
    levels = topic.split("/")
    if not topic or "#" in topic or any("+" in level and level != "+" for level in levels):
        yield path, f"'{topic}' is no topic of a device; write it in full, with + for one level that may vary"
        return
    if (other := listening.overlapping(topic)) is not None:
        yield path[:-1], f"'{other[1]}' already listens to {other[0]}"
    listening.add(topic, device)


def _shape(path: Path, topic: str, profile: Profile) -> Found:
    shape = _SHAPES.get(profile.decoder.replace("-", "_"))
    if shape is not None and not re.fullmatch(shape[0], topic):
        yield path, f"'{topic}' is no topic of {profile.id}; write {shape[1]}"


CHECKS: tuple[Callable[[Subject], Found], ...] = (
    _ids,
    _site,
    _brokers,
    _devices,
    check_interlocks,
    check_facilities,
    check_upkeep,
    check_rules,
    check_composition,
    check_risks,
    check_plans,
    check_escalations,
    check_contacts,
    check_tickets,
    check_roster,
    check_notifications,
    check_readiness,
    check_safety,
)
