import threading
from collections.abc import Iterator, Sequence

import pytest

from backbone.historian import influxql
from backbone.historian.influx_address import InfluxAddress
from backbone.historian.influx_server import LinesRefused, Overloaded, TooLarge
from backbone.historian.line_protocol import Lines, LineWriter
from backbone.historian.line_sender import LINES_A_REQUEST, TRIES, LineSender
from backbone.historian.port import HistorianUnavailable
from tests.history import NOON, batch, event, make_site


def test_a_line_has_the_point_in_tags_and_value_and_quality_in_fields() -> None:
    lines = LineWriter(make_site()).readings(batch([("e-1.smoke", NOON, 1.0, 96), ("x-1.co2", NOON + 1, 0.1)]))
    assert lines.text == [
        f"smoke,device=e-1,family=fire,gateway=gw-east,site=yard,zone=z1 value=1.0,quality=96i {NOON}",
        f"co2,device=x-1,site=yard value=0.1,quality=0i {NOON + 1}",
    ]
    assert (lines.sources, lines.times, lines.precision) == (["e-1.smoke", "x-1.co2"], [NOON, NOON + 1], "ms")


def test_an_event_has_a_time_of_its_own_within_its_ms() -> None:
    writer = LineWriter(make_site())
    events = [event("e-1.credential", NOON, data={"card": card}) for card in ("a", "b", "a")]
    lines = writer.events([("yard", one) for one in events])
    times = [int(line.rpartition(" ")[2]) for line in lines.text]
    assert times[0] == times[2] != times[1]
    assert {t // 1_000_000 for t in times} == {NOON}
    assert lines.text[0].startswith(
        "event,device=e-1,family=access,gateway=gw-east,measure=credential,site=yard,zone=z1 "
        r'type="access.granted",data="{\"card\":\"a\"}" '
    )


def test_names_and_values_are_quoted() -> None:
    assert influxql.identifier('a"b\\') == '"a\\"b\\\\"'
    assert influxql.literal("it's\\") == "'it\\'s\\\\'"
    odd = LineWriter(make_site("yard")).readings(batch([("d e,v=1.m,n o", NOON, 1.0)], site="s=1"))
    assert odd.text == [f"m\\,n\\ o,device=d\\ e\\,v\\=1,site=s\\=1 value=1.0,quality=0i {NOON}"]


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("influxdb+http://h/b", InfluxAddress("http://h:8086", "b", "", gzip=True)),
        ("influxdb+http://127.0.0.1:1/b", InfluxAddress("http://127.0.0.1:1", "b", "", gzip=False)),
        ("influxdb+http://[::1]:1/b?gzip=1", InfluxAddress("http://[::1]:1", "b", "", gzip=True)),
        ("influxdb+https://tok%3D@h/b/rp?org=o", InfluxAddress("https://h:8086", "b/rp", "o", gzip=True, token="tok=")),
        (
            "influxdb+http://u:p%40@localhost/b",
            InfluxAddress("http://localhost:8086", "b", "", gzip=False, user="u", password="p@"),
        ),
    ],
)
def test_addresses(url: str, expected: InfluxAddress) -> None:
    assert InfluxAddress.parse(url) == expected


def lines(n: int) -> Lines:
    return Lines([f"m{i % 3},d=e x={i}" for i in range(n)], [f"p{i}" for i in range(n)], list(range(n)), "ms")


class Server:
    """Takes lines, refuses some."""

    def __init__(self, bad: Sequence[str] = (), largest: int = 10**9) -> None:
        self.taken: set[str] = set()
        self.requests = 0
        self._bad = set(bad)
        self._largest = largest

    def write(self, body: bytes, _precision: str) -> None:
        self.requests += 1
        texts = body.decode().split("\n")
        if len(body) > self._largest:
            raise TooLarge("too large")
        self.taken |= set(texts) - self._bad
        if dropped := len(self._bad & set(texts)):
            raise LinesRefused(f"partial write: no dropped={dropped}", dropped)


def never(_seconds: float) -> bool:
    raise AssertionError("no need to wait")


def test_refused_lines_stand_alone() -> None:
    server = Server(bad=["m1,d=e x=4", "m1,d=e x=700", "m2,d=e x=23333"])
    unwritten = LineSender(server.write, never).send(lines(25_000))
    assert {one.sample for one in unwritten} == {"m1,d=e x=4", "m1,d=e x=700", "m2,d=e x=23333"}
    assert {(one.source, one.reason, one.count) for one in unwritten} == {
        (f"p{n}", "partial write: no", 1) for n in (4, 700, 23333)
    }
    assert len(server.taken) == 25_000 - 3
    assert server.requests < 120


def test_a_measurement_refused_as_a_whole_costs_few_requests() -> None:
    whole = lines(LINES_A_REQUEST)
    server = Server(bad=[text for text in whole.text if text.startswith("m2")])
    unwritten = LineSender(server.write, never).send(whole)
    assert len(unwritten) == sum(text.startswith("m2") for text in whole.text)
    assert server.requests == 4


def test_what_is_too_large_is_split_and_one_line_that_is_too_large_is_refused() -> None:
    server = Server(largest=100)
    rows = Lines([*lines(50).text, "y" * 101], [*lines(50).sources, "big"], list(range(51)), "ms")
    unwritten = LineSender(server.write, never).send(rows)
    assert [(one.source, one.reason) for one in unwritten] == [("big", "too large")]
    assert len(server.taken) == 50


def test_an_overloaded_server_gets_a_pause_as_long_as_it_says() -> None:
    pauses: list[float] = []
    asked = 0

    def write(_body: bytes, _precision: str) -> None:
        nonlocal asked
        asked += 1
        raise Overloaded("busy", retry_after_s=1000 if asked == 1 else None)

    def pause(seconds: float) -> bool:
        pauses.append(seconds)
        return False

    with pytest.raises(HistorianUnavailable, match="busy"):
        LineSender(write, pause).send(lines(3))
    assert asked == TRIES
    assert pauses[0] == 10
    assert all(0 < seconds <= 10 for seconds in pauses)


def test_a_part_is_made_while_the_one_before_is_on_its_way_and_all_are_written_in_turn() -> None:
    made, written = threading.Event(), list[bytes]()

    def parts() -> Iterator[Lines]:
        for n in range(4):
            if n == 2:
                made.set()
            yield Lines([f"m,d=e x={n}"], ["p"], [n], "ms")

    def write(body: bytes, _precision: str) -> None:
        assert made.wait(30), "the next part is not made before this one is written"
        written.append(body)
        if body.endswith(b"1"):
            raise LinesRefused("no", 1)

    unwritten = LineSender(write, never).send_each(parts())
    assert written == [f"m,d=e x={n}".encode() for n in range(4)]
    assert [(one.sample, one.count) for one in unwritten] == [("m,d=e x=1", 1)]


def test_two_parts_are_on_their_way_at_once_and_each_refusal_is_told() -> None:
    both = threading.Barrier(2, timeout=30)

    def write(body: bytes, _precision: str) -> None:
        both.wait()
        raise LinesRefused("no", 1)

    parts = (Lines([f"m,d=e x={n}"], ["p"], [n], "ms") for n in range(4))
    (unwritten,) = LineSender(write, never).send_each(parts, at_once=2)
    assert (unwritten.count, unwritten.first, unwritten.last) == (4, 0, 3)


@pytest.mark.parametrize(
    ("rows", "corrects"),
    [
        ([("a-1.x", 1, 1.0), ("a-1.x", 2, 1.0), ("b-1.x", 1, 1.0)], False),
        ([("a-1.x", 1, 1.0), ("b-1.x", 1, 1.0), ("a-1.x", 1, 2.0)], True),
    ],
)
def test_a_batch_knows_that_it_corrects_itself(rows: list[tuple[str, int, float]], corrects: bool) -> None:
    assert batch(rows).corrects_itself is corrects
    assert not batch([]).corrects_itself


def test_lines_made_in_parts_are_those_made_at_once() -> None:
    writer, rows = LineWriter(make_site()), batch([("e-1.smoke", NOON + n, float(n)) for n in range(7)])
    elsewhere = {0: "a value=", 5: "b value="}
    parts = list(writer.parts(rows, elsewhere, 3))
    whole = writer.readings(rows, elsewhere)
    assert [len(part.text) for part in parts] == [3, 3, 1]
    assert [text for part in parts for text in part.text] == whole.text
    assert [text for text in whole.text if text[0] in "ab"] == [whole.text[0], whole.text[5]]
    assert [t for part in parts for t in part.times] == whole.times


def test_closing_ends_the_tries() -> None:
    def write(_body: bytes, _precision: str) -> None:
        raise Overloaded("busy")

    with pytest.raises(HistorianUnavailable):
        LineSender(write, lambda _: True).send(lines(3))
