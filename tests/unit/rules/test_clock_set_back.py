"""The clock that dates readings is set back or ahead: what was going on goes on, as if it had always been so late."""

from collections.abc import Sequence
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from community.site.site import Site
from rules.detect.compile import compile_rules
from rules.detect.engine import Detector
from rules.detect.model import Transition
from rules.judge import TICK_MS
from rules.watermarks import Claim
from tests.unit.rules import test_determinism, test_kinds_determinism
from tests.unit.rules.test_determinism import timeline_of
from tests.unit.rules.test_watermarks import BEGIN, TWO, Service, frame
from tests.unit.rules.timeline import Entry, Reading, Tick, make_batch

HOURS_MS = 11 * 666_000
"""About two hours, and whole steps of every window of the sites here."""
WAYS = st.sampled_from((HOURS_MS, -HOURS_MS))
LEARNT = ("deviation",)
"""What is usual is not moved."""
SITES = {kind: site for kind, site in test_kinds_determinism.SITES.items() if kind not in LEARNT}


def later(timeline: Sequence[Entry], by: int) -> list[Entry]:
    return [replace(entry, t=entry.t + by) for entry in timeline]


def run(detector: Detector, site: Site, timeline: Sequence[Entry]) -> list[Transition]:
    found: list[Transition] = []
    for entry in timeline:
        found += detector.tick(entry.t) if isinstance(entry, Tick) else detector.evaluate(make_batch(site, [entry]))
    return found


def goes_on(site: Site, steps: list[tuple[int, Entry]], cut: int, by: int) -> None:
    timeline = later(timeline_of(steps), BEGIN)
    before, after = timeline[:cut], timeline[cut:]
    steady, moved = Detector(compile_rules(site)), Detector(compile_rules(site))
    for detector in (steady, moved):
        detector.listen(BEGIN)
        run(detector, site, before)
    expected = run(steady, site, after)
    moved.set_back(by)
    again = Detector(compile_rules(site))
    again.restore(moved.state(), moved.layout)
    again.listen(BEGIN - by)
    found = run(again, site, later(after, -by))
    assert [(t.rule, t.scope, t.active, t.at + by, t.value) for t in found] == [
        (t.rule, t.scope, t.active, t.at, None if t.value is None else pytest.approx(t.value)) for t in expected
    ]


@settings(max_examples=40, deadline=None)
@given(st.lists(test_determinism.step, max_size=40), st.integers(0, 40), WAYS)
def test_delays_votes_sequences_and_silences_go_on(steps: list[tuple[int, Entry]], cut: int, by: int) -> None:
    goes_on(test_determinism.SITE, steps, cut, by)


@pytest.mark.parametrize("kind", SITES)
@settings(max_examples=8, deadline=None)
@given(test_kinds_determinism.histories, st.integers(0, 100), WAYS)
def test_windows_go_on(kind: str, steps: list[tuple[int, Entry]], cut: int, by: int) -> None:
    goes_on(SITES[kind], steps, cut, by)


def test_a_delay_ends_on_time_when_the_clock_is_set_back_and_forth() -> None:
    service = Service(TWO, BEGIN)
    service.take(frame(1, Reading("a.value", BEGIN, 60.0)))
    service.wait(100_000)
    service.now -= HOURS_MS
    service.judge.set_back(HOURS_MS)
    service.wait(100_000)
    service.take(frame(2, Reading("a.value", service.now, 61.0)))
    service.wait(100_000 - TICK_MS)
    assert service.told == []
    service.wait(TICK_MS)
    assert service.told == [("a.value", True, 300_000 - HOURS_MS)]


def test_what_was_set_back_while_nobody_ran_is_seen_by_the_readings() -> None:
    before = Service(TWO, BEGIN)
    before.take(frame(1, Reading("a.value", BEGIN, 60.0)))
    before.wait(1_000)
    after = Service(TWO, BEGIN - HOURS_MS)
    after.judge.detector.restore(before.judge.detector.state(), before.judge.detector.layout)
    assert after.judge.set_back_before(after.now) == HOURS_MS
    assert after.judge.set_back_before(after.now) == 0, "and once"
    after.wait(300_000 - TICK_MS)
    assert after.told == []
    after.wait(30_000)
    assert after.told == [("a.value", True, 300_000 - HOURS_MS)]


def test_a_gateway_whose_clock_follows_is_live_again_after_a_few_words() -> None:
    """The quickest of its statuses was of before; three that agree say that its clock was set."""
    service = Service(TWO, BEGIN)
    marks = service.judge.watermarks
    marks.hear("gw", Claim(online=True, epoch=1, at=BEGIN + HOURS_MS, made={}), BEGIN, retained=False)
    for n in range(3):
        marks.hear("gw", Claim(online=True, epoch=1, at=BEGIN + n, made={}), BEGIN + n, retained=False)
    service.take(frame(1, Reading("a.value", BEGIN, 60.0)))
    service.wait(300_000)
    assert service.told == [("a.value", True, 300_000)]
