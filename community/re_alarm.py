"""An acknowledged alarm that stands too long is to be seen again (a rule's `re_alarm`)."""

from community.alarms import Alarm, AlarmState


def re_alarm_at(alarm: Alarm, after_s: float | None) -> int | None:
    """When an alarm becomes unacknowledged again (Unix ms) by a rule's `re_alarm` (s); None when it does not."""
    if after_s is None or alarm.state is not AlarmState.ACKNOWLEDGED or alarm.acknowledged_at is None:
        return None
    return alarm.acknowledged_at + alarm.clock_ms + round(after_s * 1000)
