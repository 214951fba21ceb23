"""Gateways, services, quarantine; health; limits; errors; the page; the description."""

import json
from collections.abc import AsyncIterator

import httpx
import msgspec
import pytest
from structlog.testing import capture_logs

from api.live.gateways import GatewayBoard, StatusError
from api.openapi import document
from backbone.database.losses import record_losses
from backbone.database.quarantine import is_asked, record
from backbone.found import FoundError, FoundList, FoundRow, encode
from backbone.site_watch import SiteState, state_file
from community.losses import Loss, LossReason
from community.people import Role
from community.quarantine import Quarantined
from community.site.announced import Announced
from tests.unit.api.house import NOW, House

STATUS = {
    "online": True, "epoch": 3, "since": NOW, "version": "0.1.0", "spooled": 2, "counters": {"messages": 7},
    "refusals": [{"source": "zigbee2mqtt/x", "reason": "no JSON", "count": 4, "last": NOW}],
    "devices": {"smoke-b3-f1-a": {"last": NOW, "ok": True, "error": None}},
}  # fmt: skip


async def test_gateways_are_unknown_until_heard(house: House) -> None:
    gateway = next(iter(house.site.gateways))
    async with house.as_(Role.CREW) as crew:
        rows = (await crew.get("/gateways")).json()["items"]
        assert {row["online"] for row in rows} == {None}
        assert house.platform.gateways.take(gateway, json.dumps(STATUS).encode())
        assert not house.platform.gateways.take(gateway, json.dumps(STATUS).encode()), "nothing new"
        row = (await crew.get("/gateways")).json()["items"][0]
        assert row["online"]
        assert row["refusals"][0]["last"] == "2026-09-21T14:13:20.000Z"
        assert house.platform.gateways.take(gateway, b'{"online":false}')
        row = (await crew.get("/gateways")).json()["items"][0]
        assert (row["online"], row["spooled"]) == (False, 2), "the will leaves the rest as last known"


@pytest.mark.parametrize(
    "payload", [b"", b"{}", b'{"online":"yes"}', b"\xff", b'{"online":true,"x":"' + b"x" * 300_000]
)
def test_garbage_is_no_status(payload: bytes) -> None:
    with pytest.raises(StatusError):
        GatewayBoard({"gw": None}).take("gw", payload)
    assert not GatewayBoard({"gw": None}).take("stranger", payload)


async def test_services_are_read_from_the_supervisors_file(house: House) -> None:
    file, board = house.folder / "services.json", house.platform.services
    assert not board.look()
    row = {"name": "rules", "state": "restarting", "restarts": 2, "since": NOW, "reason": "signal SIGKILL", "pid": 7}
    file.write_text(json.dumps({"services": [{**row, "next_try": NOW + 500}]}))
    assert board.look()
    assert not board.look()
    async with house.as_(Role.CREW) as crew:
        (shown,) = (await crew.get("/services")).json()["items"]
    assert (shown["state"], shown["restarts"], shown["next_try"]) == ("restarting", 2, "2026-09-21T14:13:20.500Z")
    file.write_text("half a fi")
    assert not board.look(), "what was known stays"
    assert board.states
    file.unlink()
    assert board.look()


async def test_what_a_gateway_lost(house: House) -> None:
    gateway = next(iter(house.site.gateways))
    rows = [
        Loss(gateway, "smoke-b3-f1-a", "bulk", LossReason.SPOOL_FULL, NOW - n, NOW - n - 1000, NOW - n, n)
        for n in (1, 2, 30 * 86_400_000)
    ]
    with house.database.begin() as connection:
        record_losses(connection, house.site.id, rows)
    async with house.as_(Role.CREW) as crew:
        page = (await crew.get(f"/gateways/{gateway}/losses", params={"limit": 1, "to": "2026-09-21T14:13:20Z"})).json()
        assert [(row["device"], row["reason"], row["count"]) for row in page["items"]] == [
            ("smoke-b3-f1-a", "spool-full", 1)
        ]
        assert page["items"][0]["last"] == "2026-09-21T14:13:19.999Z"
        more = {"cursor": page["next"], "to": "2026-09-21T14:13:20Z"}
        page = (await crew.get(f"/gateways/{gateway}/losses", params=more)).json()
        assert ([row["count"] for row in page["items"]], page["next"]) == ([2], None), "a week, unless told"
        long_ago = {"from": "2026-08-01T00:00:00Z", "to": "2026-09-01T00:00:00Z"}
        (row,) = (await crew.get(f"/gateways/{gateway}/losses", params=long_ago)).json()["items"]
        assert row["count"] == 30 * 86_400_000
        assert (await crew.get("/gateways/nobody/losses")).status_code == 404
        backwards = {"from": "2026-09-01T00:00:00Z", "to": "2026-08-01T00:00:00Z"}
        assert (await crew.get(f"/gateways/{gateway}/losses", params=backwards)).status_code == 422


async def test_quarantine(house: House) -> None:
    rows = [Quarantined(house.site.id, "ingest", f"gw/{n}", "not a number", NOW, NOW + n, n, "{}") for n in (1, 2, 3)]
    with house.database.begin() as connection:
        record(connection, rows)
    async with house.as_(Role.ADMINISTRATOR) as admin:
        page = (await admin.get("/quarantine", params={"limit": 2})).json()
        assert [row["source"] for row in page["items"]] == ["gw/3", "gw/2"]
        page = (await admin.get("/quarantine", params={"limit": 2, "cursor": page["next"]})).json()
        assert [row["count"] for row in page["items"]] == [1]


async def test_what_is_set_aside_is_tried_again_when_asked(house: House) -> None:
    kept = Quarantined(house.site.id, "ingest", "gw/a", "too far in the future", NOW, NOW, 7, "{}", 5)
    other = Quarantined(house.site.id, "ingest", "gw/b", "not a number", NOW, NOW, 1, "{}")
    with house.database.begin() as connection:
        record(connection, [kept, other])
    async with house.as_(Role.CREW) as crew:
        assert (await crew.post("/quarantine/retry")).status_code == 403
    async with house.as_(Role.ADMINISTRATOR) as admin:
        answer = await admin.post("/quarantine/retry")
        assert (answer.status_code, answer.json()) == (202, {"entries": 1})
        rows = {row["source"]: row for row in (await admin.get("/quarantine")).json()["items"]}
    assert (rows["gw/a"]["kept"], rows["gw/a"]["tried"], rows["gw/b"]["asked"]) == (5, None, None)
    assert rows["gw/a"]["asked"] is not None
    with house.database.begin() as connection:
        assert is_asked(connection, house.site.id, "ingest")


async def test_sites_and_zones(house: House) -> None:
    async with house.as_(Role.CREW) as crew:
        (site,) = (await crew.get("/sites")).json()["items"]
        assert (site["id"], site["timezone"]) == ("jinxiu", "Asia/Shanghai")
        seen: set[str | None] = {None}
        for zone in (await crew.get("/zones")).json()["items"]:
            assert zone["parent"] in seen
            seen.add(zone["id"])
        assert len(seen) == len(house.site.zones) + 1


async def test_health_tells_what_is_wrong(house: House, web: httpx.AsyncClient) -> None:
    root = "http://anju.test"
    assert (await web.get(f"{root}/healthz")).json() == {"status": "ok", "reasons": []}
    assert (await web.get(f"{root}/readyz")).status_code == 200
    house.database.close()
    (house.folder / "anju.db").write_bytes(b"no database" * 1000)
    (house.folder / "anju.db-wal").unlink(missing_ok=True)
    answer = await web.get(f"{root}/readyz")
    assert answer.status_code == 503
    assert answer.json()["reasons"] == ["the database does not answer"]
    metrics = (await web.get(f"{root}/metrics")).text
    assert 'anju_api_requests_total{method="GET",route="/readyz",status="503"}' in metrics


async def test_every_error_is_a_problem_and_every_answer_is_guarded(house: House) -> None:
    async with house.as_(Role.CREW) as crew:
        for method, path, status in (
            ("GET", "/nothing", 404),
            ("PUT", "/alarms", 405),
            ("GET", "/alarms?limit=0", 422),
            ("GET", "/alarms/none", 404),
        ):
            answer = await crew.request(method, path)
            assert answer.status_code == status, path
            problem = answer.json()
            assert answer.headers["content-type"] == "application/problem+json"
            assert problem["status"] == status
            assert problem["title"]
            assert problem["detail"]
            assert answer.headers["x-content-type-options"] == "nosniff"
            assert "frame-ancestors 'none'" in answer.headers["content-security-policy"]
        broken = await crew.post("/tickets", content=b'{"zone":', headers={"Content-Type": "application/json"})
        assert broken.status_code == 422
        form = await crew.post("/tickets", data={"zone": "b1", "title": "x"})
        assert form.status_code == 422, "no form of another page is taken"


async def test_our_own_fault_is_a_problem_without_details(house: House) -> None:
    house.history.fault = RuntimeError("secret detail")
    async with house.as_(Role.CREW) as crew:
        with capture_logs() as logged:
            answer = await crew.get("/readings", params={"point": next(iter(house.site.points))})
    assert [(entry["event"], entry["exc_info"]) for entry in logged] == [("request failed", True)]
    assert answer.status_code == 500
    assert answer.headers["content-type"] == "application/problem+json"
    assert "secret" not in answer.text


async def test_large_bodies_are_not_read(house: House) -> None:
    async with house.as_(Role.CREW) as crew:
        answer = await crew.post("/tickets", json={"zone": "b1", "title": "x", "note": "x" * 1_100_000})
        assert answer.status_code == 413

        async def parts() -> AsyncIterator[bytes]:
            for _ in range(12):
                yield b" " * 100_000

        answer = await crew.post("/tickets", content=parts(), headers={"Content-Type": "application/json"})
        assert answer.status_code == 413
        assert answer.headers["content-type"] == "application/problem+json"


async def test_an_address_that_asks_too_much_waits(house: House) -> None:
    async with house.client("10.1.1.1") as noisy, house.client("10.2.2.2") as other:
        codes = [(await noisy.get("/alarms")).status_code for _ in range(510)]
        assert codes[0] == 401
        assert codes[-1] == 429
        last = await noisy.get("/alarms")
        assert last.headers["retry-after"] == "1"
        assert last.headers["content-type"] == "application/problem+json"
        assert (await other.get("/alarms")).status_code == 401
        assert (await noisy.get("http://anju.test/healthz")).status_code == 200
        house.clock.turn(1)
        assert (await noisy.get("/alarms")).status_code == 401


async def test_the_page_and_its_files(house: House, web: httpx.AsyncClient) -> None:
    root, dist = "http://anju.test", house.folder / "dist"
    missing = await web.get(f"{root}/")
    assert missing.status_code == 200
    assert "make page" in missing.text
    (dist / "assets").mkdir(parents=True)
    (dist / "index.html").write_text("<!doctype html><title>Anju</title>")
    (dist / "assets" / "index-1234.js").write_text("1")
    (dist / "logo.svg").write_text("<svg/>")
    (dist / ".sources").write_text("digest")
    (house.folder / "secret.txt").write_text("not for you")
    for path, status, caching in (
        ("/", 200, "no-cache"),
        ("/points/smoke-b3-f1-a.smoke", 200, "no-cache"),
        ("/assets/index-1234.js", 200, "public, max-age=31536000, immutable"),
        ("/logo.svg", 200, "no-cache"),
        ("/assets/gone-5678.js", 404, None),
        ("/api/v1/nothing", 404, None),
        ("/api", 404, None),
        ("/.sources", 200, "no-cache"),
        ("/..%2fsecret.txt", 404, None),
        ("/%2e%2e/secret.txt", 404, None),
        ("/assets/..%2f..%2fsecret.txt", 404, None),
    ):
        answer = await web.get(root + path)
        assert answer.status_code == status, path
        assert answer.headers.get("cache-control") == caching, path
        assert "not for you" not in answer.text
    assert "script-src 'self'" in (await web.get(root)).headers["content-security-policy"]


def test_the_description_is_clean() -> None:
    described = json.loads(document())
    operations = [op for path in described["paths"].values() for op in path.values()]
    names = [op["operationId"] for op in operations]
    assert len(names) == len(set(names))
    assert all(name.isidentifier() for name in names)
    assert all(op.get("summary") for op in operations)
    assert described["components"]["schemas"]["AlarmOut"]["properties"]["raised_at"]["format"] == "date-time"
    assert "ProblemDetails" in described["components"]["schemas"]


async def test_a_refused_site_file_is_told_until_a_good_one_stands_there(house: House) -> None:
    folder = house.platform.settings.data_dir
    digest = house.site.digest
    bad = SiteState(digest, NOW, ("jinxiu.yaml:3:1: 'zone' is not known here",))
    state_file(folder, "rules").write_bytes(msgspec.json.encode(bad))
    state_file(folder, "gateway-gw-east").write_bytes(msgspec.json.encode(SiteState("another", NOW)))
    state_file(folder, "broken").write_bytes(b"{")
    async with house.as_(Role.CREW) as crew:
        told = {row["service"]: row for row in (await crew.get("/services/site-files")).json()}
        assert set(told) == {"rules", "gateway-gw-east"}
        assert told["rules"]["problems"] == ["jinxiu.yaml:3:1: 'zone' is not known here"]
        assert (told["rules"]["shown_here"], told["gateway-gw-east"]["shown_here"]) == (True, False)
        state_file(folder, "rules").write_bytes(msgspec.json.encode(SiteState(digest, NOW)))
        rows = (await crew.get("/services/site-files")).json()
    assert all(row["problems"] == [] for row in rows)


async def test_devices_that_were_found_come_with_lines_for_the_place_that_is_asked_for(house: House) -> None:
    gateway, zone = next(iter(house.site.gateways)), "pump-room"
    known = next(device.mqtt.topic for device in house.site.devices.values() if device.mqtt is not None)
    stranger = Announced("zigbee2mqtt", "zigbee2mqtt", "zigbee2mqtt/new", "new", "Aqara", "WSDCGQ11LM")
    rows = tuple(FoundRow(device, NOW, NOW, 1) for device in (stranger, Announced("zigbee2mqtt", "zigbee2mqtt", known)))
    async with house.as_(Role.CREW) as crew:
        url = f"/gateways/{gateway}/found"
        assert (await crew.get(url)).json()["told"] is None, "nothing was told yet"
        house.platform.found.take(gateway, encode(FoundList(NOW, rows, 3, ("homeassistant/+/+/config",))))
        told = (await crew.get(url, params={"zone": zone})).json()
        (row,) = told["items"]
        assert (told["left_off"], told["unheard"]) == (3, ["homeassistant/+/+/config"])
        assert (row["topic"], row["match"], row["profile"]) == ("zigbee2mqtt/new", "model", "aqara-wsdcgq11lm")
        assert f"zone: {zone}," in row["row"]
        assert (await crew.get("/gateways/nobody/found")).status_code == 404
        assert (await crew.get(url, params={"zone": "nowhere"})).status_code == 404
    with pytest.raises(FoundError):
        house.platform.found.take(gateway, b'{"at":')
