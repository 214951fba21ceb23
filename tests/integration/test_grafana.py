"""The provisioned dashboards: every query of every panel runs on a real server, over the demo community's readings."""

import json
import re
import uuid
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest
import yaml

from backbone.historian.open import open_historian
from backbone.historian.port import ReadingBatch
from backbone.settings import Settings
from backbone.site_files import read_site
from community.quality import Quality
from community.site.profile import ValueKind
from tests.history import NOON
from tests.servers import ROOT, Influx

BOARDS = sorted((ROOT / "dashboards" / "grafana").glob("*.json"))
FLAGS = [0, 0, Quality.OUT_OF_RANGE, Quality.STALE, Quality.COMMUNICATION_FAILURE, Quality.CLOCK_SUSPECT, 64, 128]
Query = tuple[str, str]


def queries(board: dict[str, Any]) -> Iterator[Query]:
    """Panel and query, as Grafana sends it with everything selected."""
    for panel in board["panels"]:
        for target in panel["targets"]:
            query = target["query"].replace("$timeFilter", f"time >= {NOON}ms AND time < {NOON + 60_000}ms")
            query = query.replace("$__interval", "10s")
            for variable in board["templating"]["list"]:
                query = query.replace(f"${variable['name']}", variable["allValue"])
            yield panel["title"], query


@pytest.fixture(scope="module")
def database(influx: Influx, tmp_path_factory: pytest.TempPathFactory) -> str:
    """A minute of every point of the demo community, with every quality there is."""
    site = read_site(Settings(site=ROOT / "sites" / "jinxiu.yaml"))
    points = tuple(point.id for point in site.points.values() if point.kind is not ValueKind.EVENT)
    p = np.repeat(np.arange(len(points), dtype=np.uint32), len(FLAGS))
    t = NOON + np.tile(np.arange(len(FLAGS)) * 1000, len(points))
    q = np.tile(np.array(FLAGS, dtype=np.uint8), len(points))
    name = f"g{uuid.uuid4().hex}"
    url = f"influxdb+http://127.0.0.1:{influx.port}/{name}"
    with closing(open_historian(url, tmp_path_factory.mktemp("data"), site)) as historian:
        assert not historian.write([ReadingBatch(site.id, points, p, t, np.ones(p.size), q)], [], {})
    return name


@pytest.mark.parametrize("path", BOARDS, ids=lambda path: path.stem)
def test_every_panel_finds_what_it_shows(path: Path, database: str, influx: Influx) -> None:
    board = json.loads(path.read_text(encoding="utf-8"))
    asked = [
        *queries(board),
        *((variable["name"], variable["query"]) for variable in board["templating"]["list"]),
    ]
    for title, query in asked:
        assert "$" not in query.replace("$/", "").replace('$"', ""), f"{title}: a variable nobody sets in {query}"
        answer = httpx.post(f"http://127.0.0.1:{influx.port}/query", data={"db": database, "q": query}, timeout=20)
        result = answer.json()["results"][0]
        assert "error" not in result, f"{title}: {result.get('error')}"
        assert result.get("series"), f"{title} shows nothing: {query}"


def test_the_dashboards_are_told_apart_and_use_the_provisioned_source() -> None:
    source = yaml.safe_load((ROOT / "deploy/grafana/datasources/historian.yaml").read_text())["datasources"][0]["uid"]
    boards = [json.loads(path.read_text(encoding="utf-8")) for path in BOARDS]
    assert [path.stem for path in BOARDS] == ["building", "family", "gateways", "overview"]
    assert len({board["uid"] for board in boards}) == len({board["title"] for board in boards}) == len(boards)
    for board in boards:
        assert {panel["datasource"]["uid"] for panel in board["panels"]} == {source}
        assert len({panel["id"] for panel in board["panels"]}) == len(board["panels"])
        titles = [board["title"], *(panel["title"] for panel in board["panels"])]
        assert all(re.search(r"[\u4e00-\u9fff]", title) and re.search(r"[A-Za-z]", title) for title in titles)
