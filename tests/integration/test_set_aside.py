"""What ingest refuses for a reason that can be mended: set aside, and stored once it is; over real brokers."""

import time
from pathlib import Path

from backbone.database.database import Database
from backbone.database.quarantine import ask_again
from backbone.historian.duckdb import DuckDBHistorian
from backbone.site_watch import Take
from backbone.steady import wall_ms
from ingest.validate import Fault
from tests import servers
from tests.history import EVER, NEVER, event, frame, make_site
from tests.ingest_rig import ingesting, quarantine, sending
from tests.waiting import until

TEMPERATURE, CREDENTIAL = "e-1.temperature", "e-1.credential"
NOW = int(time.time() * 1000)


async def test_what_the_site_file_did_not_know_is_taken_up_once_it_does(
    broker: servers.Broker, historian: DuckDBHistorian, database: Database, tmp_path: Path
) -> None:
    """A device that speaks before it is written down loses nothing; over a stop in between, and only once."""
    later, data = make_site(east=3), tmp_path / "data"
    new = "e-3.temperature"
    async with sending(broker.url, "yard", "gw-east") as east:
        async with ingesting(broker.url, historian, database, data_dir=data):
            await until(lambda: east.heard, "the position at start")
            for n in range(1, 4):
                rows = [(new, NOW - n * 1000, float(n)), (TEMPERATURE, NOW - n * 1000, 0.0), ("never.known", NOW, 1.0)]
                east.send(frame(rows[: 2 + n % 2], seq=n, events=[event("e-3.credential", NOW - n, data={"n": n})]))
            await until(lambda: east.done, "the commit")
        assert historian.count("yard", new, NEVER, EVER) == 0
        for _ in range(2):
            async with ingesting(broker.url, historian, database, site=later, data_dir=data):
                await until(lambda: historian.count("yard", new, NEVER, EVER) == 3, "what was set aside")
            assert historian.count("yard", TEMPERATURE, NEVER, EVER) == 3
            assert len(historian.events("yard", "e-3.credential", NEVER, EVER, 10)) == 3
            assert len(list((data / "aside").iterdir())) <= 2, "what holds nothing unknown any more is gone"


async def test_a_changed_site_file_comes_into_force_while_readings_flow(
    mosquitto: servers.Broker, historian: DuckDBHistorian, database: Database
) -> None:
    """What waited for it is taken up and no longer held against anybody; a new gateway is heard."""
    new, takers = "e-3.temperature", list[Take]()
    async with (
        sending(mosquitto.url, "yard", "gw-east") as east,
        sending(mosquitto.url, "yard", "gw-new") as other,
        ingesting(mosquitto.url, historian, database, follow=takers.append),
    ):
        east.send(frame([(new, NOW - 3000, 1.0), ("never.known", NOW, 1.0)]))
        other.send(frame([("n-1.temperature", NOW - 3000, 1.0)]))
        await until(lambda: east.done, "the commit")
        await until(lambda: ("gw-east/" + new, Fault.UNKNOWN_POINT) in quarantine(database), "the entry")
        (take,) = takers
        await take(make_site(east=3, new=1))
        assert historian.count("yard", new, NEVER, EVER) == 1
        assert [source for source, _ in quarantine(database)] == ["gw-east/never.known"]
        await until(lambda: other.done, "the new gateway's commit")
        east.send(frame([(new, NOW - 2000, 1.0)], seq=2))
        await until(lambda: east.done, "the commit")
    assert historian.count("yard", new, NEVER, EVER) == 2
    assert historian.count("yard", "n-1.temperature", NEVER, EVER) == 1


async def test_what_our_clock_held_for_the_future_is_stored_when_it_is_right_again(
    mosquitto: servers.Broker, historian: DuckDBHistorian, database: Database, tmp_path: Path
) -> None:
    """The machine comes up two days behind, and NTP finds it a while later: nothing that was sent meanwhile is lost."""
    behind = [2 * 86_400_000]
    rows = [(TEMPERATURE, NOW - n, float(n)) for n in range(50)]
    async with (
        ingesting(mosquitto.url, historian, database, wall=lambda: wall_ms() - behind[0]),
        sending(mosquitto.url, "yard", "gw-east") as east,
    ):
        east.behind_ms = behind[0]
        east.send(frame(rows, events=[event(CREDENTIAL, NOW, data={"card": "x"})]))
        east.send(frame([("never.known", NOW, 1.0)], seq=2))
        await until(lambda: east.done, "the commit")
        await until(lambda: len(quarantine(database)) == 3, "the entries")
        entry = quarantine(database)[TEMPERATURE, Fault.FUTURE.value]
        assert (entry.count, entry.kept) == (50, 50)
        assert historian.count("yard", None, NEVER, EVER) == 0
        behind[0] = east.behind_ms = 0
        await until(lambda: len(quarantine(database)) == 1, "what was set aside to be stored")
        assert historian.count("yard", TEMPERATURE, NEVER, EVER) == 50
        assert len(historian.events("yard", CREDENTIAL, NEVER, EVER, 9)) == 1
    assert quarantine(database)["gw-east/never.known", Fault.UNKNOWN_POINT.value].kept == 1


async def test_what_is_set_aside_is_tried_again_when_somebody_asks(
    mosquitto: servers.Broker, historian: DuckDBHistorian, database: Database
) -> None:
    behind = [620_000]
    async with (
        ingesting(mosquitto.url, historian, database, wall=lambda: wall_ms() - behind[0]),
        sending(mosquitto.url, "yard", "gw-east") as east,
    ):
        east.behind_ms = behind[0]
        at = wall_ms()
        east.send(frame([(TEMPERATURE, at, 1.0), (TEMPERATURE, at + 3_600_000, 1.0)]))
        await until(lambda: east.done, "the commit")
        await until(lambda: quarantine(database), "the entry")
        behind[0] = 600_000
        with database.begin() as connection:
            assert ask_again(connection, "yard", at) == 1
        await until(lambda: quarantine(database)[TEMPERATURE, Fault.FUTURE.value].tried, "the answer")
    entry = quarantine(database)[TEMPERATURE, Fault.FUTURE.value]
    assert (entry.count, entry.kept, entry.asked) == (1, 1, None)
    assert historian.count("yard", TEMPERATURE, NEVER, EVER) == 1


async def test_a_clock_set_back_over_a_restart_refuses_nothing(
    mosquitto: servers.Broker, historian: DuckDBHistorian, database: Database, tmp_path: Path
) -> None:
    data = tmp_path / "data"
    async with sending(mosquitto.url, "yard", "gw-east") as east:
        for seq, behind in ((1, 0), (2, 7_200_000)):
            east.behind_ms = behind
            async with ingesting(
                mosquitto.url,
                historian,
                database,
                data_dir=data,
                wall=lambda behind=behind: wall_ms() - behind,  # type: ignore[misc]
            ):
                east.send(frame([(TEMPERATURE, NOW + seq, 1.0)], seq=seq))
                await until(lambda: east.done, "the commit")
    assert historian.count("yard", TEMPERATURE, NEVER, EVER) == 2
    assert quarantine(database) == {}
