"""What becomes of alarms in a case while people acknowledge and reset them: the states of IEC 62682.

It is the alarm's own life: nothing is suppressed, nothing lies under a first-out alarm, and chattering is not relieved.
"""

from bisect import bisect_right
from collections.abc import Callable

from community.alarms import Alarm, AlarmState, acknowledge, call_again, clear, raise_alarm, reraise, reset
from community.errors import TransitionRefused
from community.re_alarm import re_alarm_at
from community.site.rules import Grade
from community.site.site import Site
from community.site.watching import Watching
from rules.detect.model import Transition

_SOMEBODY = "case"


class AlarmLives:
    """The alarms of a site's rules from the beginning of a case; times Unix ms, never backwards."""

    def __init__(self, site: Site) -> None:
        self._site = site
        self._watching = Watching(site)
        self._alarms: dict[tuple[str, str], Alarm] = {}
        self._states: dict[tuple[str, str], list[tuple[int, AlarmState]]] = {}

    def turn(self, turn: Transition) -> None:
        """A condition became true, or is over."""
        self.pass_time(turn.at)
        rule = self._watching.at(self._watching.rules[turn.rule], turn.scope)
        key = (turn.rule, turn.scope)
        alarm = self._alarms.get(key)
        if rule.risk is Grade.LOW:
            return
        if not turn.active:
            if alarm is not None and alarm.cleared_at is None:
                self._become(key, clear(alarm, turn.at), turn.at)
        elif alarm is None or alarm.state is AlarmState.NORMAL:
            told = raise_alarm(
                site=self._site.id,
                rule=rule,
                scope=turn.scope,
                zone=turn.zone,
                at=turn.at,
                value=turn.value,
                points=turn.points,
            )
            self._become(key, told, turn.at)
        else:
            self._become(key, reraise(alarm, turn.at, turn.value, turn.points), turn.at)

    def acknowledge(self, rule: str, scope: str, at: int) -> str | None:
        """Somebody acknowledges; why that is refused, None when it is not."""
        return self._do(rule, scope, at, lambda alarm: acknowledge(alarm, _SOMEBODY, "", at))

    def reset(self, rule: str, scope: str, at: int) -> str | None:
        """Somebody resets; why that is refused, None when it is not."""
        return self._do(rule, scope, at, lambda alarm: reset(alarm, _SOMEBODY, "looked", at))

    def pass_time(self, now: int) -> None:
        """Alarms that stand acknowledged for too long want to be seen again."""
        for key, alarm in list(self._alarms.items()):
            rule = self._watching.at(self._watching.rules[key[0]], key[1])
            due = re_alarm_at(alarm, rule.re_alarm)
            if due is not None and due <= now:
                self._become(key, call_again(alarm, due), due)

    def state_at(self, rule: str, scope: str, at: int) -> AlarmState:
        """What the alarm was at a time, all that happened then included."""
        states = self._states.get((rule, scope), [])
        place = bisect_right(states, at, key=lambda entry: entry[0])
        return states[place - 1][1] if place else AlarmState.NORMAL

    def _do(self, rule: str, scope: str, at: int, change: Callable[[Alarm], Alarm]) -> str | None:
        self.pass_time(at)
        alarm = self._alarms.get((rule, scope))
        if alarm is None or alarm.state is AlarmState.NORMAL:
            return "there is no alarm"
        try:
            self._become((rule, scope), change(alarm), at)
        except TransitionRefused as refused:
            return str(refused)
        return None

    def _become(self, key: tuple[str, str], alarm: Alarm, at: int) -> None:
        self._alarms[key] = alarm
        self._states.setdefault(key, []).append((at, alarm.state))
