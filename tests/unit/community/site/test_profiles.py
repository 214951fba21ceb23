"""Device profiles: those that ship are sound; a wrong one is refused with its place."""

from pathlib import Path

import pytest

from backbone.site_files import SHIPPED_PROFILES, read_profiles
from community.site.load import SiteErrors, load_profiles
from community.site.profile import CODECS, DECODERS, PLACES, Family, Profile, ValueKind
from gateway.codecs import CODECS as KNOWN_CODECS
from gateway.codecs import codec_named
from gateway.decoders.formats import FORMATS, format_named, places_of

PROFILES = read_profiles(None)
HEAD = "id: x\nproduct: X\nmaker: X\nsource: manual\nfamily: fire\ndecoder: {decoder}\nevery: 10s\nmeasures:\n"


@pytest.mark.parametrize("profile", PROFILES.values(), ids=PROFILES.keys())
def test_a_shipped_profile_is_sound(profile: Profile) -> None:
    assert (SHIPPED_PROFILES / f"{profile.id}.yaml").is_file()
    assert len(profile.source) > 10
    if profile.decoder != "modbus":
        assert format_named(profile.decoder)
        codec_named(profile.codec)
    for name, measure in profile.measures.items():
        assert all((measure.name.zh, measure.name.en)), name
        if measure.kind is ValueKind.NUMBER:
            assert measure.unit, name
            assert measure.low is not None, name
        if measure.kind is ValueKind.BOOLEAN:
            assert set(measure.states) == {"0", "1"}, name


def test_the_places_a_command_may_name_are_those_the_gateway_fills_in() -> None:
    for decoder in DECODERS:
        assert tuple(places_of(decoder, "tele/pump")) == PLACES.get(decoder, ("topic",))


def test_every_family_has_profiles() -> None:
    assert {profile.family for profile in PROFILES.values()} >= {
        Family.ACCESS,
        Family.ENVIRONMENT,
        Family.FIRE,
        Family.WASTE,
    }


def test_the_readme_names_every_decoder_and_codec() -> None:
    text = (SHIPPED_PROFILES / "README.md").read_text(encoding="utf-8")
    for profile in PROFILES.values():
        assert f"`{profile.decoder}`" in text or profile.decoder == "modbus"
        assert profile.codec is None or f"`{profile.codec}`" in text


@pytest.mark.parametrize(
    ("decoder", "measure", "told"),
    [
        ("modbus", "smoke: {name: {zh: 烟}}", ["9:10: 'smoke' has no modbus register; say where it stands"]),
        (
            "shelly",
            "relay: {name: {zh: 继电器}, kind: boolean, writable: true, command: {topic: '{cmnd}/POWER', "
            "say: {'0': 'OFF', '1': 'ON'}, ask: {topic: '{topic}/{what}', payload: ''}}}",
            [
                "9:68: nothing stands for {cmnd} in a topic; write {topic}",
                "9:68: nothing stands for {what} in a topic; write {topic}",
            ],
        ),
        (
            "zigbee2mqtt",
            "smoke: {name: {zh: 烟}, modbus: {function: 3, address: 1}}",
            ["9:10: 'smoke' has a register, but its device speaks MQTT"],
        ),
        (
            "modbus",
            "smoke: {name: {zh: 烟}, modbus: {function: 1, address: 1}}",
            ["9:10: function 1 reads single bits: write type: bool"],
        ),
        (
            "modbus",
            "smoke: {name: {zh: 烟}, modbus: {function: 3, address: 1, type: bit}}",
            ["9:10: type: bit and the bit's number go together"],
        ),
        (
            "modbus",
            "smoke: {name: {zh: 烟}, writable: true, modbus: {function: 4, address: 1}}",
            ["9:10: only coils (function 1) and holding registers (function 3) can be written"],
        ),
        (
            "modbus",
            "smoke: {name: {zh: 烟}, kind: event, modbus: {function: 4, address: 1}}",
            ["9:10: 'smoke' is an event, which no register tells"],
        ),
        (
            "modbus",
            "smoke: {name: {zh: 烟}, low: 5, high: 1, modbus: {function: 5, address: -1}}",
            [
                "9:62: function: write a number of at most 4 (it says '5')",
                "9:74: address: write a number of at least 0 (it says '-1')",
            ],
        ),
        (
            "zigbee2mqtt",
            "relay: {name: {zh: 继}, kind: boolean, writable: true}",
            ["9:10: writable and command go together: say how the device is told"],
        ),
        (
            "zigbee2mqtt",
            "relay: {name: {zh: 继}, words: {'ON': 1}}",
            ["9:10: command and words are for what is 0 or 1: write kind: boolean"],
        ),
        (
            "modbus",
            "relay: {name: {zh: 继}, kind: boolean, "
            "command: {topic: a, say: {'0': b, '1': c}, ask: {topic: a, payload: ''}},"
            " modbus: {function: 1, address: 1, type: bool}}",
            ["9:10: 'relay' is switched by its register; delete command"],
        ),
        ("zigbee2mqtt", "smoke: {name: {zh: 烟}, low: 5, high: 1}", ["9:10: low 5 is not below high 1"]),
        ("zigbee2mqtt", "smoke: {nam: {zh: 烟}}", ["9:11: 'nam' is not known here; did you mean 'name'?"]),
        (
            "zigbe2mqtt",
            "smoke: {name: {zh: 烟}}",
            ["6:10: there is no decoder 'zigbe2mqtt'; did you mean 'zigbee2mqtt'?"],
        ),
        (
            "zigbee2mqtt\ncodec: dragino_ldds75",
            "smoke: {name: {zh: 烟}}",
            ["7:8: a codec reads the bytes of LoRaWAN devices, not zigbee2mqtt; delete this"],
        ),
        (
            "chirpstack\ncodec: dragino_ldds7",
            "fill: {name: {zh: 满}}",
            ["7:8: there is no codec 'dragino_ldds7'; did you mean 'dragino-ldds75'?"],
        ),
        (
            "modbus",
            "a: {name: {zh: 烟}, modbus: {function: 3, address: 1, type: ascii}}",
            ["9:6: type: ascii and the text's length in registers go together"],
        ),
        (
            "modbus",
            "a: {name: {zh: 烟}, modbus: {function: 3, address: 1, type: float32, equals: 1}}",
            ["9:6: equals is for whole numbers: an integer, BCD or a field of bits"],
        ),
        (
            "modbus",
            "a-1: {name: {zh: 烟}, modbus: {function: 3, address: 1}}\nrepeat:\n"
            '- {last: 3, measures: {"a-{n}": {name: {zh: 烟}, modbus: {function: 3, address: 65534}}}}\n'
            "- {last: 3, measures: {b: {name: {zh: 烟}, modbus: {function: 3, address: 0, type: bit}}}}",
            [
                "11:33: the last of these would be at 65536; addresses end at 65535",
                "11:33: there is a measure 'a-1' already",
                "12:27: 'b' is repeated: write an id with {n} in it, as in detector-{n}-alarm",
                "12:27: type: bit and the bit's number go together",
            ],
        ),
    ],
    ids=range(19),
)
def test_a_wrong_profile_is_refused_with_its_place(decoder: str, measure: str, told: list[str]) -> None:
    with pytest.raises(SiteErrors) as refused:
        load_profiles({"x.yaml": f"{HEAD.format(decoder=decoder)}  {measure}\n"})
    assert [str(p) for p in refused.value.problems] == [f"x.yaml:{sentence}" for sentence in told]


def test_repeated_measures_are_written_out() -> None:
    measure = '"p-{n}": {name: {zh: "{n} 号", en: "No. {n}"}, modbus: {function: 3, address: 5}}'
    repeat = f"repeat:\n- {{first: 2, last: 4, step: 10, measures: {{{measure}}}}}\n"
    text = HEAD.format(decoder="modbus").replace("measures:\n", repeat)
    measures = load_profiles({"x.yaml": text})["x"].measures
    assert {key: (row.name.zh, row.name.en, row.modbus and row.modbus.address) for key, row in measures.items()} == {
        "p-2": ("2 号", "No. 2", 5),
        "p-3": ("3 号", "No. 3", 15),
        "p-4": ("4 号", "No. 4", 25),
    }


def test_two_files_of_one_folder_with_the_same_id_are_refused(tmp_path: Path) -> None:
    """One of them would never be read, and nobody would know which; one of ours may be replaced."""
    text = HEAD.format(decoder="json").replace("id: x", "id: xy-md02") + "  co2: {name: {zh: 二氧化碳}}\n"
    (tmp_path / "a.yaml").write_text(text, encoding="utf-8")
    assert read_profiles(tmp_path)["xy-md02"].decoder == "json"
    (tmp_path / "b.yaml").write_text(text, encoding="utf-8")
    with pytest.raises(SiteErrors, match=r"b\.yaml:1:5: 'xy-md02' is the id of .*a\.yaml too"):
        read_profiles(tmp_path)


def test_a_profile_may_name_every_decoder_and_codec_there_is_and_no_other() -> None:
    assert set(DECODERS) == {"modbus", *FORMATS}
    assert set(CODECS) == {*KNOWN_CODECS}


def test_wrong_profiles_are_all_told(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text("id: [", encoding="utf-8")
    (tmp_path / "b.yaml").write_text("id: b", encoding="utf-8")
    with pytest.raises(SiteErrors) as refused:
        read_profiles(tmp_path)
    assert {Path(problem.file).name for problem in refused.value.problems} == {"a.yaml", "b.yaml"}
