"""Readings out of and into the running platform: streamed, checked line by line, for who may."""

import asyncio
import io
from typing import Any

import httpx
import pyarrow.parquet as pq
import pytest

from backbone.historian.port import Reading
from community.people import Role
from tests.unit.api.house import NOW, SMOKE, House

ROWS = [(SMOKE, NOW - 5_000, 0.0, 0), (SMOKE, NOW - 4_000, 1.0, 64), ("gone-1.value", NOW - 3_000, 21.5, 0)]
CSV = "time,point,value,quality\n" + "".join(
    f"2026-09-21T14:13:{15 + n}.000Z,{point},{x},{q}\n" for n, (point, _, x, q) in enumerate(ROWS)
)

STRANGE = "time,point,value\n" + "".join(f"2026-09-21T14:13:15Z,x-{n}.v,1\n" for n in range(101))


async def imported(client: httpx.AsyncClient, body: bytes, kind: str = "csv") -> dict[str, Any]:
    """What came of an import."""
    answer = await client.post("/readings/import", params={"format": kind}, content=body)
    assert answer.status_code == 202, answer.text
    one: dict[str, Any] = answer.json()
    async with asyncio.timeout(60):
        while one["state"] == "running":
            await asyncio.sleep(0)
            one = (await client.get(f"/readings/imports/{one['id']}")).json()
    return one


@pytest.mark.parametrize("kind", ["csv", "parquet", "lines"])
async def test_what_is_exported_can_be_imported(house: House, kind: str) -> None:
    house.history.readings = [Reading(*row) for row in ROWS[:2]]
    async with house.as_(Role.MANAGER) as manager, house.as_(Role.ADMINISTRATOR) as administrator:
        assert (await manager.get("/readings/count", params={"point": SMOKE})).json() == {"readings": 2}
        answer = await manager.get("/readings/export", params={"format": kind, "point": SMOKE})
        assert answer.status_code == 200
        assert (
            f'filename="jinxiu-readings.{"lp" if kind == "lines" else kind}"' in answer.headers["content-disposition"]
        )
        if kind == "parquet":
            assert pq.read_table(io.BytesIO(answer.content))["value"].to_pylist() == [0.0, 1.0]
        house.history.readings = []
        one = await imported(administrator, answer.content, kind)
        assert (one["state"], one["readings"], one["refused"], one["unknown"]) == ("done", 2, 0, [])
    assert house.history.readings == [Reading(*row) for row in ROWS[:2]]
    assert [row.action for row in house.audit()] == ["readings.import", "readings.export"]


async def test_a_day_is_one_of_the_site_s_clock(house: House) -> None:
    midnight = 1_789_920_000_000  # 2026-09-21T00:00 in Shanghai, the day before in UTC
    house.history.readings = [Reading(SMOKE, midnight + n, 0.0, 0) for n in (-1, 0, 86_399_999, 86_400_000)]
    async with house.as_(Role.MANAGER) as manager:
        for start, end in (("2026-09-21", "2026-09-22"), ("2026-09-20T16:00:00Z", "2026-09-22T00:00:00+08:00")):
            answer = await manager.get("/readings/count", params={"start": start, "end": end})
            assert answer.json() == {"readings": 2}, start


async def test_a_line_that_is_no_reading_is_told_and_all_others_are_stored(house: House) -> None:
    bad = {
        5: ("yesterday,a.b,1,0", "'yesterday' is no time: write 2026-11-23T08:00:00Z"),
        6: ("2026-09-21T14:13:18Z,a.b,warm,0", "'warm' is no number"),
        7: ("2026-09-21T14:13:18Z,a.b,nan,0", "nan is no value"),
        8: ("2026-09-21T14:13:18Z,somewhere,1,0", "'somewhere' is no point: write device.measure"),
        9: ("2026-09-21T15:13:18Z,a.b,1,0", "its time is to come"),
        10: ("2026-09-21T14:13:18Z,a.b,1,256", "'256' is no quality: 0 to 255"),
        11: ("2026-09-21T14:13:18Z,a.b", "2 fields instead of 4"),
    }
    body = CSV + "".join(f"{line}\n" for line, _ in bad.values()) + f"2026-09-21T22:13:18+08:00,{SMOKE},1,\n"
    async with house.as_(Role.ADMINISTRATOR) as administrator:
        one = await imported(administrator, body.encode())
        assert one["state"] == "done", one["problem"]
        assert sorted((bad["line"], bad["reason"]) for bad in one["lines"]) == [(n, why) for n, (_, why) in bad.items()]
        assert (one["readings"], one["refused"], one["unknown"]) == (4, 7, ["gone-1.value"])
        (audit,) = (row for row in house.audit() if row.action == "readings.import")
        assert audit.detail == "4 readings, 7 lines refused"
        again = await imported(administrator, body.encode())
        assert again["readings"] == 4
    assert {(one.point, one.t) for one in house.history.readings} >= {(point, t) for point, t, _, _ in ROWS}


@pytest.mark.parametrize(
    ("body", "kind", "says"),
    [
        (b"time,point\n", "csv", "no column value"),
        (b"\xff\xfe\x00", "csv", "no text in UTF-8"),
        (b"no parquet", "parquet", "Parquet magic bytes"),
        (STRANGE.encode(), "csv", "another site"),
    ],
)
async def test_a_file_that_is_none_fails_with_why(house: House, body: bytes, kind: str, says: str) -> None:
    async with house.as_(Role.ADMINISTRATOR) as administrator:
        one = await imported(administrator, body, kind)
        assert one["state"] == "failed"
        assert says in one["problem"]
        assert (await imported(administrator, CSV.encode()))["state"] == "done", "the next one is taken"
