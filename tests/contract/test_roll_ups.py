"""Roll-ups of every historian: whatever came when, from whom, and was summed up when, the answers are the same."""

import math
import uuid
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from datetime import datetime
from itertools import pairwise
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from backbone.historian import levels
from backbone.historian.buckets import DAY_MS, HOUR_MS, grid_for, midnight
from backbone.historian.open import open_historian
from backbone.historian.port import Bucket, Historian
from community.quality import UNUSABLE, Quality
from community.site.profile import Family
from ingest.housekeeping import forget_old
from tests import servers
from tests.history import EVER, NEVER, NOON, batch, make_site

ZONES = [ZoneInfo(name) for name in ("Asia/Shanghai", "Europe/Berlin", "Asia/Kolkata")]
POINTS = ("e-1.temperature", "e-1.humidity")
LATER = NOON + 100 * DAY_MS
BAD = int(Quality.COMMUNICATION_FAILURE)
UNTIMED = [HealthCheck.function_scoped_fixture, HealthCheck.too_slow]

Reading = tuple[str, int, float, int]
NewUrl = Callable[[], str]


@pytest.fixture(params=["duckdb", "influxdb"])
def new_url(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> NewUrl:
    """An empty history of its own at each call."""
    if request.param == "duckdb":
        return lambda: f"duckdb:{tmp_path_factory.mktemp('history') / 'history.duckdb'}"
    influx: servers.Influx = request.getfixturevalue("influx")
    return lambda: f"influxdb+http://127.0.0.1:{influx.port}/t{uuid.uuid4().hex}"


@pytest.fixture
def examples(request: pytest.FixtureRequest) -> int:
    """How many of the store: those of a file are quick, and it has more code of ours behind it."""
    return {"duckdb": 60, "influxdb": 20}[request.node.callspec.params["new_url"]]


@pytest.fixture(autouse=True)
def minutes_of_few(monkeypatch: pytest.MonkeyPatch) -> None:
    """Hours of more than two readings have minutes: examples are small."""
    monkeypatch.setattr(levels, "DENSE", 2)


def reference(
    known: dict[tuple[str, int], tuple[float, int]], point: str, edges: list[int], start: int, end: int
) -> Iterator[Bucket]:
    """A series made one reading at a time."""
    for begin, finish in pairwise(edges):
        rows = sorted(
            (t, x, q)
            for (name, t), (x, q) in known.items()
            if name == point and begin <= t < finish and start <= t < end
        )
        if rows:
            usable = [x for _, x, q in rows if not q & UNUSABLE]
            bits = 0
            for _, _, q in rows:
                bits |= q
            if usable:
                mean = math.fsum(usable) / len(usable)
                yield Bucket(begin, usable[0], usable[-1], min(usable), max(usable), mean, len(rows), bits, len(usable))
            else:
                yield Bucket(begin, None, None, None, None, None, len(rows), bits, 0)


def near(one: Bucket, other: Bucket) -> bool:
    """The same but for the rounding of a sum."""
    if one.mean is None or other.mean is None:
        return one == other
    return replace(one, mean=0) == replace(other, mean=0) and math.isclose(one.mean, other.mean, abs_tol=1e-9)


READINGS = st.tuples(
    st.sampled_from(POINTS),
    st.one_of(
        st.integers(NOON - 3 * DAY_MS, NOON),
        st.integers(0, 3 * 1440).map(lambda minute: NOON - minute * 60_000),
    ),
    st.floats(-100, 100).map(lambda x: round(x, 1)),
    st.sampled_from([0, 0, 0, BAD, int(Quality.SIMULATED)]),
)
WRITES = st.lists(READINGS, min_size=1, max_size=30)
STEPS = st.one_of(
    st.tuples(st.just("write"), WRITES),
    st.tuples(st.just("import"), WRITES),
    st.tuples(st.just("tidy"), st.integers(1, 40)),
    st.tuples(st.just("restart"), st.none()),
)


def test_answers_do_not_depend_on_what_was_summed_up_when(
    new_url: NewUrl, examples: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    @given(
        steps=st.lists(STEPS, min_size=1, max_size=9),
        zone=st.sampled_from(ZONES),
        start=st.integers(NOON - 4 * DAY_MS, NOON),
        length=st.one_of(st.integers(1, 4 * DAY_MS), st.integers(1, 90).map(lambda hours: hours * HOUR_MS)),
        most=st.sampled_from([1, 3, 10, 100, 1000]),
    )
    @settings(max_examples=examples, suppress_health_check=[HealthCheck.too_slow])
    def agree(
        steps: list[tuple[str, list[Reading] | int | None]], zone: ZoneInfo, start: int, length: int, most: int
    ) -> None:
        _agree(new_url(), tmp_path_factory.mktemp("data"), steps, zone, start, start + length, most)

    agree()


def _agree(
    url: str,
    folder: Path,
    steps: list[tuple[str, list[Reading] | int | None]],
    zone: ZoneInfo,
    start: int,
    end: int,
    most: int,
) -> None:
    known: dict[tuple[str, int], tuple[float, int]] = {}
    site = make_site(timezone=zone.key)
    historian = open_historian(url, folder, site)
    # A server has room for who imports beside the platform; a file admits one process.
    importer = historian if url.startswith("duckdb:") else open_historian(url, folder / "importer", site)
    for what, given_ in steps:
        if isinstance(given_, int):
            for _ in range(given_):
                historian.tidy(LATER)
        elif given_ is None:
            historian.close()
            reopened = open_historian(url, folder, site)
            importer = reopened if importer is historian else importer
            historian = reopened
        else:
            (importer if what == "import" else historian).write([batch(given_)], [], {})
            known |= {(point, t): (x, q) for point, t, x, q in given_}
    with closing(historian), closing(importer):
        for point in POINTS:
            edges = grid_for(start, end, most, zone).edges.tolist()
            found = historian.series("yard", point, start, end, most).buckets
            wanted = list(reference(known, point, edges, start, end))
            assert len(found) == len(wanted)
            assert all(near(*pair) for pair in zip(found, wanted, strict=True)), (found, wanted)
            times = {t for name, t in known if name == point}
            assert historian.count("yard", point, start, end) == sum(start <= t < end for t in times)
            newest = historian.latest("yard", [point], NEVER).get(point)
            assert (None if newest is None else (newest.x, newest.q)) == known.get((point, max(times, default=0)))


SPARSE = NOON - 9 * DAY_MS
LATE = st.lists(st.tuples(st.integers(NOON - 12 * DAY_MS, NOON - 8 * DAY_MS), st.integers(-5, 5)), max_size=8)


@given(
    early=st.lists(LATE, min_size=1, max_size=3),
    late=st.lists(LATE, min_size=1, max_size=3),
    bad=st.sets(st.integers(0, 30)),
    zone=st.sampled_from([zone for zone in ZONES if zone.key != "Asia/Kolkata"]),
    hours=st.sampled_from([1, 6, 24, 48]),
)
@example(
    early=[[(SPARSE + 2, 0)]], late=[[(SPARSE, 0), (SPARSE + 1, 0)]], bad=set(), zone=ZONES[0], hours=1
)  # too few for minutes when they were forgotten, and enough with what came later
@settings(max_examples=12, suppress_health_check=UNTIMED)
def test_what_comes_late_for_forgotten_hours_is_added_to_their_roll_ups(
    new_url: NewUrl,
    tmp_path_factory: pytest.TempPathFactory,
    early: list[list[tuple[int, int]]],
    late: list[list[tuple[int, int]]],
    bad: set[int],
    zone: ZoneInfo,
    hours: int,
) -> None:
    point, known = POINTS[0], dict[tuple[str, int], tuple[float, int]]()
    begin, end = (
        midnight(datetime.fromtimestamp((NOON - days * DAY_MS) / 1000, zone).date(), zone) for days in (13, 6)
    )
    most = (end - begin) // (hours * HOUR_MS)

    def agree(historian: Historian) -> bool:
        edges = grid_for(begin, end, most, zone).edges.tolist()
        found = historian.series("yard", point, begin, end, most).buckets
        wanted = list(reference(known, point, edges, begin, end))
        return len(found) == len(wanted) and all(near(*pair) for pair in zip(found, wanted, strict=True))

    def write(historian: Historian, rows: list[tuple[int, int]], *, again: bool) -> None:
        new = [(point, t, float(x), BAD if n in bad else 0) for n, (t, x) in enumerate(rows)]
        new = [row for row in new if again or (row[0], row[1]) not in known]
        historian.write([batch(new)], [], {})
        known.update({(name, t): (x, q) for name, t, x, q in new})

    site = make_site(timezone=zone.key)
    with closing(open_historian(new_url(), tmp_path_factory.mktemp("data"), site)) as historian:
        for rows in early:
            write(historian, rows, again=True)
        for rows in late:
            while historian.tidy(NOON):
                pass
            forget_old(historian, site, {Family.ENVIRONMENT: 7}, NOON)
            assert historian.count("yard", point, NEVER, EVER) == 0
            assert agree(historian)
            write(historian, rows, again=False)
            while historian.tidy(NOON):
                pass
            assert agree(historian)
            assert list(historian.check(lambda _: None)) == []


def test_readings_of_a_point_that_is_taken_up_later_are_summed_up_as_well(new_url: NewUrl, tmp_path: Path) -> None:
    rows = [("n-1.temperature", NOON + n * 60_000, float(n)) for n in range(600)]
    url, hours = new_url(), [NOON + n * HOUR_MS for n in range(10)]
    with closing(open_historian(url, tmp_path, make_site())) as historian:
        historian.write([batch(rows)], [], {})
        while historian.tidy(LATER):
            pass
        historian.use(make_site(new=1))
        found = historian.series("yard", "n-1.temperature", NOON, NOON + 10 * HOUR_MS, 10).buckets
    assert [(one.t, one.count) for one in found] == [(hour, 60) for hour in hours]


def test_a_day_that_is_not_over_is_told_up_to_now(new_url: NewUrl, tmp_path: Path) -> None:
    """Its hours are summed up, it is not; in a chart of days it is there all the same."""
    begin = midnight(datetime.fromtimestamp(NOON / 1000, ZONES[0]).date(), ZONES[0])
    rows = [(POINTS[0], t, 1.0) for t in range(begin - DAY_MS, NOON, 600_000)]
    with closing(open_historian(new_url(), tmp_path, make_site())) as historian:
        historian.write([batch(rows)], [], {})
        while historian.tidy(NOON - HOUR_MS):
            pass
        found = historian.series("yard", POINTS[0], begin - DAY_MS, begin + DAY_MS, 2).buckets
    assert [(one.t, one.count) for one in found] == [(begin - DAY_MS, 144), (begin, (NOON - begin) // 600_000)]
