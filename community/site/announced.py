"""What a device that is not in the site file said of itself."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class AnnouncedValue:
    """One value it will send; `path` is where it stands in the message, as in a profile."""

    path: str
    boolean: bool = False
    unit: str = ""
    name: str = ""


@dataclass(frozen=True, slots=True)
class Announced:
    """One device. Texts are the announcer's own and may be empty."""

    source: str
    """Who announced it: home-assistant, zigbee2mqtt, chirpstack, things-stack, tasmota, shelly, sparkplug."""
    decoder: str
    """The format it speaks, a module of gateway.decoders."""
    topic: str
    """What a row of the site file writes as `mqtt.topic`."""
    name: str = ""
    maker: str = ""
    model: str = ""
    about: str = ""
    """Texts people chose that may name the product."""
    values: tuple[AnnouncedValue, ...] = ()
    unreadable: tuple[str, ...] = ()
    """Values it sends in a way no profile can read, by name."""
