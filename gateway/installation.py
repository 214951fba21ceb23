"""What one site file makes of a gateway: built whole, at start and whenever the file changes, and then taken over.

What the file says as before is not built again: those readers and lines go on undisturbed. A device that changed gets a
new reader, which goes on with what is known of the device.
"""

from collections.abc import Callable, Mapping, Set
from dataclasses import dataclass

from community.site.adoption import KnownTopics
from community.site.devices import Device, DeviceMode, Gateway, Line
from community.site.site import Point, Site
from gateway.device_reader import DeviceReader, reader_of
from gateway.drivers.modbus import ModbusDriver, Unit, unit_of
from gateway.interlocks import Row, rows_of, watched_by
from gateway.routing import Routes, plan_routes

NewLine = Callable[[Line, list[Unit]], ModbusDriver]


@dataclass(frozen=True, slots=True)
class Installation:
    """The devices of one gateway, and what hangs on them."""

    site: Site
    row: Gateway
    interlocks: tuple[Row, ...]
    readers: Mapping[str, DeviceReader]
    """By device."""
    modes: Mapping[str, DeviceMode]
    """Of the site file, by device."""
    routes: Routes
    lines: Mapping[str, ModbusDriver]
    """By address."""
    points: Mapping[str, Point]
    known: KnownTopics


def installed(
    site: Site, row: Gateway, before: Installation | None, new_line: NewLine, *, urgent_poll_s: float
) -> Installation:
    """What the site file says for the gateway `row`, with what stays of `before`."""
    rows = rows_of(site, row)
    watched = watched_by(rows)
    readers = {device.id: _reader(site, device, watched, before) for device in row.devices}
    units: dict[Line, list[Unit]] = {}
    for device in row.devices:
        if device.modbus is not None:
            unit = unit_of(site, device, readers[device.id], urgent_poll_s=urgent_poll_s)
            units.setdefault(device.modbus.line, []).append(unit)
    return Installation(
        site,
        row,
        rows,
        readers,
        {device.id: device.mode for device in row.devices},
        plan_routes(site, row.id, readers),
        {line.address: _kept_line(before, line, behind) or new_line(line, behind) for line, behind in units.items()},
        {point.id: point for point in site.points_of_gateway[row.id]},
        KnownTopics(site),
    )


def _kept_line(before: Installation | None, line: Line, units: list[Unit]) -> ModbusDriver | None:
    """The driver of a line behind which nothing changed."""
    driver = before.lines.get(line.address) if before is not None else None
    if before is None or driver is None or driver.devices != tuple(unit.reader.device for unit in units):
        return None
    return driver if all(unit.reader is before.readers[unit.reader.device] for unit in units) else None


def _reader(site: Site, device: Device, watched: Set[str], before: Installation | None) -> DeviceReader:
    """The device's reader as it is when nothing about it changed, else a new one that goes on where it was."""
    reader = reader_of(site, device, watched)
    known = before.readers.get(device.id) if before is not None else None
    if before is None or known is None:
        return reader
    if _about(site, device) == _about(before.site, before.site.devices[device.id]) and [
        channel.watched for channel in reader.channels
    ] == [channel.watched for channel in known.channels]:
        return known
    reader.take_over(known)
    return reader


def _about(site: Site, device: Device) -> object:
    """All that a device's reading depends on."""
    profile = site.profiles[device.profile]
    return device, profile, [site.points[f"{device.id}.{measure}"] for measure in profile.measures]
