"""The post-incident report: everything on record, in the reader's language, and nothing that could run in a page."""

import json
import re
from io import BytesIO
from typing import Any

from pypdf import PdfReader

from api.activations.record_words import RecordWords
from backbone.database import activations as stored
from backbone.historian.port import HistorianUnavailable, Reading
from community import activation_begin, activation_steps, activations
from community.activations import Activation
from community.people import Role
from tests.servers import ROOT
from tests.unit.api.house import NOW, SMOKE, House
from tests.unit.api.test_plans import FIRE


def activate(house: House) -> Activation:
    """The fire plan in force, of an alarm."""
    alarm = house.raise_alarm("fire-confirmed")
    return activation_begin.activate(
        id="fire-b3-f1-1", site=house.site.id, plan=house.site.plans["fire"], level="high", zone="b3-f1",
        cause=f"alarm:{alarm.id}", reason="火情确认 / Fire confirmed", now=NOW, alarms=(alarm.id,),
    )  # fmt: skip


def begun(house: House) -> str:
    """A response with an alarm, a machine step proven, one that failed, and a step of a person."""
    one = activate(house)
    one = activation_steps.begin_machine_step(one, "release", (("c1", "doors-b3.relay-1", 0.0),), NOW + 12)
    one = activation_steps.command_answered(one, "c1", "done", "", 0.0, NOW + 345)
    one = activation_steps.begin_machine_step(one, "siren", (("c2", "doors-b3.relay-4", 1.0),), NOW + 12)
    one = activation_steps.command_answered(one, "c2", "failed", "no answer from the gateway", None, NOW + 9_000)
    one = activation_steps.step_done(one, "call-119", "li-na", "<script>alert(1)</script> 119 已报警", NOW + 75_250)
    one = activations.stand_down(one, "wang-wei", "fire is out", NOW + 900_000)
    with house.database.begin() as connection:
        stored.save_activation(connection, one)
    return one.id


def test_every_line_of_the_record_has_names_in_either_language(house: House) -> None:
    """The page says the same (tests/timeline.test.ts)."""
    lines = json.loads((ROOT / "tests/data/record_words.json").read_text(encoding="utf-8"))
    steps = activate(house).steps
    for language in ("zh", "en"):
        words = RecordWords(house.site, steps, {}, language)
        assert [words.line(line["what"], line["detail"]) for line in lines] == [line[language] for line in lines]


async def test_it_holds_who_did_what_when_and_how_it_is_proven(house: House) -> None:
    house.history.readings = [Reading(SMOKE, NOW + n * 1_000, float(n % 2), 0) for n in range(60)]
    identifier = begun(house)
    async with house.as_(Role.SUPERVISOR) as reader:
        zh = await reader.get(f"/activations/{identifier}/report")
        en = await reader.get(f"/activations/{identifier}/report", params={"language": "en"})
        assert (await reader.get("/activations/none/report")).status_code == 404
    assert zh.headers["content-type"].startswith("text/html")
    for said in (
        "应急响应报告",
        "火情确认",
        "李娜",
        "119 已报警",
        "打开疏散门",
        "解锁",
        "1 分 15 秒",
        "超时",
        "执行失败 · 网关没有应答",
        "声光警报器：执行失败、网关没有应答，转由总指挥处理",
        "单元门锁 · 3号楼 一层走廊",
    ):
        assert said in zh.text, said
    for said in (
        "Response report",
        "Fire confirmed",
        "Unlock the escape doors",
        "Unlocked",
        "late",
        "not done",
        "+0.345 s",
        "Siren: failed, no answer from the gateway; now the commander",
    ):
        assert said in en.text, said
    for page in (zh.text, en.text):
        assert not re.search("relay-[14]|call-119|smoke-b3|li-na", page), "nobody reads ids"
    assert "<script" not in zh.text, "what people write is shown, not run"
    assert "<svg" in zh.text
    assert not re.search(r"(?:src|href)=", zh.text), "it stands alone"


async def test_while_it_runs_what_is_not_due_has_not_been_missed(house: House) -> None:
    one = activate(house)
    with house.database.begin() as connection:
        stored.save_activation(connection, one)
    async with house.as_(Role.SUPERVISOR) as reader:
        zh, en = [
            (await reader.get(f"/activations/{one.id}/report", params={"language": language})).text
            for language in ("zh", "en")
        ]
    assert re.search(r"至今 \d+ 步中 0 步按时完成", zh)
    assert "未到时限" in zh
    assert "未完成" not in zh.replace("总结尚未完成", "")
    assert re.search(r"0 of \d+ steps in time so far", en)
    assert "not due yet" in en


async def test_the_file_holds_the_same_words_and_pictures(house: House) -> None:
    house.history.readings = [Reading(SMOKE, NOW + n * 1_000, float(n % 2), 0) for n in range(60)]
    identifier = begun(house)
    async with house.as_(Role.SUPERVISOR) as reader:
        place = f"/activations/{identifier}/report"
        zh = await reader.get(place, params={"file": "pdf"})
        en = await reader.get(place, params={"file": "pdf", "language": "en"})
        page = (await reader.get(place)).text
    assert zh.headers["content-type"] == "application/pdf"
    assert zh.headers["content-disposition"] == f'attachment; filename="{identifier}.pdf"'
    words = text_of(zh.content)
    for said in (
        "应急响应报告",
        "火情确认",
        "李娜",
        "119已报警",
        "打开疏散门",
        "1分15秒",
        "超时",
        "网关没有应答",
        "<script>",
    ):
        assert said in words, said
    for said in ("Responsereport", "Unlocktheescapedoors", "notdone", "+0.345s"):
        assert said in text_of(en.content), said
    file = PdfReader(BytesIO(zh.content))
    assert b"/STSong-Light" in zh.content, "every reader has Chinese glyphs for it"
    drawn = b"".join(part.get_contents().get_data() for part in file.pages)  # type: ignore[union-attr]
    assert drawn.count(b" l\n") + drawn.count(b" l ") > page.count("<line"), "the charts are drawn"


def text_of(content: bytes) -> str:
    """All words, without what lines and columns put between them."""
    return re.sub(r"\s", "", "".join(page.extract_text() for page in PdfReader(BytesIO(content)).pages))


async def test_a_drill_says_so_and_a_historian_that_is_away_costs_only_the_charts(house: House) -> None:
    house.history.fault = HistorianUnavailable("away")
    drill: dict[str, Any] = {
        **FIRE,
        "kind": "fire",
        "plan": "fire",
        "planned_at": "2026-09-22T09:00:00Z",
        "content": "x",
    }
    del drill["reason"]
    async with house.as_(Role.SAFETY_OFFICER) as officer:
        planned = (await officer.post("/drills", json=drill)).json()["id"]
        activation = (await officer.post(f"/drills/{planned}/start")).json()["id"]
        page = await officer.get(f"/activations/{activation}/report")
    assert page.text.count("【演练】") == 2
    assert "历史数据暂不可用" in page.text
