"""A gateway on /metrics: what its status says, device by device. Labels are ids of the site file and known reasons."""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from prometheus_client import REGISTRY
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

MOST_DEVICES = 2_000
"""Shown one by one; a gateway with more is counted in its status alone."""
LONGEST_ERROR = 60


class DeviceRow(NamedTuple):
    """How a device fares. `last`: Unix ms."""

    device: str
    ok: bool
    last: int | None
    error: str | None


class _Gateways(Collector):
    """Read in the thread that serves /metrics: what the loop leaves here is replaced as a whole."""

    def __init__(self) -> None:
        self.devices: dict[str, tuple[DeviceRow, ...]] = {}
        self.hours_left: dict[str, float | None] = {}

    def collect(self) -> Iterator[GaugeMetricFamily]:
        whose = ["gateway", "device"]
        up = GaugeMetricFamily("anju_gateway_device_up", "1 while the device answers", labels=whose)
        last = GaugeMetricFamily(
            "anju_gateway_device_last_timestamp_seconds", "When the device was heard last", labels=whose
        )
        error = GaugeMetricFamily(
            "anju_gateway_device_error", "1 with the last error of a device that fails", labels=[*whose, "error"]
        )
        for gateway, rows in tuple(self.devices.items()):
            for row in rows:
                up.add_metric([gateway, row.device], float(row.ok))
                if row.last is not None:
                    last.add_metric([gateway, row.device], row.last / 1000)
                if row.error is not None:
                    error.add_metric([gateway, row.device, row.error[:LONGEST_ERROR]], 1.0)
        hours = GaugeMetricFamily(
            "anju_gateway_spool_hours_left",
            "Hours of outage the spool still holds at the present rate; absent while nothing comes",
            labels=["gateway"],
        )
        for gateway, left in tuple(self.hours_left.items()):
            if left is not None:
                hours.add_metric([gateway], left)
        yield from (up, last, error, hours)


_gateways = _Gateways()
REGISTRY.register(_gateways)


def show(gateway: str, devices: Iterable[DeviceRow], hours_left: float | None) -> None:
    """What /metrics says of a gateway from now on."""
    rows = tuple(devices)
    _gateways.devices[gateway] = rows if len(rows) <= MOST_DEVICES else ()
    _gateways.hours_left[gateway] = hours_left
