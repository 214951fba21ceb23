"""When interlocks trip, and when they may be reset: the pure part, against a plain reading of the rule."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from community.quality import Quality
from gateway.interlocks import (
    SILENT,
    Cause,
    Effect,
    Hold,
    Latch,
    Row,
    Voice,
    effects_of,
    hear,
    holds,
    recalled,
    rows_of,
    standing,
    tripped_by,
    worth_keeping,
)
from tests.gateway_site import modbus_device, mqtt_device, site_of

LOST, TEST, DISABLED = Quality.COMMUNICATION_FAILURE, Quality.TEST_MODE, Quality.DISABLED
DOOR = Effect("doors.relay-1", "doors", 0, egress=True, held=True)
SIREN = Effect("doors.relay-2", "doors", 1, egress=False, held=False)
ROW = Row("fire", (Cause({"a.smoke": "a", "b.smoke": "b", "b.heat": "b"}, 2, 60_000),), (DOOR, SIREN))
Said = tuple[int, str, float, int]


def after(*said: Said) -> dict[str, Voice]:
    voices: dict[str, Voice] = {}
    for at, point, x, q in said:
        voices[point] = hear(voices.get(point, SILENT), x, q, at)
    return voices


@pytest.mark.parametrize(
    ("said", "now", "agree"),
    [
        ([(0, "a.smoke", 1, 0)], 0, ()),
        ([(0, "a.smoke", 1, 0), (5, "b.smoke", 1, 0)], 5, ("a.smoke", "b.smoke")),
        ([(0, "b.heat", 1, 0), (5, "b.smoke", 1, 0)], 5, ()),  # one device, twice
        ([(0, "a.smoke", 1, 0), (900_000, "b.smoke", 1, 0)], 900_000, ("a.smoke", "b.smoke")),  # it still is at 1
        ([(0, "a.smoke", 1, 0), (10, "a.smoke", 0, 0), (60_009, "b.smoke", 1, 0)], 60_009, ("a.smoke", "b.smoke")),
        ([(0, "a.smoke", 1, 0), (10, "a.smoke", 0, 0), (60_010, "b.smoke", 1, 0)], 60_010, ()),
        ([(0, "a.smoke", 1, TEST), (5, "b.smoke", 1, 0)], 5, ()),
        ([(0, "a.smoke", 1, LOST), (5, "b.smoke", 1, 0)], 5, ()),
        ([(0, "a.smoke", 1, 0), (10, "a.smoke", 1, LOST), (60_009, "b.smoke", 1, 0)], 60_009, ("a.smoke", "b.smoke")),
        ([(0, "a.smoke", 1, 0), (10, "a.smoke", 1, LOST), (60_010, "b.smoke", 1, 0)], 60_010, ()),
        ([(0, "a.smoke", 1, 0), (10, "a.smoke", 1, DISABLED), (20, "b.smoke", 1, 0)], 20, ()),
        ([(0, "a.smoke", 1, Quality.CLOCK_SUSPECT), (5, "b.smoke", 1, Quality.UNCERTAIN)], 5, ("a.smoke", "b.smoke")),
    ],
)
def test_votes(said: list[Said], now: int, agree: tuple[str, ...]) -> None:
    assert tripped_by(ROW, after(*said), now) == agree


@pytest.mark.parametrize(
    ("said", "still"),
    [
        ([(0, "a.smoke", 1, 0), (5, "a.smoke", 0, 0)], ()),
        ([(0, "a.smoke", 1, 0), (5, "a.smoke", 0, LOST)], ("a.smoke",)),
        ([(0, "a.smoke", 1, 0), (5, "a.smoke", 0, TEST)], ("a.smoke",)),
        ([(0, "a.smoke", 1, 0), (5, "a.smoke", 1, LOST), (9, "a.smoke", 0, 0)], ()),
        ([(0, "a.smoke", 1, 0), (5, "a.smoke", 1, DISABLED)], ()),
    ],
)
def test_what_stands_in_the_way_of_a_reset(said: list[Said], still: tuple[str, ...]) -> None:
    assert standing(ROW, after(*said)) == still


QUALITIES = st.sampled_from([0, 0, 0, int(LOST), int(TEST), int(DISABLED), int(Quality.UNCERTAIN)])
SAYINGS = st.lists(
    st.tuples(
        st.integers(0, 40_000),
        st.sampled_from(["a.smoke", "b.smoke", "b.heat"]),
        st.sampled_from([0.0, 1.0]),
        QUALITIES,
    ),
    max_size=25,
)


@given(SAYINGS, st.integers(0, 90_000))
def test_votes_are_those_of_a_plain_reading_of_the_rule(steps: list[tuple[int, str, float, int]], later: int) -> None:
    """A device votes if within the window there was a moment at which its last word, good until then, was 1."""
    now, said = 0, list[Said]()
    for step, point, x, q in steps:
        now += step
        said.append((now, point, x, q))
    end = now + later
    voting = set()
    for point in ("a.smoke", "b.smoke", "b.heat"):
        own = [(t, x, q) for t, name, x, q in said if name == point]
        for number, (_, x, q) in enumerate(own):
            until = own[number + 1][0] if number + 1 < len(own) else end
            good = x == 1.0 and not q & ~int(Quality.UNCERTAIN)
            out_since = any(q2 & DISABLED for _, _, q2 in own[number:])
            if good and not out_since and (end - until < 60_000):
                voting.add(point)
    agree = tripped_by(ROW, after(*said), end)
    assert set(agree) == (voting if len({p[0] for p in voting}) >= 2 else set())


@given(SAYINGS, st.integers(-(10**9), 10**9))
def test_only_differences_of_time_matter(steps: list[tuple[int, str, float, int]], shift: int) -> None:
    now, said = 0, list[Said]()
    for step, point, x, q in steps:
        now += step
        said.append((now, point, x, q))
    shifted = [(t + shift, point, x, q) for t, point, x, q in said]
    assert tripped_by(ROW, after(*said), now) == tripped_by(ROW, after(*shifted), now + shift)


def test_what_a_restart_must_remember_and_how_it_counts() -> None:
    voices = after((0, "a.smoke", 1, 0), (0, "b.smoke", 1, 0), (10, "b.smoke", 0, 0))
    assert worth_keeping((ROW,), voices, 20) == ("a.smoke", "b.smoke")
    assert worth_keeping((ROW,), voices, 60_010) == ("a.smoke",)
    again = {"a.smoke": recalled(7), "b.smoke": hear(SILENT, 1, 0, 60_006)}
    assert tripped_by(ROW, again, 60_006) == ("a.smoke", "b.smoke")
    assert tripped_by(ROW, again, 60_007) == (), "and then it has to be heard again"
    assert standing(ROW, again) == ("a.smoke", "b.smoke")


def test_what_is_held() -> None:
    assert holds((ROW,), {}) == {}
    assert holds((ROW,), {"fire": Latch(1, ("a.smoke",))}) == {"doors.relay-1": Hold(0, "fire")}, (
        "sirens may be silenced"
    )
    assert effects_of(ROW, Latch(1, (), "broken")) == (DOOR,), "what failed opens the doors and sounds nothing"


def test_the_rows_of_a_site_file() -> None:
    outputs = ", outputs: {relay-1: {kind: siren, safe: 0}, relay-2: {kind: egress-lock, safe: 0}}"
    site = site_of(
        [
            mqtt_device("a", "zigbee2mqtt-smoke", "z/a"),
            mqtt_device("b", "zigbee2mqtt-smoke", "z/b"),
            mqtt_device("c", "zigbee2mqtt-call-point", "z/c"),
            modbus_device("doors", "waveshare-relay-8", 15020, 1, outputs),
        ],
        interlocks=[
            "{id: fire, when: [{of: smoke, zone: hall}, {of: call-point, zone: hall, at_least: 1, within: 5s}],"
            " then: [{set: doors.relay-1, to: 1}, {set: doors.relay-2}]}"
        ],
    )
    (row,) = rows_of(site, site.gateways["gw-1"])
    assert row == Row(
        "fire",
        (Cause({"a.smoke": "a", "b.smoke": "b"}, 2, 60_000), Cause({"c.call-point": "c"}, 1, 5_000)),
        (
            Effect("doors.relay-2", "doors", 0, egress=True, held=True),
            Effect("doors.relay-1", "doors", 1, egress=False, held=False),
        ),
    )
    assert row.points == ("a.smoke", "b.smoke", "c.call-point")
