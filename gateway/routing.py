"""Which device speaks on a topic: exact topics by one look-up, then those with `+`, split once at start.

Formats that are conversations are looked up by the party that speaks; their devices by address.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import NamedTuple

from backbone.topics import matches
from community.site.site import Site
from gateway.codecs import codec_named
from gateway.decoders.conversation import Conversation
from gateway.decoders.decoded import Decode
from gateway.decoders.formats import conversation_named, format_named
from gateway.device_reader import DeviceReader

_KEPT = 10_000


class MqttRoute(NamedTuple):
    """How messages of one topic are read, and for which device; no reader: another gateway of the site has it."""

    reader: DeviceReader | None
    decode: Decode
    current: bool


class Watch(NamedTuple):
    """A filter all devices of a format speak under, and what of it carries no readings."""

    topic_filter: str
    is_noise: Callable[[str], bool]


class Talk(NamedTuple):
    """A party of a conversation, and the devices behind it by address; no reader: another gateway has it."""

    conversation: Conversation
    party: str
    readers: dict[str, DeviceReader | None]

    @property
    def urgent(self) -> bool:
        """Whether a device of this gateway behind it has an urgent point."""
        return any(reader is not None and reader.urgent for reader in self.readers.values())


class Routes:
    """The table of one gateway."""

    def __init__(
        self, routes: Iterable[tuple[str, MqttRoute]], watches: Iterable[Watch], talks: Iterable[Talk] = ()
    ) -> None:
        routes = list(routes)
        self.talks = {talk.party: talk for talk in talks}
        self._conversations = tuple({id(talk.conversation): talk.conversation for talk in self.talks.values()}.values())
        self._exact = {topic: route for topic, route in routes if "+" not in topic}
        self._patterns = [(tuple(topic.split("/")), route) for topic, route in routes if "+" in topic]
        self._found: dict[str, MqttRoute] = {}
        self._watches = tuple({watch.topic_filter: watch for watch in watches}.values())
        wide = [watch.topic_filter for watch in self._watches]
        single = [t for t, r in routes if r.reader is not None and not any(matches(w, t) for w in wide)]
        self.filters = tuple(wide + single)
        """What to subscribe to."""
        urgent = [topic for topic, route in routes if route.reader is not None and route.reader.urgent]
        self._urgent_parties = {party for party, talk in self.talks.items() if talk.urgent}
        for party in self._urgent_parties:
            urgent += self.talks[party].conversation.topics(party)
        self.urgent_filters = tuple(dict.fromkeys(urgent))
        """What to subscribe to on the connection of urgent devices."""
        readers = [route.reader for _, route in routes]
        readers += [reader for talk in self.talks.values() for reader in talk.readers.values()]
        self.devices = frozenset(reader.device for reader in readers if reader is not None)
        """Of this gateway."""

    def of(self, topic: str) -> MqttRoute | None:
        """The route of `topic`; None when no device of the site speaks there."""
        route = self._exact.get(topic)
        if route is None and self._patterns:
            route = self._found.get(topic) or self._search(topic)
        return route

    def talk_of(self, topic: str) -> Talk | None:
        """The party that speaks on `topic`; None when it is none of the site."""
        for conversation in self._conversations:
            if (party := conversation.party(topic)) is not None:
                return self.talks.get(party)
        return None

    def is_urgent(self, topic: str) -> bool:
        """Whether who speaks on `topic` is heard on the connection of urgent devices too."""
        if (route := self.of(topic)) is not None:
            return route.reader is not None and route.reader.urgent
        return bool(self._urgent_parties) and any(
            conversation.party(topic) in self._urgent_parties for conversation in self._conversations
        )

    def speaker(self, topic: str) -> str | None:
        """Who speaks on `topic`: a device of this gateway, or the party of a conversation; None: nobody it reads."""
        if (route := self.of(topic)) is not None:
            return route.reader.device if route.reader is not None else None
        talk = self.talk_of(topic) if self._conversations else None
        return talk.party if talk is not None else None

    def is_noise(self, topic: str) -> bool:
        """Whether the topic's format passes it over in silence."""
        return any(w.is_noise(topic) for w in self._watches if matches(w.topic_filter, topic))

    def _search(self, topic: str) -> MqttRoute | None:
        levels = topic.split("/")
        for pattern, route in self._patterns:
            if len(pattern) == len(levels) and all(p in ("+", level) for p, level in zip(pattern, levels, strict=True)):
                if len(self._found) < _KEPT:
                    self._found[topic] = route
                return route
        return None


def plan_routes(site: Site, gateway: str, readers: Mapping[str, DeviceReader]) -> Routes:
    """The routes of a gateway's MQTT devices; those of the site's other gateways are known and left alone."""
    routes: list[tuple[str, MqttRoute]] = []
    watches: list[Watch] = []
    talks: dict[str, Talk] = {}
    for device in site.devices.values():
        if device.mqtt is None:
            continue
        profile = site.profiles[device.profile]
        vendor = format_named(profile.decoder)
        reader = readers.get(device.id)
        for topic, decode, current in vendor.routes(device.mqtt.topic, codec_named(profile.codec)):
            routes.append((topic, MqttRoute(reader, decode, current)))
        if reader is not None:
            watches.append(Watch(vendor.watched(device.mqtt.topic), vendor.is_noise))
        conversation = conversation_named(profile.decoder)
        if conversation is not None:
            party, address = conversation.party(device.mqtt.topic), conversation.address(device.mqtt.topic)
            if party is not None and address is not None:
                talks.setdefault(party, Talk(conversation, party, {})).readers[address] = reader
    mine = (talk for talk in talks.values() if any(reader is not None for reader in talk.readers.values()))
    return Routes(routes, watches, mine)
