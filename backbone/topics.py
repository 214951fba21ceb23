"""Every MQTT topic of the platform, built and parsed here and nowhere else."""

from functools import lru_cache
from typing import NamedTuple

from community.site.profile import Lane

ROOT = "anju/v1"


class FrameTopic(NamedTuple):
    """Where a frame came from."""

    site: str
    gateway: str
    lane: Lane


def frames(site: str, gateway: str, lane: Lane) -> str:
    """Frames of a gateway's lane; QoS 1."""
    return f"{ROOT}/{site}/{gateway}/frames/{lane.value}"


def all_frames(site: str, lane: Lane) -> str:
    """Filter for the frames of a lane of every gateway of a site."""
    return frames(site, "+", lane)


def committed(site: str, gateway: str, consumer: str) -> str:
    """How far a consumer is durably done; QoS 1, retained."""
    return f"{ROOT}/{site}/{gateway}/committed/{consumer}"


def status(site: str, gateway: str) -> str:
    """Whether a gateway is online, and its counters; QoS 1, retained, will."""
    return f"{ROOT}/{site}/{gateway}/status"


def found(site: str, gateway: str) -> str:
    """The devices a gateway found announced and its site file does not have; QoS 1, retained."""
    return f"{ROOT}/{site}/{gateway}/found"


def command(site: str, gateway: str, identifier: str) -> str:
    """One command to a gateway; QoS 1."""
    return f"{ROOT}/{site}/{gateway}/commands/{identifier}"


def reply(site: str, gateway: str, identifier: str) -> str:
    """The reply to a command; QoS 1."""
    return f"{ROOT}/{site}/{gateway}/replies/{identifier}"


def event(site: str, kind: str) -> str:
    """Domain events of a kind: alarm, ticket, plan, drill, gateway; QoS 1."""
    return f"{ROOT}/{site}/events/{kind}"


def unrecorded(site: str) -> str:
    """The alarms the database could not take yet; QoS 1, retained."""
    return f"{ROOT}/{site}/unrecorded/alarm"


@lru_cache(1_000)
def parse_frames(topic: str) -> FrameTopic | None:
    """The parts of a frames topic; None when `topic` is not one."""
    parts = topic.split("/")
    if len(parts) != 6 or parts[0] != "anju" or parts[1] != "v1" or parts[4] != "frames":
        return None
    try:
        return FrameTopic(parts[2], parts[3], Lane(parts[5]))
    except ValueError:
        return None


def last_level(topic: str) -> str:
    """The last level: a command's id, a consumer's name, an event's kind."""
    return topic.rpartition("/")[2]


def gateway_of(topic: str) -> str:
    """The gateway level of a gateway's topic."""
    return topic.split("/")[3]


def matches(topic_filter: str, topic: str) -> bool:
    """Whether an MQTT filter (`+` one level, `#` the rest) takes in a topic (MQTT 3.1.1, 4.7)."""
    if topic_filter == topic:
        return True
    if topic.startswith("$") and topic_filter[0] in "+#":
        return False
    wanted, levels = topic_filter.split("/"), topic.split("/")
    for index, level in enumerate(wanted):
        if level == "#":
            return True
        if index >= len(levels) or level not in {"+", levels[index]}:
            return False
    return len(wanted) == len(levels)
