"""What 1.x, 2.x, 3.x and other servers with its write API each ask of us, credentials too."""

import json
import time
import uuid
from contextlib import closing
from pathlib import Path
from urllib.parse import urlencode
from urllib.request import Request, urlopen

import pytest

from backbone.historian.influx_address import InfluxAddress
from backbone.historian.influx_server import InfluxServer
from backbone.historian.port import HistorianRefused, HistorianUnavailable
from backbone.position import Position
from tests import servers
from tests.history import EVER, NEVER, NOON, batch, event
from tests.influx_rig import MANY, TEMPERATURE, Answer, opened, scripted

OURS = {"id": "m", "orgID": "o1", "bucketID": "b1", "database": "anju", "retention_policy": "x", "default": True}
BY_NAME = {**OURS, "id": "b1", "retention_policy": "autogen", "virtual": True}
ANOTHERS_BY_NAME = {**BY_NAME, "id": "b2", "bucketID": "b2", "retention_policy": "long"}
OUR_BUCKET = {"buckets": [{"id": "b1", "name": "anju", "orgID": "o1", "retentionRules": []}]}


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
    with scripted("3.4.0", answer, tmp_path, asked=True, bucket=name) as (_, historian):
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
        scripted("3.4.0", lambda *_: (400, {}, "no such thing"), tmp_path, asked=True) as (_, historian),
        pytest.raises(HistorianRefused, match="no such thing"),
    ):
        historian.latest("yard", None, NEVER)


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
            return 200, {}, OUR_BUCKET
        return 200, {}, {"results": [{"statement_id": 0}]}

    with scripted("v2.7.1", answer, tmp_path, asked=True, login="a-token", query="?org=o") as (_, historian):
        assert historian.latest("yard", None, NEVER) == {}
        historian.latest("yard", None, NEVER)
    assert [(one["bucketID"], one["database"], one["default"]) for one in made] == (
        [("b1", "anju", True)] if is_made else []
    )


def test_on_2x_a_mapping_to_another_bucket_is_told_and_nothing_is_written(tmp_path: Path) -> None:
    """Readings would be written to one bucket and looked for in another."""

    def answer(path: str, query: dict[str, list[str]], body: bytes) -> Answer:
        if path == "/api/v2/dbrps":
            return 200, {}, {"content": [{**OURS, "bucketID": "b9"}]}
        return 200, {}, OUR_BUCKET

    with scripted("v2.7.1", answer, tmp_path, asked=True, login="a-token", query="?org=o") as (server, historian):
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
        if path == "/api/v2/dbrps":
            return 200, {}, {"content": [OURS]}
        return 200, {}, OUR_BUCKET

    with scripted(version, answer, tmp_path, asked=True, login="a-token", query="?org=o") as (_, historian):
        if version.startswith("v3"):
            with pytest.raises(HistorianRefused, match="give the bucket a retention"):
                historian.forget("yard", [TEMPERATURE], NOON)
        else:
            assert historian.forget("yard", [TEMPERATURE], NOON) == 7
    tags = 'site="yard" AND family="environment"'
    expected = [f'_measurement="{name}" AND {tags}' for name in ("temperature", "event")]
    assert deleted == (expected if version.startswith("v2") else [])


def test_user_and_password_are_sent_as_1x_wants_them(tmp_path: Path) -> None:
    with scripted("1.8.10", lambda *_: (200, {}, {"results": [{"statement_id": 0}]}), tmp_path, login="ann:a%40b") as (
        server,
        historian,
    ):
        historian.count("yard", None, NEVER, EVER)
    assert ("POST", "/query", "Basic YW5uOmFAYg==") in server.requests
    assert {authorization for _, _, authorization in server.requests} == {"Basic YW5uOmFAYg=="}


def test_wrong_credentials_are_named_and_never_shown(tmp_path: Path) -> None:
    with scripted(
        "v2.7.1", lambda *_: (401, {}, {"message": "unauthorized access"}), tmp_path, login="very-secret"
    ) as (server, historian):
        with pytest.raises(HistorianUnavailable, match="refuses the credentials") as raised:
            historian.write([batch(MANY[:1])], [], {})
        assert "very-secret" not in str(raised.value)
    assert "very-secret" not in repr(InfluxAddress.parse(server.url))


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
