"""What interlocks must satisfy: everything they read and switch hangs at their own gateway, and nothing fights."""

from collections.abc import Iterator, Sequence

from community.site.devices import Gateway, Interlock, InterlockCause, InterlockEffect
from community.site.problems import suggestion
from community.site.profile import ValueKind
from community.site.subject import Candidate, Found, Subject
from community.site.yaml_text import Path


def check_interlocks(subject: Subject) -> Found:
    """The interlocks of every gateway."""
    seen: set[str] = set()
    for g, gateway in enumerate(subject.file.gateways):
        wanted: dict[str, tuple[int, str]] = {}
        for i, interlock in enumerate(gateway.interlocks):
            path: Path = ("gateways", g, "interlocks", i)
            if interlock.id in seen:
                yield (*path, "id"), f"the interlock id '{interlock.id}' is used twice; give this one another"
            seen.add(interlock.id)
            if not interlock.latch:
                yield (*path, "latch"), "an interlock stays tripped until a person resets it: delete this"
            for number, cause in enumerate(interlock.when):
                yield from _cause(_item(path, "when", number, interlock.when), cause, gateway, subject)
            if subject.touched("gateways.devices"):
                continue
            for number, effect in enumerate(interlock.then):
                at = _item(path, "then", number, interlock.then)
                yield from _effect(at, effect, gateway, subject)
                yield from _fights(at, effect, interlock, subject, wanted)


def _item(path: Path, key: str, number: int, rows: Sequence[object]) -> Path:
    """An only item may stand without its list; its path then has no number, and a place is found either way."""
    return (*path, key, number) if len(rows) > 1 else (*path, key)


def _cause(path: Path, cause: InterlockCause, gateway: Gateway, subject: Subject) -> Found:
    if cause.within <= 0:
        yield (*path, "within"), "within must be longer than 0s"
    wrong = list(subject.absent((*path, "zone"), "zone", cause.zone))
    yield from wrong
    if wrong or not subject.points_are_sure:
        return
    points = [p for p in subject.points if p.measure in cause.of and cause.zone in subject.zones.get(p.zone, ())]
    own = {device.id for device in gateway.devices}
    for measure in cause.of:
        named = [point for point in points if point.measure == measure]
        if not named:
            near = suggestion(measure, {p.measure for p in subject.points if p.device in own})
            yield (*path, "of"), f"no device in {cause.zone} has '{measure}'{near}"
            return
        wrong += _readable((*path, "of"), named, gateway, own)
    yield from wrong
    devices = {point.device for point in points if point.device in own}
    if not wrong and len(devices) < cause.at_least:
        sentence = (
            f"{cause.at_least} devices must agree, but {gateway.id} has only {len(devices)} of them in {cause.zone}"
        )
        yield path, sentence


def _readable(path: Path, points: Sequence[Candidate], gateway: Gateway, own: set[str]) -> Found:
    away = next((point.id for point in points if point.device not in own), None)
    if away is not None:
        yield path, f"'{away}' is read by another gateway; {gateway.id} must do this with nobody's help"
    no_flag = next((point.id for point in points if point.kind is not ValueKind.BOOLEAN), None)
    if no_flag is not None:
        yield path, f"'{no_flag}' is no yes or no; an interlock counts points that are 0 or 1"


def _effect(path: Path, effect: InterlockEffect, gateway: Gateway, subject: Subject) -> Found:
    devices = {device.id: device for device in gateway.devices}
    for name in effect.set:
        output, device = subject.outputs.get(name), devices.get(name.partition(".")[0])
        if output is None:
            own = [point for point in subject.outputs if point.partition(".")[0] in devices]
            sentence = f"there is no output '{name}' with a safe state; add it to its device's outputs"
            yield (*path, "set"), f"{sentence}{suggestion(name, own)}"
        elif device is None:
            yield (*path, "set"), f"'{name}' hangs at another gateway; {gateway.id} must do this with nobody's help"
        elif device.modbus is None:
            yield (*path, "set"), f"'{name}' is switched through a broker; an interlock needs one wired by Modbus"
        elif output.kind == "egress-lock" and effect.to == 1:
            yield (*path, "to"), "no interlock locks an escape door: write to: safe"


def _fights(
    path: Path, effect: InterlockEffect, interlock: Interlock, subject: Subject, wanted: dict[str, tuple[int, str]]
) -> Iterator[tuple[Path, str]]:
    for name in effect.set:
        output = subject.outputs.get(name)
        if output is None:
            continue
        value = output.safe if effect.to == "safe" else effect.to
        before, by = wanted.setdefault(name, (value, interlock.id))
        if before != value:
            yield (
                (*path, "to"),
                f"'{name}' is set to {value} here and to {before} by '{by}'; both may be tripped at once",
            )
