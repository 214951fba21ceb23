"""What every historian does: one suite over a DuckDB file and a real InfluxDB server."""

import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from backbone.historian.coverage import coverage
from backbone.historian.open import open_historian
from backbone.historian.port import Bucket, Historian, Reading, ReadingBatch
from backbone.position import Position
from community.quality import Quality
from community.site.profile import Family
from ingest.housekeeping import forget_old
from tests import servers
from tests.history import EVER, NEVER, NOON, batch, event, make_site

SITE = make_site()
TEMPERATURE, HUMIDITY, SMOKE, CREDENTIAL = "e-1.temperature", "e-1.humidity", "e-1.smoke", "e-1.credential"
BAD = int(Quality.COMMUNICATION_FAILURE)
Reopen = Callable[[], Historian]


@pytest.fixture(params=["duckdb", "influxdb"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "duckdb":
        return f"duckdb:{tmp_path / 'history.duckdb'}"
    influx: servers.Influx = request.getfixturevalue("influx")
    return f"influxdb+http://127.0.0.1:{influx.port}/t{uuid.uuid4().hex}"


@pytest.fixture
def historian(url: str, tmp_path: Path) -> Iterator[Historian]:
    with closing(open_historian(url, tmp_path / "data", SITE)) as opened:
        yield opened


def test_a_new_historian_is_empty(historian: Historian) -> None:
    assert historian.positions() == {}
    assert historian.latest("yard", None, NEVER) == {}
    assert historian.series("yard", TEMPERATURE, NOON, NOON + 1000, 10).buckets == ()
    assert historian.events("yard", None, NEVER, EVER, 10) == []
    assert historian.count("yard", None, NEVER, EVER) == 0


def test_readings_events_and_positions_are_there_after_opening_again(url: str, tmp_path: Path) -> None:
    with closing(open_historian(url, tmp_path / "data", SITE)) as historian:
        unwritten = historian.write(
            [batch([(TEMPERATURE, NOON, 21.5), (SMOKE, NOON + 5, 1, 64)])],
            [("yard", event(CREDENTIAL, NOON + 7, data={"card": "4a…", "reader": 2}))],
            {"gw-east": Position(3, 41, 10412)},
        )
        assert not unwritten
        historian.write([], [], {"gw-west": Position(1, 0, 7)})
        historian.write([], [], {"gw-east": Position(4, 1, 0)})
    with closing(open_historian(url, tmp_path / "data", SITE)) as historian:
        assert historian.positions() == {"gw-east": Position(4, 1, 0), "gw-west": Position(1, 0, 7)}
        assert historian.latest("yard", None, NEVER) == {
            TEMPERATURE: Reading(TEMPERATURE, NOON, 21.5, 0),
            SMOKE: Reading(SMOKE, NOON + 5, 1.0, 64),
        }
        assert historian.events("yard", None, NEVER, EVER, 10) == [
            event(CREDENTIAL, NOON + 7, data={"card": "4a…", "reader": 2})
        ]
        assert historian.count("yard", None, NEVER, EVER) == 2


def test_the_last_write_of_a_point_and_time_is_the_one_read(historian: Historian) -> None:
    historian.write([batch([(TEMPERATURE, NOON, 1.0), (TEMPERATURE, NOON, 2.0, 1)])], [], {})
    historian.write([batch([(TEMPERATURE, NOON, 3.0)]), batch([(TEMPERATURE, NOON, 4.0, 32)])], [], {})
    assert historian.latest("yard", [TEMPERATURE], NEVER) == {TEMPERATURE: Reading(TEMPERATURE, NOON, 4.0, 32)}
    assert historian.series("yard", TEMPERATURE, NOON, NOON + 1, 10).buckets == (
        Bucket(NOON, 4.0, 4.0, 4.0, 4.0, 4.0, 1, 32, 1),
    )
    assert historian.count("yard", TEMPERATURE, NEVER, EVER) == 1


def test_an_event_written_again_is_one_event_and_another_at_the_same_time_is_not_lost(historian: Historian) -> None:
    first = event(CREDENTIAL, NOON, "access.denied", {"card": "a"})
    second = event(CREDENTIAL, NOON, "access.denied", {"card": "b"})
    historian.write([], [("yard", first), ("yard", second)], {})
    historian.write([], [("yard", first)], {})
    found = historian.events("yard", CREDENTIAL, NOON, NOON + 1, 10)
    assert sorted(found, key=lambda one: str(one.data)) == [first, second]


def test_late_and_unordered_readings_fall_into_place(historian: Historian) -> None:
    historian.write([batch([(TEMPERATURE, NOON + 9000, 9.0), (TEMPERATURE, NOON + 1000, 1.0)])], [], {})
    assert historian.latest("yard", None, NEVER)[TEMPERATURE].x == 9.0
    historian.write([batch([(TEMPERATURE, NOON + 5000, 5.0), (TEMPERATURE, NOON - 86_400_000, 0.5)])], [], {})
    assert historian.latest("yard", None, NEVER)[TEMPERATURE].x == 9.0
    series = historian.series("yard", TEMPERATURE, NOON, NOON + 10_000, 10)
    assert [(bucket.t - NOON, bucket.last) for bucket in series.buckets] == [(1000, 1.0), (5000, 5.0), (9000, 9.0)]


def test_latest_gives_nothing_older_than_asked_for(historian: Historian) -> None:
    historian.write([batch([(TEMPERATURE, NOON, 1.0), (HUMIDITY, NOON + 60_000, 2.0)])], [], {})
    assert set(historian.latest("yard", None, NOON + 1)) == {HUMIDITY}
    assert set(historian.latest("yard", None, NOON)) == {HUMIDITY, TEMPERATURE}
    assert set(historian.latest("yard", [TEMPERATURE, "nobody.knows"], NOON)) == {TEMPERATURE}
    assert historian.latest("yard", [], NOON) == {}
    assert set(historian.latest("yard", None, NOON + 60_000)) == {HUMIDITY}


def test_sites_are_apart(historian: Historian) -> None:
    historian.write(
        [batch([(TEMPERATURE, NOON, 1.0)]), batch([(TEMPERATURE, NOON, 2.0)], site="other")],
        [("other", event(CREDENTIAL, NOON))],
        {},
    )
    assert historian.latest("yard", None, NEVER)[TEMPERATURE].x == 1.0
    assert historian.latest("other", None, NEVER)[TEMPERATURE].x == 2.0
    assert historian.series("other", TEMPERATURE, NOON, NOON + 1, 1).buckets[0].max == 2.0
    assert historian.count("yard", None, NEVER, EVER) == 1
    assert historian.events("yard", None, NEVER, EVER, 10) == []
    assert len(historian.events("other", CREDENTIAL, NEVER, EVER, 10)) == 1


def test_a_series_keeps_what_a_chart_must_show(historian: Historian) -> None:
    rows = [(TEMPERATURE, NOON + second * 1000, 20.0 + second % 7) for second in range(3600)]
    rows[1234] = (TEMPERATURE, NOON + 1_234_000, 99.0)
    rows[2345] = (TEMPERATURE, NOON + 2_345_000, -40.0)
    historian.write([batch(rows)], [], {})
    series = historian.series("yard", TEMPERATURE, NOON, NOON + 3_600_000, 100)
    assert series.step_ms == 60_000
    assert len(series.buckets) == 60
    assert all(bucket.t % series.step_ms == 0 and bucket.count == 60 for bucket in series.buckets)
    assert max(bucket.max or 0 for bucket in series.buckets) == 99.0
    assert min(bucket.min or 0 for bucket in series.buckets) == -40.0
    first, values = series.buckets[0], [row[2] for row in rows[:60]]
    assert (first.first, first.last, first.min, first.max) == (values[0], values[-1], min(values), max(values))
    assert first.mean == pytest.approx(sum(values) / 60)


def test_gaps_stay_gaps_and_edges_stay_where_they_are(historian: Historian) -> None:
    historian.write([batch([(TEMPERATURE, NOON + 500, 1.0), (TEMPERATURE, NOON + 30_999, 2.0)])], [], {})
    for start in (NOON, NOON + 499):
        series = historian.series("yard", TEMPERATURE, start, NOON + 60_000 + (start - NOON), 61)
        assert series.step_ms == 1000
        assert [bucket.t for bucket in series.buckets] == [NOON, NOON + 30_000]


def test_an_interval_has_its_start_and_not_its_end(historian: Historian) -> None:
    historian.write(
        [batch([(TEMPERATURE, NOON + offset, 1.0) for offset in (-1, 0, 9, 10)])],
        [("yard", event(CREDENTIAL, NOON + offset)) for offset in (-1, 0, 9, 10)],
        {},
    )
    series = historian.series("yard", TEMPERATURE, NOON, NOON + 10, 100)
    assert [bucket.t - NOON for bucket in series.buckets] == [0, 9]
    assert historian.count("yard", TEMPERATURE, NOON, NOON + 10) == 2
    assert [one.t - NOON for one in historian.events("yard", None, NOON, NOON + 10, 10)] == [9, 0]


def test_unusable_values_are_stored_but_not_averaged(historian: Historian) -> None:
    rows = [
        (TEMPERATURE, NOON, 500.0, int(Quality.OUT_OF_RANGE)),
        (TEMPERATURE, NOON + 1, 20.0, int(Quality.UNCERTAIN)),
        (TEMPERATURE, NOON + 2, 22.0, int(Quality.SIMULATED)),
        (TEMPERATURE, NOON + 3, -1.0, BAD),
        (TEMPERATURE, NOON + 1000, 21.0, BAD),
    ]
    historian.write([batch(rows)], [], {})
    series = historian.series("yard", TEMPERATURE, NOON, NOON + 2000, 2)
    assert series.buckets == (
        Bucket(NOON, 20.0, 22.0, 20.0, 22.0, 21.0, 4, 2 | 1 | 32 | BAD, 2),
        Bucket(NOON + 1000, None, None, None, None, None, 1, BAD, 0),
    )
    assert historian.count("yard", TEMPERATURE, NOON, NOON + 2000) == 5
    assert historian.latest("yard", None, NOON)[TEMPERATURE] == Reading(TEMPERATURE, NOON + 1000, 21.0, BAD)


def test_a_day_of_seconds_has_no_more_buckets_than_asked_for(historian: Historian) -> None:
    seconds = np.arange(86_400)
    day = ReadingBatch(
        "yard",
        (TEMPERATURE,),
        np.zeros(seconds.size, dtype=np.uint32),
        NOON + seconds * 1000,
        np.sin(seconds / 1000.0),
        np.zeros(seconds.size, dtype=np.uint8),
    )
    historian.write([day], [], {})
    start = NOON + 17
    series = historian.series("yard", TEMPERATURE, start, start + 86_400_000, 500)
    assert 200 < len(series.buckets) <= 500
    assert sum(bucket.count for bucket in series.buckets) == 86_399
    assert historian.count("yard", TEMPERATURE, NEVER, EVER) == 86_400


def test_events_come_newest_first_and_bounded(historian: Historian) -> None:
    many = [event(CREDENTIAL, NOON + n * 1000, data={"n": n, "says": 'a "b" \\ c'}) for n in range(20)]
    others = [event("w-1.credential", NOON + n * 1000 + 500) for n in range(20)]
    historian.write([], [("yard", one) for one in [*many, *others]], {})
    assert historian.events("yard", CREDENTIAL, NEVER, EVER, 5) == many[:-6:-1]
    newest = historian.events("yard", None, NEVER, EVER, 3)
    assert newest == [others[-1], many[-1], others[-2]]


def test_numbers_come_back_as_they_were(historian: Historian) -> None:
    values = [0.0, -0.1, 1 / 3, 1e300, -5e-324, 2.0**53, 1e16]
    historian.write([batch([(TEMPERATURE, NOON + n, x) for n, x in enumerate(values)])], [], {})
    series = historian.series("yard", TEMPERATURE, NOON, NOON + len(values), 100)
    assert [bucket.last for bucket in series.buckets] == values


def test_summer_time_does_not_move_a_bucket(historian: Historian) -> None:
    start = int(datetime(2026, 3, 29, tzinfo=UTC).timestamp() * 1000)
    historian.write([batch([(TEMPERATURE, start + hour * 3_600_000, float(hour)) for hour in range(24)])], [], {})
    series = historian.series("yard", TEMPERATURE, start, start + 86_400_000, 24)
    assert [(bucket.t - start) // 3_600_000 for bucket in series.buckets] == list(range(24))


@pytest.mark.parametrize(("day", "hours"), [((2026, 3, 29), 23), ((2026, 10, 25), 25)])
def test_a_day_on_which_clocks_are_moved_is_a_day(
    url: str, tmp_path: Path, day: tuple[int, int, int], hours: int
) -> None:
    """Days and quarters of a day begin by the clock on the wall of the site, whatever hours that leaves them."""
    berlin = ZoneInfo("Europe/Berlin")
    midnight = datetime(*day, tzinfo=berlin)
    before, begin, end, after = (round((midnight + timedelta(days)).timestamp() * 1000) for days in (-1, 0, 1, 2))
    rows = [(TEMPERATURE, t, 1.0) for t in range(before, after, 900_000)]
    with closing(open_historian(url, tmp_path / "data", make_site(timezone="Europe/Berlin"))) as historian:
        historian.write([batch(rows)], [], {})
        days = historian.series("yard", TEMPERATURE, before, after, 3).buckets
        assert [(one.t, one.count) for one in days] == [(before, 96), (begin, 4 * hours), (end, 96)]
        quarters = historian.series("yard", TEMPERATURE, begin, end, 4).buckets
        assert [datetime.fromtimestamp(one.t / 1000, berlin).hour for one in quarters] == [0, 6, 12, 18]
        assert [one.count for one in quarters] == [4 * (hours - 18), 24, 24, 24]


@pytest.mark.parametrize(
    ("length", "max_points", "step_ms"), [(6, 60, 360_000), (6, 2000, 12_000), (72, 150, 1_800_000)]
)
def test_coverage_is_the_share_of_expected_readings_that_are_there_and_usable(
    historian: Historian, length: int, max_points: int, step_ms: int
) -> None:
    """One is expected each minute; of six hours one is silent and one unusable; a burst makes up for neither."""
    end = NOON + length * 3_600_000
    minutes = range(NOON + 17, end, 60_000)
    rows = [
        (TEMPERATURE, t, 1.0, BAD if (t - NOON) // 3_600_000 % 6 == 4 else 0)
        for t in minutes
        if (t - NOON) // 3_600_000 % 6 != 2
    ]
    rows += [(TEMPERATURE, NOON + 30_000 + n, 1.0, 0) for n in range(500)]
    historian.write([batch(rows)], [], {})
    while historian.tidy(end):
        pass
    series = historian.series("yard", TEMPERATURE, NOON, end, max_points)
    assert series.step_ms == step_ms
    found = coverage(series, 60_000, now=end)
    assert (found.expected, found.covered) == (length * 60, length * 40)
    assert set(found.buckets) == ({None} if step_ms < 60_000 else {1.0, 0.0})
    half = coverage(series, 60_000, now=NOON + 3 * 3_600_000)
    assert (half.expected, half.covered) == (180, 120), "what is to come is not missing"


def test_readers_see_whole_writes_while_a_writer_writes(historian: Historian) -> None:
    pairs = 40

    def write() -> None:
        for n in range(pairs):
            t = NOON + n * 1000
            historian.write(
                [batch([(TEMPERATURE, t, float(n)), (HUMIDITY, t, float(n))])], [], {"g": Position(1, 0, n)}
            )

    with ThreadPoolExecutor(3) as pool:
        writer = pool.submit(write)
        while not writer.done():
            assert 0 <= historian.count("yard", TEMPERATURE, NOON, EVER) <= pairs
            historian.latest("yard", None, NEVER)
            historian.series("yard", HUMIDITY, NOON, NOON + pairs * 1000, 10)
        writer.result()
    assert historian.count("yard", None, NOON, EVER) == pairs * 2
    assert historian.positions() == {"g": Position(1, 0, pairs - 1)}


@pytest.mark.parametrize("max_points", [0, -1])
def test_a_series_without_buckets_is_a_mistake_of_the_caller(historian: Historian, max_points: int) -> None:
    with pytest.raises(ValueError, match="at least one bucket"):
        historian.series("yard", TEMPERATURE, NOON, NOON + 1, max_points)


def test_a_scan_gives_every_reading_once_by_time(historian: Historian) -> None:
    rows = [
        (point, NOON + hour * 3_600_000 + n * 1000, float(n), n % 2)
        for point in (TEMPERATURE, SMOKE)
        for hour in (0, 1, 30)
        for n in range(5)
    ]
    historian.write([batch(rows[:20])], [], {})
    historian.write([batch([*rows[20:], (TEMPERATURE, NOON, 99.0, 0)])], [], {})
    known = {(point, t): (x, q) for point, t, x, q in rows} | {(TEMPERATURE, NOON): (99.0, 0)}
    wanted = sorted((t, point, x, q) for (point, t), (x, q) in known.items())

    def scanned(points: list[str] | None, start: int = NEVER, end: int = EVER) -> list[tuple[int, str, float, int]]:
        return [
            (t, one.points[p], x, q)
            for one in historian.scan("yard", points, start, end)
            for p, t, x, q in zip(*(column.tolist() for column in (one.p, one.t, one.x, one.q)), strict=True)
        ]

    everything = scanned(None)
    assert [row[0] for row in everything] == sorted(row[0] for row in everything)
    assert sorted(everything) == wanted
    assert sorted(scanned([SMOKE])) == [row for row in wanted if row[1] == SMOKE]
    begin, end = NOON + 1000, NOON + 3_601_000
    assert sorted(scanned(None, begin, end)) == [row for row in wanted if begin <= row[0] < end]
    assert scanned([]) == scanned(["nobody.knows"]) == []


def test_a_device_that_moved_has_each_reading_once(url: str, tmp_path: Path) -> None:
    """Whatever is sent again, corrected or imported after the move, and also after a restart or a move back."""
    before, moved = make_site(), make_site(moved=True)
    hours = [NOON + n * 3_600_000 for n in range(5)]
    rows = [(point, t, 1.0) for point in (TEMPERATURE, HUMIDITY, "e-2.temperature") for t in hours]
    events = [("yard", event(CREDENTIAL, t)) for t in hours]
    with closing(open_historian(url, tmp_path / "data", before)) as historian:
        historian.write([batch(rows)], events, {})
        historian.use(moved)
        historian.write([batch([*rows, (TEMPERATURE, hours[4] + 9, 2.0)])], events, {})
        assert historian.count("yard", None, NEVER, EVER) == len(rows) + 1
        historian.write([batch([(TEMPERATURE, hours[0] + 5, 1.0)])], [], {})
    with closing(open_historian(url, tmp_path / "other", before)) as historian:
        more = [(TEMPERATURE, hours[4] + 9, 2.5), (TEMPERATURE, hours[0] + 5, 1.0), (TEMPERATURE, hours[2], 3.0)]
        historian.write([batch([*rows, *more])], events, {})
        assert historian.count("yard", TEMPERATURE, NEVER, EVER) == 7
        assert historian.events("yard", CREDENTIAL, NEVER, EVER, 3) == [one for _, one in events[:1:-1]]
        assert len(historian.events("yard", None, NEVER, EVER, 100)) == len(events)
        found = historian.series("yard", TEMPERATURE, hours[0], hours[4] + 10, 5_000).buckets
        assert sum(bucket.count for bucket in found) == 7
        assert [bucket.last for bucket in found if bucket.t == hours[2]] == [3.0]
        assert historian.latest("yard", [TEMPERATURE], NEVER)[TEMPERATURE].x == 2.5


def test_a_point_that_was_stored_before_it_was_known_has_each_reading_once(url: str, tmp_path: Path) -> None:
    rows = [("n-1.temperature", NOON + n, float(n)) for n in range(3)]
    with closing(open_historian(url, tmp_path / "data", SITE)) as historian:
        historian.write([batch(rows)], [], {})
        historian.use(make_site(new=1))
        historian.write([batch(rows)], [], {})
        assert historian.count("yard", "n-1.temperature", NEVER, EVER) == 3


def test_what_is_older_than_its_family_is_kept_goes(historian: Historian) -> None:
    old, kept = NOON - 10 * 86_400_000, NOON - 86_400_000
    historian.write(
        [batch([(point, t, 1.0) for point in (TEMPERATURE, HUMIDITY, SMOKE) for t in (old, kept)])],
        [("yard", event(CREDENTIAL, old)), ("yard", event(CREDENTIAL, kept))],
        {},
    )
    while historian.tidy(NOON):
        pass
    forget_old(historian, SITE, {Family.ENVIRONMENT: 5}, NOON)
    assert historian.count("yard", TEMPERATURE, NEVER, EVER) == historian.count("yard", HUMIDITY, NEVER, EVER) == 1
    assert historian.count("yard", SMOKE, NEVER, EVER) == 2
    assert historian.latest("yard", [TEMPERATURE], NEVER)[TEMPERATURE].t == kept
    assert len(historian.events("yard", None, NEVER, EVER, 9)) == 2
    forget_old(historian, SITE, {Family.ACCESS: 5, Family.FIRE: 30}, NOON)
    assert [one.t for one in historian.events("yard", None, NEVER, EVER, 9)] == [kept]
    assert historian.count("yard", SMOKE, NEVER, EVER) == 2
    historian.write([batch([(TEMPERATURE, old + 1, 9.0)])], [], {})
    while historian.tidy(NOON):
        pass
    assert historian.count("yard", TEMPERATURE, NEVER, EVER) == 2, "what comes late for that time is stored"
    hour = old // 3_600_000 * 3_600_000
    (bucket,) = historian.series("yard", TEMPERATURE, hour, hour + 3_600_000, 1).buckets
    assert (bucket.last, bucket.max) == (9.0, 9.0)
    assert bucket.count in {1, 2}, "a historian with roll-ups knows both"
