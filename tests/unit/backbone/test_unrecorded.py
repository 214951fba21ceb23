"""What the rules say of alarms that are not on record: however many and however large, a broker takes it."""

from dataclasses import replace

from backbone.broker import MAX_PAYLOAD_BYTES
from backbone.unrecorded import MOST_BYTES, UnrecordedAlarm, decode, encode, gathered
from community.alarms import MOST_CAUSES, Alarm, AlarmState, Cause
from community.site.rules import Grade
from community.text import Text

WORDS = Text(zh="火灾报警：立即确认现场情况，按预案疏散" * 4, en="Fire: look at the scene at once, and evacuate. " * 4)


def alarm(number: int, grade: Grade) -> Alarm:
    """A vote of very many devices with the longest names there are."""
    points = tuple(f"{'d' * 58}-{n:04d}.{'m' * 63}" for n in range(1_000))
    causes = tuple(Cause(point, 1_790_000_000_000, 1.0) for point in points[:MOST_CAUSES])
    return Alarm(
        id=f"s:r:z{number}",
        site="s",
        rule="r",
        scope=f"z{number}",
        zone=f"z{number}",
        grade=grade,
        state=AlarmState.RETURNED,
        message=WORDS,
        action=WORDS,
        latch=True,
        value=1.0,
        points=points,
        raised_at=1_790_000_000_000 + number,
        cause=WORDS,
        consequence=WORDS,
        raised_by=causes,
        cleared_by=causes,
    )


def test_a_flood_of_large_alarms_is_a_message_that_is_taken_and_what_is_left_off_is_no_graver() -> None:
    low, high = alarm(0, Grade.LOW), alarm(0, Grade.HIGH)
    grades = [(low, "low")] * 150 + [(high, "high")] * 10
    flood = [
        UnrecordedAlarm(replace(one, scope=f"z{n}", id=f"{name}-{n}"), ("li", "wang"))
        for n, (one, name) in enumerate(grades)
    ]
    payload = encode(gathered(flood, 7))
    assert len(payload) < min(MAX_PAYLOAD_BYTES, MOST_BYTES)
    said = decode(payload)
    assert len(said.alarms) + said.left_off == len(flood)
    assert [one.alarm.grade for one in said.alarms[:10]] == [Grade.HIGH] * 10
    assert len(said.alarms) > 10, "there is room for others"


def test_one_alarm_is_said_however_many_devices_it_is_of() -> None:
    huge = replace(alarm(0, Grade.HIGH), points=tuple(f"p{n}.smoke" for n in range(200_000)))
    said = decode(encode(gathered([UnrecordedAlarm(huge)], 7)))
    assert [one.alarm.id for one in said.alarms] == [huge.id]
    assert said.left_off == 0
