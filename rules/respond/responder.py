"""What a transition means: low a ticket, medium an alarm and a ticket, high an alarm and its emergency plan.

A high one found late is an alarm and a ticket: old news activates nothing (docs/architecture.md).
"""

from collections.abc import Sequence
from dataclasses import replace

import structlog
from sqlalchemy import Connection
from sqlalchemy.exc import InterfaceError, OperationalError

from backbone import metrics
from backbone.database.alarms import get_alarm, list_alarms, open_alarm, save_alarm
from backbone.database.documents import plain
from backbone.database.errors import Conflict
from backbone.database.outbox import append
from community.alarms import Alarm, AlarmState, alarm_id, clear, raise_alarm, reraise
from community.commands import Reply
from community.quality import Quality
from community.site.model import Grade, Rule
from community.site.site import Site
from community.site.watching import Watching
from rules.detect.model import Transition
from rules.respond import tickets
from rules.respond.orders import Order
from rules.respond.plans import Plans

WRITER = "rules"
MOST_STANDING = 100_000
_STANDING = frozenset({AlarmState.UNACKNOWLEDGED, AlarmState.ACKNOWLEDGED})
log = structlog.get_logger()


class Responder:
    """Takes transitions into the database. Every method is part of a caller's transaction, and may be repeated."""

    def __init__(self, site: Site, late_after_ms: int) -> None:
        self._late_after_ms = late_after_ms
        self.use(site)

    def use(self, site: Site) -> None:
        """Respond by this site from now on."""
        self._site = site
        self._watching = Watching(site)
        self._plans = Plans(site)

    def respond(self, c: Connection, transitions: Sequence[Transition], now: int) -> list[Order]:
        """The commands to send once the transaction is committed.

        One transition that cannot be taken, by a fault of ours, is logged and counted and does not hold up the others;
        an alarm is then raised without its ticket or plan, for somebody to see.
        """
        orders: list[Order] = []
        for transition in transitions:
            try:
                with c.begin_nested():
                    orders += self._respond(c, transition, now)
            except (OperationalError, InterfaceError, Conflict):
                raise
            except Exception:
                metrics.loop_errors.labels("rules respond").inc()
                log.exception("a transition could not be taken", transition=transition)
                self._alarm_alone(c, transition, now)
        return orders

    def _alarm_alone(self, c: Connection, transition: Transition, now: int) -> None:
        if transition.rule not in self._watching.rules or not transition.active:
            return
        rule = self._rule(transition)
        try:
            with c.begin_nested():
                self._raise(c, rule, transition, now, alone=True)
        except (OperationalError, InterfaceError, Conflict):
            raise
        except Exception:
            metrics.loop_errors.labels("rules respond").inc()
            log.exception("not even the alarm could be raised", transition=transition)

    def answered(self, c: Connection, identifier: str, gateway: str, reply: Reply, now: int) -> bool:
        """Take a gateway's reply; whether it was the first to that command."""
        return self._plans.answered(c, identifier, gateway, reply, now)

    def look_after(self, c: Connection, now: int) -> tuple[list[Order], bool]:
        """Begin what waits for the machine, mark what is late; commands to send, and whether anything changed."""
        return self._plans.look_after(c, now)

    def pending(self, c: Connection, now: int) -> list[Order]:
        """Commands that were given and not answered."""
        return self._plans.pending(c, now)

    def standing(self, c: Connection) -> list[Alarm]:
        """The alarms whose condition has not ended."""
        return list_alarms(c, self._site.id, states=_STANDING, limit=MOST_STANDING)

    def unwatched(self, c: Connection, alarm: Alarm, now: int) -> None:
        """No rule of the site watches the alarm's condition any more: nothing else would ever end it."""
        self._save(c, alarm, clear(alarm, now), "cleared", now)

    def _respond(self, c: Connection, transition: Transition, now: int) -> list[Order]:
        rule = self._rule(transition)
        if not transition.active:
            self._over(c, rule, transition, now)
            return []
        if rule.risk is Grade.LOW:
            tickets.report(c, self._site, rule, transition, None, now)
            return []
        return self._raise(c, rule, transition, now)

    def _rule(self, transition: Transition) -> Rule:
        return self._watching.at(self._watching.rules[transition.rule], transition.scope)

    def _raise(
        self, c: Connection, rule: Rule, transition: Transition, now: int, *, alone: bool = False
    ) -> list[Order]:
        late = now - transition.at > self._late_after_ms
        before = open_alarm(c, self._site.id, rule.id, transition.scope)
        if before is None:
            if get_alarm(c, alarm_id(rule.id, transition.scope, transition.at)) is not None:
                return []
            alarm = raise_alarm(
                site=self._site.id,
                rule=rule,
                scope=transition.scope,
                zone=transition.zone,
                at=transition.at,
                value=transition.value,
                points=transition.points,
                late=late,
                simulated=bool(transition.quality & Quality.SIMULATED),
            )
        elif before.state in _STANDING:
            return []
        else:
            alarm = replace(reraise(before, transition.at, transition.value, transition.points), late=late)
        orders: list[Order] = []
        if alone:
            pass
        elif rule.risk is Grade.MEDIUM or late:  # old news moves no plan, but somebody has to go and look
            alarm = replace(alarm, ticket=tickets.report(c, self._site, rule, transition, alarm.id, now).id)
        elif rule.plan is not None:
            activation, orders = self._plans.call(c, rule, alarm, now)
            alarm = replace(alarm, activation=activation.id)
        self._save(c, before, alarm, "raised", now)
        return orders

    def _over(self, c: Connection, rule: Rule, transition: Transition, now: int) -> None:
        if rule.risk is not Grade.LOW:
            alarm = open_alarm(c, self._site.id, rule.id, transition.scope)
            if alarm is not None and alarm.state in _STANDING:
                self._save(c, alarm, clear(alarm, transition.at), "cleared", now)
        tickets.note_cleared(c, self._site, rule, transition, now)

    def _save(self, c: Connection, before: Alarm | None, after: Alarm, change: str, now: int) -> None:
        saved = replace(after, version=before.version + 1 if before else 1)
        save_alarm(c, saved)
        append(c, WRITER, self._site.id, "alarm", change, saved.id, plain(saved), now)
