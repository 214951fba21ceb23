"""MQTT clients as the gateway's ear: the same messages to each, which only parses their JSON and acknowledges them.

The figure is processor time a message: messages a second follow what else the machine does.

Run `python -m benchmarks.mqtt_clients`. Clients that are not installed are named. One that is no dependency is measured
from a folder of its own: `pip install --target /tmp/clients aiomqtt`, then the same with `PYTHONPATH=/tmp/clients`.
"""

import importlib.util
import json
import sys
from collections.abc import Iterator
from functools import partial

from benchmarks.figures import Figure
from benchmarks.gateway import PAHO, measure, through_loop

GMQTT = """
import asyncio, json, sys
import gmqtt
seen = 0
def on_message(client, _topic, body, _qos, _properties):
    global seen
    json.loads(body)
    seen += 1
    if seen % 100 == 0:
        client.publish("bench/seen", str(seen))
    return 0
async def main():
    client = gmqtt.Client("loop")
    client.on_message = on_message
    client.on_subscribe = lambda *_: client.publish("bench/seen", "0")
    await client.connect("127.0.0.1", int(sys.argv[1]))
    client.subscribe("zigbee2mqtt/#", qos=1)
    await asyncio.Event().wait()
asyncio.run(main())
"""
BUS = """
import asyncio, json, sys
from backbone.bus import Bus
seen = 0
async def main():
    async with Bus(f"mqtt://127.0.0.1:{sys.argv[1]}", "loop") as bus:
        def on_message(_topic, body):
            global seen
            json.loads(body)
            seen += 1
            if seen % 100 == 0:
                bus.publish("bench/seen", str(seen).encode())
        bus.subscribe("zigbee2mqtt/#", on_message)
        bus.subscribe("bench/ears", lambda *_: bus.publish("bench/seen", str(seen).encode()))
        while not seen:
            bus.publish("bench/ears", b"", qos=0)
            await asyncio.sleep(0.05)
        await asyncio.Event().wait()
asyncio.run(main())
"""
AIOMQTT = """
import asyncio, json, sys
import aiomqtt
async def main():
    seen = 0
    async with aiomqtt.Client("127.0.0.1", int(sys.argv[1])) as client:
        await client.subscribe("zigbee2mqtt/#", qos=1)
        await client.publish("bench/seen", "0")
        async for message in client.messages:
            json.loads(message.payload)
            seen += 1
            if seen % 100 == 0:
                await client.publish("bench/seen", str(seen))
asyncio.run(main())
"""
CLIENTS = {
    "paho": ("paho", PAHO),
    "gmqtt": ("gmqtt", GMQTT),
    "gmqtt_bus": ("gmqtt", BUS),
    "aiomqtt": ("aiomqtt", AIOMQTT),
}


def figures() -> Iterator[Figure]:
    """One row a client that is installed."""
    for name, (package, program) in CLIENTS.items():
        if importlib.util.find_spec(package) is None:
            print(f"not measured: {name}, for {package} is not installed", file=sys.stderr)
            continue
        row = measure(f"mqtt_clients.{name}", None, partial(through_loop, program=program))
        more = {"messages_per_s": round(row.value), "memory_mb": row.more["memory_mb"]}
        yield Figure(f"{row.name}_cpu_us_a_message", row.more["cpu_us_a_message"], "µs", row.n, lower=True, more=more)


if __name__ == "__main__":
    for figure in figures():
        print(json.dumps(figure.row()))
