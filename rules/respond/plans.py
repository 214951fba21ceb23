"""Plans in force: activated or joined by alarms, their machine steps commanded, their deadlines watched."""

from collections.abc import Callable
from dataclasses import replace

import structlog
from sqlalchemy import Connection
from sqlalchemy.exc import InterfaceError, OperationalError

from backbone import metrics
from backbone.database.activations import get_activation, list_activations, save_activation
from backbone.database.alarms import get_alarm
from backbone.database.commands import get_command, insert_command, pending_commands, record_reply
from backbone.database.duty import duty_on_record
from backbone.database.errors import Conflict
from backbone.database.outbox import append
from backbone.database.statements import savepoint
from community.activation_begin import activate
from community.activation_course import adopted, come_into_force, joined, look, stand_by
from community.activation_steps import begin_machine_step, begin_notify_step, command_answered, notified, step_late
from community.activations import (
    IN_FORCE,
    OPEN,
    SYSTEM,
    Activation,
    ActivationState,
    StepProgress,
    StepState,
    merge,
    waits_for,
)
from community.alarms import Alarm, called_at
from community.commanding import ask
from community.commands import Command, Outcome, Reply
from community.incident_command import is_due
from community.site.rules import Rule
from community.site.site import Site
from community.staffing import line_of_command
from rules.detect.model import Transition
from rules.respond import notices
from rules.respond.drills import Drills
from rules.respond.orders import Order, order_id
from rules.respond.output_values import OutputValues
from rules.respond.outputs import outputs_of

WRITER = "rules"
LEVELS = ("high", "medium", "low")
COMMAND_LIFE_MS = 60_000
"""How long after the activation a command is still carried out, at least."""
ANSWER_GRACE_MS = 5_000
LEAD_MS = 30_000
"""A condition holds for a while before it is an alarm, and a gateway's interlock does not wait for that."""
MOST_IN_FORCE = 1_000
log = structlog.get_logger()
SHOWN = "在页面上显示；未配置外部通知渠道 / shown on the page; no outside channel is configured"


class Plans:
    """The activations of a site, in the database; every method is one step of a caller's transaction."""

    def __init__(self, site: Site, outputs: OutputValues | None = None) -> None:
        self._site = site
        self._outputs = outputs or OutputValues(site)
        self._drills = Drills(site)

    def call(self, c: Connection, rule: Rule, alarm: Alarm, now: int) -> tuple[Activation, list[Order]]:
        """Activate the plan of an alarm's rule, or join the activation that is in force in its building."""
        assert rule.plan is not None
        standing = self._standing(c, rule.plan, alarm.zone)
        if standing is not None:
            return self._join(c, standing, rule, alarm, now)
        plan = self._site.plans[rule.plan]
        level = next(name for name in (rule.risk.value, *LEVELS) if name in {*plan.levels})
        activation = activate(
            id=f"{alarm.site}-{plan.id}-{alarm.zone}-{called_at(alarm)}",
            site=self._site.id,
            plan=plan,
            level=level,
            zone=alarm.zone,
            cause=f"alarm:{alarm.id}",
            reason=f"{rule.message.zh} / {rule.message.in_language('en')}",
            now=now,
            alarms=(alarm.id,),
        )
        orders: list[Order] = []
        if rule.positive_alarm is not None:
            begun = stand_by(activation, rule.positive_alarm, now)
            self._save(c, None, begun, "standby", now)
        else:
            begun, orders = self._begin(c, activation, now)
            begun = self._asked_at_once(c, begun, now)
            self._save(c, None, begun, "activated", now)
        self._give_way(c, begun, now)
        return begun, orders

    def _join(
        self, c: Connection, standing: Activation, rule: Rule, alarm: Alarm, now: int
    ) -> tuple[Activation, list[Order]]:
        merged = merge(standing, alarm.id, now)
        if merged is standing:
            return standing, []
        plan = self._site.plans.get(standing.plan)
        begun, orders = self._begin(c, joined(adopted(merged, plan), rule.risk.value, now), now)
        self._save(c, standing, begun, "alarm-joined", now)
        self._give_way(c, begun, now)
        return begun, orders

    def look_after(self, c: Connection, now: int) -> list[Order]:
        """Begin what waits for the machine, and mark what is late; the commands to send.

        One activation that cannot be looked after is logged and counted; the others, and all alarms, go on.
        """
        orders: list[Order] = []
        for activation in list_activations(c, self._site.id, states=OPEN, limit=MOST_IN_FORCE):
            try:
                with savepoint(c):
                    orders += self._look_after_one(c, activation, now)
            except (OperationalError, InterfaceError, Conflict):
                raise
            except Exception:
                metrics.loop_errors.labels("rules plans").inc()
                log.exception("an activation could not be looked after", activation=activation.id)
        orders += self._look_after_drills(c, now)
        self._expire(c, now)
        return orders

    def _give_way(self, c: Connection, emergency: Activation, now: int) -> None:
        """A fault in a drill costs no emergency its plan; the next look tries again."""
        try:
            with savepoint(c):
                self._drills.give_way(c, emergency, now)
        except (OperationalError, InterfaceError, Conflict):
            raise
        except Exception:
            metrics.loop_errors.labels("rules drills").inc()
            log.exception("the drills could not be stopped", emergency=emergency.id)

    def _look_after_drills(self, c: Connection, now: int) -> list[Order]:
        """A fault in a drill costs no plan its step."""
        try:
            with savepoint(c):
                return self._drills.look_after(c, now)
        except (OperationalError, InterfaceError, Conflict):
            raise
        except Exception:
            metrics.loop_errors.labels("rules drills").inc()
            log.exception("the drills could not be looked after")
            return []

    def _look_after_one(self, c: Connection, activation: Activation, now: int) -> list[Order]:
        if activation.state is ActivationState.PAUSED:
            return []
        kept = adopted(activation, self._site.plans.get(activation.plan))
        begun, orders = self._begin(c, self._decided(c, kept, now), now)
        for step in begun.steps:
            if step.due_at < now:
                late = step_late(begun, step.id, now)
                if late is not begun:
                    notices.tell_late(c, self._site, late, step, now)
                begun = late
        begun = self._ask_for_command(c, begun, now)
        if begun is activation:
            return orders
        self._save(c, activation, begun, begun.timeline[-1].what, now)
        return orders

    def _asked_at_once(self, c: Connection, activation: Activation, now: int) -> Activation:
        """Whoever is to command is asked in the message that tells of the alarm; a fault costs no plan."""
        try:
            with savepoint(c):
                return self._ask_for_command(c, activation, now)
        except (OperationalError, InterfaceError, Conflict):
            raise
        except Exception:
            metrics.loop_errors.labels("rules plans").inc()
            log.exception("nobody was asked to command; the next look tries again", activation=activation.id)
            return activation

    def _ask_for_command(self, c: Connection, activation: Activation, now: int) -> Activation:
        """Nobody commands, or it is being handed over: whoever is to command is asked."""
        command = activation.command
        if activation.state not in IN_FORCE:
            return activation
        if is_due(command, now):
            record = duty_on_record(c, self._site, now)
            line = line_of_command(self._site, activation.commander, command.deputies, now, record)
            activation = ask(activation, line, now)
            notices.tell_command(c, self._site, activation, now)
        elif command.offered_to is not None and command.told != command.offered_to:
            notices.tell_command(c, self._site, activation, now)
            activation = replace(activation, command=replace(command, told=command.offered_to))
        return activation

    def _decided(self, c: Connection, activation: Activation, now: int) -> Activation:
        """In standby: whether somebody has gone to look, or nobody has decided in time."""
        if activation.state is not ActivationState.STANDBY:
            return activation
        alarm = get_alarm(c, activation.alarms[0]) if activation.alarms else None
        if alarm is not None and alarm.acknowledged_by is not None:
            activation = look(activation, alarm.acknowledged_by, now)
        if activation.decide_by is None or activation.decide_by <= now:
            activation = come_into_force(activation, SYSTEM, "nobody stood it down in time", now)
        return activation

    def answered(self, c: Connection, identifier: str, gateway: str, reply: Reply, now: int) -> bool:
        """Take a reply. False when it is not the first one, or not from the gateway that was commanded."""
        given = get_command(c, identifier)
        if given is None or given.gateway != gateway or not record_reply(c, identifier, reply):
            return False
        activation = get_activation(c, given.activation) if given.activation else None
        if activation is not None:
            outcome, reason = reply.outcome.value, reply.reason
            then = command_answered(activation, identifier, outcome, reason, reply.read_back, reply.at)
            if then is not activation:
                self._save(c, activation, then, then.timeline[-1].what, now)
        return True

    def told(
        self, c: Connection, identifier: str, change: Callable[[Activation], Activation], now: int
    ) -> Activation | None:
        """Take into an activation what became of telling people."""
        activation = get_activation(c, identifier)
        if activation is None:
            return None
        after = change(activation)
        if after is not activation:
            self._save(c, activation, after, after.timeline[-1].what, now)
        return after

    @property
    def practising(self) -> str | None:
        """The drill that runs with devices in test mode."""
        return self._drills.practising

    def detected(self, c: Connection, transition: Transition, now: int) -> None:
        """What devices in test mode report belongs to the drill that is under way."""
        self._drills.detected(c, transition, now)

    def pending(self, c: Connection, now: int) -> list[Order]:
        """Commands that wait for a reply and have not expired."""
        given = pending_commands(c, self._site.id)
        return [Order(g.id, g.gateway, g.command) for g in given if g.command.expires > now]

    def _standing(self, c: Connection, plan: str, zone: str) -> Activation | None:
        building = self._site.building_of(zone)
        for activation in list_activations(c, self._site.id, states=OPEN, limit=MOST_IN_FORCE):
            here = activation.zone in self._site.zone_parent and self._site.building_of(activation.zone) == building
            if here and activation.plan == plan and not activation.drill:
                return activation
        return None

    def _begin(self, c: Connection, activation: Activation, now: int) -> tuple[Activation, list[Order]]:
        orders: list[Order] = []
        for progress in activation.steps if activation.state in IN_FORCE else ():
            if progress.state is not StepState.WAITING or waits_for(activation, progress):
                continue
            if progress.kind == "notify":
                if self._site.file.notifications is None:
                    activation = notified(activation, progress.id, f"{progress.who}: {SHOWN}", now)
                else:
                    notices.tell_step(c, self._site, activation, progress, now)
                    activation = begin_notify_step(activation, progress.id, now)
            elif progress.kind == "machine":
                step_orders = self._orders(activation, progress)
                for order in step_orders:
                    insert_command(
                        c,
                        order.id,
                        self._site.id,
                        order.gateway,
                        order.command,
                        activation=activation.id,
                        step=progress.id,
                    )
                given = tuple((o.id, o.command.point, o.command.value) for o in step_orders)
                before = self._values_before(c, activation, [point for _, point, _ in given])
                activation = begin_machine_step(activation, progress.id, given, now, before)
                orders += step_orders
        return activation, orders

    def _values_before(self, c: Connection, activation: Activation, points: list[str]) -> dict[str, float]:
        """What outputs were before anything of this emergency, an interlock included, may have moved them."""
        first = get_alarm(c, activation.alarms[0]) if activation.alarms else None
        began = min(activation.activated_at, first.raised_at) if first is not None else activation.activated_at
        values = ((point, self._outputs.value_at(point, began - LEAD_MS)) for point in points)
        return {point: value for point, value in values if value is not None}

    def _orders(self, activation: Activation, step: StepProgress) -> list[Order]:
        return [
            Order(
                order_id(activation.id, step.id, number),
                self._site.points[point].gateway,
                Command(
                    point=point,
                    value=value,
                    expires=step.due_at + max(COMMAND_LIFE_MS - step.within_ms, 0),
                    cause=f"{'drill' if activation.drill else 'activation'}:{activation.id}",
                    drill=not activation.moves,
                ),
            )
            for number, (point, value) in enumerate(outputs_of(self._site, step.do, activation.zone))
        ]

    def _expire(self, c: Connection, now: int) -> None:
        for given in pending_commands(c, self._site.id):
            if given.command.expires + ANSWER_GRACE_MS < now:
                reply = Reply(
                    outcome=Outcome.EXPIRED, point=given.command.point, at=now, reason="no answer from the gateway"
                )
                self.answered(c, given.id, given.gateway, reply, now)

    def _save(self, c: Connection, before: Activation | None, after: Activation, change: str, now: int) -> None:
        # one version a transaction, whatever number of transitions it holds: that is what tells a concurrent change
        saved = replace(after, version=before.version + 1 if before else 1)
        save_activation(c, saved)
        append(c, WRITER, self._site.id, "plan", change, saved.id, saved, now)
