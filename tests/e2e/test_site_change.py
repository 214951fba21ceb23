"""The site file changed while the program runs: an installer writes a detector down, and it is watched at once."""

import httpx

from tests.program import Outside, Program
from tests.servers import wait_until

BESIDE = "      - {id: smoke-b3-f1-b, "
NEW = BESIDE.replace("-b,", "-new,") + (
    "profile: zigbee2mqtt-smoke, zone: b3-f1, mqtt: {topic: zigbee2mqtt/smoke-b3-f1-new}}\n"
)
SMOKE = {"smoke": True, "battery": 90, "linkquality": 90, "test": False}


def test_a_new_device_is_read_watched_stored_and_shown_without_a_restart(program: Program, outside: Outside) -> None:
    outside.listen("anju/v1/jinxiu/events/alarm")
    pids = {name: service["pid"] for name, service in program.services().items()}
    text = program.site.read_text(encoding="utf-8")
    text = text.replace(BESIDE, NEW + BESIDE).replace("en: 1F corridor}", "en: Ground floor corridor}")
    program.site.write_text(text, encoding="utf-8")
    with program.client() as api:
        wait_until(lambda: _zones(api)["b3-f1"] == "Ground floor corridor", 30, "the place's new name")
        in_force = "the changed file to be in force everywhere"
        wait_until(lambda: _shown_everywhere(api.get("/services/site-files").json()), 30, in_force)
        outside.publish("zigbee2mqtt/smoke-b3-f1-new", SMOKE)
        outside.wait_for("events/alarm", lambda alarm: alarm["points"] == ["smoke-b3-f1-new.smoke"])
        point = "/points/smoke-b3-f1-new.smoke"
        wait_until(lambda: api.get(point).json()["value"] == 1, 10, "the value on the page")
        history = {"point": "smoke-b3-f1-new.smoke"}
        wait_until(lambda: api.get("/readings", params=history).json()["buckets"], 20, "the reading in the history")
    assert {name: service["pid"] for name, service in program.services().items()} == pids


def _zones(api: httpx.Client) -> dict[str, str]:
    return {zone["id"]: zone["name"]["en"] for zone in api.get("/zones", params={"limit": 500}).json()["items"]}


def _shown_everywhere(files: list[dict[str, object]]) -> bool:
    """Every gateway, ingest with the API, and the rules run what stands in the file."""
    return len(files) >= 4 and all(file["shown_here"] and not file["problems"] for file in files)
