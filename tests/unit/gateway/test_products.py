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


def image_of(profile: Profile) -> dict[str, Any]:
    """The registers of a product; `source` says whether they were recorded or built from its manual."""
    path = IMAGES / f"{profile.id}.json"
    assert path.is_file(), f"{profile.id} has no register image: add {path}"
    image: dict[str, Any] = json.loads(path.read_text())
    return image


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
        raw = [image["registers"][str(register.address + at)] for at in range(width(register))]
        value = value_of(register, raw)
        assert value is not None, measure
        assert plausible(profile, measure, value), measure
        if row.kind is ValueKind.NUMBER:
            value = round(value, 4)
        read[measure] = value
    assert read == {measure: pytest.approx(value, rel=1e-6) for measure, value in image["readings"].items()}


def test_a_point_the_fire_panel_does_not_have_is_no_healthy_detector() -> None:
    """It reads 0x00FF, every flag 0: without its marker that would be a detector without alarm or trouble."""
    for measure, row in PROFILES["notifier-modbus-gw"].measures.items():
        assert row.modbus is not None
        assert value_of(row.modbus, [0x00FF]) is None, measure
        assert value_of(row.modbus, [0x1400]) == 0.0, measure


def test_enough_real_products_with_a_source_anybody_can_open() -> None:
    sourced = {profile.product for profile in PROFILES.values() if "https://" in profile.source}
    assert len(sourced) >= REAL_PRODUCTS


def test_no_image_is_left_without_its_profile() -> None:
    assert {path.stem for path in IMAGES.glob("*.json")} == set(MODBUS)
