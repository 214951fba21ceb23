"""Conversations with Sparkplug edge nodes: whatever is lost or late, values are right, doubtful or stale, never wrong.

Bytes are from the independent encoder pysparkplug where they are in the samples; here its fields are set through our
own schema, which those samples prove.
"""

from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from community.quality import Quality
from gateway.decoders import sparkplug_b, sparkplug_payload
from gateway.decoders.conversation import Turn
from tests.gateway_site import data
from tests.unit.gateway.samples import payload_of, samples_of

NOW = 1_790_000_000_000
PARTY = "spBv1.0/plant/NCMD/edge-1"
DEVICE = "spBv1.0/plant/+/edge-1/room-1"
STALE, UNCERTAIN = Quality.STALE, Quality.UNCERTAIN


def topic(kind: str) -> str:
    return f"spBv1.0/plant/{kind}/edge-1" + ("/room-1" if kind.startswith("D") else "")


def message(seq: int | None, *metrics: dict[str, Any]) -> bytes:
    """A payload of rows of the schema."""
    payload = sparkplug_payload._payload_type()(timestamp=NOW)
    if seq is not None:
        payload.seq = seq
    for metric in metrics:
        payload.metrics.add(**metric)
    return bytes(payload.SerializeToString())


def bd_seq(value: int) -> dict[str, Any]:
    return {"name": "bdSeq", "datatype": 4, "long_value": value}


def asks(turn: Turn) -> bool:
    """Whether the turn asks for a rebirth."""
    for saying in turn.sayings:
        assert saying.topic == PARTY
        (metric,) = sparkplug_payload.read(saying.payload).metrics
        assert (metric.name, metric.datatype, metric.value) == ("Node Control/Rebirth", 11, True)
    return bool(turn.sayings)


def born(**more: Any) -> object:
    state = sparkplug_b.hear(None, topic("NBIRTH"), message(0, bd_seq(3)), NOW).state
    birth = message(1, {"name": "Level", "alias": 5, "datatype": 3, "int_value": 1, **more})
    return sparkplug_b.hear(state, topic("DBIRTH"), birth, NOW).state


def level(turn: Turn) -> tuple[object, int]:
    (report,) = turn.reports
    return report.decoded.values["Level"], int(report.decoded.flags.get("Level", 0))


def test_numbers_wrap_after_255() -> None:
    state = born()
    for number in range(2, 600):
        turn = sparkplug_b.hear(state, topic("DDATA"), message(number % 256, {"alias": 5, "int_value": number}), NOW)
        assert (turn.missed, asks(turn), level(turn)) == (0, False, (number, 0))
        state = turn.state


def test_a_gap_is_counted_and_asks_for_a_rebirth_but_not_at_every_message() -> None:
    turn = sparkplug_b.hear(born(), topic("DDATA"), message(6, {"alias": 5, "int_value": 9}), NOW)
    assert (turn.missed, asks(turn), level(turn)) == (4, True, (9, int(UNCERTAIN)))
    again = sparkplug_b.hear(turn.state, topic("DDATA"), message(7, {"alias": 5, "int_value": 9}), NOW + 100)
    assert (again.missed, asks(again)) == (0, False)
    later = sparkplug_b.hear(again.state, topic("DDATA"), message(8, {"alias": 5, "int_value": 9}), NOW + 11_000)
    assert asks(later), "it was not heard, and the values stay in doubt"


def test_an_alias_of_another_datatype_than_in_the_birth_is_no_value() -> None:
    turn = sparkplug_b.hear(
        born(), topic("DDATA"), message(2, {"alias": 5, "datatype": 11, "boolean_value": True}), NOW
    )
    assert "Level" not in turn.reports[0].decoded.values
    assert turn.problems == ("an alias with another datatype than in its birth",)
    assert asks(turn)


@pytest.mark.parametrize(
    ("datatype", "sent", "meant"),
    [
        (1, {"int_value": 0xFF}, -1),
        (2, {"int_value": 0xFFFFFF83}, -125),
        (3, {"int_value": 2**32 - 7}, -7),
        (4, {"long_value": 2**64 - 9}, -9),
        (7, {"int_value": 2**32 - 7}, 2**32 - 7),
        (8, {"long_value": 2**64 - 9}, 2**64 - 9),
        (11, {"boolean_value": False}, False),
        (10, {"double_value": -0.25}, -0.25),
        (12, {"string_value": "wet"}, "wet"),
    ],
)
def test_values_are_what_their_datatype_says(datatype: int, sent: dict[str, Any], meant: object) -> None:
    birth = message(0, bd_seq(1), {"name": "Level", "datatype": datatype, **sent})
    assert level(sparkplug_b.hear(None, topic("NBIRTH"), birth, NOW)) == (meant, 0)


@pytest.mark.parametrize(("said", "flag"), [(0, Quality.COMMUNICATION_FAILURE), (500, STALE), (192, Quality.GOOD)])
def test_the_quality_a_metric_bears_becomes_a_flag(said: int, flag: Quality) -> None:
    properties = {"keys": ["Quality"], "values": [{"int_value": said}]}
    birth = message(0, bd_seq(1), {"name": "Level", "datatype": 3, "int_value": 4, "properties": properties})
    assert level(sparkplug_b.hear(None, topic("NBIRTH"), birth, NOW)) == (4, int(flag))


def test_a_node_with_more_metrics_than_are_kept_is_read_as_far() -> None:
    names = ({"name": f"m{i}", "alias": i, "datatype": 3, "int_value": 1} for i in range(30_000))
    turn = sparkplug_b.hear(None, topic("NBIRTH"), message(0, bd_seq(1), *names), NOW)
    assert isinstance(turn.state, sparkplug_b.EdgeNode)
    assert len(turn.state.datatypes) == sparkplug_b.MOST_METRICS
    assert turn.problems == ("births of more than 20000 metrics",)


@settings(max_examples=60, stateful_step_count=40, deadline=None, derandomize=True, database=None)
class EdgeNodes(RuleBasedStateMachine):
    """An edge node whose messages get lost, and a gateway that may believe a value only as far as it can know it."""

    def __init__(self) -> None:
        super().__init__()
        self.state: object | None = None
        self.now = NOW
        self.seq, self.bd = 0, 0
        self.alias = 5
        """Of `Level`; a rebirth may give it another, and the old one to `Other`."""
        self.level = 0
        self.heard_birth = False
        """Whether the gateway heard all since the node's last birth, the birth included."""
        self.asked = False
        self.shown: tuple[object, int] | None = None

    def send(self, kind: str, payload: bytes, *, lost: bool) -> Turn | None:
        self.now += 1_000
        if lost:
            self.heard_birth = False
            return None
        turn = sparkplug_b.hear(self.state, topic(kind), payload, self.now)
        self.state = turn.state
        self.asked = self.asked or asks(turn)
        for report in turn.reports:
            decoded = report.decoded
            if report.address != DEVICE:
                continue
            if decoded.stale and self.shown is not None:
                self.shown = self.shown[0], self.shown[1] | int(STALE)
            if "Level" in decoded.values:
                self.shown = decoded.values["Level"], int(decoded.flags.get("Level", 0))
        return turn

    def next(self) -> int:
        self.seq = (self.seq + 1) % 256
        return self.seq

    @rule(lost=st.booleans(), swap=st.booleans())
    def birth(self, lost: bool, swap: bool) -> None:
        self.bd, self.seq = (self.bd + 1) % 256, 0
        self.alias = 11 - self.alias if swap else self.alias
        self.heard_birth = True
        self.send("NBIRTH", message(0, bd_seq(self.bd)), lost=lost)
        metrics = (
            {"name": "Level", "alias": self.alias, "datatype": 3, "int_value": self.level},
            {"name": "Other", "alias": 11 - self.alias, "datatype": 3, "int_value": 777_777},
        )
        self.send("DBIRTH", message(self.next(), *metrics), lost=lost)

    @rule(lost=st.booleans(), value=st.integers(0, 1000))
    def measured(self, lost: bool, value: int) -> None:
        self.level = value
        self.send("DDATA", message(self.next(), {"alias": self.alias, "int_value": value}), lost=lost)
        if not lost and self.heard_birth:
            assert self.shown == (value, 0), "nothing is missing: the value is good"

    @rule()
    def late_death(self) -> None:
        before = self.shown
        if isinstance(self.state, sparkplug_b.EdgeNode) and self.state.bd_seq == (self.bd - 1) % 256:
            return  # the gateway missed the last birth: to it this death is in time
        self.send("NDEATH", message(None, bd_seq((self.bd - 1) % 256)), lost=False)
        assert self.shown == before

    @precondition(lambda self: self.heard_birth)
    @rule()
    def death(self) -> None:
        self.send("NDEATH", message(None, bd_seq(self.bd)), lost=False)
        self.heard_birth = False
        assert self.shown is not None
        assert self.shown[1] & STALE

    @rule()
    def gateway_comes_back(self) -> None:
        turn = sparkplug_b.greet(self.state, PARTY, self.now)
        assert asks(turn)
        self.state, self.heard_birth = turn.state, False

    @invariant()
    def what_is_shown_as_good_was_measured(self) -> None:
        if self.shown is not None and self.shown[1] == 0:
            assert self.shown[0] != 777_777


TestEdgeNodes = EdgeNodes.TestCase


def test_recorded_bytes_are_read_to_the_last_metric() -> None:
    assert len(samples_of("sparkplug_b")) == len(list(data("decoders", "sparkplug_b").glob("*.json")))
    (sample,) = (s for s in samples_of("sparkplug_b") if s["topic"].endswith("DBIRTH/edge-1/room-1"))
    payload = sparkplug_payload.read(payload_of(sample))
    assert [(m.name, m.alias) for m in payload.metrics] == [
        ("Temperature", 10),
        ("Humidity", 11),
        ("Smoke", 12),
        ("Counter", 13),
        ("Model", 14),
    ]
    assert payload.metrics[3].value == 2**40
