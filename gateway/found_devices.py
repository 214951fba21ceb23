"""The devices that were announced: a bounded list; what is said of one in several places is put together.

Pure but for what it remembers. What stands at the broker (discovery, Zigbee2MQTT's list) is listed until it is taken
back; what was an event (a join, an uplink, a birth) until it has not been heard for a week.
"""

from collections.abc import Container, Iterable
from dataclasses import dataclass, field

from backbone.found import FoundRow
from community.site.announced import Announced
from gateway.announcements.announcement import Heard, Source, bounded

MOST = 1000
"""Devices kept; beyond, the one that was not heard for longest makes room."""
SHOWN = 200
MOST_PARTS = 64
"""Announcements of one device; Home Assistant's discovery has one a value."""
KEPT_MS = 7 * 86_400_000
_HEARSAY = ("home-assistant",)
"""Sources that speak for others; who reads the device itself knows it better."""


@dataclass(slots=True)
class _Device:
    first: int
    last: int
    times: int = 0
    stands: bool = False
    parts: dict[str, Announced] = field(default_factory=dict)
    """By the topic that said it."""
    put_together: Announced | None = None

    def together(self) -> Announced:
        """All that is said of it."""
        if self.put_together is None:
            self.put_together = _together(self.parts.values())
        return self.put_together


class FoundDevices:
    """The list of one gateway."""

    def __init__(self) -> None:
        self._devices: dict[str, _Device] = {}
        self._said: dict[str, tuple[str, ...]] = {}
        """Whom each topic announced when it last spoke."""
        self.crowded_out = 0

    def hear(self, source: Source, topic: str, heard: Iterable[Heard], now: int) -> None:
        """What `topic` says now, in full."""
        named = {each.identity: each.announced for each in heard}
        for identity in self._said.pop(topic, ()):
            if identity not in named:
                self._take_back(identity, topic)
        for identity, announced in named.items():
            device = self._devices.get(identity)
            if device is None:
                device = self._devices[identity] = _Device(now, now)
            device.last = now
            device.times += 1
            device.stands = device.stands or source.stands
            if topic in device.parts or len(device.parts) < MOST_PARTS:
                device.parts[topic] = announced
                device.put_together = None
        if named:
            self._said[topic] = tuple(named)
        while len(self._devices) > MOST:
            self._forget(min(self._devices, key=lambda identity: self._devices[identity].last))
            self.crowded_out += 1

    def rows(self, known: Container[str], now: int) -> list[FoundRow]:
        """Those the site file does not have, the one heard last first."""
        for identity in [i for i, device in self._devices.items() if not device.stands and now - device.last > KEPT_MS]:
            self._forget(identity)
        rows = [
            FoundRow(announced, device.first, device.last, device.times)
            for device in self._devices.values()
            if (announced := device.together()).topic and announced.topic not in known
        ]
        return sorted(rows, key=lambda row: (-row.last, row.device.topic))

    def _take_back(self, identity: str, topic: str) -> None:
        device = self._devices.get(identity)
        if device is None or device.parts.pop(topic, None) is None:
            return
        device.put_together = None
        if not device.parts:
            del self._devices[identity]

    def _forget(self, identity: str) -> None:
        for topic in self._devices.pop(identity).parts:
            left = tuple(other for other in self._said.get(topic, ()) if other != identity)
            if left:
                self._said[topic] = left
            else:
                self._said.pop(topic, None)


def _together(parts: Iterable[Announced]) -> Announced:
    """The first text there is, and all values."""
    ordered = sorted(parts, key=lambda part: part.source in _HEARSAY)
    unreadable = dict.fromkeys(name for part in ordered for name in part.unreadable)
    return Announced(
        ordered[0].source,
        ordered[0].decoder,
        next((part.topic for part in ordered if part.topic), ""),
        name=next((part.name for part in ordered if part.name), ""),
        maker=next((part.maker for part in ordered if part.maker), ""),
        model=next((part.model for part in ordered if part.model), ""),
        about=next((part.about for part in ordered if part.about), ""),
        values=bounded(value for part in ordered for value in part.values),
        unreadable=tuple(unreadable)[:MOST_PARTS],
    )
