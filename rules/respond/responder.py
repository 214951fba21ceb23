"""What a transition means: low a ticket, medium an alarm and a ticket, high an alarm and its emergency plan.

A high one found late is an alarm and a ticket: old news activates nothing (docs/architecture.md).
"""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

import structlog
from sqlalchemy import Connection
from sqlalchemy.exc import InterfaceError, OperationalError

from backbone import metrics
from backbone.database.alarms import get_alarm, list_alarms, open_alarm
from backbone.database.errors import Conflict
from backbone.database.statements import savepoint
from community.alarms import (
    Alarm,
    AlarmState,
    alarm_id,
    call_again,
    reraise,
)
from community.commands import Reply
from community.re_alarm import re_alarm_at
from community.site.rules import GATEWAY_OFFLINE, Grade, Rule
from community.site.site import Site
from community.suppression import over
from rules.detect.model import Transition
from rules.respond import grouping, interlock_outputs, suppressing, tickets
from rules.respond.alarm_record import WRITER, keep, raised, tell
from rules.respond.chatter import Chatter
from rules.respond.consequences import MOST_STANDING, STANDING, ungroup_orphans
from rules.respond.endings import Endings
from rules.respond.orders import Order
from rules.respond.output_values import OutputValues
from rules.respond.plans import Plans
from rules.respond.rule_book import RuleBook

TIDY_EVERY_MS = 10_000
MOST_CONFLICTS = 5
log = structlog.get_logger()


class Responder:
    """Takes transitions into the database. Every method is part of a caller's transaction, and may be repeated."""

    def __init__(self, site: Site, late_after_ms: int, outputs: OutputValues | None = None) -> None:
        self._outputs = outputs or OutputValues(site)
        self._late_after_ms = late_after_ms
        self._tidied_at = 0
        self._conflicts: Counter[tuple[str, str, int]] = Counter()
        self._chatter = Chatter()
        self.use(site)

    def use(self, site: Site) -> None:
        """Respond by this site from now on."""
        self._site = site
        self._rules = RuleBook(site)
        self._endings = Endings(site, self._rules, self._chatter)
        self._plans = Plans(site, self._outputs)
        self._followers = grouping.followers(site)

    def respond(self, c: Connection, transitions: Sequence[Transition], now: int) -> list[Order]:
        """The commands to send once the transaction is committed.

        One transition that cannot be taken, by a fault of ours, is logged and counted and does not hold up the others;
        an alarm is then raised without its ticket or plan, for somebody to see.

        Raises:
            Conflict: somebody else changed an object meanwhile: to be tried again. What conflicts again and again is a
                fault, and would hold up every alarm after it.
        """
        orders: list[Order] = []
        for transition in transitions:
            try:
                with savepoint(c):
                    orders += self._respond(c, transition, now)
            except (OperationalError, InterfaceError):
                raise
            except Exception as error:
                if isinstance(error, Conflict) and self._tries_again(transition, MOST_CONFLICTS):
                    raise
                metrics.loop_errors.labels("rules respond").inc()
                log.exception("a transition could not be taken", transition=transition)
                self._alarm_alone(c, transition, now)
        return orders

    def _alarm_alone(self, c: Connection, transition: Transition, now: int) -> None:
        rule = self._rules.of(transition)
        if rule is None or not transition.active:
            return
        try:
            with savepoint(c):
                self._raise(c, rule, transition, now, alone=True)
        except (OperationalError, InterfaceError):
            raise
        except Exception as error:
            if isinstance(error, Conflict) and self._tries_again(transition, 2 * MOST_CONFLICTS):
                raise
            metrics.loop_errors.labels("rules respond").inc()
            log.exception("not even the alarm could be raised", transition=transition)

    def _tries_again(self, transition: Transition, most: int) -> bool:
        self._conflicts[transition.rule, transition.scope, transition.at] += 1
        return self._conflicts[transition.rule, transition.scope, transition.at] <= most

    def answered(self, c: Connection, identifier: str, gateway: str, reply: Reply, now: int) -> bool:
        """Take a gateway's reply; whether it was the first to that command."""
        return self._plans.answered(c, identifier, gateway, reply, now)

    def look_after(self, c: Connection, now: int) -> list[Order]:
        """Begin what waits for the machine, mark what is late, call again for what is to be seen again."""
        orders = self._release(c, now)
        self._guarded(c, "what is acknowledged could not be looked through", lambda: self._re_alarm(c, now))
        if now - self._tidied_at >= TIDY_EVERY_MS:
            self._tidied_at = now
            self._conflicts.clear()
            self._guarded(
                c,
                "consequences could not be looked through",
                lambda: ungroup_orphans(c, self._site, self._rules.at, now),
            )
            self._guarded(c, "chattering alarms could not be ended", lambda: self._endings.end_chattering(c, now))
        return orders + self._plans.look_after(c, now)

    def _guarded(self, c: Connection, failed: str, work: Callable[[], None]) -> None:
        """A fault in this costs no plan its step."""
        try:
            with savepoint(c):
                work()
        except (OperationalError, InterfaceError, Conflict):
            raise
        except Exception:
            metrics.loop_errors.labels("rules look after").inc()
            log.exception(failed)

    def clock_set(self, by: int) -> None:
        """The clock shows so many ms more."""
        self._chatter.clock_set(by)
        self._tidied_at += by

    @property
    def practising(self) -> str | None:
        """The drill that runs with devices in test mode: what they report is worth judging."""
        return self._plans.practising

    def detected(self, c: Connection, transitions: Sequence[Transition], now: int) -> None:
        """Conditions that came true by the word of devices in test mode."""
        for transition in transitions:
            if transition.active:
                self._plans.detected(c, transition, now)

    @property
    def rules(self) -> RuleBook:
        """By what it responds."""
        return self._rules

    def pending(self, c: Connection, now: int) -> list[Order]:
        """Commands that were given and not answered."""
        return self._plans.pending(c, now)

    def standing(self, c: Connection) -> list[Alarm]:
        """The alarms whose condition has not ended and that a rule of the site watches, or watched."""
        found = list_alarms(c, self._site.id, states=STANDING, limit=MOST_STANDING)
        if len(found) == MOST_STANDING:
            log.error("more alarms stand than are taken over; the oldest are left as they are", most=MOST_STANDING)
        return [
            alarm
            for alarm in found
            if not grouping.is_gateways(self._site, alarm) and not interlock_outputs.is_outputs(self._site, alarm)
        ]

    def gateway(self, c: Connection, gateway: str, online: bool, at: int, now: int) -> None:
        """A gateway has been offline, or back, long enough since `at`. Repeats have no effect."""
        before = open_alarm(c, self._site.id, GATEWAY_OFFLINE, gateway)
        if online and (before is None or before.state not in STANDING):
            return
        self.respond(c, [grouping.offline_transition(self._site, gateway, online, at)], now)

    def interlock_outputs(self, c: Connection, gateway: str, outputs: Mapping[str, str], now: int) -> None:
        """What a gateway that is online says of the outputs its tripped interlocks hold. Repeats have no effect."""
        self.respond(c, list(interlock_outputs.transitions(c, self._site, gateway, outputs, now)), now)

    def unwatched(self, c: Connection, alarm: Alarm, now: int) -> None:
        """No rule of the site watches the alarm's condition any more: nothing else would ever end it."""
        self._endings.end(c, None, alarm, now, "unwatched", now)

    def _respond(self, c: Connection, transition: Transition, now: int) -> list[Order]:
        rule = self._rules.of(transition)
        if rule is None:
            raise KeyError(transition.rule)
        if not transition.active:
            self._endings.over(c, rule, transition, now)
            return []
        if rule.risk is Grade.LOW and not (rule.id in self._followers or suppressing.has_design(rule)):
            tickets.report(c, self._site, rule, transition, None, now)
            return []
        return self._raise(c, rule, transition, now)

    def _raise(
        self, c: Connection, rule: Rule, transition: Transition, now: int, *, alone: bool = False
    ) -> list[Order]:
        late = now - transition.at > self._late_after_ms
        self._chatter.came((rule.id, transition.scope), transition.at)
        before = open_alarm(c, self._site.id, rule.id, transition.scope)
        if before is None:
            if get_alarm(c, alarm_id(self._site.id, rule.id, transition.scope, transition.at)) is not None:
                return []
            alarm = raised(self._site, rule, transition, late=late)
        elif before.state in STANDING:
            return []
        else:
            alarm = replace(
                reraise(before, transition.at, transition.value, transition.points, transition.causes), late=late
            )
        if transition.detail or alarm.detail:
            alarm = replace(alarm, detail=transition.detail)
        orders: list[Order] = []
        if not alone:
            first = grouping.first_out(c, self._site, rule, alarm)
            alarm = alarm if first == alarm.first_out else replace(alarm, first_out=first)
            alarm = self._suppressed(c, rule, alarm, now)
            if rule.risk is Grade.LOW and alarm.first_out is None and alarm.suppressed is None:
                tickets.report(c, self._site, rule, transition, None, now)  # a low one is an alarm only under another
                return []
            alarm, orders = self._act(c, rule, transition, alarm, now)
        noted = "suppressed" if alarm.suppressed else "consequence" if alarm.first_out else "raised"
        keep(c, before, alarm, "raised", now, reason=transition.reason, noted=noted)
        if alarm.first_out is None:  # who is told of the gateway need not be told of its points
            tell(c, self._site, alarm, now)
        if grouping.explains(rule) and not alone:
            for other in grouping.found_before(c, self._site, rule, alarm, transition.at):
                keep(c, other, replace(other, first_out=alarm.id), "grouped", now, reason=alarm.id)
        return orders

    def _suppressed(self, c: Connection, rule: Rule, alarm: Alarm, now: int) -> Alarm:
        found = alarm
        if rule.risk is not Grade.LOW:
            found = suppressing.under_suppression(c, WRITER, self._site, alarm, now)
        return suppressing.by_design(c, WRITER, self._site, rule, found, now)

    def _act(
        self, c: Connection, rule: Rule, transition: Transition, alarm: Alarm, now: int
    ) -> tuple[Alarm, list[Order]]:
        """Have somebody sent, or a plan begun; the alarm with what came of it."""
        if alarm.first_out is not None or alarm.suppressed is not None:  # the first-out has the ticket
            return alarm, []
        if rule.risk is not Grade.HIGH or alarm.late:  # old news moves no plan, but somebody has to go and look
            return replace(alarm, ticket=tickets.report(c, self._site, rule, transition, alarm.id, now).id), []
        if rule.plan is not None:
            activation, orders = self._plans.call(c, rule, alarm, now)
            return replace(alarm, activation=activation.id), orders
        return alarm, []

    def _release(self, c: Connection, now: int) -> list[Order]:
        """Suppressions that end: what stands under them calls, as if it came now."""
        orders: list[Order] = []
        for suppression in suppressing.ending(c, WRITER, self._site, now):
            for alarm in suppressing.alarms_under(c, suppression):
                orders += self._released(c, alarm, now)
            suppressing.keep(c, WRITER, over(suppression), "over", now)
        return orders

    def _released(self, c: Connection, alarm: Alarm, now: int) -> list[Order]:
        try:
            with savepoint(c):
                rule = self._rules.at(alarm.rule, alarm.scope)
                if rule is not None and rule.risk is not Grade.HIGH and alarm.state in STANDING:
                    still = self._suppressed(c, rule, replace(alarm, suppressed=None), now)
                    if still.suppressed is not None:  # by something else
                        keep(c, alarm, still, "suppressed", now, reason="another-suppression")
                        return []
                return self._call_again(c, alarm, "released", "suppression-over", now)
        except (OperationalError, InterfaceError, Conflict):
            raise
        except Exception:
            metrics.loop_errors.labels("rules respond").inc()
            log.exception("an alarm is released without its ticket or plan", alarm=alarm.id)
            keep(c, alarm, call_again(alarm, now), "released", now, reason="suppression-over")
            return []

    def _re_alarm(self, c: Connection, now: int) -> None:
        """Alarms somebody has seen, and that stand for too long since."""
        if not any(rule.re_alarm for rule in self._site.file.rules):
            return
        for alarm in list_alarms(c, self._site.id, states=[AlarmState.ACKNOWLEDGED], limit=MOST_STANDING):
            if alarm.suppressed is not None:
                continue
            rule = self._rules.at(alarm.rule, alarm.scope)
            at = None if rule is None else re_alarm_at(alarm, rule.re_alarm)
            if at is not None and at <= now:
                self._call_again(c, alarm, "re-alarmed", "stands-acknowledged", now)

    def _call_again(self, c: Connection, alarm: Alarm, change: str, why: str, now: int) -> list[Order]:
        if alarm.state not in STANDING:
            keep(c, alarm, replace(alarm, suppressed=None), change, now, reason=why)
            return []
        again, orders = call_again(alarm, now), list[Order]()
        rule = self._rules.at(alarm.rule, alarm.scope)
        if rule is not None and alarm.ticket is None and alarm.activation is None:
            cause = Transition(alarm.rule, alarm.scope, alarm.zone, True, now, alarm.value, alarm.points, change)
            again, orders = self._act(c, rule, cause, again, now)
        keep(c, alarm, again, change, now, reason=why)
        if again.first_out is None:
            tell(c, self._site, again, now)
        return orders
