"""The connections of a gateway to its brokers, and in which order they are opened and left."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass

from backbone.broker_access import Message
from backbone.bus import Bus
from backbone.ways import Ways
from gateway.settings import GatewaySettings

LAST_WORDS_S = 0.5


@dataclass(frozen=True, slots=True)
class Connections:
    """Frames and commands go by `platform`, on a cluster what is urgent by `ways` as well; sensors are heard by two,
    the urgent ones by one of their own.
    """

    platform: Bus
    ways: Ways
    sensors: Bus
    urgent: Bus
    announcers: Bus | None
    """What devices announce; None: nobody looks for them."""
    last_word: Message

    @classmethod
    def planned(
        cls, settings: GatewaySettings, site: str, gateway: str, sensors_url: str | None, last_word: Message
    ) -> "Connections":
        """All of them, none opened; `sensors_url` None: the sensors speak to the platform's broker."""
        platform = Bus.of_platform(settings, f"gateway-{gateway}", will=last_word)
        ways = Ways.of_platform(settings, f"gateway-{gateway}")
        # sensors' brokers keep what they say until this gateway has spooled it, but not what devices announce
        sensors, urgent = (
            _to_sensors(settings, sensors_url, f"gateway-{site}-{gateway}-{name}", session=True)
            for name in ("sensors", "urgent")
        )
        finder = f"gateway-{site}-{gateway}-finder"
        announcers = _to_sensors(settings, sensors_url, finder, session=False) if settings.discovery else None
        return cls(platform, ways, sensors, urgent, announcers, last_word)

    @contextlib.asynccontextmanager
    async def opened(self) -> AsyncIterator[None]:
        """Open inside; at the end the last word is said, and the broker given a moment for it."""
        wanted = (self.platform, self.ways, self.sensors, self.announcers, self.urgent)
        async with contextlib.AsyncExitStack() as stack:
            for one in wanted:
                if one is not None:
                    await stack.enter_async_context(one)
            yield
            self.platform.publish(self.last_word.topic, self.last_word.payload, qos=1, retain=True)
            await _until_acknowledged(self.platform)


def _to_sensors(settings: GatewaySettings, url: str | None, name: str, *, session: bool) -> Bus:
    return Bus(
        url or settings.broker_url,
        name,
        ca=settings.sensors_ca or settings.mqtt_ca,
        cert=settings.sensors_cert or settings.mqtt_cert,
        key=settings.sensors_key if settings.sensors_cert else settings.mqtt_key,
        session=session,
    )


async def _until_acknowledged(bus: Bus) -> None:
    end_s = time.monotonic() + LAST_WORDS_S
    while bus.connected and bus.unacknowledged and time.monotonic() < end_s:  # noqa: ASYNC110  (the bus has no event)
        await asyncio.sleep(0.01)
