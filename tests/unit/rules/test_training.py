"""A training that has run out decides who is called and who is given work, from the day after its last."""

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from structlog.testing import capture_logs

from backbone.database.database import Database
from backbone.database.drills import save_training
from backbone.database.duty import duty_on_record
from community.assignment import choose
from community.escalations import Escalation
from community.notice_text import Facts
from community.site.model import SiteFile
from community.site.site import Site
from community.text import Text
from community.tickets import open_ticket
from community.training import Training
from rules.notify.calls import People
from tests.unit.databases import new_database
from tests.unit.rules.sites import make_site

ROWS: dict[str, Any] = {
    "people": [
        {"id": "chen", "name": "陈", "roles": ["crew"], "duties": ["guide"]},
        {"id": "liu", "name": "刘", "roles": ["crew"], "duties": ["guide"]},
    ],
    "roster": {
        "shifts": [{"id": "all", "name": {"zh": "全天"}, "from": "00:00", "to": "00:00"}],
        "duties": [{"id": "fire", "name": {"zh": "消防"}}],
        "rota": [{"duty": "fire", "shift": "all", "people": ["chen", "liu"]}],
    },
    "notifications": {"levels": {"high": [{"on_duty": ["fire"]}]}},
    "qualifications": [
        {"id": "fire", "name": {"zh": "灭火"}, "content": "law", "duties": ["fire", "guide"], "without": "refuse"},
        {"id": "other", "name": {"zh": "其他"}, "content": "law", "duties": ["fire"], "without": "warn"},
    ],
    "trainings": [
        {"person": "chen", "qualification": "fire", "on": "2025-10-01", "expires": "2026-10-01"},
        {"person": "liu", "qualification": "fire", "on": "2025-10-01", "expires": "2026-12-01"},
    ],
}
LAST, AFTER, NOBODY = (
    round(datetime.fromisoformat(text).replace(tzinfo=ZoneInfo("Asia/Shanghai")).timestamp() * 1000)
    for text in ("2026-10-01T23:59", "2026-10-02T00:00", "2026-12-02T00:00")
)


@pytest.fixture
def site() -> Site:
    made = make_site({"a.x": {}}, [])
    file = SiteFile.model_validate({**made.file.model_dump(by_alias=True), **ROWS})
    return Site(**{**made.__dict__, "file": file})


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    opened = new_database(tmp_path / "state.db")
    yield opened
    opened.close()


def escalation(kind: str, at: int) -> Escalation:
    words = Text(zh="火")
    facts = Facts(kind=kind, grade="high", message=words, action=None, place=words, building=words, at=at)
    return Escalation(
        id="e", site="test", kind=kind, cause="a", roles=("guide",), zone="z", facts=facts, started_at=at, next_at=at
    )


@pytest.mark.parametrize(("at", "called"), [(LAST, {"chen", "liu"}), (AFTER, {"liu"}), (NOBODY, {"chen", "liu"})])
@pytest.mark.parametrize("kind", ["alarm", "step"])
def test_who_is_called(site: Site, database: Database, kind: str, at: int, called: set[str]) -> None:
    with database.read() as c, capture_logs() as logs:
        people = People(site, lambda _: True)
        for _ in range(2):
            tree = people.tree(escalation(kind, at), "fire", at, duty_on_record(c, site, at))
            assert {call.person for call in tree} == called
    alone = [entry for entry in logs if "valid training" in entry["event"]]
    assert len(alone) == (at == NOBODY and kind == "alarm"), "told loudly, once"


def test_a_new_training_counts_at_once(site: Site, database: Database) -> None:
    ticket = open_ticket(
        id="t",
        site="test",
        zone="z",
        title_zh="灯",
        title_en="lamp",
        source="person:he",
        priority="low",
        now=0,
        by="he",
    )
    everybody, busy = {"chen", "liu"}, {"liu": 3}
    with database.begin() as c:
        chosen = choose(site, ticket, everybody, busy, AFTER, duty_on_record(c, site, AFTER))
        assert chosen is not None
        assert chosen.person == "liu"
        day = datetime.fromtimestamp(AFTER / 1000, ZoneInfo("Asia/Shanghai")).date()
        record = Training(
            id="tr", site="test", person="chen", qualification="fire", on=day, form="practice",
            expires=day.replace(year=2027), by="wang", recorded_at=AFTER,
        )  # fmt: skip
        save_training(c, record)
        chosen = choose(site, ticket, everybody, busy, AFTER, duty_on_record(c, site, AFTER))
        assert chosen is not None
        assert chosen.person == "chen"
