"""The site file edited while the rules run: over a real broker, a real database and a real file."""

import contextlib
import re
from collections.abc import AsyncIterator
from pathlib import Path

import msgspec

from backbone.database.alarms import list_alarms
from backbone.site_files import read_site
from backbone.site_watch import SiteState, SiteWatch, state_file
from rules.settings import RulesSettings
from tests.rules_rig import Edge, edge, judging, now_ms, open_database
from tests.servers import ROOT, Broker
from tests.waiting import until

DEMO = (ROOT / "sites" / "jinxiu.yaml").read_text(encoding="utf-8")
SMOKE, LEVEL, HEAT = "smoke-b3-f1-a.smoke", "level-1.level", "call-point-b1.call-point"


class Service:
    """The service that runs, its file, and a gateway beside it."""

    def __init__(self, folder: Path, east: Edge, watch: SiteWatch) -> None:
        self.file, self._folder, self.east, self._watch = folder / "site.yaml", folder, east, watch

    def write(self, text: str) -> None:
        """Replace the file, and say so as SIGHUP does."""
        self.file.write_text(text, encoding="utf-8")
        self._watch.look_now()

    @property
    def said(self) -> SiteState:
        """What the service says of its file."""
        path = state_file(self._folder, "rules")
        return msgspec.json.decode(path.read_bytes(), type=SiteState) if path.exists() else SiteState("", 0)


@contextlib.asynccontextmanager
async def rules(broker: Broker, folder: Path, text: str) -> AsyncIterator[Service]:
    (folder / "site.yaml").write_text(text, encoding="utf-8")
    database = open_database(folder)
    settings = RulesSettings(mqtt_url=broker.url, site=folder / "site.yaml", data_dir=folder)
    site = read_site(settings)
    watch = SiteWatch(settings, site, "rules", now_ms)
    with contextlib.closing(database):
        async with edge(broker.url, site, "gw-east") as east, judging(settings, site, database, watch_site=watch):
            yield Service(folder, east, watch)


def changed(text: str, rule: str, old: str, new: str) -> str:
    """The text with one rule different."""
    found = re.search(rf"  - id: {rule}\n(    .*\n)+", text)
    assert found is not None
    assert old in found[0]
    return text.replace(found[0], found[0].replace(old, new))


async def test_a_changed_file_comes_into_force_and_running_delays_go_on(broker: Broker, tmp_path: Path) -> None:
    async with rules(broker, tmp_path, DEMO) as service:
        await until(lambda: service.said.digest, "the first state")
        first, begin = service.said.digest, now_ms()
        service.east.send((LEVEL, 3.8), ("smoke-b1-f1-a.smoke", 1.0), at=begin)  # a delay of 60 s begins, an alarm
        await until(lambda: service.east.of("alarm", "raised"), "the alarm")
        service.write(changed(DEMO, "smoke", "clear_after: 30s", "clear_after: 5s"))
        await until(lambda: service.said.digest != first, "the changed file")
        assert service.said.problems == ()
        service.east.send((LEVEL, 3.8), ("smoke-b1-f1-a.smoke", 0.0), at=begin + 20_000)
        service.east.send((LEVEL, 3.8), ("smoke-b1-f1-a.smoke", 0.0), at=begin + 61_000)
        await until(lambda: len(service.east.of("alarm", "raised")) == 2, "the delay to end")
        raised = service.east.of("alarm", "raised")[1]
        assert raised["id"] == f"jinxiu:pump-room-level-high:{LEVEL}:{begin + 60_000}"
        await until(lambda: service.east.of("alarm", "cleared"), "the clearing")
        assert service.east.of("alarm", "cleared")[0]["cleared_at"] == begin + 25_000


async def test_a_bad_file_leaves_the_old_one_and_says_so(broker: Broker, tmp_path: Path) -> None:
    async with rules(broker, tmp_path, DEMO) as service:
        await until(lambda: service.said.digest, "the first state")
        first = service.said.digest
        service.write(changed(DEMO, "smoke", "measure: smoke", "measur: smoke"))
        await until(lambda: service.said.problems, "the refusal")
        assert service.said.digest == first
        (problem,) = service.said.problems
        assert re.fullmatch(rf"{service.file}:\d+:\d+: 'measur' is not known here; did you mean 'measure'\?", problem)
        service.east.send((SMOKE, 1.0))
        await until(lambda: service.east.of("alarm", "raised"), "the old rules")
        service.write(DEMO)
        await until(lambda: not service.said.problems, "the file to be good again")


async def test_a_rule_that_is_gone_ends_its_alarm(broker: Broker, tmp_path: Path) -> None:
    async with rules(broker, tmp_path, DEMO) as service:
        service.east.send((SMOKE, 1.0))
        await until(lambda: service.east.of("alarm", "raised"), "the alarm")
        service.write(changed(DEMO, "smoke", "measure: smoke, family: fire", "measure: smoke, zone: b1"))
        await until(lambda: service.east.of("alarm", "cleared"), "its end")
    database = open_database(tmp_path)
    with database.read() as c:
        assert [alarm.cleared_at is not None for alarm in list_alarms(c, "jinxiu")] == [True]
    database.close()
