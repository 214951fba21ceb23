"""Device profiles from their texts, or every mistake in them; repeated measures are written out."""

import re
from collections.abc import Iterator, Mapping

from pydantic import ValidationError

from community.site.fields import ID_PATTERN
from community.site.problems import Problem, SiteErrors, of_validation, problem_at, suggestion
from community.site.profile import (
    CODEC_DECODERS,
    CODECS,
    COIL_FUNCTIONS,
    DECODERS,
    NUMBER,
    PLACES,
    WRITABLE_FUNCTIONS,
    Measure,
    MqttCommand,
    MqttSaying,
    Profile,
    Register,
    ValueKind,
)
from community.site.yaml_text import Document, Path, parse
from community.text import Text

LAST_ADDRESS = 65_535


def load_profiles(texts: Mapping[str, str]) -> dict[str, Profile]:
    """Profiles by id from texts by file name; a later one of the same id replaces an earlier one.

    Raises:
        SiteErrors: with every problem of every text.
    """
    problems: list[Problem] = []
    profiles: dict[str, Profile] = {}
    written: dict[tuple[str, str], str] = {}
    for name, text in texts.items():
        document = parse(text)
        if document.problems:
            problems.extend(Problem(name, p.place.line, p.place.column, p.message) for p in document.problems)
            continue
        try:
            profile = Profile.model_validate(document.data)
        except ValidationError as error:
            problems.extend(of_validation(error, document, name, Profile))
            continue
        problems.extend(_profile_problems(profile, document, name))
        folder = name.rpartition("/")[0]
        if (other := written.setdefault((folder, profile.id), name)) != name:
            sentence = f"'{profile.id}' is the id of {other} too; give this one another"
            problems.append(problem_at(document, name, ("id",), sentence))
        profiles[profile.id] = whole(profile)
    if problems:
        raise SiteErrors(problems)
    return profiles


def _profile_problems(profile: Profile, document: Document, name: str) -> list[Problem]:
    return [problem_at(document, name, path, sentence) for path, sentence in _mistakes(profile)]


def _mistakes(profile: Profile) -> Iterator[tuple[Path, str]]:
    decoder, codec = profile.decoder.replace("-", "_"), profile.codec
    if decoder not in DECODERS:
        yield ("decoder",), f"there is no decoder '{profile.decoder}'{suggestion(decoder, DECODERS)}"
        return
    if codec is not None and codec.replace("_", "-") not in CODECS:
        yield ("codec",), f"there is no codec '{codec}'{suggestion(codec.replace('_', '-'), CODECS)}"
    if codec is not None and decoder not in CODEC_DECODERS:
        yield (
            ("codec",),
            f"a codec reads the bytes of LoRaWAN devices, not {profile.decoder}; delete this",
        )
    if not profile.measures and not profile.repeat:
        yield ("measures",), "a profile without measures makes no points; write at least one"
    rows: list[tuple[Path, str, Measure]] = [(("measures", key), key, row) for key, row in profile.measures.items()]
    for index, repeat in enumerate(profile.repeat):
        path: Path = ("repeat", index)
        if repeat.last < repeat.first:
            yield (*path, "last"), f"last {repeat.last} is before first {repeat.first}"
        for key, row in repeat.measures.items():
            place: Path = (*path, "measures", key)
            rows.append((place, key, row))
            if not re.fullmatch(ID_PATTERN, key.replace(NUMBER, "0")) or NUMBER not in key:
                yield place, f"'{key}' is repeated: write an id with {NUMBER} in it, as in detector-{NUMBER}-alarm"
            elif (first := key.replace(NUMBER, str(repeat.first))) in profile.measures:
                yield place, f"there is a measure '{first}' already"
            end = 0 if row.modbus is None else row.modbus.address + (repeat.last - repeat.first) * repeat.step
            if end > LAST_ADDRESS:
                yield place, f"the last of these would be at {end}; addresses end at {LAST_ADDRESS}"
    for place, key, row in rows:
        for sentence in _measure_problems(key, row, modbus=decoder == "modbus"):
            yield place, sentence
        numbered = ("n",) if place[0] == "repeat" else ()
        for sentence in _command_problems(row, PLACES.get(decoder, ("topic",)) + numbered):
            yield (*place, "command"), sentence


def whole(profile: Profile) -> Profile:
    """The profile with every repeated measure written out."""
    if not profile.repeat:
        return profile
    measures = dict(profile.measures)
    for repeat in profile.repeat:
        for number in range(repeat.first, repeat.last + 1):
            for key, row in repeat.measures.items():
                measures[key.replace(NUMBER, str(number))] = _numbered(
                    row, number, (number - repeat.first) * repeat.step
                )
    return profile.model_copy(update={"measures": measures, "repeat": ()})


def _numbered(row: Measure, number: int, further: int) -> Measure:
    name = Text(zh=row.name.zh.replace(NUMBER, str(number)), en=row.name.en.replace(NUMBER, str(number)))
    register = row.modbus
    moved = None if register is None else register.model_copy(update={"address": register.address + further})
    path = None if row.path is None else row.path.replace(NUMBER, str(number))
    command = None if row.command is None else _numbered_command(row.command, str(number))
    return row.model_copy(update={"name": name, "modbus": moved, "path": path, "command": command})


def _numbered_command(command: MqttCommand, number: str) -> MqttCommand:
    said = {value: payload.replace(NUMBER, number) for value, payload in command.say.items()}
    ask = MqttSaying(
        topic=command.ask.topic.replace(NUMBER, number), payload=command.ask.payload.replace(NUMBER, number)
    )
    return MqttCommand.model_validate({"topic": command.topic.replace(NUMBER, number), "say": said, "ask": ask})


def _measure_problems(measure: str, row: Measure, *, modbus: bool) -> Iterator[str]:
    register = row.modbus
    if modbus and register is None:
        yield f"'{measure}' has no modbus register; say where it stands"
    if not modbus and register is not None:
        yield f"'{measure}' has a register, but its device speaks MQTT"
    if modbus and row.kind is ValueKind.EVENT:
        yield f"'{measure}' is an event, which no register tells"
    if modbus and row.command is not None:
        yield f"'{measure}' is switched by its register; delete command"
    if not modbus and row.writable != (row.command is not None):
        yield "writable and command go together: say how the device is told"
    if (row.command is not None or row.words) and row.kind is not ValueKind.BOOLEAN:
        yield "command and words are for what is 0 or 1: write kind: boolean"
    if register is not None:
        yield from _register_problems(register, writable=row.writable)
    if row.stuck_after is not None and (row.kind is not ValueKind.NUMBER or row.stuck_after <= 0):
        yield "stuck_after is a time longer than 0s, and for numbers: what is 0 or 1 may well stay so"
    if row.low is not None and row.high is not None and row.low >= row.high:
        yield f"low {row.low:g} is not below high {row.high:g}"


def _command_problems(row: Measure, places: tuple[str, ...]) -> Iterator[str]:
    for topic in () if row.command is None else (row.command.topic, row.command.ask.topic):
        for name in re.findall(r"\{([^}]*)\}", topic):
            if name not in places:
                known = " or ".join(f"{{{place}}}" for place in places)
                yield f"nothing stands for {{{name}}} in a topic; write {known}"


def _register_problems(register: Register, *, writable: bool) -> Iterator[str]:
    if register.function in COIL_FUNCTIONS and register.type != "bool":
        yield f"function {register.function} reads single bits: write type: bool"
    if (register.type == "ascii") != (register.length is not None):
        yield "type: ascii and the text's length in registers go together"
    if register.equals is not None and register.type.startswith(("float", "ascii", "bool")):
        yield "equals is for whole numbers: an integer, BCD or a field of bits"
    if (register.type == "bit") != (register.bit is not None):
        yield "type: bit and the bit's number go together"
    if register.bits > 1 and (register.bit is None or register.bit + register.bits > 16):
        yield "bits is the width of a field of type: bit, within the 16 bits of its register"
    if writable and register.function == 3 and register.type not in {"uint16", "int16"}:
        yield "only whole registers (type: uint16 or int16) can be written"
    if writable and register.function not in WRITABLE_FUNCTIONS:
        yield "only coils (function 1) and holding registers (function 3) can be written"
