"""`anju up`: every service as its own process, restarted with back-off, stopped together, none left behind."""

import asyncio
import json
import os
import signal
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from anju.process import SUPERVISED
from anju.watchdog import SILENT_S, Pulse
from backbone.steady import wall_ms

FIRST_DELAY_S = 0.5
LONGEST_DELAY_S = 5.0
"""What dies again and again may be what raises alarms: a core's share of starting it is cheaper than half a minute."""
STEADY_S = 60.0
"""A service that ran this long starts again with the first delay."""
STOP_S = 4.0
LOG_LIMIT_BYTES = 10_000_000


@dataclass(frozen=True, slots=True)
class Service:
    """A process to keep running: its name on the page, and the `anju` arguments that run it."""

    name: str
    arguments: tuple[str, ...]
    environment: dict[str, str] = field(default_factory=dict)
    outlives: bool = False
    """Stopped after all others: they have last words to say over it."""


@dataclass(slots=True)
class ServiceState:
    """How a service fares; written to `services.json` for the page."""

    name: str
    state: str = "starting"
    restarts: int = 0
    since: int = 0
    reason: str = ""
    next_try: int | None = None
    pid: int | None = None


def backoff_s(failures: int) -> float:
    """The wait before the next try after `failures` in a row (1 is the first)."""
    return min(LONGEST_DELAY_S, FIRST_DELAY_S * 2.0 ** (failures - 1))


class Supervisor:
    """Runs the services until `stop`; the state of each is in `{data_dir}/services.json`."""

    def __init__(self, data_dir: Path, services: list[Service], say: Callable[[str], None]) -> None:
        self._data_dir = data_dir
        self._services = services
        self._say = say
        self.states = {service.name: ServiceState(service.name) for service in services}

    async def run(self, stop: asyncio.Event) -> None:
        """Start everything, keep it running until `stop` is set, then stop everything within `STOP_S`."""
        (self._data_dir / "logs").mkdir(parents=True, exist_ok=True)
        others_ended = asyncio.Event()
        async with asyncio.TaskGroup() as group:
            for service in self._services:
                if service.outlives:
                    group.create_task(self._keep(service, others_ended), name=f"keep {service.name}")
            async with asyncio.TaskGroup() as others:
                for service in self._services:
                    if not service.outlives:
                        others.create_task(self._keep(service, stop), name=f"keep {service.name}")
            others_ended.set()

    async def _keep(self, service: Service, stop: asyncio.Event) -> None:
        failures = 0
        while not stop.is_set():
            started = time.monotonic()
            with Pulse() as pulse:
                process = await self._start(service, pulse.environment)
                self._note(service, "running", pid=process.pid)
                reason = await self._ended(process, pulse, stop)
            if stop.is_set():
                break
            failures = 1 if time.monotonic() - started >= STEADY_S else failures + 1
            delay_s = backoff_s(failures)
            self._say(f"{service.name} ended ({reason}); starting it again in {delay_s:g} s")
            self._note(service, "restarting", reason=reason, next_try_s=delay_s)
            await _wait(stop, delay_s)
        self._note(service, "stopped")

    async def _start(self, service: Service, pulse: dict[str, str]) -> asyncio.subprocess.Process:
        log = self._data_dir / "logs" / f"{service.name}.log"
        if log.exists() and log.stat().st_size > LOG_LIMIT_BYTES:
            log.replace(log.with_suffix(".log.1"))
        with log.open("ab") as out:
            return await asyncio.create_subprocess_exec(
                sys.executable,
                "-m",
                "anju",
                *service.arguments,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=out,
                stderr=asyncio.subprocess.STDOUT,
                env={**os.environ, **service.environment, **pulse, SUPERVISED: str(os.getpid())},
                start_new_session=True,  # Ctrl-C reaches the supervisor alone, which then stops the rest in order
            )

    async def _ended(self, process: asyncio.subprocess.Process, pulse: Pulse, stop: asyncio.Event) -> str:
        """Wait for its end, and bring it about when it stands still or is to stop; why it ended."""
        ending = asyncio.create_task(process.wait())
        silent, stopping = asyncio.create_task(pulse.silence()), asyncio.create_task(stop.wait())
        await asyncio.wait({ending, silent, stopping}, return_when=asyncio.FIRST_COMPLETED)
        stands_still = silent.done() and not ending.done() and not stop.is_set()
        silent.cancel()
        stopping.cancel()
        await asyncio.gather(silent, stopping, return_exceptions=True)  # before their socket is closed
        if stands_still:
            _signal(process, signal.SIGKILL)
        elif not ending.done():
            _signal(process, signal.SIGTERM)
            done, _ = await asyncio.wait({ending}, timeout=STOP_S)
            if not done:
                _signal(process, signal.SIGKILL)
        code = await ending
        return f"no sign of life for {SILENT_S:g} s" if stands_still else _reason(code)

    def _note(
        self,
        service: Service,
        state: str,
        *,
        reason: str = "",
        next_try_s: float | None = None,
        pid: int | None = None,
    ) -> None:
        row = self.states[service.name]
        now = wall_ms()
        row.restarts += state == "restarting"
        row.state, row.since, row.pid = state, now, pid
        row.reason = reason or row.reason
        row.next_try = None if next_try_s is None else now + int(next_try_s * 1000)
        write_states(self._data_dir, list(self.states.values()))


def write_states(data_dir: Path, states: list[ServiceState]) -> None:
    """Replace `services.json` in one step, so that a reader never sees half of it."""
    rows = [
        {
            "name": s.name,
            "state": s.state,
            "restarts": s.restarts,
            "since": s.since,
            "reason": s.reason,
            "next_try": s.next_try,
            "pid": s.pid,
        }
        for s in states
    ]
    path = data_dir / "services.json"
    partial = path.with_suffix(".partial")
    partial.write_text(json.dumps({"services": rows}, indent=1))
    partial.replace(path)


def _signal(process: asyncio.subprocess.Process, number: signal.Signals) -> None:
    try:
        os.killpg(process.pid, number)
    except ProcessLookupError:
        return


def _reason(code: int) -> str:
    return f"signal {signal.Signals(-code).name}" if code < 0 else f"exit code {code}"


async def _wait(stop: asyncio.Event, seconds: float) -> None:
    try:
        async with asyncio.timeout(seconds):
            await stop.wait()
    except TimeoutError:
        return
