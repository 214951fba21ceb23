"""Drills under way: they give way to a real emergency, and what devices in test mode report is theirs alone."""

from dataclasses import replace

from sqlalchemy import Connection

from backbone.database.activations import get_activation, list_activations, save_activation
from backbone.database.commands import get_reply, insert_command
from backbone.database.drills import list_drills, save_drill
from backbone.database.outbox import append
from community.activation_course import pause
from community.activations import IN_FORCE, OPEN, SYSTEM, Activation, noted
from community.commands import Command, Outcome
from community.drills import Drill, DrillState, ModeChange, suspend
from community.site.site import Site
from rules.detect.model import Transition
from rules.respond import notices
from rules.respond.orders import Order, order_id

WRITER = "rules"
MODE_LIFE_MS = 15_000
SETTLE_MS = 3_000
"""From the end of a simulated scenario until its devices are in service: its smoke must not pass for a real fire."""
MOST = 1_000
NEWEST = 50
"""Drills whose devices may still have to be put back."""
AFTER_ENDS = (DrillState.RUNNING, DrillState.SUSPENDED, DrillState.ENDED, DrillState.EVALUATED)


class Drills:
    """The drills of a site, in the database; every method is part of a caller's transaction."""

    def __init__(self, site: Site) -> None:
        self._site = site
        self.practising: str | None = None
        """The drill that runs with devices in test mode, at the last look."""

    def give_way(self, c: Connection, emergency: Activation, now: int) -> None:
        """A real emergency: every drill in the community stops at once, and all who take part are told."""
        reason = f"真实警情，演练中止 / a real emergency takes over: {emergency.id}"
        running = list_drills(c, self._site.id, states=[DrillState.RUNNING], limit=MOST)
        theirs = {drill.activation for drill in running}
        for activation in list_activations(c, self._site.id, states=OPEN, limit=MOST):
            if not activation.drill:
                continue
            if activation.state in IN_FORCE:
                paused = pause(activation, SYSTEM, reason, now)
            elif activation.id in theirs:  # its leader has paused it already: its record says why it does not go on
                paused = noted(activation, now, SYSTEM, "gave-way", reason)
            else:
                continue
            paused = replace(paused, version=activation.version + 1)
            save_activation(c, paused)
            append(c, WRITER, self._site.id, "plan", paused.timeline[-1].what, paused.id, paused, now)
        for drill in running:
            self._save(c, suspend(drill, SYSTEM, emergency.id, now), "suspended", now)
            notices.tell_suspended(c, self._site, drill, emergency, now)

    def look_after(self, c: Connection, now: int) -> list[Order]:
        """Give way to what people activated; keep the devices of each drill in test mode while it runs."""
        orders: list[Order] = []
        emergency = self._emergency(c)
        if emergency is not None and list_drills(c, self._site.id, states=[DrillState.RUNNING], limit=1):
            self.give_way(c, emergency, now)
        recent = list_drills(c, self._site.id, states=AFTER_ENDS, limit=NEWEST)
        # read by another thread: never None for a moment while a drill runs
        self.practising = next((d.id for d in recent if d.state is DrillState.RUNNING and d.devices), None)
        for drill in recent:
            after, more = self._devices(c, drill, now)
            after = self._scenario(c, after, now)
            orders += more
            if after is not drill:
                self._save(c, replace(after, version=drill.version + 1), "devices", now)
        return orders

    def detected(self, c: Connection, transition: Transition, now: int) -> None:
        """A condition came true by the word of devices in test: written into their drill, and no alarm anywhere."""
        devices = {point.partition(".")[0] for point in transition.points}
        for drill in list_drills(c, self._site.id, states=[DrillState.RUNNING], limit=MOST):
            activation = get_activation(c, drill.activation) if drill.activation else None
            if activation is None or transition.at < activation.activated_at or not devices & set(drill.devices):
                continue
            what = f"{transition.rule}: {', '.join(transition.points)}"
            after = noted(activation, transition.at, SYSTEM, "detected", what)
            after = replace(after, version=activation.version + 1)
            save_activation(c, after)
            append(c, WRITER, self._site.id, "plan", "detected", after.id, after, now)

    def _emergency(self, c: Connection) -> Activation | None:
        open_now = list_activations(c, self._site.id, states=OPEN, limit=MOST)
        return next((activation for activation in open_now if not activation.drill), None)

    def _devices(self, c: Connection, drill: Drill, now: int) -> tuple[Drill, list[Order]]:
        """Command each device that is not known to be in the mode it should be in, until it is."""
        test = drill.state is DrillState.RUNNING
        if not test and _settling(drill, now):
            return drill, []
        last = {change.device: change for change in drill.modes}
        orders = []
        for device in drill.devices:
            known = last.get(device)
            if known is None and not test:
                continue
            if known is not None and known.test == test:
                reply = get_reply(c, known.command)
                if reply is None or reply.outcome is Outcome.DONE or test:
                    continue  # only the way back is tried for ever: a drill can do without a device
            gateway = self._gateway_of(device)
            if gateway is None:
                continue
            order = Order(
                order_id(drill.id, f"mode-{device}-{now}", int(test)),
                gateway,
                Command(
                    point=f"mode:{device}",
                    value=float(test),
                    expires=now + MODE_LIFE_MS,
                    cause=f"person:{drill.started_by}",
                ),
            )
            insert_command(c, order.id, self._site.id, order.gateway, order.command)
            last[device] = ModeChange(device=device, test=test, command=order.id)
            orders.append(order)
        return (replace(drill, modes=tuple(last.values())) if orders else drill), orders

    def _scenario(self, c: Connection, drill: Drill, now: int) -> Drill:
        """The simulator hears of it by an event: it plays once the devices are in test, and stops with the drill."""
        if drill.scenario is None:
            return drill
        running = drill.state is DrillState.RUNNING
        in_test = [change for change in drill.modes if change.test]
        ready = len(in_test) == len(drill.devices) and all(self._done(c, change) for change in in_test)
        if running and ready and not drill.playing:
            playing = replace(drill, playing=True)
            append(c, WRITER, self._site.id, "drill", "play", drill.id, playing, now)
            return playing
        if drill.playing and not running:
            stopped = replace(drill, playing=False, played_until=now)
            append(c, WRITER, self._site.id, "drill", "stop", drill.id, stopped, now)
            return stopped
        return drill

    def _done(self, c: Connection, change: ModeChange) -> bool:
        reply = get_reply(c, change.command)
        return reply is not None and reply.outcome is Outcome.DONE

    def _gateway_of(self, device: str) -> str | None:
        gateways = self._site.file.gateways
        return next((g.id for g in gateways if any(d.id == device for d in g.devices)), None)

    def _save(self, c: Connection, drill: Drill, change: str, now: int) -> None:
        save_drill(c, drill)
        append(c, WRITER, self._site.id, "drill", change, drill.id, drill, now)


def _settling(drill: Drill, now: int) -> bool:
    """Whether devices may still report what the simulator played to them."""
    stopped = drill.played_until
    return drill.playing or (stopped is not None and 0 <= now - stopped < SETTLE_MS)
