"""Every shipped profile is proven by what its product sends: recorded messages, or an image of its registers."""

import json
from typing import Any

import pytest

from community.quality import Quality
from community.site.profile import Profile, ValueKind
from gateway.registers import value_of, width
from tests.gateway_site import PROFILES, data
from tests.unit.gateway.samples import samples_of

IMAGES = data("modbus", "images")
MQTT = {name: profile for name, profile in PROFILES.items() if profile.decoder != "modbus"}
MODBUS = {name: profile for name, profile in PROFILES.items() if profile.decoder == "modbus"}
REAL_PRODUCTS = 25
BUILT_ONLY = {
    "adtek-thc",
    "dragino-ldds75",
    "dragino-lds02",
    "dragino-lwl02",
    "dragino-lwl02-things-stack",
    "eastron-sdm630",
    "faast-aspirating",
    "notifier-modbus-gw",
    "notifier-modbus-gw-loop",
    "ss-rftm-co2",
    "waveshare-relay-8",
}
"""Real products of which no recording and no message in their maker's documents was found."""


def image_of(profile: Profile) -> dict[str, Any]:
    """The registers of a product; `source` says whether they were recorded or built from its manual."""
    path = IMAGES / f"{profile.id}.json"
    assert path.is_file(), f"{profile.id} has no register image: add {path}"
    image: dict[str, Any] = json.loads(path.read_text())
    return image


def real(profile: Profile) -> bool:
    """Whether it is made for a product, and not for whatever measures the same."""
    return profile.maker != "generic" and not profile.maker.startswith("various") and not profile.fits


def plausible(profile: Profile, measure: str, value: float) -> bool:
    row = profile.measures[measure]
    return (row.low is None or value >= row.low) and (row.high is None or value <= row.high)


@pytest.mark.parametrize("profile", MQTT.values(), ids=MQTT.keys())
def test_recorded_messages_give_every_measure_of_the_product(profile: Profile) -> None:
    """What they give exactly is asserted by the samples' own test; here, that none is missing or implausible."""
    samples = [s for s in samples_of(profile.decoder.replace("-", "_")) if s["profile"] == profile.id]
    good = [s for s in samples if (s["readings"] or s.get("events")) and not s["refused"]]
    assert good, f"{profile.id} has no sample that is read whole: add one to tests/data/decoders/{profile.decoder}"
    sent = {
        measure
        for sample in good
        for measure, value, q in sample["readings"]
        if plausible(profile, measure, value) and not q & Quality.OUT_OF_RANGE
    }
    told = {measure for sample in good for measure, _type, _data in sample.get("events", [])}
    assert set(profile.measures) <= sent | told


@pytest.mark.parametrize("profile", MODBUS.values(), ids=MODBUS.keys())
def test_an_image_of_its_registers_gives_every_measure_of_the_product(profile: Profile) -> None:
    image = image_of(profile)
    assert len(image["source"]) > 10
    read = {}
    for measure, row in profile.measures.items():
        register = row.modbus
        assert register is not None
        assert register.function == image["function"]
        words = {**dict.fromkeys(range(register.address, register.address + width(register)), image.get("others"))}
        words.update({int(address): word for address, word in image["registers"].items()})
        raw = [words[register.address + at] for at in range(width(register))]
        value = value_of(register, raw)
        assert value is not None, measure
        assert plausible(profile, measure, value), measure
        if row.kind is ValueKind.NUMBER:
            value = round(value, 4)
        read[measure] = value
    others = dict.fromkeys(profile.measures, image["other_readings"]) if "other_readings" in image else {}
    expected = {**others, **image["readings"]}
    assert read == {measure: pytest.approx(value, rel=1e-6) for measure, value in expected.items()}


def test_a_point_the_fire_panel_does_not_have_is_no_healthy_detector() -> None:
    """It reads 0x00FF, every flag 0: without its marker that would be a detector without alarm or trouble."""
    for measure, row in PROFILES["notifier-modbus-gw"].measures.items():
        assert row.modbus is not None
        assert value_of(row.modbus, [0x00FF]) is None, measure
        assert value_of(row.modbus, [0x1400]) == 0.0, measure


def test_enough_real_products_with_a_source_anybody_can_open() -> None:
    sourced = {profile.product for profile in PROFILES.values() if real(profile) and "https://" in profile.source}
    assert len(sourced) >= REAL_PRODUCTS


def test_every_sample_says_how_it_was_made_and_most_products_are_more_than_our_own_word() -> None:
    """recorded: from a device; documented: printed by its maker; built: by us, from what the documents say."""
    proven = set()
    for path in [*data("decoders").glob("*/*.json"), *IMAGES.glob("*.json"), *data("announcements").glob("*.json")]:
        sample = json.loads(path.read_text())
        assert sample["made"] in {"recorded", "documented", "built"}, path
        if sample["made"] != "built":
            assert len(sample["source"]) > 10, path
            proven.add(sample.get("profile", path.stem))
    unproven = {profile.id for profile in PROFILES.values() if real(profile)} - proven
    assert unproven == BUILT_ONLY


def test_no_image_is_left_without_its_profile() -> None:
    assert {path.stem for path in IMAGES.glob("*.json")} == set(MODBUS)
