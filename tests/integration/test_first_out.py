"""A pump room without power: what fails with it is one alarm, one ticket and one call, not sixty-one."""

from pathlib import Path

from sqlalchemy import select

from backbone.database.alarms import list_alarms
from backbone.database.database import Database
from backbone.database.documents import decode
from backbone.database.tables import escalations
from backbone.database.tickets import list_tickets
from backbone.settings import Settings
from backbone.site_files import read_site
from community.alarms import Alarm
from community.escalations import Escalation
from community.site.profile import Lane
from community.site.site import Site
from rules.settings import RulesSettings
from tests.rules_rig import edge, judging, open_database
from tests.servers import ROOT, Broker
from tests.waiting import until

CONSEQUENCES = 60
TRANSMITTER = (
    "      - {{id: press-{n}, profile: pressure-transmitter, zone: pump-room, "
    'modbus: {{tcp: "127.0.0.1:15099", unit: {n}}}, every: 10m}}\n'
)


DELAYS = {"for: 5s\n    clear_after: 60s": "for: 0s\n    clear_after: 0s", "for: 15s": "for: 0s"}
"""What the demo community waits, and what a test does."""


def big_pump_room(folder: Path) -> Site:
    """The demo community with sixty pressure transmitters in its pump room."""
    text = (ROOT / "sites" / "jinxiu.yaml").read_text(encoding="utf-8")
    before = "      - {id: pressure-1, "
    more = "".join(TRANSMITTER.format(n=n) for n in range(1, CONSEQUENCES + 1))
    for old, new in {before: more + before, **DELAYS}.items():
        assert old in text
        text = text.replace(old, new, 1)
    path = folder / "jinxiu.yaml"
    path.write_text(text, encoding="utf-8")
    return read_site(Settings(site=path))


async def test_sixty_consequences_are_one_alarm_one_ticket_and_one_call(broker: Broker, tmp_path: Path) -> None:
    site, database = big_pump_room(tmp_path), open_database(tmp_path)
    gateway = site.points["meter-pump-1.voltage"].gateway
    low = [f"press-{n}.pressure" for n in range(1, CONSEQUENCES + 1)]
    async with edge(broker.url, site, gateway) as pumps:
        async with judging(RulesSettings(mqtt_url=broker.url), site, database):
            pumps.send(("meter-pump-1.voltage", 0.0), lane=Lane.BULK)
            await until(lambda: alarms_of(database, site), "the power cut")
            pumps.send(*((point, 0.02) for point in low))
            await until(lambda: len(alarms_of(database, site)) > CONSEQUENCES, "its consequences")
            pumps.send(("smoke-pump-a.smoke", 1.0))
            await until(lambda: len(alarms_of(database, site)) > CONSEQUENCES + 1, "smoke meanwhile")
        first, smoke = in_own_right(database, site)
        assert (first.rule, first.scope) == ("pump-room-power", "pump-room")
        assert smoke.rule == "smoke", "fire is nobody's consequence"
        assert sum(alarm.first_out == first.id for alarm in alarms_of(database, site)) == CONSEQUENCES
        assert {first.id, smoke.id} == ticketed(database, site) == called(database, site)

        async with judging(
            RulesSettings(mqtt_url=broker.url), site, database
        ):  # what it knows of them is in the database
            still = low.pop()
            pumps.send(*((point, 0.4) for point in low))
            pumps.send(("meter-pump-1.voltage", 228.0), ("meter-pump-2.voltage", 228.0), lane=Lane.BULK)
            await until(lambda: pumps.of("alarm", "ungrouped"), "what still stands when the power is back")
    (own,) = (alarm for alarm in in_own_right(database, site) if alarm.rule == "hydrant-pressure-low" and alarm.ticket)
    assert own.scope == still
    assert own.id in called(database, site)
    database.close()


def alarms_of(database: Database, site: Site) -> list[Alarm]:
    """The oldest first; the rest of the site says nothing here, and may be found silent."""
    with database.read() as c:
        return [alarm for alarm in list_alarms(c, site.id, limit=1000)[::-1] if alarm.rule != "fire-detector-silent"]


def in_own_right(database: Database, site: Site) -> list[Alarm]:
    return [alarm for alarm in alarms_of(database, site) if alarm.first_out is None]


def ticketed(database: Database, site: Site) -> set[str]:
    """The alarms somebody was sent for; every rule but the low ones, which make tickets of their own."""
    with database.read() as c:
        found = {ticket.alarm for ticket in list_tickets(c, site.id, limit=1000) if ticket.alarm is not None}
    return found & {alarm.id for alarm in alarms_of(database, site)}


def called(database: Database, site: Site) -> set[str]:
    """The alarms people are told of."""
    with database.read() as c:
        found = [decode(row.document, Escalation) for row in c.execute(select(escalations))]
    return {escalation.cause for escalation in found} & {alarm.id for alarm in alarms_of(database, site)}
