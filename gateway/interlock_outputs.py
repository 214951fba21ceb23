"""Sets the outputs of interlocks, as often as it takes until they obey."""

import asyncio
import contextlib
from collections.abc import Callable, Iterable, Mapping

import structlog

from community.commands import SET, SETTING
from gateway.interlocks import Effect
from gateway.switch import Switch, SwitchError

FIRST_RETRY_S = 0.2
LONGEST_RETRY_S = 5.0
SWITCH_S = 15.0
"""A driver that has not even failed by then hangs: that is said, and it is asked again."""

log = structlog.get_logger()


class InterlockOutputs:
    """The outputs that interlocks want otherwise than they are."""

    def __init__(self, switches: Mapping[str, Switch], tell: Callable[[Effect, str, dict[str, object]], None]) -> None:
        """`switches`: by device. `tell` is told what became of an output, as an event's type and data."""
        self._switches = switches
        self._tell = tell
        self._states: dict[str, str] = {}
        self._wanted: dict[str, Effect] = {}
        self._driven: set[str] = set()
        self._wake = asyncio.Event()

    def state(self, point: str) -> str:
        """`set`, `setting`, or why it is not."""
        return self._states.get(point, SETTING)

    def set(self, effects: Iterable[Effect]) -> None:
        """From now on these are wanted."""
        for effect in effects:
            self._states[effect.point] = SETTING
            self._wanted[effect.point] = effect
        self._wake.set()

    def astray(self, effect: Effect) -> None:
        """It was read otherwise: somebody else switched it, or its board lost power."""
        if effect.point not in self._wanted:
            self._wanted[effect.point] = effect
            self._wake.set()

    def let_go(self, point: str) -> None:
        """Nobody wants it any more; it stays as it is."""
        self._wanted.pop(point, None)
        self._states.pop(point, None)

    async def run(self) -> None:
        """Set what is wanted, each beside the others, until cancelled."""
        async with asyncio.TaskGroup() as group:
            while True:
                self._wake.clear()
                for point in [point for point in self._wanted if point not in self._driven]:
                    self._driven.add(point)
                    group.create_task(self._drive(self._wanted[point]), name=f"interlock output {point}")
                await self._wake.wait()

    async def _drive(self, effect: Effect) -> None:
        point, pause_s = effect.point, FIRST_RETRY_S
        try:
            if self._states.get(point) == SET and await self._stands(effect):
                return  # what was read of it was older than what was set
            while point in self._wanted:
                problem = await self._write(effect)
                if problem is None:
                    self._states[point] = SET
                    self._tell(effect, "interlock.output-done", {"value": effect.value})
                    return
                if self._states.get(point) != problem:
                    self._states[point] = problem
                    log.error("an interlock's output does not obey", output=point, reason=problem)
                    self._tell(effect, "interlock.output-failed", {"value": effect.value, "reason": problem})
                await asyncio.sleep(pause_s)
                pause_s = min(LONGEST_RETRY_S, pause_s * 2)
        finally:
            self._wanted.pop(point, None)
            self._driven.discard(point)

    async def _stands(self, effect: Effect) -> bool:
        switch = self._switches.get(effect.device)
        with contextlib.suppress(SwitchError):
            return switch is not None and await switch.read_back(effect.device, effect.point) == effect.value
        return False

    async def _write(self, effect: Effect) -> str | None:
        switch = self._switches.get(effect.device)
        if switch is None:
            return f"{effect.device} cannot be switched by this gateway"
        try:
            async with asyncio.timeout(SWITCH_S):
                value = await switch.write(effect.device, effect.point, effect.value)
        except SwitchError as error:
            return str(error)
        except TimeoutError:
            return f"its driver has not answered for {SWITCH_S:g} s"
        except Exception:
            log.exception("setting an interlock's output failed", output=effect.point)
            return "unexpected error, see the gateway's log"
        return None if value == effect.value else f"reads back {value:g}"
