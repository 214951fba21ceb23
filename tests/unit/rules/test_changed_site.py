"""A changed site file: state of unchanged conditions goes on, and alarms that stand end when their cause does."""

import zlib
from typing import Any

import msgspec
import numpy as np
import pytest

from community.site.site import Site
from rules.detect.checkpoint import CheckpointError
from rules.detect.compile import compile_rules
from rules.detect.engine import Detector
from rules.detect.model import Batch
from tests.unit.rules.sites import make_site

POINTS: dict[str, dict[str, Any]] = {
    "a.x": {},
    "b.x": {},
    "c.contact": {"family": "access"},
    "d.seen": {"kind": "event", "family": "fire"},
}
LIMIT = {"id": "limit", "select": {"measure": "x"}, "when": {"above": 10}}


def detector_of(site: Site) -> Detector:
    detector = Detector(compile_rules(site))
    detector.listen(0)
    return detector


def one(point: int, t: int, x: float, q: int = 0) -> Batch:
    return Batch(np.array([point]), np.array([t]), np.array([x]), np.array([q], dtype=np.uint8))


def test_unchanged_conditions_go_on_beside_new_ones() -> None:
    before = detector_of(make_site({"b.x": {}}, [LIMIT]))
    assert before.evaluate(one(0, 1000, 11))
    after = detector_of(make_site(POINTS, [{"id": "new", "select": {"point": "b.x"}, "when": {"above": 1}}, LIMIT]))
    after.restore(before.state(), before.layout)
    assert [(t.rule, t.active) for t in after.evaluate(one(1, 2000, 11))] == [("new", True)]
    assert {(t.rule, t.active) for t in after.evaluate(one(1, 3000, 0))} == {("new", False), ("limit", False)}


def test_a_snapshot_is_of_its_moment_whenever_it_is_encoded() -> None:
    """It is encoded in another thread, while conditions are judged on."""
    before = detector_of(make_site(POINTS, [LIMIT]))
    taken, then = before.snapshot(), before.state()
    assert before.evaluate(one(0, 1000, 11))
    assert taken.encoded == then != before.state()


def test_a_state_as_earlier_versions_wrote_it_is_gone_on_from() -> None:
    before = detector_of(make_site(POINTS, [LIMIT]))
    assert before.evaluate(one(0, 1000, 11))
    taken = before.snapshot()
    head = msgspec.msgpack.decode(taken.head)
    head["columns"] = dict(zip(head.pop("sizes"), taken.columns, strict=True))
    after = detector_of(make_site(POINTS, [LIMIT]))
    after.restore(zlib.compress(msgspec.msgpack.encode(head)), before.layout)
    assert [(t.rule, t.active) for t in after.evaluate(one(0, 2000, 0))] == [("limit", False)]


def test_a_changed_condition_starts_afresh() -> None:
    before = detector_of(make_site(POINTS, [LIMIT]))
    assert before.evaluate(one(0, 1000, 11))
    after = detector_of(make_site(POINTS, [{**LIMIT, "when": {"above": 20}}]))
    after.restore(before.state(), before.layout)
    assert after.evaluate(one(0, 2000, 11)) == []


@pytest.mark.parametrize(
    ("rule", "scope", "point"),
    [
        (LIMIT, "a.x", 0),
        ({"id": "open", "select": {"measure": "contact"}, "when": {"sequence": {"unless": "e", "within": 3}}}, "", 2),
        ({"id": "stale", "select": {"point": "a.x"}, "when": {"stale": {"for": "30s"}}}, "a.x", 0),
    ],
)
def test_a_standing_alarm_ends_with_the_next_normal_reading(rule: dict[str, Any], scope: str, point: int) -> None:
    detector = detector_of(make_site(POINTS, [rule]))
    assert detector.adopt(rule["id"], scope or "c.contact", 500)
    unknown = detector.evaluate(one(point, 1000, 0, q=8))
    assert unknown == []
    assert [(t.active, t.at) for t in detector.evaluate(one(point, 2000, 0))] == [(False, 2000)]


def test_a_standing_vote_ends_when_too_few_may_still_be_at_one() -> None:
    rule = {"id": "vote", "select": {"measure": "x"}, "when": {"vote": {"at_least": 2, "within": 5}}}
    detector = detector_of(make_site(POINTS, [rule]))
    assert detector.adopt("vote", "z1", 500)
    assert detector.evaluate(one(0, 1000, 1)) == []
    assert detector.evaluate(one(1, 2000, 0)) == []
    assert [(t.active, t.at) for t in detector.tick(10_000)] == [(False, 7000)]


def test_a_standing_count_ends_with_its_window() -> None:
    rule = {"id": "seen", "select": {"measure": "seen"}, "when": {"event": {"type": "e", "within": 60}}}
    detector = detector_of(make_site(POINTS, [rule]))
    assert detector.adopt("seen", "d.seen", 500)
    assert [(t.active, t.at) for t in detector.tick(100_000)] == [(False, 60_500)]


def test_what_no_rule_watches_is_not_adopted() -> None:
    assert not detector_of(make_site(POINTS, [LIMIT])).adopt("gone", "a.x", 0)


def test_damaged_checkpoints_are_refused() -> None:
    detector = detector_of(make_site(POINTS, [LIMIT]))
    other = detector_of(make_site({"b.x": {}}, [LIMIT]))
    with pytest.raises(CheckpointError):
        detector.restore(b"rubbish", detector.layout)
    with pytest.raises(CheckpointError):
        detector.restore(other.state(), detector.layout)
