"""Figures of a period over HTTP, the report of them as a page, a file and a table, and safety management."""

import csv
import io
from typing import Any

import pytest

from community.people import Role
from tests.unit.api.house import NOW, House

THIS_MONTH = "2026-09"


async def test_a_month_is_counted_and_reported_in_both_languages(house: House) -> None:
    for n in range(3):
        house.raise_alarm(at=NOW - n * 3_600_000)
    async with house.as_(Role.SUPERVISOR) as client:
        found = (await client.get("/kpis", params={"period": THIS_MONTH})).json()
        assert (found["period"], found["previous"], found["complete"]) == (THIS_MONTH, "2026-08", False)
        figures = {one["id"]: one for one in found["figures"]}
        assert (figures["alarms"]["value"], figures["alarms"]["before"]) == (3, 0)
        assert (figures["satisfaction"]["value"], figures["satisfaction"]["met"]) == (None, None)
        assert figures["completion"]["goal"] == 95
        assert figures["coverage"]["n"] == 39, "the rooms, corridors and yards, not the buildings around them"
        assert found["rules"] == [{"rule": "smoke", "grade": "medium", "count": 3}]
        zh = await client.get(f"/reports/{THIS_MONTH}")
        assert "运行评估报告 · 2026-09" in zh.text
        assert "烟雾报警" in zh.text
        en = await client.get(f"/reports/{THIS_MONTH}", params={"language": "en"})
        assert "Completion by the deadline" in en.text
        assert "≥ 95 %" in en.text
        file = await client.get("/reports/2026-Q3", params={"file": "pdf"})
        assert file.content.startswith(b"%PDF")
        assert 'filename="evaluation-2026-Q3.pdf"' in file.headers["content-disposition"]
        table = await client.get("/reports/2026", params={"file": "csv"})
        rows = {row["id"]: row for row in csv.DictReader(io.StringIO(table.text.lstrip("\ufeff")))}
        assert (rows["alarms"]["value"], rows["response"]["goal"]) == ("3", "7200000")


@pytest.mark.parametrize("period", ["2026-13", "../../etc", "2026-09-01", "2999", "1969"])
async def test_what_is_no_period_is_refused_in_words(house: House, period: str) -> None:
    async with house.as_(Role.SUPERVISOR) as client:
        answer = await client.get("/kpis", params={"period": period})
    assert answer.status_code == 422
    assert "period" in answer.text or "not begun" in answer.text


async def test_safety_management_is_shown_with_what_waits(house: House) -> None:
    async with house.as_(Role.SUPERVISOR) as client:
        found: dict[str, Any] = (await client.get("/safety")).json()
    assert [one["person"] for one in found["committee"] if one["role"] == "chair"] == ["wang-wei"]
    assert not any(one["overdue"] for one in found["documents"])
    facilities = {one["party"]: one["facilities"] for one in found["responsible"]}
    assert sum(facilities.values()) == len(house.site.file.facilities)
    assert found["reviews"] == []
