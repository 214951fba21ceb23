"""How alarms end: their condition is over, has stayed away for long enough, or is watched no more."""

from dataclasses import replace

from sqlalchemy import Connection

from backbone.database.alarms import open_alarm
from community.alarms import Alarm, AlarmState, Cause, acknowledge, clear
from community.site.rules import Grade, Rule
from community.site.site import Site
from rules.detect.model import Transition
from rules.respond import grouping, suppressing, tickets
from rules.respond.alarm_record import keep
from rules.respond.chatter import Chatter
from rules.respond.consequences import STANDING, ungroup
from rules.respond.rule_book import RuleBook


class Endings:
    """Every method is part of a caller's transaction."""

    def __init__(self, site: Site, rules: RuleBook, chatter: Chatter) -> None:
        self._site = site
        self._rules = rules
        self._chatter = chatter

    def over(self, c: Connection, rule: Rule, transition: Transition, now: int) -> None:
        """A condition is over; an alarm that comes and goes stands on for a while."""
        scope, at = transition.scope, transition.at
        alarm = open_alarm(c, self._site.id, rule.id, scope)
        if alarm is not None and alarm.state in STANDING:
            if alarm.chatters or (alarm.grade is not Grade.HIGH and self._chatter.chatters((rule.id, scope))):
                self._chatter.calm((rule.id, scope), at)
                if not alarm.chatters:
                    keep(c, alarm, replace(alarm, chatters=True), "chattering", now, reason=transition.reason)
                return
            self.end(c, rule, alarm, at, transition.reason, now, transition.causes)
        else:
            tickets.note_cleared(c, self._site, rule.id, scope, now)

    def end(
        self,
        c: Connection,
        rule: Rule | None,
        alarm: Alarm,
        at: int,
        reason: str,
        now: int,
        causes: tuple[Cause, ...] = (),
    ) -> None:
        """The alarm's condition is over since `at`, for `reason`; what followed from it is looked at again."""
        self._clear(c, alarm, at, reason, now, causes)
        if rule is None or grouping.explains(rule):
            ungroup(c, self._site, alarm, self._rules.at, now)
        tickets.note_cleared(c, self._site, alarm.rule, alarm.scope, now)

    def end_chattering(self, c: Connection, now: int) -> None:
        """Alarms that came and went, and whose condition has stayed away since."""
        for (rule, scope), since in self._chatter.ended(now):
            alarm = open_alarm(c, self._site.id, rule, scope)
            if alarm is not None and alarm.state in STANDING:
                self.end(c, self._rules.at(rule, scope), alarm, since, "calm-again", now)
            self._chatter.over((rule, scope))

    def _clear(self, c: Connection, alarm: Alarm, at: int, reason: str, now: int, causes: tuple[Cause, ...]) -> None:
        """The condition is over; who suppressed the alarm has seen it."""
        cleared = clear(alarm, at, causes)
        keep(c, alarm, cleared, "cleared", now, reason=reason)
        by = suppressing.answers_for(c, cleared)
        if cleared.state is AlarmState.RETURNED and (by is not None or alarm.grade is Grade.LOW):
            who, why = (by.by, by.reason) if by is not None else ("", "")  # of a low one nobody need have seen anything
            cleared = replace(cleared, version=alarm.version + 1)
            seen = acknowledge(cleared, who, why, now)
            noted = "seen-when-suppressed" if by is not None else "acknowledged"
            keep(c, cleared, seen, "acknowledged", now, who=who, noted=noted)
