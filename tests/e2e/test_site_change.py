"""The site file changed while the program runs: an installer writes a detector down, and it is watched at once."""

import httpx

from tests.program import Outside, Program
from tests.servers import wait_until

BESIDE = "      - {id: smoke-b3-f1-b, "
NEW = BESIDE.replace("-b,", "-new,") + (
    "profile: zigbee2mqtt-smoke, zone: b3-f1, mqtt: {topic: zigbee2mqtt/smoke-b3-f1-new}}\n"
)
CASES = """
cases:
  - id: warm
    name: {zh: 三十度, en: Thirty degrees}
    given: [{at: 10s, point: env-b1-f1.temperature, value: 30}]
    until: 1m
    expect: [{at: 10s, rule: too-hot, scope: env-b1-f1.temperature}]
  - id: unexpected
    name: {zh: 没有料到, en: Not thought of}
    given: [{at: 10s, point: env-b1-f1.temperature, value: 30}]
    until: 1m
"""
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


def test_a_rule_is_tried_changed_and_taken_back(program: Program, outside: Outside) -> None:
    """What a safety officer does on the page: nothing unchecked comes into force, and all of it is on record."""
    outside.listen("anju/v1/jinxiu/events/alarm")
    program.add_user("li-na", "safety-officer")
    with program.client("li-na") as api:
        rule = api.get("/rules/too-hot").json()
        base = {"base": rule["base"]}
        text = (
            rule["text"]
            .replace("above: 40", "above: 1")
            .replace("for: 5m", "for: 0s")
            .replace("risk: low", "risk: medium")
        )
        wrong = api.post("/rules/too-hot/check", json={"text": text.replace("risk:", "risc:"), **base})
        assert wrong.status_code == 422
        assert "'risc' is not known here; did you mean 'risk'?" in wrong.json()["errors"][0]["message"]
        found = api.post("/rules/too-hot/check", json={"text": text, **base}).json()["differences"]
        assert {(row["row"], row["key"]) for row in found} == {
            ("too-hot", "when"),
            ("too-hot", "for"),
            ("too-hot", "risk"),
        }

        wait_until(
            lambda: api.get("/readings", params={"point": "env-b1-f1.temperature"}).json()["buckets"], 30, "history"
        )
        trial = api.post("/rules/trials", json={"rule": "too-hot", "text": text, "days": 1, **base}).json()["id"]
        wait_until(lambda: api.get(f"/rules/trials/{trial}").json()["state"] in {"done", "failed"}, 60, "the trial")
        tried = api.get(f"/rules/trials/{trial}").json()
        assert tried["problem"] == ""
        assert "too-hot" in {row["rule"] for row in tried["result"]["only_new"]}
        assert tried["result"]["alarms"] > tried["result"]["before"]["alarms"], "beside what the rules in force ask"
        assert "pm25-day" in tried["result"]["cold"], "a day's mean is not known from a minute"
        assert not outside.heard("events/alarm", lambda alarm: alarm["rule"] == "too-hot"), "a trial alarms nobody"

        asked = {"rule": "too-hot", "text": text, "cases": CASES, **base}
        trial = api.post("/rules/trials", json=asked).json()["id"]
        wait_until(lambda: api.get(f"/rules/trials/{trial}").json()["state"] in {"done", "failed"}, 60, "the cases")
        right, wrong = api.get(f"/rules/trials/{trial}").json()["cases"]
        assert (right["right"], wrong["right"]) == (True, False)
        assert [(row["rule"], row["becomes"]) for row in wrong["surplus"]] == [("too-hot", "raised")]

        before = api.get("/site-versions").json()["items"][0]["number"]
        assert api.put("/rules/too-hot", json={"text": text, "reason": "试一下 / a test", **base}).status_code == 202
        outside.wait_for("events/alarm", lambda alarm: alarm["rule"] == "too-hot", 30)
        wait_until(lambda: api.get("/site-versions").json()["items"][0]["in_force"], 30, "the version to be in force")
        newest = api.get("/site-versions").json()["items"][0]
        assert (newest["who"], newest["why"]) == ("li-na", "too-hot: 试一下 / a test")
        told = api.get("/rules/too-hot/versions").json()[0]
        assert (told["who"], told["number"]) == ("li-na", newest["number"])
        assert "above: 1" in told["text"]
        again = api.put("/rules/too-hot", json={"text": text, "reason": "late", **base})
        assert again.status_code == 409, "written for a file that is no longer in force"

        assert api.post(f"/site-versions/{before}/restore", json={"reason": "enough"}).status_code == 202
        wait_until(lambda: api.get("/rules/too-hot").json()["risk"] == "low", 30, "the old rule")
        detail = api.get(f"/site-versions/{newest['number']}").json()
        assert {row["key"] for row in detail["since_before"]} == {"when", "for", "risk"}
