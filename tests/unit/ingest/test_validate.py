from collections import Counter

import numpy as np
import pytest
from msgspec.structs import replace

from backbone.deliveries import Delivery
from backbone.frames import Frame, FrameEvent
from community.site.profile import Lane
from ingest.validate import MAX_EVENT_BYTES, Checked, Fault, Limits, SitePoints, check
from tests.history import NOON, event, frame, make_site

POINTS = SitePoints(make_site())
HOUR = 3_600_000
LIMITS = Limits(now=NOON, oldest=NOON - 24 * HOUR, newest=NOON + 600_000)
NAN, INF = float("nan"), float("inf")
TEMPERATURE, SMOKE, CREDENTIAL = "e-1.temperature", "e-1.smoke", "e-1.credential"


def checked(*frames: Frame, gateway: str = "gw-east") -> Checked:
    return check([Delivery(gateway, Lane.BULK, one, NOON) for one in frames], POINTS, LIMITS)


def stored(result: Checked) -> list[tuple[str, int, float, int]]:
    batch = result.readings
    columns = (batch.p.tolist(), batch.t.tolist(), batch.x.tolist(), batch.q.tolist())
    return [(batch.points[p], t, x, q) for p, t, x, q in zip(*columns, strict=True)]


def refused(result: Checked) -> dict[tuple[str, str], int]:
    counts: Counter[tuple[str, str]] = Counter()
    for row in result.refused:
        counts[row.source, row.reason] += row.count
    return counts


def test_good_readings_of_many_frames_become_one_batch_in_order() -> None:
    result = checked(
        frame([(SMOKE, NOON, 1.0), (TEMPERATURE, NOON + 1, 20.0, 32)]),
        frame([(TEMPERATURE, NOON + 2, 21.0), ("e-2.temperature", NOON + 600_000, 5.0)], seq=2),
    )
    assert stored(result) == [
        (SMOKE, NOON, 1.0, 0),
        (TEMPERATURE, NOON + 1, 20.0, 32),
        (TEMPERATURE, NOON + 2, 21.0, 0),
        ("e-2.temperature", NOON + 600_000, 5.0, 0),
    ]
    assert result.refused == []
    assert result.readings.points is POINTS.names
    assert result.readings.p.dtype == np.uint32


@pytest.mark.parametrize(
    ("row", "source", "fault"),
    [
        (("e-9.temperature", NOON, 1.0), "gw-east/e-9.temperature", Fault.UNKNOWN_POINT),
        (("w-1.temperature", NOON, 1.0), "gw-east/w-1.temperature", Fault.OTHER_GATEWAY),
        ((CREDENTIAL, NOON, 1.0), CREDENTIAL, Fault.NO_VALUES),
        ((TEMPERATURE, NOON, NAN), TEMPERATURE, Fault.NOT_FINITE),
        ((TEMPERATURE, NOON, -INF), TEMPERATURE, Fault.NOT_FINITE),
        ((TEMPERATURE, NOON + 600_001, 1.0), TEMPERATURE, Fault.FUTURE),
        ((TEMPERATURE, 2**63 - 1, 1.0), TEMPERATURE, Fault.FUTURE),
        ((TEMPERATURE, NOON - 24 * HOUR - 1, 1.0), TEMPERATURE, Fault.PAST),
        ((TEMPERATURE, -(2**63), 1.0), TEMPERATURE, Fault.PAST),
        (("w-1.temperature", 0, NAN), "gw-east/w-1.temperature", Fault.OTHER_GATEWAY),
    ],
)
def test_a_bad_reading_is_refused_for_its_first_fault_and_its_neighbours_are_stored(
    row: tuple[str, int, float], source: str, fault: Fault
) -> None:
    result = checked(frame([(SMOKE, NOON, 0.0), row, (TEMPERATURE, NOON, 20.0)]))
    assert stored(result) == [(SMOKE, NOON, 0.0, 0), (TEMPERATURE, NOON, 20.0, 0)]
    assert refused(result) == {(source, fault.value): 1}
    [entry] = result.refused
    assert (entry.site, entry.consumer, entry.first, entry.last) == ("yard", "ingest", NOON, NOON)
    assert f"t={row[1]}, x={row[2]}, q=0" in entry.sample


def test_refusals_are_counted_by_point_and_reason() -> None:
    result = checked(
        frame([(TEMPERATURE, NOON, NAN), (TEMPERATURE, NOON, INF), (TEMPERATURE, 0, 1.0), (SMOKE, NOON, NAN)]),
        frame([(TEMPERATURE, NOON, NAN)], seq=2),
    )
    assert stored(result) == []
    assert sum(refused(result).values()) == 5
    assert refused(result)[TEMPERATURE, Fault.PAST.value] == 1
    assert sum(n for (source, _), n in refused(result).items() if source == TEMPERATURE) == 4


def test_a_gateway_the_site_does_not_name_has_no_points() -> None:
    result = checked(frame([(TEMPERATURE, NOON, 1.0)]), gateway="gw-north")
    assert refused(result) == {("gw-north/e-1.temperature", Fault.UNKNOWN_POINT.value): 1}


def test_the_same_point_is_judged_by_the_gateway_that_sent_it() -> None:
    one = frame([(TEMPERATURE, NOON, 1.0)])
    result = check(
        [Delivery("gw-east", Lane.BULK, one, NOON), Delivery("gw-west", Lane.BULK, one, NOON)], POINTS, LIMITS
    )
    assert stored(result) == [(TEMPERATURE, NOON, 1.0, 0)]
    assert refused(result) == {("gw-west/e-1.temperature", Fault.OTHER_GATEWAY.value): 1}


@pytest.mark.parametrize(
    ("changed", "source", "fault"),
    [
        ({"point": "e-9.credential"}, "gw-east/e-9.credential", Fault.UNKNOWN_POINT),
        ({"point": "w-1.credential"}, "gw-east/w-1.credential", Fault.OTHER_GATEWAY),
        ({"t": NOON + 600_001}, CREDENTIAL, Fault.FUTURE),
        ({"t": 0}, CREDENTIAL, Fault.PAST),
        ({"type": "Access Granted"}, CREDENTIAL, Fault.EVENT_TYPE),
        ({"type": "a" * 64}, CREDENTIAL, Fault.EVENT_TYPE),
        ({"data": {"x": "y" * MAX_EVENT_BYTES}}, CREDENTIAL, Fault.EVENT_DATA),
        ({"data": {"x": object()}}, CREDENTIAL, Fault.EVENT_DATA),
    ],
)
def test_a_bad_event_is_refused_and_the_others_are_stored(
    changed: dict[str, object], source: str, fault: Fault
) -> None:
    good = event(CREDENTIAL, NOON)
    values = {"point": good.point, "t": good.t, "type": good.type, "data": good.data, **changed}
    bad = FrameEvent(**values)  # type: ignore[arg-type]
    result = checked(frame([], events=[bad, good]))
    assert result.events == [("yard", good)]
    assert refused(result) == {(source, fault.value): 1}


def test_nothing_is_checked_as_nothing() -> None:
    for result in (check([], POINTS, LIMITS), checked(frame([])), checked(replace(frame([]), points=(TEMPERATURE,)))):
        assert (stored(result), result.events, result.refused) == ([], [], [])


def test_the_same_list_of_points_is_judged_by_each_gateway_and_again() -> None:
    same = frame([(TEMPERATURE, NOON, 20.0)])
    for _ in range(2):
        assert stored(checked(same)) == [(TEMPERATURE, NOON, 20.0, 0)]
        assert not stored(checked(same, gateway="gw-west"))
