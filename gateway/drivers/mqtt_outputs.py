"""Outputs of devices that speak MQTT: told by a message, verified by the state they say afterwards.

A bridge may say at once what it was told, before the device has done it: the device is asked afterwards, and only what
it says then counts.
"""

import asyncio
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from community.site.devices import Gateway
from community.site.profile import MqttCommand
from community.site.site import Site, measure_of
from gateway.decoders.formats import places_of
from gateway.device_reader import Channel, DeviceReader
from gateway.switch import SwitchError

CARRIED_OUT_S = 1.0
"""A device that is told what it is already may say nothing; it is asked after this."""
ANSWER_S = 5.0
"""A mesh of battery-less devices answers within a second; one that is busy or far takes longer."""
LOOK_S = 0.01
DEAF = "no connection to the sensors' broker"


class Publisher(Protocol):
    """As much of the connection to the sensors' broker as this needs."""

    def publish(self, topic: str, payload: bytes, *, qos: int = 1, retain: bool = False) -> bool:
        """Hand a message to the broker; False when that cannot be done now."""
        ...


@dataclass(frozen=True, slots=True)
class _Output:
    channel: Channel
    places: Mapping[str, str]
    """What stands for the names in braces of the command."""
    command: MqttCommand


class MqttOutputs:
    """The outputs of one gateway's MQTT devices."""

    def __init__(self, bus: Publisher, site: Site, gateway: Gateway, readers: Mapping[str, DeviceReader]) -> None:
        self._bus = bus
        self._outputs: dict[str, _Output] = {}
        for device in gateway.devices:
            decoder = site.profiles[device.profile].decoder
            for channel in readers[device.id].channels if device.mqtt is not None else ():
                command = measure_of(site, site.points[channel.point]).command
                if command is not None and device.mqtt is not None:
                    self._outputs[channel.point] = _Output(channel, places_of(decoder, device.mqtt.topic), command)
        self.devices = frozenset(site.points[point].device for point in self._outputs)

    async def write(self, device: str, point: str, value: int) -> float:
        """Set an output, and what it says that it is.

        Raises:
            SwitchError: it was not told, or said nothing.
        """
        output = self._outputs[point]
        said = output.channel.heard
        meant = 1 - value if output.channel.invert else value
        self._say(output, output.command.topic, output.command.say["1" if meant else "0"])
        await self._heard(output, said, value, CARRIED_OUT_S)
        return await self.read_back(device, point)

    async def read_back(self, device: str, point: str) -> float:
        """What an output says that it is.

        Raises:
            SwitchError: it was not asked, or said nothing.
        """
        output = self._outputs[point]
        said = output.channel.heard
        self._say(output, output.command.ask.topic, output.command.ask.payload)
        await self._heard(output, said, None, ANSWER_S)
        if output.channel.heard <= said or output.channel.x is None:
            raise SwitchError(f"{device} has not said its state in time")
        return output.channel.x

    def _say(self, output: _Output, topic: str, payload: str) -> None:
        for name, place in output.places.items():
            topic, payload = (text.replace(f"{{{name}}}", place) for text in (topic, payload))
        if "{" in topic:
            raise SwitchError(f"its topic in the site file does not say where {topic} is")
        if not self._bus.publish(topic, payload.encode()):
            raise SwitchError(DEAF)

    async def _heard(self, output: _Output, said: int, wanted: int | None, within_s: float) -> None:
        """Once it has said something since, and what is wanted if anything is; or once the time is up."""
        channel, end_s = output.channel, time.monotonic() + within_s
        while time.monotonic() < end_s:
            if channel.heard > said and wanted in (None, channel.x):
                return
            await asyncio.sleep(LOOK_S)
