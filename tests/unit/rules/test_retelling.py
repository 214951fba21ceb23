"""A state and what was told since are the state of now, byte for byte, wherever the one was taken."""

from dataclasses import replace

import msgspec
import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from community.site.profile import Lane
from community.site.site import Site
from rules.detect.checkpoint import CheckpointError
from rules.detect.compile import compile_rules
from rules.detect.engine import Detector
from rules.detect.model import Batch
from rules.detect.reach import Reach
from rules.detect.retelling import FEW, Told, encoded, tell_again
from tests.unit.rules.sites import make_site
from tests.unit.rules.timeline import Event, Reading, make_batch

POINTS = ["a.x", "b.x", "c.contact"]
EVENTS = ["c.credential"]
CONDITIONS: dict[str, dict[str, object]] = {
    "above": {"above": 2, "deadband": 1},
    "band": {"band": {"low": 1, "high": 3}},
    "vote": {"vote": {"at_least": 2, "within": 5}},
    "mean": {"mean": {"over": 20, "above": 1.5}},
    "rate": {"rate": {"over": 24, "per": 1, "above": 0.1, "min_samples": 3}},
    "stuck": {"stuck": {"for": 6}},
    "changes": {"changes": {"count": 2, "within": 4}},
    "dose": {"dose": {"limit": 20, "per": 1, "over": 30}},
    "forecast": {"forecast": {"reaches": 4, "within": 9, "over": 24, "min_samples": 5}},
    "deviation": {"deviation": {"over": 16.8, "z": 2, "min_samples": 3}},
    "stale": {"stale": {"for": "3x"}},
    "all": {"all": [{"above": 1}, {"not": {"mean": {"over": 20, "above": 2}}}]},
    "any": {"any": [{"alarm": "above"}, {"alarm": "stale"}]},
}
BUILT = make_site(
    {
        "a.x": {"every": 4, "zone": "z"},
        "b.x": {"every": 2, "zone": "z"},
        "c.contact": {"zone": "z", "family": "access"},
        "c.credential": {"zone": "z", "family": "access", "kind": "event"},
    },
    [
        *(
            {"id": name, "select": {"measure": "x"}, "when": when, "for": place % 3, "clear_after": place % 2}
            for place, (name, when) in enumerate(CONDITIONS.items())
        ),
        {
            "id": "both",
            "select": {"zone": "z"},
            "per": "zone",
            "when": {
                "all": [
                    {"select": {"point": "a.x"}, "changes": {"count": 2, "within": 4}},
                    {"select": {"point": "b.x"}, "changes": {"count": 2, "within": 9}},
                ]
            },
        },
        {"id": "night", "select": {"measure": "x"}, "when": {"above": 1}, "during": ["night"]},
        {
            "id": "forced",
            "select": {"measure": "contact"},
            "when": {"sequence": {"state": 1, "unless": "granted", "within": 2}},
            "for": 1,
        },
        {
            "id": "denied",
            "select": {"measure": "credential"},
            "when": {"event": {"type": "denied", "count": 2, "within": 5}},
        },
    ],
)
SITE = replace(
    BUILT,
    points={
        name: msgspec.structs.replace(point, lane=Lane.BULK if name == "b.x" else Lane.URGENT)
        for name, point in BUILT.points.items()
    },
)
"""Of two sources: one may be known further than the other."""
COMPILED = compile_rules(SITE)
VALUES = st.sampled_from([0.0, 1.0, 1.0, 2.0, 3.0, 3.5, float("nan")])
readings = st.lists(
    st.one_of(
        st.builds(Reading, st.sampled_from(POINTS), st.just(0), VALUES, st.sampled_from([0, 0, 0, 1, 2, 8, 64])),
        st.builds(Event, st.sampled_from(EVENTS), st.just(0), st.sampled_from(["granted", "denied"])),
    ),
    max_size=6,
)
reaches = st.none() | st.lists(st.sampled_from([0, 0, 900, 9_000]), min_size=2, max_size=2)
calls = st.one_of(
    st.tuples(st.just("evaluate"), readings),
    st.tuples(st.just("tick"), reaches),
    st.tuples(st.just("listen"), st.none()),
    st.tuples(st.just("set_back"), st.integers(1_001, 5_000)),
)
history = st.lists(st.tuples(st.sampled_from([0, 100, 900, 1_000, 2_500, 7_000, 31_000]), calls), max_size=40)


def tell(told: Told, now: int, call: tuple[str, object]) -> list[object]:
    name, what = call
    match name:
        case "evaluate":
            assert isinstance(what, list)
            return list(told.evaluate(make_batch(SITE, [replace(entry, t=now) for entry in what])))
        case "tick":
            known = None if what is None else now - np.array(what, dtype=np.int64)
            return list(told.tick(now, None if known is None else Reach(known, known, known)))
        case "listen":
            told.listen(now)
        case _:
            assert isinstance(what, int)
            told.set_back(what)
    return []


def fresh() -> Detector:
    return Detector(COMPILED)


@settings(max_examples=80, deadline=None)
@given(history, st.integers(0, 40), st.sets(st.integers(0, 40)))
@example([(0, ("tick", [0, 900])), (100, ("listen", None))], 1, set())
def test_state_and_what_was_told_since_are_the_state_of_now(
    steps: list[tuple[int, tuple[str, object]]], taken_at: int, cuts: set[int]
) -> None:
    told, now = Told(fresh()), 1_790_000_000_000
    told.listen(now)
    base, pieces = told.detector.state(), list[bytes]()
    for place, (wait, call) in enumerate(steps):
        if place in cuts:
            pieces.append(encoded(told.take()))
        if place == taken_at:
            told.take()
            base, pieces = told.detector.state(), []
        now += wait
        tell(told, now, call)
    pieces.append(encoded(told.take()))
    again = fresh()
    again.restore(base, told.detector.layout)
    for piece in pieces:
        tell_again(again, piece, told.detector.layout)
    assert again.state() == told.detector.state()
    probe = [Reading(point, now + 1_000, 3.0) for point in POINTS]
    after = again.evaluate(make_batch(SITE, probe)) + again.tick(now + 90_000)
    assert after == told.detector.evaluate(make_batch(SITE, probe)) + told.detector.tick(now + 90_000)


def limit_site(*points: str) -> Site:
    rule = {"id": "limit", "select": {"measure": "x"}, "when": {"above": 10}, "for": 5}
    return make_site({point: {} for point in points}, [rule])


def test_points_that_have_moved_or_are_gone_are_told_by_name() -> None:
    before = Told(Detector(compile_rules(limit_site("a.x", "b.x"))))
    before.listen(0)
    base, layout = before.detector.state(), before.detector.layout
    before.take()
    before.evaluate(
        Batch(np.array([0, 1]), np.array([1000, 1000]), np.array([11.0, 11.0]), np.zeros(2, dtype=np.uint8))
    )
    before.tick(2000, Reach(*(np.array([1500]) for _ in range(3))))
    after = Detector(compile_rules(limit_site("new.x", "b.x")))
    after.restore(base, layout)
    tell_again(after, encoded(before.take()), layout)
    assert [(t.scope, t.at) for t in after.tick(60_000)] == [("b.x", 6000)]


@pytest.mark.parametrize("readings", [2, FEW, FEW + 1, 4 * FEW])
def test_what_an_older_program_kept_is_told_as_well(readings: int) -> None:
    """A large batch is kept in fewer bytes than it had then, a small one as it was."""
    now, layout, order = 1_790_000_000_000, fresh().layout, np.arange(readings)
    p, t, x, q = order % 2, now + order, 3.5 - order % 5 / 2, (2 * (order % 7 == 1)).astype(np.uint8)
    columns = (p.astype(np.uint32).tobytes(), t.tobytes(), x.tobytes(), q.tobytes())
    old, new = fresh(), fresh()
    tell_again(old, msgspec.msgpack.encode([("evaluate", 0, columns, ())]), layout)
    kept = encoded([("evaluate", Batch(p, t, x, q))])
    tell_again(new, kept, layout)
    assert readings <= FEW or len(kept) < sum(map(len, columns))
    assert old.state() == new.state() != fresh().state()


@pytest.mark.parametrize("damaged", [b"", b"\x00", b"\x91\x01"])
def test_damaged_bytes_are_refused(damaged: bytes) -> None:
    detector = fresh()
    with pytest.raises(CheckpointError):
        tell_again(detector, damaged, detector.layout)
