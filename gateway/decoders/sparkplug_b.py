"""Sparkplug B (eclipse-sparkplug specification 3.0, chapters 4 to 6): edge nodes and the devices behind them.

Values stand at the metric's name. What an alias means is in the births, so each edge node is a conversation: its
messages are numbered 0 to 255 and over again, and a number that is missing asks for a rebirth. NDEATH, which the broker
may deliver long after, counts only with the bdSeq of the last birth; then all of the node and its devices is stale.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import NamedTuple

from community.quality import Quality
from gateway.decoders import sparkplug_payload
from gateway.decoders.conversation import Report, Saying, Turn
from gateway.decoders.decoded import Codec, Decoded, DecodeError, Route
from gateway.decoders.sparkplug_payload import Metric, Payload

NAMESPACE = "spBv1.0"
ASK_AGAIN_MS = 10_000
"""A rebirth repeats all an edge node has; it is asked for at most this often."""
MOST_METRICS = 20_000
_BD_SEQ = "bdSeq"
_CONTROL = ("Node Control/", "Device Control/")
_OF_NODE = ("NBIRTH", "NDATA", "NDEATH")
_OF_DEVICE = ("DBIRTH", "DDATA", "DDEATH")
_BIRTHS, _DEATHS = ("NBIRTH", "DBIRTH"), ("NDEATH", "DDEATH")
_BAD, _STALE = 0, 500
_QUALITIES = {_BAD: Quality.COMMUNICATION_FAILURE, _STALE: Quality.STALE}


class Topic(NamedTuple):
    """A topic taken apart; `device` is empty for the edge node itself."""

    group: str
    kind: str
    node: str
    device: str

    @property
    def address(self) -> str:
        """What a site file writes: `+` stands where the kind of message does."""
        return "/".join((NAMESPACE, self.group, "+", self.node, *([self.device] if self.device else [])))


class Known(NamedTuple):
    """A metric of a birth."""

    device: str
    name: str
    datatype: int


@dataclass(frozen=True, slots=True)
class EdgeNode:
    """What is remembered of one edge node."""

    alive: bool = False
    bd_seq: int | None = None
    seq: int | None = None
    """Of its last message."""
    aliases: Mapping[int, Known] = field(default_factory=dict)
    datatypes: Mapping[tuple[str, str], int] = field(default_factory=dict)
    """By device and name."""
    devices: frozenset[str] = frozenset()
    """Born behind it."""
    doubtful: bool = False
    """Messages are missing, and with them perhaps a birth that gave the aliases another meaning."""
    asked: int | None = None


def routes(_topic: str, _codec: Codec | None = None) -> tuple[Route, ...]:
    """None: no message can be read by itself."""
    return ()


def watched(_topic: str) -> str:
    """Everybody who speaks Sparkplug B."""
    return f"{NAMESPACE}/#"


def is_noise(topic: str) -> bool:
    """Commands, and the states of host applications."""
    return parse(topic) is None


def parse(topic: str) -> Topic | None:
    """The parts of a topic on which an edge node or device speaks; None for any other."""
    levels = topic.split("/")
    if len(levels) not in (4, 5) or levels[0] != NAMESPACE or not all(levels):
        return None
    kinds = _OF_NODE if len(levels) == 4 else _OF_DEVICE
    return Topic(levels[1], levels[2], levels[3], levels[4] if len(levels) == 5 else "") if levels[2] in kinds else None


def party(topic: str) -> str | None:
    """The edge node, as the topic of the commands to it."""
    levels = topic.split("/")
    if len(levels) not in (4, 5) or levels[0] != NAMESPACE or not all(levels):
        return None
    return f"{NAMESPACE}/{levels[1]}/NCMD/{levels[3]}" if levels[2] in (*_OF_NODE, *_OF_DEVICE, "+") else None


def topics(party: str) -> tuple[str, ...]:
    """All that an edge node and the devices behind it say."""
    _, group, _, node = party.split("/")
    return f"{NAMESPACE}/{group}/+/{node}", f"{NAMESPACE}/{group}/+/{node}/+"


def address(topic: str) -> str | None:
    """The device a site file's topic means, whichever kind of message it names."""
    if party(topic) is None:
        return None
    levels = topic.split("/")
    return "/".join((*levels[:2], "+", *levels[3:]))


def behind(address: str) -> bool:
    """A device has a level of its own."""
    return address.count("/") == 4


def greet(state: object | None, party: str, now: int) -> Turn:
    """What the node said meanwhile is not known: it is asked for all it has."""
    node = state if isinstance(state, EdgeNode) else EdgeNode()
    return Turn(replace(node, doubtful=True, asked=now), sayings=(_ask(party, now),))


def hear(state: object | None, topic: str, payload: bytes, now: int) -> Turn:
    """One message of a node or of a device behind it."""
    place = parse(topic)
    if place is None:
        raise DecodeError("no message of an edge node")
    node = state if isinstance(state, EdgeNode) else EdgeNode()
    message = sparkplug_payload.read(payload)
    if place.kind == "NDEATH":
        return _node_died(node, place, message, now)
    if place.kind == "NBIRTH":
        return _born(_begun_anew(node, message), place, message, now, missed=0)
    missed = _missed(node.seq, message.seq)
    node = replace(node, seq=message.seq, doubtful=node.doubtful or missed != 0)
    if place.kind == "DBIRTH":
        return _born(node, place, message, now, missed=missed)
    if place.kind == "DDEATH":
        node = replace(node, devices=node.devices - {place.device})
        return _turn(node, place, now, (_death(place.address),), missed=missed)
    reports, problems = _read(node, place, message)
    return _turn(node, place, now, reports, problems, missed=missed)


def _begun_anew(before: EdgeNode, message: Payload) -> EdgeNode:
    """A node that is born begins its numbers, aliases and devices anew."""
    bd_seq = next((m.value for m in message.metrics if m.name == _BD_SEQ and isinstance(m.value, int)), None)
    return EdgeNode(alive=True, bd_seq=bd_seq, seq=message.seq, asked=before.asked)


def _born(node: EdgeNode, place: Topic, message: Payload, now: int, *, missed: int) -> Turn:
    problems: tuple[str, ...] = ()
    aliases, datatypes = dict(node.aliases), dict(node.datatypes)
    for metric in message.metrics:
        if len(datatypes) >= MOST_METRICS:
            problems = (f"births of more than {MOST_METRICS} metrics",)
            break
        if not metric.name:
            problems = ("a metric of a birth without a name",)
            continue
        datatypes[place.device, metric.name] = metric.datatype
        if metric.alias is not None:
            aliases[metric.alias] = Known(place.device, metric.name, metric.datatype)
    devices = node.devices | ({place.device} if place.device else set())
    node = replace(node, aliases=aliases, datatypes=datatypes, devices=devices)
    reports, more = _read(node, place, message)
    return _turn(node, place, now, reports, (*problems, *more), missed=missed)


def _node_died(node: EdgeNode, place: Topic, message: Payload, now: int) -> Turn:
    """A will that belongs to an earlier birth comes late and says nothing."""
    said = next((m.value for m in message.metrics if m.name == _BD_SEQ), None)
    if node.bd_seq is None or said != node.bd_seq:
        return Turn(node) if node.alive and node.bd_seq is not None else _turn(node, place, now)
    devices = (place._replace(device=device).address for device in ("", *sorted(node.devices)))
    return Turn(EdgeNode(bd_seq=node.bd_seq), tuple(_death(one) for one in devices))


def _turn(
    node: EdgeNode,
    place: Topic,
    now: int,
    reports: tuple[Report, ...] = (),
    problems: tuple[str, ...] = (),
    *,
    missed: int = 0,
) -> Turn:
    """The turn, and the request for a rebirth where something is missing and none was made just now."""
    lacking = not node.alive or node.doubtful or any("alias" in problem for problem in problems)
    recently = node.asked is not None and 0 <= now - node.asked < ASK_AGAIN_MS
    if not lacking or recently:
        return Turn(node, reports, (), problems, missed)
    asked = _ask(f"{NAMESPACE}/{place.group}/NCMD/{place.node}", now)
    return Turn(replace(node, asked=now), reports, (asked,), problems, missed)


def _ask(topic: str, now: int) -> Saying:
    return Saying(topic, sparkplug_payload.rebirth_request(now))


def _death(address: str) -> Report:
    return Report(address, Decoded({"online": False}, stale=True))


def _missed(before: int | None, seq: int | None) -> int:
    """Messages between two numbers; 0 when nothing came before."""
    if before is None:
        return 0
    return 1 if seq is None else (seq - before - 1) % 256


@dataclass(slots=True)
class _Group:
    """Metrics of one message that were measured at one time."""

    values: dict[str, object]
    flags: dict[str, Quality]
    nulls: list[str]


def _read(node: EdgeNode, place: Topic, message: Payload) -> tuple[tuple[Report, ...], tuple[str, ...]]:
    """What the metrics say, a report a time of measuring."""
    groups: dict[tuple[int | None, bool], _Group] = {}
    problems: dict[str, None] = {}
    birth = place.kind in _BIRTHS
    for metric in message.metrics:
        known = _known(node, place, metric)
        if isinstance(known, str):
            problems[known] = None
            continue
        if known.name == _BD_SEQ or known.name.startswith(_CONTROL):
            continue
        # A birth tells how things are now, however long ago each came to be so.
        at = message.timestamp if birth or metric.timestamp is None else metric.timestamp
        group = groups.setdefault((at, metric.historical and not birth), _Group({}, {}, []))
        quality = Quality.GOOD if metric.quality is None else _QUALITIES.get(metric.quality, Quality.GOOD)
        if node.doubtful and not metric.name:
            quality |= Quality.UNCERTAIN
        if quality:
            group.flags[known.name] = quality
        if metric.null:
            group.nulls.append(known.name)
        elif metric.value is not None:
            _put(group.values, known.name, sparkplug_payload.signed(metric.value, metric.datatype or known.datatype))
    groups = groups or {(message.timestamp, False): _Group({}, {}, [])}
    return tuple(_reports(place.address, groups.items())), tuple(problems)


def _known(node: EdgeNode, place: Topic, metric: Metric) -> Known | str:
    """Which metric of the birth this is, or why it is none."""
    if metric.name:
        return Known(place.device, metric.name, node.datatypes.get((place.device, metric.name), 0))
    known = node.aliases.get(-1 if metric.alias is None else metric.alias)
    if known is None or known.device != place.device:
        return "an alias that is in no birth"
    if metric.datatype and known.datatype and metric.datatype != known.datatype:
        return "an alias with another datatype than in its birth"
    return known


def _reports(address: str, groups: Iterable[tuple[tuple[int | None, bool], _Group]]) -> Iterable[Report]:
    for (at, historical), group in groups:
        if not historical:
            group.values["online"] = True
        yield Report(address, Decoded(group.values, at, group.flags, stored=historical, nulls=tuple(group.nulls)))


def _put(values: dict[str, object], name: str, value: object) -> None:
    """Under the metric's name; a dot in it goes one level down, as in a profile's path."""
    *above, last = name.split(".")
    for key in above:
        inner = values.setdefault(key, {})
        if not isinstance(inner, dict):
            return
        values = inner
    values[last] = value
