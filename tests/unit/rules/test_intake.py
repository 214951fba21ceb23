"""Frames become batches; what a gateway may not say is left out."""

from msgspec.structs import replace

from backbone.deliveries import Delivery
from backbone.frames import Frame, FrameBuilder, FrameEvent, decode, encode_compact
from community.quality import Quality
from community.site.profile import Lane
from rules.detect.compile import compile_rules
from rules.intake import Intake
from rules.refused import Fault, Refuse
from tests.unit.rules.sites import make_site

SITE = make_site({"a.x": {}, "b.x": {}, "b.seen": {"kind": "event"}}, [])
NOW = 1_790_000_000_000


def nobody(*_: object) -> None:
    """Who is told what is refused."""


def intake(refuse: Refuse = nobody) -> Intake:
    return Intake(SITE, compile_rules(SITE), 600_000, refuse)


def frame(*readings: tuple[str, int, float], events: tuple[FrameEvent, ...] = ()) -> Frame:
    builder = FrameBuilder()
    for point, t, x in readings:
        builder.add(point, t, x, 0)
    for event in events:
        builder.add_event(event)
    return builder.seal(epoch=1, seq=1, sent=NOW)


def delivery(sent: Frame, gateway: str = "gw") -> Delivery:
    return Delivery(gateway, Lane.BULK, sent, NOW)


def test_frames_follow_each_other_and_events_stand_before_their_frame() -> None:
    first = frame(("b.x", NOW, 1.0), ("a.x", NOW, 2.0))
    second = frame(("a.x", NOW + 1, 3.0), events=(FrameEvent("b.seen", NOW + 1, "hello"),))
    batch = intake().batch([delivery(first), delivery(second)], NOW)
    assert batch.p.tolist() == [1, 0, 0]
    assert batch.x.tolist() == [1.0, 2.0, 3.0]
    assert [(o.position, o.point, o.type) for o in batch.occurrences] == [(2, 2, "hello")]


def test_unknown_points_and_other_gateways_are_left_out_and_the_far_future_is_now() -> None:
    sent = frame(("a.x", NOW, 1.0), ("nobody.x", NOW, 2.0), ("b.x", NOW + 600_001, 3.0), ("b.x", NOW + 600_000, 4.0))
    batch = intake().batch([delivery(sent)], NOW)
    assert batch.x.tolist() == [1.0, 3.0, 4.0]
    assert batch.t.tolist() == [NOW, NOW, NOW + 600_000]
    assert batch.q.tolist() == [0, Quality.CLOCK_SUSPECT, 0]
    strange = frame(("a.x", NOW, 1.0), events=(FrameEvent("b.seen", NOW, "hello"),))
    batch = intake().batch([delivery(strange, "gw-other")], NOW)
    assert len(batch) == 0
    assert not batch.occurrences


def test_events_stand_before_what_is_left_of_their_frame() -> None:
    seen = (FrameEvent("b.seen", NOW, "hello"),)
    one = frame(("a.x", 0, 1.0), ("a.x", NOW, 2.0), ("nobody.x", NOW, 3.0), events=seen)
    other = frame(("b.x", NOW, 4.0), events=seen)
    batch = intake().batch([delivery(frame(events=seen)), delivery(one), delivery(frame()), delivery(other)], NOW)
    assert batch.x.tolist() == [2.0, 4.0]
    assert [o.position for o in batch.occurrences] == [0, 0, 1]


def test_points_in_another_order_and_other_gateways_with_the_same_list_are_told_apart() -> None:
    its, sent = intake(), decode(encode_compact(frame(("a.x", NOW, 1.0), ("b.x", NOW, 2.0))))
    again = decode(encode_compact(replace(sent, p=sent.p[::-1], seq=2)))
    assert again.points is sent.points
    for one, places in ((sent, [0, 1]), (again, [1, 0]), (sent, [0, 1])):
        assert its.batch([delivery(one)], NOW).p.tolist() == places
    assert len(its.batch([delivery(sent, "gw-other")], NOW)) == 0


def test_what_is_refused_is_told_by_point_and_reason() -> None:
    told: list[tuple[str, str, Fault, int]] = []
    sent = frame(
        ("nobody.x", NOW, 2.0),
        ("a.x", 0, 1.0),
        ("nobody.x", NOW, 3.0),
        ("a.x", NOW, 1.0),
        events=(FrameEvent("b.gone", NOW, "hello"),),
    )
    its = intake(lambda *row: told.append(row))
    its.batch([delivery(sent)], NOW)
    its.batch([delivery(frame(("a.x", NOW, 1.0)), "gw-other")], NOW)
    assert sorted(told) == [
        ("gw", "a.x", Fault.NO_TIME, 1),
        ("gw", "b.gone", Fault.UNKNOWN_POINT, 1),
        ("gw", "nobody.x", Fault.UNKNOWN_POINT, 2),
        ("gw-other", "a.x", Fault.OTHER_GATEWAY, 1),
    ]


def test_a_frame_of_events_only() -> None:
    batch = intake().batch([delivery(frame(events=(FrameEvent("b.seen", NOW, "hello"),)))], NOW)
    assert len(batch) == 0
    assert len(batch.occurrences) == 1
