"""What only InfluxDB asks of us: refused lines, overload, a server that comes and goes, other servers' write API."""

import json
import shutil
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, urlencode, urlsplit
from urllib.request import Request, urlopen

import pytest

from backbone.historian.influx_address import InfluxAddress
from backbone.historian.influx_server import InfluxServer
from backbone.historian.influxdb import InfluxHistorian
from backbone.historian.port import HistorianCorrupt, HistorianRefused, HistorianUnavailable, HistorianWentBack
from backbone.position import Position
from tests import servers
from tests.history import EVER, NEVER, NOON, batch, event, make_site

SITE = make_site()
TEMPERATURE, HUMIDITY = "e-1.temperature", "e-1.humidity"
MANY = [(TEMPERATURE, NOON + n, float(n)) for n in range(25_000)]


def opened(url: str, folder: Path) -> InfluxHistorian:
    return InfluxHistorian(InfluxAddress.parse(url), folder, SITE)


def bucket_of(influx: servers.Influx) -> str:
    return f"influxdb+http://127.0.0.1:{influx.port}/t{uuid.uuid4().hex}"


def test_readings_carry_their_tags_and_go_compressed(influx: servers.Influx, tmp_path: Path) -> None:
    url = bucket_of(influx)
    with closing(opened(f"{url}?gzip=1", tmp_path)) as historian:
        historian.write([batch(MANY)], [], {})
        assert historian.count("yard", None, NEVER, EVER) == len(MANY)
    with closing(InfluxServer(InfluxAddress.parse(url))) as server:
        series = server.query('SELECT * FROM "temperature" LIMIT 1')[0][0]
    row = dict(zip(series["columns"], series["values"][0], strict=True))
    assert row == {
        "time": NOON,
        "device": "e-1",
        "family": "environment",
        "gateway": "gw-east",
        "site": "yard",
        "zone": "z1",
        "quality": 0,
        "value": 0,
    }


def test_what_a_write_corrects_itself_stays_however_many_requests_it_takes(
    influx: servers.Influx, tmp_path: Path
) -> None:
    with closing(opened(bucket_of(influx), tmp_path)) as historian:
        for turn in range(5):
            right = [(TEMPERATURE, NOON + n, float(turn)) for n in range(10_000)]
            historian.write([batch([(point, t, -1.0) for point, t, _ in right] + right)], [], {})
            stored = [float(x) for part in historian.scan("yard", None, NEVER, EVER) for x in part.x]
            assert set(stored) == {float(turn)}


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
    with scripted("v3", answer) as server:
        url = f"influxdb+http://127.0.0.1:{server.server_port}/anju"
        with closing(opened(url, tmp_path)) as historian:
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
    with (
        scripted("3.4.0", answer) as server,
        closing(opened(f"influxdb+http://127.0.0.1:{server.server_port}/anju", tmp_path)) as historian,
    ):
        unwritten = historian.write([batch(rows)], [], {})
    assert sorted((one.reason, one.first) for one in unwritten) == [
        ("line 4001 is none", NOON + 4_000),
        ("line 8 is none", NOON + 7),
    ]
    assert len(taken) == 8_998
    assert asked <= 4, "once for the readings, once without the bad ones, and the hours that change"


def test_3x_is_asked_one_statement_at_a_time_and_has_nothing_before_it_is_written_to(
    influx: servers.Influx, tmp_path: Path
) -> None:
    """Debian's server, behind what 3.x refuses of InfluxQL; it makes a database when it is first written to."""
    name, begin, end = f"t{uuid.uuid4().hex}", NOON, NOON + 3 * 3_600_000

    def ask(path: str, query: dict[str, list[str]], body: bytes) -> bytes:
        url = f"http://127.0.0.1:{influx.port}{path}?{urlencode(query, doseq=True)}"
        with urlopen(Request(url, data=body or None)) as response:
            found: bytes = response.read()
            return found

    made = False

    def answer(path: str, query: dict[str, list[str]], body: bytes) -> Answer:
        nonlocal made
        if path == "/api/v2/write":
            if not made:
                ask("/query", {"q": [f"CREATE DATABASE {name}"]}, b" ")
            made = True
            ask(path, query, body)
            return 204, {}, None
        if ";" in query["q"][0]:
            return 400, {}, {"error": "must provide only one InfluxQl statement per query"}
        if not made:
            return 404, {}, {"error": f"database not found: {name}"}
        return 200, {}, json.loads(ask(path, query, body))

    rows = [(TEMPERATURE, begin + n * 1_000, float(n % 100)) for n in range(3 * 3_600)]
    with (
        scripted("3.4.0", answer, asked=True) as server,
        closing(opened(f"influxdb+http://127.0.0.1:{server.server_port}/{name}", tmp_path)) as historian,
    ):
        assert historian.latest("yard", None, NEVER) == {}
        assert historian.series("yard", TEMPERATURE, begin, end, 3).buckets == ()
        assert historian.write([batch(rows)], [], {}) == []
        raw = historian.series("yard", TEMPERATURE, begin, end, 180)
        while historian.tidy(end + 3_600_000):
            pass
        assert historian.series("yard", TEMPERATURE, begin, end, 180) == raw
        assert list(historian.check(lambda _: None)) == []
    with closing(InfluxServer(InfluxAddress.parse(f"influxdb+http://127.0.0.1:{influx.port}/{name}"))) as direct:
        assert "anju_minutes" in str(direct.query("SHOW MEASUREMENTS")), "it was rolled up"


def test_what_a_server_says_in_plain_text_is_passed_on(tmp_path: Path) -> None:
    with (
        scripted("3.4.0", lambda path, query, body: (400, {}, "no such thing"), asked=True) as server,
        closing(opened(f"influxdb+http://127.0.0.1:{server.server_port}/anju", tmp_path)) as historian,
        pytest.raises(HistorianRefused, match="no such thing"),
    ):
        historian.latest("yard", None, NEVER)


def test_a_server_that_is_away_is_waited_for_and_positions_survive(tmp_path: Path) -> None:
    with servers.influxdb(tmp_path / "influxdb") as influx:
        with closing(opened(influx.url, tmp_path)) as historian:
            historian.write([batch(MANY[:10])], [], {"gw-east": Position(1, 0, 1)})
            influx.process.kill()
            with pytest.raises(HistorianUnavailable, match="InfluxDB at"):
                historian.write([batch(MANY[10:20])], [], {"gw-east": Position(1, 0, 2)})
            with pytest.raises(HistorianUnavailable):
                historian.count("yard", None, NEVER, EVER)
            with pytest.raises(HistorianUnavailable):
                historian.positions()
            influx.process.start(lambda: servers.answers(f"http://127.0.0.1:{influx.port}/ping"))
            assert historian.positions() == {"gw-east": Position(1, 0, 1)}
            historian.write([batch(MANY[10:20])], [], {"gw-east": Position(1, 0, 2)})
            assert historian.count("yard", None, NEVER, EVER) == 20
        with closing(opened(influx.url, tmp_path)) as historian:
            assert historian.positions() == {"gw-east": Position(1, 0, 2)}


def test_nobody_there_at_start_is_no_error_until_asked(tmp_path: Path) -> None:
    with closing(opened(f"influxdb+http://127.0.0.1:{servers.free_port()}/anju", tmp_path)) as historian:
        with pytest.raises(HistorianUnavailable, match="does not answer"):
            historian.positions()
        with pytest.raises(HistorianUnavailable, match="does not answer"):
            historian.latest("yard", None, NEVER)


def test_damaged_positions_are_said_to_be_damaged(influx: servers.Influx, tmp_path: Path) -> None:
    (tmp_path / "ingest-positions-yard.json").write_bytes(b'{"gw-east": [1,')
    with (
        closing(opened(influx.url, tmp_path)) as historian,
        pytest.raises(HistorianCorrupt, match="Delete it"),
    ):
        historian.positions()


def readings_in(body: bytes) -> list[bytes]:
    """The lines of a request, but for those that tell which hours change."""
    return [line for line in body.split(b"\n") if not line.startswith(b"anju_")]


Answer = tuple[int, dict[str, str], object]


class Scripted(ThreadingHTTPServer):
    """A server that answers as told: InfluxDB in states the real one cannot be brought into."""

    daemon_threads = True

    def __init__(
        self, version: str, answer: Callable[[str, dict[str, list[str]], bytes], Answer], *, asked: bool
    ) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.version = version
        self.answer = answer
        self.asked = asked
        """Whether `answer` is for questions as well; otherwise nothing is stored."""
        self.requests: list[tuple[str, str, str]] = []


class _Handler(BaseHTTPRequestHandler):
    server: Scripted

    def do_GET(self) -> None:
        self._reply(b"")

    def do_POST(self) -> None:
        self._reply(self.rfile.read(int(self.headers["Content-Length"])))

    def _reply(self, body: bytes) -> None:
        parts = urlsplit(self.path)
        self.server.requests.append((self.command, parts.path, self.headers.get("Authorization", "")))
        status, headers, answer = self._answer(parts.path, parse_qs(parts.query), body)
        content = b"" if answer is None else json.dumps(answer).encode()
        self.send_response(status)
        self.send_header("X-Influxdb-Version", self.server.version)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content)

    def _answer(self, path: str, query: dict[str, list[str]], body: bytes) -> Answer:
        if path == "/ping":
            return 204, {}, None
        if path == "/query" and not self.server.asked:
            return 200, {}, {"results": [{"statement_id": 0}]}
        return self.server.answer(path, query, body)

    def log_message(self, *args: object) -> None:
        """Quiet."""


@contextmanager
def scripted(
    version: str, answer: Callable[[str, dict[str, list[str]], bytes], Answer], *, asked: bool = False
) -> Iterator[Scripted]:
    server = Scripted(version, answer, asked=asked)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def test_an_overloaded_server_is_asked_again_when_it_said(tmp_path: Path) -> None:
    statuses = [429, 503, 204, 204, 204, 204]  # the hours that change are told before and after; and the positions

    def answer(path: str, query: dict[str, list[str]], body: bytes) -> Answer:
        return statuses.pop(0), {"Retry-After": "0"}, {"message": "slow down"}

    with scripted("v3", answer) as server:
        url = f"influxdb+http://a-token@127.0.0.1:{server.server_port}/anju?org=o"
        with closing(opened(url, tmp_path)) as historian:
            historian.write([batch(MANY[:5])], [], {"g": Position(1, 0, 1)})
    assert statuses == []
    assert {authorization for _, _, authorization in server.requests} == {"Token a-token"}


def test_a_server_that_stays_overloaded_is_unavailable_and_nothing_is_committed(tmp_path: Path) -> None:
    with scripted("v3", lambda path, query, body: (429, {"Retry-After": "0"}, {"message": "slow down"})) as server:
        url = f"influxdb+http://127.0.0.1:{server.server_port}/anju"
        with closing(opened(url, tmp_path)) as historian:
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

    with scripted("v3", answer) as server:
        url = f"influxdb+http://127.0.0.1:{server.server_port}/anju"
        with closing(opened(url, tmp_path)) as historian:
            assert historian.write([batch(MANY)], [], {}) == []
    assert len(taken) == len(set(taken)) == len(MANY)


def test_a_server_that_refuses_everything_does_not_stop_the_stream(tmp_path: Path) -> None:
    with scripted("v3", lambda path, query, body: (400, {}, {"message": "no"})) as server:
        url = f"influxdb+http://127.0.0.1:{server.server_port}/anju"
        with closing(opened(url, tmp_path)) as historian:
            unwritten = historian.write([batch(MANY)], [], {})
            assert historian.write([], [], {"g": Position(1, 0, 1)}) == []
            assert historian.positions() == {"g": Position(1, 0, 1)}
    assert sum(one.count for one in unwritten) == len(MANY)
    assert len(server.requests) < 1000


def test_wrong_credentials_are_named_and_never_shown(tmp_path: Path) -> None:
    with scripted("v2.7.1", lambda path, query, body: (401, {}, {"message": "unauthorized access"})) as server:
        url = f"influxdb+http://very-secret@127.0.0.1:{server.server_port}/anju"
        with closing(opened(url, tmp_path)) as historian:
            with pytest.raises(HistorianUnavailable, match="refuses the credentials") as raised:
                historian.write([batch(MANY[:1])], [], {})
            assert "very-secret" not in str(raised.value)
    assert "very-secret" not in repr(InfluxAddress.parse(url))


OURS = {"id": "m", "orgID": "o1", "bucketID": "b1", "database": "anju", "retention_policy": "x", "default": True}
BY_NAME = {**OURS, "id": "b1", "retention_policy": "autogen", "virtual": True}
ANOTHERS_BY_NAME = {**BY_NAME, "id": "b2", "bucketID": "b2", "retention_policy": "long"}


@pytest.mark.parametrize(
    ("known", "is_made"),
    [
        ([], True),
        ([OURS], False),
        ([BY_NAME], False),
        ([BY_NAME, ANOTHERS_BY_NAME], False),
        ([ANOTHERS_BY_NAME, BY_NAME], True),
    ],
)
def test_on_2x_the_mapping_influxql_needs_is_made_when_missing(
    tmp_path: Path, known: list[dict[str, object]], is_made: bool
) -> None:
    """The server takes the first default there is. A bucket `anju/long` beside ours has one too, by its name."""
    made: list[dict[str, object]] = []

    def answer(path: str, query: dict[str, list[str]], body: bytes) -> Answer:
        if path == "/api/v2/dbrps" and body:
            made.append(json.loads(body))
            return 201, {}, OURS
        if path == "/api/v2/dbrps":
            return 200, {}, {"content": known}
        if path == "/api/v2/buckets":
            return 200, {}, {"buckets": [{"id": "b1", "name": "anju", "orgID": "o1", "retentionRules": []}]}
        return 200, {}, {"results": [{"statement_id": 0}]}

    with scripted("v2.7.1", answer, asked=True) as server:
        url = f"influxdb+http://a-token@127.0.0.1:{server.server_port}/anju?org=o"
        with closing(opened(url, tmp_path)) as historian:
            assert historian.latest("yard", None, NEVER) == {}
            historian.latest("yard", None, NEVER)
    assert [(one["bucketID"], one["database"], one["default"]) for one in made] == (
        [("b1", "anju", True)] if is_made else []
    )


def test_on_2x_a_mapping_to_another_bucket_is_told_and_nothing_is_written(tmp_path: Path) -> None:
    """Readings would be written to one bucket and looked for in another."""
    mapping = {"id": "m", "orgID": "o1", "bucketID": "b9", "database": "anju", "retention_policy": "x", "default": True}

    def answer(path: str, query: dict[str, list[str]], body: bytes) -> Answer:
        if path == "/api/v2/dbrps":
            return 200, {}, {"content": [mapping]}
        return 200, {}, {"buckets": [{"id": "b1", "name": "anju", "orgID": "o1", "retentionRules": []}]}

    with scripted("v2.7.1", answer, asked=True) as server:
        url = f"influxdb+http://a-token@127.0.0.1:{server.server_port}/anju?org=o"
        with closing(opened(url, tmp_path)) as historian:
            with pytest.raises(HistorianUnavailable, match=r"from another bucket than 'anju'.*dbrp update"):
                historian.latest("yard", None, NEVER)
            with pytest.raises(HistorianUnavailable, match="another bucket"):
                historian.write([batch(MANY[:1])], [], {})
    assert not [path for _, path, _ in server.requests if path == "/api/v2/write"]


@pytest.mark.parametrize("version", ["v2.7.1", "v3.0.0"])
def test_old_readings_go_by_the_delete_of_2x_and_a_server_without_one_says_so(tmp_path: Path, version: str) -> None:
    deleted: list[str] = []

    def answer(path: str, query: dict[str, list[str]], body: bytes) -> Answer:
        if path == "/api/v2/delete":
            deleted.append(json.loads(body)["predicate"])
            return 204, {}, None
        if path == "/query" and ("anju_" in query["q"][0] or "SHOW" in query["q"][0]):
            return 200, {}, {"results": [{"statement_id": n} for n in range(query["q"][0].count(";") + 1)]}
        if path == "/query":
            row = {"name": "temperature", "columns": ["time", "n"], "values": [[0, 7]]}
            return 200, {}, {"results": [{"statement_id": 0, "series": [row]}]}
        mapping = {
            "id": "m",
            "orgID": "o",
            "bucketID": "b",
            "database": "anju",
            "retention_policy": "x",
            "default": True,
        }
        if path == "/api/v2/dbrps":
            return 200, {}, {"content": [mapping]}
        return 200, {}, {"buckets": [{"id": "b", "name": "anju", "orgID": "o", "retentionRules": []}]}

    with scripted(version, answer, asked=True) as server:
        url = f"influxdb+http://a-token@127.0.0.1:{server.server_port}/anju?org=o"
        with closing(opened(url, tmp_path)) as historian:
            if version.startswith("v3"):
                with pytest.raises(HistorianRefused, match="give the bucket a retention"):
                    historian.forget("yard", [TEMPERATURE], NOON)
            else:
                assert historian.forget("yard", [TEMPERATURE], NOON) == 7
    tags = 'site="yard" AND family="environment"'
    expected = [f'_measurement="{name}" AND {tags}' for name in ("temperature", "event")]
    assert deleted == (expected if version.startswith("v2") else [])


def test_user_and_password_are_sent_as_1x_wants_them(tmp_path: Path) -> None:
    with scripted("1.8.10", lambda path, query, body: (200, {}, {"results": [{"statement_id": 0}]})) as server:
        url = f"influxdb+http://ann:a%40b@127.0.0.1:{server.server_port}/anju"
        with closing(opened(url, tmp_path)) as historian:
            historian.count("yard", None, NEVER, EVER)
    assert ("POST", "/query", "Basic YW5uOmFAYg==") in server.requests
    assert {authorization for _, _, authorization in server.requests} == {"Basic YW5uOmFAYg=="}


def test_a_server_that_wants_credentials_is_written_and_asked_with_those_of_the_url(tmp_path: Path) -> None:
    """A user who may read and write one database, made by whoever set the server up."""
    with servers.influxdb(tmp_path / "influxdb", administrator=("root", "p@")) as influx:
        at = f"127.0.0.1:{influx.port}/anju"
        with closing(InfluxServer(InfluxAddress.parse(f"influxdb+http://root:p%40@{at}"))) as server:
            for statement in ("CREATE USER ann WITH PASSWORD 'a@b'", "GRANT ALL ON anju TO ann"):
                server.query(statement)
        with closing(opened(f"influxdb+http://ann:a%40b@{at}", tmp_path)) as historian:
            historian.write([batch(MANY[:10])], [], {"gw-east": Position(1, 0, 1)})
            assert historian.count("yard", None, NEVER, EVER) == 10
        for wrong in (f"influxdb+http://ann:secret@{at}", f"influxdb+http://{at}"):
            with closing(opened(wrong, tmp_path / "wrong")) as historian:
                with pytest.raises(HistorianUnavailable, match="refuses the credentials in ANJU_HISTORIAN_URL"):
                    historian.write([batch(MANY[:1])], [], {"gw-east": Position(1, 0, 2)})
                with pytest.raises(HistorianUnavailable, match="refuses the credentials in ANJU_HISTORIAN_URL"):
                    historian.count("yard", None, NEVER, EVER)


def test_what_a_proxy_finds_too_large_arrives_in_pieces(tmp_path: Path) -> None:
    """nginx, which answers for itself, in HTML."""
    proxied = servers.influxdb(tmp_path / "influxdb", largest_body="100k")
    with proxied as influx, closing(opened(influx.url, tmp_path)) as historian:
        assert historian.write([batch(MANY)], [], {}) == []
        assert historian.count("yard", None, NEVER, EVER) == len(MANY)


def test_victoria_metrics_takes_what_we_write_and_what_it_cannot_answer_is_said(
    victoria_metrics_url: str, tmp_path: Path
) -> None:
    just_now = int(time.time()) * 1000 - 60_000  # it keeps a month by default
    rows = [(TEMPERATURE, just_now + n * 1000, 20.0 + n) for n in range(10)]
    with closing(opened(f"influxdb+{victoria_metrics_url}/anju", tmp_path)) as historian:
        unwritten = historian.write([batch(rows)], [("yard", event("e-1.credential", NOON))], {"g": Position(1, 0, 1)})
        assert unwritten == []
        assert historian.positions() == {"g": Position(1, 0, 1)}
        with pytest.raises(HistorianRefused, match="VictoriaMetrics"):
            historian.latest("yard", None, NEVER)
        with pytest.raises(HistorianRefused, match="VictoriaMetrics"):
            historian.series("yard", TEMPERATURE, NOON, NOON + 1000, 10)

    urlopen(f"{victoria_metrics_url}/internal/force_flush").close()  # what it took is searchable from now on

    def exported() -> list[dict[str, list[float]]]:
        query = urlencode({"match[]": 'temperature_value{device="e-1",zone="z1",gateway="gw-east",site="yard"}'})
        with urlopen(f"{victoria_metrics_url}/api/v1/export?{query}") as response:
            return [json.loads(line) for line in response.read().splitlines()]

    servers.wait_until(exported, what="VictoriaMetrics to show what it took")
    found = exported()
    assert [one["timestamps"] for one in found] == [[row[1] for row in rows]]
    assert [one["values"] for one in found] == [[row[2] for row in rows]]


def test_roll_ups_that_are_wrong_are_found_and_made_again(influx: servers.Influx, tmp_path: Path) -> None:
    """As after somebody wrote or deleted by hand in the server."""
    url, end = bucket_of(influx), NOON + 3 * 3_600_000
    rows = [(TEMPERATURE, NOON + n * 60_000, float(n)) for n in range(180)]
    with closing(opened(url, tmp_path)) as historian, closing(InfluxServer(InfluxAddress.parse(url))) as server:
        historian.write([batch(rows)], [], {})
        while historian.tidy(end + 3_600_000):
            pass
        assert list(historian.check(lambda _: None)) == []
        assert historian.repair(lambda _: None) == 0
        server.write(f"anju_hours,device=e-1,measure=temperature,site=yard max=999 {NOON + 3_600_000}".encode(), "ms")
        (fault,) = historian.check(lambda _: None)
        assert "1 points of the hour" in fault
        assert max(one.max or 0 for one in historian.series("yard", TEMPERATURE, NOON, end, 3).buckets) == 999
        with closing(opened(url, tmp_path / "beside")) as beside:
            assert beside.repair(lambda _: None) == 1
        assert max(one.max or 0 for one in historian.series("yard", TEMPERATURE, NOON, end, 3).buckets) == 179
        while historian.tidy(end + 3_600_000):
            pass
        assert list(historian.check(lambda _: None)) == []


def test_positions_are_in_the_server_for_a_worker_on_another_machine(influx: servers.Influx, tmp_path: Path) -> None:
    url = bucket_of(influx)
    with closing(opened(url, tmp_path / "here")) as here:
        here.write([batch(MANY[:10])], [], {"gw-east": Position(1, 0, 1), "gw-west": Position(7, 3, 0)})
        here.write([], [], {"gw-east": Position(1, 2, 5)})
    with closing(opened(url, tmp_path / "there")) as there:
        assert there.positions() == {"gw-east": Position(1, 2, 5), "gw-west": Position(7, 3, 0)}
        there.write([], [], {"gw-east": Position(1, 2, 6)})
    with closing(opened(url, tmp_path / "here")) as here:
        assert here.positions() == {"gw-east": Position(1, 2, 6), "gw-west": Position(7, 3, 0)}


def test_a_server_that_is_set_back_is_noticed_when_it_is_back_and_at_a_start(tmp_path: Path) -> None:
    """Its files restored from a copy, as by a snapshot of its disk: what was committed since is not there."""
    folder = tmp_path / "influxdb"
    with servers.influxdb(folder) as influx, closing(opened(influx.url, tmp_path)) as historian:
        ready = lambda: servers.answers(f"http://127.0.0.1:{influx.port}/ping")  # noqa: E731
        historian.write([batch(MANY[:10])], [], {"gw-east": Position(1, 0, 1)})
        influx.process.stop()
        for part in ("meta", "data", "wal"):
            shutil.copytree(folder / part, tmp_path / "copy" / part)
        influx.process.start(ready)
        historian.write([batch(MANY[10:20])], [], {"gw-east": Position(1, 0, 2)})
        influx.process.kill()
        with pytest.raises(HistorianUnavailable):
            historian.write([batch(MANY[20:30])], [], {"gw-east": Position(1, 0, 3)})
        for part in ("meta", "data", "wal"):
            shutil.rmtree(folder / part)
            shutil.copytree(tmp_path / "copy" / part, folder / part)
        influx.process.start(ready)
        with pytest.raises(HistorianWentBack):
            historian.write([batch(MANY[20:30])], [], {"gw-east": Position(1, 0, 3)})
        with closing(opened(influx.url, tmp_path)) as again:
            assert again.positions() == {"gw-east": Position(1, 0, 1)}
            again.write([batch(MANY[10:20])], [], {"gw-east": Position(1, 0, 2)})
        with closing(opened(influx.url, tmp_path)) as again:
            assert again.positions() == {"gw-east": Position(1, 0, 2)}
            assert again.count("yard", None, NEVER, EVER) == 30, "what was under way is there as well"


def test_positions_of_an_earlier_version_are_taken_over(influx: servers.Influx, tmp_path: Path) -> None:
    (tmp_path / "ingest-positions-yard.json").write_bytes(b'{"gw-east":[1,2,3]}')
    url = bucket_of(influx)
    with closing(opened(url, tmp_path)) as historian:
        assert historian.positions() == {"gw-east": Position(1, 2, 3)}
        historian.write([], [], {"gw-east": Position(1, 2, 4)})
    with closing(opened(url, tmp_path / "elsewhere")) as historian:
        assert historian.positions() == {"gw-east": Position(1, 2, 4)}
