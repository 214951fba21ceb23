"""What an InfluxDB does not take is told apart from what it takes: no good reading is lost by a bad one."""

from contextlib import closing
from pathlib import Path

import pytest

from backbone.historian.influx_address import InfluxAddress
from backbone.historian.influx_server import InfluxServer
from backbone.historian.port import HistorianUnavailable
from backbone.position import Position
from tests import servers
from tests.history import EVER, NEVER, NOON, batch, event
from tests.influx_rig import HUMIDITY, MANY, TEMPERATURE, Answer, bucket_of, opened, readings_in, scripted


def test_lines_the_server_refuses_stand_alone_and_all_others_are_stored(influx: servers.Influx, tmp_path: Path) -> None:
    url = bucket_of(influx)
    with closing(opened(url, tmp_path)) as historian, closing(InfluxServer(InfluxAddress.parse(url))) as server:
        server.write(f'humidity,device=e-1 value="a text" {NOON}'.encode(), "ms")
        unreadable = [(TEMPERATURE, NOON + 1_000_000, float("inf")), (TEMPERATURE, NOON + 1_000_001, float("inf"))]
        rows = [*MANY[:12_345], unreadable[0], *MANY[12_345:], unreadable[1]]
        texts = [(HUMIDITY, NOON + n, 40.0) for n in range(500)]
        unwritten = historian.write(
            [batch([*rows, *texts])], [("yard", event("e-1.credential", NOON))], {"g": Position(1, 2, 3)}
        )
        assert historian.count("yard", TEMPERATURE, NEVER, EVER) == len(MANY)
        assert len(historian.events("yard", None, NEVER, EVER, 10)) == 1
        assert historian.positions() == {}, "before what was refused is safe elsewhere"
        assert historian.write([], [], {"g": Position(1, 2, 3)}) == []
        assert historian.positions() == {"g": Position(1, 2, 3)}
    by_source = {one.source: one for one in unwritten}
    assert set(by_source) == {TEMPERATURE, HUMIDITY}
    assert by_source[TEMPERATURE].count == 2
    assert "unable to parse" in by_source[TEMPERATURE].reason
    assert "value=inf" in by_source[TEMPERATURE].sample
    assert (by_source[TEMPERATURE].first, by_source[TEMPERATURE].last) == (NOON + 1_000_000, NOON + 1_000_001)
    assert by_source[HUMIDITY].count == 500
    assert "field type conflict" in by_source[HUMIDITY].reason


def test_bad_lines_scattered_among_good_ones_cost_no_good_one(influx: servers.Influx, tmp_path: Path) -> None:
    url = bucket_of(influx)
    rows = [(TEMPERATURE, NOON + n, float("inf") if n % 100 == 7 else float(n)) for n in range(20_000)]
    with closing(opened(url, tmp_path)) as historian:
        unwritten = historian.write([batch(rows)], [], {})
        assert historian.count("yard", None, NEVER, EVER) == 19_800
    [one] = unwritten
    assert (one.count, one.first, one.last) == (200, NOON + 7, NOON + 19_907)
    assert one.reason.startswith("unable to parse")


def test_a_server_that_names_no_bad_line_is_searched_for_all_of_them(tmp_path: Path) -> None:
    taken: list[bytes] = []

    def answer(path: str, query: dict[str, list[str]], body: bytes) -> Answer:
        if b"value=inf" in body:
            return 400, {}, {"message": "no"}
        taken.extend(readings_in(body))
        return 204, {}, None

    rows = [(TEMPERATURE, NOON + n, float("inf") if n % 150 == 7 else float(n)) for n in range(9_000)]
    with scripted("v3", answer, tmp_path) as (_, historian):
        unwritten = historian.write([batch(rows)], [], {})
    assert sum(one.count for one in unwritten) == 60
    assert len(set(taken)) == 8_940


def test_lines_3x_names_by_their_number_stand_alone_each_with_its_reason(tmp_path: Path) -> None:
    """Its answer to /api/v2/write is 400 with what it refused; the others it has taken."""
    asked, taken = 0, set[bytes]()

    def answer(path: str, query: dict[str, list[str]], body: bytes) -> Answer:
        nonlocal asked
        asked += 1
        lines = body.split(b"\n")
        bad = [number for number, line in enumerate(lines, 1) if b"value=inf" in line]
        taken.update(line for line in readings_in(body) if b"value=inf" not in line)
        if not bad:
            return 204, {}, None
        data = [
            {"original_line": lines[n - 1].decode()[:20], "line_number": n, "error_message": f"line {n} is none"}
            for n in bad
        ]
        return 400, {}, {"error": "partial write of line protocol occurred", "data": data}

    rows = [(TEMPERATURE, NOON + n, float("inf") if n in {7, 4_000} else float(n)) for n in range(9_000)]
    with scripted("3.4.0", answer, tmp_path) as (_, historian):
        unwritten = historian.write([batch(rows)], [], {})
    assert sorted((one.reason, one.first) for one in unwritten) == [
        ("line 4001 is none", NOON + 4_000),
        ("line 8 is none", NOON + 7),
    ]
    assert len(taken) == 8_998
    assert asked <= 4, "once for the readings, once without the bad ones, and the hours that change"


def test_an_overloaded_server_is_asked_again_when_it_said(tmp_path: Path) -> None:
    statuses = [429, 503, 204, 204, 204, 204]  # the hours that change are told before and after; and the positions

    def answer(path: str, query: dict[str, list[str]], body: bytes) -> Answer:
        return statuses.pop(0), {"Retry-After": "0"}, {"message": "slow down"}

    with scripted("v3", answer, tmp_path, login="a-token", query="?org=o") as (server, historian):
        historian.write([batch(MANY[:5])], [], {"g": Position(1, 0, 1)})
    assert statuses == []
    assert {authorization for _, _, authorization in server.requests} == {"Token a-token"}


def test_a_server_that_stays_overloaded_is_unavailable_and_nothing_is_committed(tmp_path: Path) -> None:
    with scripted("v3", lambda *_: (429, {"Retry-After": "0"}, {"message": "slow down"}), tmp_path) as (_, historian):
        with pytest.raises(HistorianUnavailable, match="429 slow down"):
            historian.write([batch(MANY[:5])], [], {"g": Position(1, 0, 1)})
        assert historian.positions() == {}


def test_a_body_too_large_is_split(tmp_path: Path) -> None:
    taken: list[bytes] = []

    def answer(path: str, query: dict[str, list[str]], body: bytes) -> Answer:
        if body.count(b"\n") >= 3000:
            return 413, {}, {"message": "too large"}
        taken.extend(readings_in(body))
        return 204, {}, None

    with scripted("v3", answer, tmp_path) as (_, historian):
        assert historian.write([batch(MANY)], [], {}) == []
    assert len(taken) == len(set(taken)) == len(MANY)


def test_a_server_that_refuses_everything_does_not_stop_the_stream(tmp_path: Path) -> None:
    with scripted("v3", lambda *_: (400, {}, {"message": "no"}), tmp_path) as (server, historian):
        unwritten = historian.write([batch(MANY)], [], {})
        assert historian.write([], [], {"g": Position(1, 0, 1)}) == []
        assert historian.positions() == {"g": Position(1, 0, 1)}
    assert sum(one.count for one in unwritten) == len(MANY)
    assert len(server.requests) < 1000


def test_what_a_proxy_finds_too_large_arrives_in_pieces(tmp_path: Path) -> None:
    """nginx, which answers for itself, in HTML."""
    proxied = servers.influxdb(tmp_path / "influxdb", largest_body="100k")
    with proxied as influx, closing(opened(influx.url, tmp_path)) as historian:
        assert historian.write([batch(MANY)], [], {}) == []
        assert historian.count("yard", None, NEVER, EVER) == len(MANY)
