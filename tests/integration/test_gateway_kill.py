"""kill -9 at random points: what was ever sent is not lost, and no number names two frames."""

import asyncio
import random
import sys
from pathlib import Path

from backbone.frames import decode
from community.site.profile import Lane
from gateway.spool import Spool
from tests.gateway_rig import Consumer, Operator
from tests.servers import ROOT, Broker, Process, wait_until
from tests.waiting import until

NOW = 1_790_000_000_000
WRITER = """
import sys
from pathlib import Path
from backbone.frames import FrameBuilder
from community.site.profile import Lane
from gateway.spool import Spool
spool = Spool.open(Path(sys.argv[1]), max_bytes=10**9, max_age_ms=10**9, now={now})
value = int(sys.argv[2])
builder = FrameBuilder()
while True:
    for _ in range(1 + value % 5):
        value += 1
        builder.add("d.m", value, float(value), 0)
        spool.put(Lane.URGENT if value % 3 == 0 else Lane.BULK, builder, {now})
    spool.flush({now})
    if value % 7 == 0:
        spool.sync()
    if value % 11 == 0:
        spool.forget(Lane.URGENT, spool.newest(Lane.URGENT) - 40)
        spool.tidy({now})
    print(value, spool.newest(Lane.BULK), flush=True)
"""


def test_what_was_flushed_survives_kill_9_at_any_point(tmp_path: Path) -> None:
    chance = random.Random(7)
    folder = tmp_path / "spool"
    flushed = 0
    used: dict[int, float] = {}
    for number in range(8):
        child = Process(
            f"writer-{number}",
            [sys.executable, "-c", WRITER.format(now=NOW), str(folder), str(flushed)],
            tmp_path,
            env={"PYTHONPATH": str(ROOT)},
        )
        lines = chance.randint(3, 400)
        child.start(lambda child=child, lines=lines: child.output().count("\n") > lines)  # type: ignore[misc]
        child.kill()
        rows = [line.split() for line in child.output().splitlines(keepends=True) if line.endswith("\n")]
        flushed = int(rows[-1][0])
        assert int(rows[0][1]) >= max(used, default=0), "numbers never go back"
        spool = Spool.open(folder, max_bytes=10**9, max_age_ms=10**9, now=NOW)
        assert spool.recovery is None
        at, values = 0, []
        while (row := spool.after(Lane.BULK, at)) is not None:
            frame = decode(spool.wire(row, at))
            assert used.setdefault(row.seq, float(frame.x[0])) == float(frame.x[0])
            values += frame.x.tolist()
            at = row.seq
        wanted = [float(value) for value in range(1, flushed + 1) if value % 3]
        assert values[: len(wanted)] == wanted, "each once, in order"
        assert len(values) - len(wanted) <= 5
        flushed = max(flushed, int(max(values)))
        spool.close(NOW)


SERVICE = """
import asyncio, sys
from pathlib import Path
from gateway.service import run
from tests.gateway_rig import gateway_settings
from tests.gateway_site import mqtt_device, site_of
SITE = site_of([mqtt_device("climate", "zigbee2mqtt-climate", "zigbee2mqtt/climate")])
asyncio.run(run(gateway_settings(int(sys.argv[1]), Path(sys.argv[2]), bulk_age_s=0.02), SITE, asyncio.Event()))
"""


async def test_a_gateway_killed_again_and_again_gives_every_consumer_the_same(
    mosquitto: Broker, tmp_path: Path
) -> None:
    """What the gateway took while it lived reaches both consumers, once and in order, also the one that came last."""
    chance = random.Random(3)
    rules, ingest = Consumer("rules"), Consumer("ingest")
    gateway = Process(
        "gateway",
        [sys.executable, "-c", SERVICE, str(mosquitto.port), str(tmp_path / "data")],
        tmp_path,
        env={"PYTHONPATH": str(ROOT)},
    )
    value = 0
    try:
        async with Operator.connected(mosquitto.port) as operator:
            async with rules.running(mosquitto.port):
                for _ in range(4):
                    await asyncio.to_thread(gateway.start)
                    await operator.online()
                    end = asyncio.get_running_loop().time() + chance.uniform(0.2, 0.8)
                    while asyncio.get_running_loop().time() < end:
                        value += 1
                        operator.publish("zigbee2mqtt/climate", {"temperature": value / 100})
                        await asyncio.sleep(0.001)
                    await asyncio.to_thread(gateway.kill)
                    await until(lambda: operator.status["online"] is False, "the will")
                await asyncio.to_thread(gateway.start)
                await operator.online()
                operator.publish("zigbee2mqtt/climate", {"temperature": 70})
                await until(lambda: 70.0 in rules.values("climate.temperature"), "the last reading")
            assert ingest.readings == []
            async with ingest.running(mosquitto.port):
                await until(lambda: 70.0 in ingest.values("climate.temperature"), "all of it for the other")
    finally:
        gateway.stop()
    seen = rules.values("climate.temperature")
    assert len(seen) > 100
    assert seen == sorted(set(seen)), "each once, in order"
    assert ingest.values("climate.temperature") == seen
    wait_until(lambda: not gateway.running, what="the gateway's end")
