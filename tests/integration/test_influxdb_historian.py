"""What is in an InfluxDB, and what becomes of it when the server goes, comes back or was set back."""

import shutil
from contextlib import closing
from pathlib import Path

import pytest

from backbone.historian.influx_address import InfluxAddress
from backbone.historian.influx_server import InfluxServer
from backbone.historian.port import HistorianCorrupt, HistorianUnavailable, HistorianWentBack
from backbone.position import Position
from tests import servers
from tests.history import EVER, NEVER, NOON, batch
from tests.influx_rig import MANY, TEMPERATURE, bucket_of, opened


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
