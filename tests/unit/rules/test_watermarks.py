"""What an outage held back is judged by the time it was made, however it is framed and whatever ticks come between."""

from collections.abc import Sequence
from dataclasses import replace

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from backbone.deliveries import Delivery
from backbone.frames import Frame, FrameBuilder, FrameEvent
from community.site.profile import Lane
from community.site.site import Site
from rules.detect.compile import compile_rules
from rules.detect.engine import Detector
from rules.detect.model import Transition
from rules.judge import TICK_MS, Judge
from rules.watermarks import Claim, Watermarks
from tests.unit.rules.sites import make_site
from tests.unit.rules.test_determinism import SITE, comparable, step, timeline_of
from tests.unit.rules.timeline import Entry, Event, Reading, Tick, run

BEGIN = 1_790_000_000_000
OUTAGE_MS = 3_600_000
PATIENCE_MS = {Lane.URGENT: 10_000, Lane.BULK: 30_000}
WITHOUT_SILENCE = replace(
    SITE, file=SITE.file.model_copy(update={"rules": [r for r in SITE.file.rules if r.when.kind != "stale"]})
)
"""How long nobody was heard depends on when somebody listened."""


class Service:
    """What the rules service does with frames, on a clock of its own."""

    def __init__(self, site: Site, now: int) -> None:
        detector = Detector(compile_rules(site))
        detector.listen(now)
        self.now = now
        self.judge = Judge(site, detector, Watermarks(PATIENCE_MS, {}, now), 600_000, lambda *_: None)
        self.found: list[Transition] = []

    def take(self, *frames: Frame, gateway: str = "gw", lane: Lane = Lane.URGENT) -> None:
        deliveries = [Delivery(gateway, lane, frame, self.now) for frame in frames]
        self.found += self.judge.take(deliveries, self.now)[1]
        self.tick()

    def tick(self, *waiting: tuple[str, Lane]) -> None:
        self.found += self.judge.tick(self.now, waiting, listening=True)

    def wait(self, ms: int) -> None:
        """Time passes, with a tick as often as the service ticks."""
        for _ in range(0, ms, TICK_MS):
            self.now += TICK_MS
            self.tick()

    def hear(self, *, online: bool = True, gateway: str = "gw", **made: int) -> None:
        claim = Claim(online=online, epoch=1, at=self.now, made=made)
        self.judge.watermarks.hear(gateway, claim, self.now, retained=False)

    @property
    def told(self) -> list[tuple[str, bool, int]]:
        return [(t.scope, t.active, t.at - BEGIN) for t in self.found]


def frame(seq: int, *entries: Reading | Event) -> Frame:
    """A frame made right after its last entry."""
    builder = FrameBuilder()
    for entry in entries:
        if isinstance(entry, Reading):
            builder.add(entry.point, entry.t, entry.x, entry.q)
        else:
            builder.add_event(FrameEvent(entry.point, entry.t, entry.type))
    return builder.seal(epoch=1, seq=seq, sent=entries[-1].t)


def parts(entries: Sequence[Entry], cuts: set[int]) -> list[list[Reading | Event]]:
    """Cut where the cuts are; events after readings of one frame come first there, so they get their own."""
    found: list[list[Reading | Event]] = []
    for place, entry in enumerate(e for e in entries if not isinstance(e, Tick)):
        alone = isinstance(entry, Event) or (found and isinstance(found[-1][-1], Event))
        if not found or place in cuts or alone:
            found.append([])
        found[-1].append(entry)
    return found


def drained(site: Site, entries: Sequence[Entry], frame_cuts: set[int], turn_cuts: set[int]) -> list[Transition]:
    """The transitions of a service that gets it all an hour later, ticking between; at last the gateway is live."""
    end = entries[-1].t
    service = Service(site, end + OUTAGE_MS)
    frames = [frame(seq + 1, *part) for seq, part in enumerate(parts(entries, frame_cuts))]
    turn: list[Frame] = []
    for place, one in enumerate(frames):
        turn.append(one)
        if place in turn_cuts or place == len(frames) - 1:
            service.take(*turn)
            service.wait(3 * TICK_MS)
            turn = []
    service.hear(urgent=len(frames))
    service.wait(TICK_MS)
    return [t for t in service.found if t.at <= end]


def later(entries: Sequence[Entry]) -> list[Entry]:
    return [replace(entry, t=BEGIN + entry.t) for entry in entries]


@settings(max_examples=120, deadline=None)
@given(st.lists(step, min_size=1, max_size=50), st.sets(st.integers(0, 50)), st.sets(st.integers(0, 50)))
def test_an_outage_drained_in_any_framing_gives_what_no_outage_gives(
    steps: list[tuple[int, Entry]], frame_cuts: set[int], turn_cuts: set[int]
) -> None:
    entries = later(timeline_of(steps))
    if all(isinstance(entry, Tick) for entry in entries):
        return
    at_once = comparable([t for t in run(WITHOUT_SILENCE, entries) if t.at <= entries[-1].t])
    assert comparable(drained(WITHOUT_SILENCE, entries, frame_cuts, turn_cuts)) == at_once
    framed = comparable(drained(SITE, entries, frame_cuts, turn_cuts))
    assert framed == comparable(drained(SITE, entries, set(range(60)), set(range(60))))


TWO = make_site(
    {"a.value": {"every": 60}, "b.value": {"every": 60}},
    [{"id": "hot", "select": {"measure": "value"}, "when": {"above": 50}, "for": "5m"}],
)


def two_gateways() -> Site:
    points = {name: msgspec.structs.replace(point, gateway=f"gw-{name[0]}") for name, point in TWO.points.items()}
    return replace(TWO, points=points)


def test_what_an_outage_held_back_invents_no_alarm_between_two_frames() -> None:
    service = Service(TWO, BEGIN + OUTAGE_MS)
    service.take(frame(1, Reading("a.value", BEGIN, 60.0)))
    service.wait(1_000)
    service.take(frame(2, Reading("a.value", BEGIN + 60_000, 20.0)))
    service.hear(urgent=2)
    service.wait(60_000)
    assert service.told == []


def test_a_live_delay_ends_on_time_though_nothing_comes() -> None:
    service = Service(TWO, BEGIN)
    service.take(frame(1, Reading("a.value", BEGIN, 60.0)))
    service.wait(300_000 - TICK_MS)
    assert service.told == []
    service.wait(TICK_MS)
    assert service.told == [("a.value", True, 300_000)]


def test_a_gateway_that_is_away_is_waited_for_as_long_as_its_patience_and_no_longer() -> None:
    service = Service(TWO, BEGIN)
    service.take(frame(1, Reading("a.value", BEGIN, 60.0)))
    service.wait(299_000)
    service.hear(online=False)
    service.wait(10_000 - TICK_MS)
    assert service.told == []
    service.wait(TICK_MS)
    assert service.told == [("a.value", True, 300_000)]


def test_one_gateways_backlog_holds_up_no_other() -> None:
    service = Service(two_gateways(), BEGIN)
    service.take(frame(1, Reading("b.value", BEGIN, 60.0)), gateway="gw-b")
    service.wait(295_000)
    for seq in range(1, 10):
        service.take(frame(seq, Reading("a.value", BEGIN - OUTAGE_MS + seq, 60.0)), gateway="gw-a")
        service.wait(1_000)
    assert service.told == [("b.value", True, 300_000)]


def test_what_waits_here_unjudged_is_waited_for() -> None:
    service = Service(TWO, BEGIN)
    service.take(frame(1, Reading("a.value", BEGIN, 60.0)))
    service.wait(299_900)
    for _ in range(5):
        service.now += TICK_MS
        service.tick(("gw", Lane.URGENT))
    assert service.told == []
    service.take(frame(2, Reading("a.value", BEGIN + 299_000, 20.0)))
    service.wait(60_000)
    assert service.told == []


def test_a_clock_that_is_wrong_makes_no_backlog() -> None:
    service = Service(TWO, BEGIN)
    slow = Claim(online=True, epoch=1, at=BEGIN - 20_000, made={"urgent": 0})
    service.judge.watermarks.hear("gw", slow, BEGIN, retained=False)
    service.take(frame(1, Reading("a.value", BEGIN - 20_000, 60.0)))
    service.wait(280_000)
    assert service.told == [("a.value", True, 280_000)]


def test_a_gateway_that_says_only_what_is_spooled_is_believed() -> None:
    service = Service(TWO, BEGIN)
    service.judge.watermarks.hear("gw", Claim(online=True, spooled=0), BEGIN, retained=False)
    service.take(frame(1, Reading("a.value", BEGIN - 296_000, 60.0)))
    service.wait(3_000)
    assert service.told == [], "a frame that is old proves a backlog"
    service.judge.watermarks.hear("gw", Claim(online=True, spooled=0), service.now, retained=False)
    service.wait(1_000)
    assert service.told == [("a.value", True, 4_000)]
