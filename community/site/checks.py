"""What a site file must satisfy beyond its shape: ids, references, and the rules of safety.

Each check yields `(path, sentence)`; the caller knows where the path stands.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from zoneinfo import ZoneInfo

from community.people import Role
from community.site.fields import parse_duration_s
from community.site.model import CONDITION_KINDS, Device, Grade, Rule, SiteFile, Step, Zone
from community.site.problems import Problem, problem_at
from community.site.profile import Profile, ValueKind
from community.site.yaml_text import Document, Path

Found = Iterator[tuple[Path, str]]
OUTPUT_KINDS = ("egress-lock", "siren", "pump", "fan", "barrier", "lift", "light", "valve", "other")


@dataclass(frozen=True, slots=True)
class Candidate:
    """A point as the checks need it, before the site is resolved."""

    id: str
    device: Device
    measure: str
    zone: str
    family: str
    kind: ValueKind


@dataclass(frozen=True)
class Subject:
    """The file and what can be said of it at once."""

    file: SiteFile
    profiles: Mapping[str, Profile]

    @cached_property
    def zones(self) -> dict[str, tuple[str, ...]]:
        """By id: the zone and all it lies in."""
        found: dict[str, tuple[str, ...]] = {}

        def walk(zone: Zone, outer: tuple[str, ...]) -> None:
            found[zone.id] = (zone.id, *outer)
            for inner in zone.zones:
                walk(inner, found[zone.id])

        for zone in self.file.zones:
            walk(zone, ())
        return found

    @cached_property
    def devices(self) -> list[tuple[Path, Device]]:
        """Every device and its path."""
        return [
            (("gateways", g, "devices", d), device)
            for g, gateway in enumerate(self.file.gateways)
            for d, device in enumerate(gateway.devices)
        ]

    @cached_property
    def points(self) -> list[Candidate]:
        """Every point of the devices whose profile exists."""
        return [
            Candidate(
                f"{device.id}.{measure}",
                device,
                measure,
                device.zones.get(measure, device.zone),
                row.family or profile.family,
                row.kind,
            )
            for _, device in self.devices
            if (profile := self.profiles.get(device.profile)) is not None
            for measure, row in profile.measures.items()
        ]

    def selected(self, rule: Rule) -> list[Candidate]:
        """The points a rule watches."""
        select = rule.select
        return [
            point
            for point in self.points
            if (select.family is None or point.family == select.family)
            and (select.measure is None or point.measure == select.measure)
            and (select.device is None or point.device.id == select.device)
            and (select.point is None or point.id == select.point)
            and (select.tag is None or select.tag in point.device.tags)
            and (select.zone is None or select.zone in self.zones.get(point.zone, ()))
        ]


def check(file: SiteFile, profiles: Mapping[str, Profile], document: Document, name: str) -> list[Problem]:
    """Every problem the checks find, each where it stands."""
    subject = Subject(file, profiles)
    return [problem_at(document, name, path, sentence) for run in CHECKS for path, sentence in run(subject)]


def _ids(subject: Subject) -> Found:
    file = subject.file
    yield from _twice("zone", _zone_ids(file.zones, ("zones",)))
    yield from _twice("device", (((*path, "id"), device.id) for path, device in subject.devices))
    for key in ("parties", "people", "gateways", "facilities", "rules", "risks", "plans"):
        rows = getattr(file, key)
        yield from _twice(key, (((key, i, "id"), row.id) for i, row in enumerate(rows)))


def _zone_ids(zones: Iterable[Zone], path: Path) -> Iterator[tuple[Path, str]]:
    for index, zone in enumerate(zones):
        yield (*path, index, "id"), zone.id
        yield from _zone_ids(zone.zones, (*path, index, "zones"))


def _twice(what: str, ids: Iterable[tuple[Path, str]]) -> Found:
    seen: set[str] = set()
    for path, identifier in ids:
        if identifier in seen:
            yield path, f"the id '{identifier}' is used twice in {what}; give this one another"
        seen.add(identifier)


def _site(subject: Subject) -> Found:
    try:
        ZoneInfo(subject.file.site.timezone)
    except (KeyError, ValueError, OSError):
        yield ("site", "timezone"), f"no time zone '{subject.file.site.timezone}'; write one like Asia/Shanghai"


def _devices(subject: Subject) -> Found:
    topics: dict[str, str] = {}
    units: dict[tuple[str, int], str] = {}
    for path, device in subject.devices:
        if device.zone not in subject.zones:
            yield (*path, "zone"), f"there is no zone '{device.zone}'"
        for measure, zone in device.zones.items():
            if zone not in subject.zones:
                yield (*path, "zones", measure), f"there is no zone '{zone}'"
        profile = subject.profiles.get(device.profile)
        if profile is None:
            yield (*path, "profile"), f"there is no device profile '{device.profile}'; `anju profiles` lists them"
            continue
        yield from _source(path, device, profile)
        for key in ("outputs", "names", "zones"):
            for measure in getattr(device, key):
                if measure not in profile.measures:
                    yield (*path, key, measure), f"a {profile.id} has no '{measure}'"
        for measure, output in device.outputs.items():
            if measure in profile.measures and not profile.measures[measure].writable:
                yield (*path, "outputs", measure), f"'{measure}' of a {profile.id} can only be read, not commanded"
            if output.kind == "egress-lock" and output.safe != 0:
                yield (*path, "outputs", measure, "safe"), "an egress lock fails open: its safe state is 0 (unlocked)"
        if device.mqtt is not None:
            if device.mqtt.topic in topics:
                yield (*path, "mqtt"), f"'{topics[device.mqtt.topic]}' already listens to {device.mqtt.topic}"
            topics[device.mqtt.topic] = device.id
        if device.modbus is not None:
            place = (device.modbus.tcp, device.modbus.unit)
            if place in units:
                yield (*path, "modbus"), f"'{units[place]}' already is unit {place[1]} at {place[0]}"
            units[place] = device.id


def _source(path: Path, device: Device, profile: Profile) -> Found:
    if profile.decoder == "modbus":
        if device.modbus is None:
            yield path, f'a {profile.id} speaks Modbus: add modbus: {{tcp: "host:port", unit: 1}}'
        elif not _is_address(device.modbus.tcp):
            yield (*path, "modbus", "tcp"), f"'{device.modbus.tcp}' is no address; write host:port"
    elif device.mqtt is None:
        yield path, f"a {profile.id} speaks MQTT: add mqtt: {{topic: …}}"
    if "fill" in profile.measures and device.bin is None:
        yield path, "a bin sensor measures a distance: add bin: {depth_mm: …, dead_zone_mm: …} to make it a fill level"


def _is_address(text: str) -> bool:
    host, _, port = text.rpartition(":")
    return bool(host) and port.isdigit() and 0 < int(port) < 65536


def _facilities(subject: Subject) -> Found:
    parties = {party.id for party in subject.file.parties}
    points = {point.id for point in subject.points}
    for index, facility in enumerate(subject.file.facilities):
        path: Path = ("facilities", index)
        if facility.zone not in subject.zones:
            yield (*path, "zone"), f"there is no zone '{facility.zone}'"
        if facility.party not in parties:
            yield (*path, "party"), f"there is no party '{facility.party}': every facility has one who answers for it"
        for number, point in enumerate(facility.points):
            if point not in points:
                yield (*path, "points", number), f"there is no point '{point}'"


def _rules(subject: Subject) -> Found:
    plans = {plan.id: plan for plan in subject.file.plans}
    parties = {party.id for party in subject.file.parties}
    for index, rule in enumerate(subject.file.rules):
        path: Path = ("rules", index)
        if rule.risk is Grade.HIGH and rule.plan is None:
            yield (*path, "risk"), "a high rule must name the plan it activates: add plan: …"
        if rule.plan is not None and rule.plan not in plans:
            yield (*path, "plan"), f"there is no plan '{rule.plan}'"
        elif rule.plan is not None and rule.risk.value not in plans[rule.plan].levels:
            yield (*path, "plan"), f"the plan '{rule.plan}' has no steps for level {rule.risk.value}"
        if rule.risk is Grade.HIGH and (rule.action is None or rule.cause is None or rule.consequence is None):
            yield path, "a high rule says cause, consequence and action, for whoever reads it at 3 a.m.: add them"
        if rule.party is not None and rule.party not in parties:
            yield (*path, "party"), f"there is no party '{rule.party}'"
        if rule.select.zone is not None and rule.select.zone not in subject.zones:
            yield (*path, "select", "zone"), f"there is no zone '{rule.select.zone}'"
            continue
        yield from _condition((*path, "when"), rule, subject)


def _condition(path: Path, rule: Rule, subject: Subject) -> Found:
    given = [kind for kind in CONDITION_KINDS if getattr(rule.when, kind) is not None]
    if len(given) != 1:
        what = "none" if not given else " and ".join(given)
        yield path, f"a condition has exactly one kind ({', '.join(CONDITION_KINDS)}); this has {what}"
        return
    kind = given[0]
    if rule.when.deadband and kind not in {"above", "below"}:
        yield (*path, "deadband"), f"a deadband belongs to above or below, not to {kind}"
    if rule.when.mean is not None and (rule.when.mean.above is None) == (rule.when.mean.below is None):
        yield (*path, "mean"), "a mean is compared with one limit: give above or below"
    if rule.when.stale is not None and not _is_stale_time(rule.when.stale.for_):
        yield (*path, "stale", "for"), f"'{rule.when.stale.for_}' is no time: write 3x (expected intervals) or 10m"
    points = subject.selected(rule)
    wanted = {ValueKind.EVENT} if kind == "event" else {ValueKind.NUMBER, ValueKind.BOOLEAN}
    fitting = [point for point in points if point.kind in wanted]
    if not fitting:
        yield (*path[:-1], "select"), "this selects no point the condition can watch; look at measure, family and zone"
    if rule.when.vote is not None and fitting:
        yield from _vote((*path, "vote"), rule, fitting)


def _vote(path: Path, rule: Rule, points: list[Candidate]) -> Found:
    assert rule.when.vote is not None
    devices: dict[str, set[str]] = {}
    for point in points:
        devices.setdefault(point.zone if rule.when.vote.per == "zone" else "", set()).add(point.device.id)
    most = max(len(names) for names in devices.values())
    if most < rule.when.vote.at_least:
        yield path, f"{rule.when.vote.at_least} devices must agree, but no {rule.when.vote.per} has more than {most}"


def _is_stale_time(text: str) -> bool:
    if text.endswith("x"):
        return text[:-1].replace(".", "", 1).isdigit() and float(text[:-1]) > 0
    try:
        return parse_duration_s(text) > 0
    except ValueError:
        return False


def _risks(subject: Subject) -> Found:
    plans = {plan.id for plan in subject.file.plans}
    people = {person.id for person in subject.file.people}
    for index, risk in enumerate(subject.file.risks):
        path: Path = ("risks", index)
        if risk.zone not in subject.zones:
            yield (*path, "zone"), f"there is no zone '{risk.zone}'"
        if risk.grade is Grade.HIGH and risk.plan is None:
            yield (*path, "grade"), "a high risk must have an emergency plan: add plan: …"
        if risk.plan is not None and risk.plan not in plans:
            yield (*path, "plan"), f"there is no plan '{risk.plan}'"
        if risk.owner is not None and risk.owner not in people:
            yield (*path, "owner"), f"there is no person '{risk.owner}'"


def _plans(subject: Subject) -> Found:
    people = {person.id for person in subject.file.people}
    filled = {role for person in subject.file.people for role in person.roles}
    for index, plan in enumerate(subject.file.plans):
        path: Path = ("plans", index)
        if plan.approved.by not in people:
            yield (*path, "approved", "by"), f"there is no person '{plan.approved.by}'"
        if plan.next_revision <= plan.approved.on:
            yield (*path, "next_revision"), "the next revision is not after the approval"
        if plan.organisation.commander not in filled:
            yield (*path, "organisation", "commander"), f"nobody has the role {plan.organisation.commander}"
        if not plan.levels:
            yield (*path, "levels"), "a plan has steps for at least one level"
        known = {"commander", *plan.organisation.roles, *(role.value for role in Role)}
        for level, flow in plan.levels.items():
            where: Path = (*path, "levels", level, "steps")
            yield from _twice("steps", (((*where, i, "id"), step.id) for i, step in enumerate(flow.steps)))
            for number, step in enumerate(flow.steps):
                yield from _step((*where, number), step, known, subject)


def _step(path: Path, step: Step, known: set[str], subject: Subject) -> Found:
    given = [key for key in ("do", "notify", "who") if getattr(step, key)]
    if len(given) != 1:
        yield (
            path,
            "a step is done by the machine (do), tells people (notify), or is somebody's (who): give one of them",
        )
    for number, role in enumerate(step.notify):
        if role not in known:
            yield (*path, "notify", number), f"'{role}' is no role of this plan; add it to organisation.roles"
    if step.who is not None and step.who not in known:
        yield (*path, "who"), f"'{step.who}' is no role of this plan; add it to organisation.roles"
    if step.do is not None and step.do.set not in OUTPUT_KINDS:
        outputs = {f"{device.id}.{measure}" for _, device in subject.devices for measure in device.outputs}
        if step.do.set not in outputs:
            yield (*path, "do", "set"), f"there is no output '{step.do.set}'; name device.measure or a kind of output"
    elif step.do is not None and not any(
        output.kind == step.do.set for _, device in subject.devices for output in device.outputs.values()
    ):
        yield (*path, "do", "set"), f"no device has an output of kind {step.do.set}"


CHECKS: tuple[Callable[[Subject], Found], ...] = (_ids, _site, _devices, _facilities, _rules, _risks, _plans)
