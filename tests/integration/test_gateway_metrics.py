"""A gateway's /metrics as a Prometheus server scrapes it."""

import asyncio
from pathlib import Path
from urllib.request import urlopen

from prometheus_client.parser import text_string_to_metric_families

from tests.gateway_rig import Consumer, Operator, gateway_program
from tests.gateway_site import GATEWAY, modbus_device, mqtt_device, site_text
from tests.servers import Broker, free_port
from tests.waiting import until

Samples = dict[tuple[str, ...], float]


def scraped(port: int) -> Samples:
    """By name and labels other than the gateway's."""
    with urlopen(f"http://127.0.0.1:{port}/metrics", timeout=5) as answer:
        families = text_string_to_metric_families(answer.read().decode())
        return {
            (sample.name, *(value for key, value in sorted(sample.labels.items()) if key != "gateway")): sample.value
            for family in families
            for sample in family.samples
        }


async def test_a_scrape_tells_of_each_device_its_last_error_and_the_spool(mosquitto: Broker, tmp_path: Path) -> None:
    port, dead = free_port(), free_port()
    devices = [
        mqtt_device("climate", "zigbee2mqtt-climate", "zigbee2mqtt/climate"),
        modbus_device("air", "xy-md02", dead, 1, ", every: 100ms"),
    ]
    more = {"ANJU_CONSUMERS": "rules", "ANJU_STATUS_S": "0.5", "ANJU_METRICS_PORT": str(port)}
    gateway = gateway_program(mosquitto.url, tmp_path, site_text(devices), ANJU_GATEWAY=GATEWAY, **more)
    rules = Consumer("rules")
    async with Operator.connected(mosquitto.port) as operator, rules.running(mosquitto.port):
        try:
            await asyncio.to_thread(gateway.start)
            await operator.online()
            operator.publish("zigbee2mqtt/climate", {"temperature": 21.5})
            await rules.until(1)
            await until(lambda: operator.status["devices"]["climate"]["ok"], "the status")
            await until(lambda: operator.status["devices"]["air"]["error"], "the error")
            found = await asyncio.to_thread(scraped, port)
        finally:
            gateway.stop()
    assert found["anju_gateway_device_up", "climate"] == 1
    assert found["anju_gateway_device_up", "air"] == 0
    assert found["anju_gateway_device_error", "air", "no connection"] == 1
    assert found["anju_gateway_device_last_timestamp_seconds", "climate"] > 1_700_000_000
    assert ("anju_gateway_device_error", "climate", "no connection") not in found
    assert found["anju_gateway", "readings"] >= 1
    assert found["anju_gateway", "frames_dropped"] == 0
    assert not [key for key in found if key[0].startswith("anju_gateway_device") and len(key) > 3]
