"""An acknowledged alarm that stands too long asks to be seen again."""

from community.alarms import acknowledge, clear
from community.re_alarm import re_alarm_at
from tests.unit.community.test_alarms import alarm


def test_only_an_acknowledged_alarm_that_stands_asks_again() -> None:
    raised = alarm(latch=False)
    seen = acknowledge(raised, "wang-wei", "", 2_000)
    assert re_alarm_at(raised, 3600) is None
    assert re_alarm_at(seen, 3600) == 3_602_000
    assert re_alarm_at(seen, None) is None
    assert re_alarm_at(clear(seen, 3_000), 3600) is None
