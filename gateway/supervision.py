"""Keeps a gateway's tasks running: what ends or hangs is started again after a pause, and said; others go on."""

import asyncio
import contextlib
import time
from collections.abc import Callable, Coroutine, Iterable
from dataclasses import dataclass
from typing import Protocol

import structlog

from backbone import metrics

FIRST_PAUSE_S = 1.0
LONGEST_PAUSE_S = 60.0
STEADY_S = 60.0
"""A worker that went so long is started again at once the next time."""
LOOK_S = 0.5
END_S = 2.0
"""A cancelled worker is waited for so long; one that will not end is left behind."""
SAID_S = 300.0

Work = Callable[[], Coroutine[None, None, None]]

log = structlog.get_logger()


class Worker(Protocol):
    """Something that runs until it is cancelled. `beat_s` (monotonic) is when it last came round."""

    beat_s: float

    @property
    def devices(self) -> Iterable[str]:
        """Whose readings are missing while it does not."""
        ...

    async def run(self) -> None:
        """Work."""
        ...


class Task:
    """A worker that gives no sign of life and reads no device: it may end, but is not known to hang."""

    devices: tuple[str, ...] = ()

    def __init__(self, work: Work) -> None:
        self.run = work
        self.beat_s = 0.0


@dataclass(slots=True)
class _Watched:
    worker: Worker
    task: asyncio.Task[None]
    restarts: int = 0
    trouble: str | None = None
    trouble_s: float = 0.0


class Supervision:
    """The workers of one gateway by name."""

    def __init__(self, *, hang_s: float, restarted: Callable[[Iterable[str], float], None]) -> None:
        """`restarted` is told of devices, and for how long (s) what reads them had given no sign of life."""
        self._hang_s = hang_s
        self._restarted = restarted
        self._watched: dict[str, _Watched] = {}
        self.restarts = 0

    async def __aenter__(self) -> "Supervision":
        return self

    async def __aexit__(self, *_: object) -> None:
        for watched in self._watched.values():
            watched.task.cancel()
        for name in tuple(self._watched):
            await self.stop(name)

    def start(self, name: str, worker: Worker) -> None:
        """Run a worker, again and again, until it is stopped."""
        task = asyncio.create_task(self._keep(name, worker), name=name)
        self._watched[name] = _Watched(worker, task)

    async def stop(self, name: str) -> None:
        """End a worker."""
        watched = self._watched.pop(name)
        watched.task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await watched.task

    @property
    def problems(self) -> list[str]:
        """Which workers had to be started again in the last minutes, and why."""
        now_s = time.monotonic()
        return [
            f"{name} was started again ({watched.restarts} times): {watched.trouble}"
            for name, watched in self._watched.items()
            if watched.trouble is not None and now_s - watched.trouble_s < SAID_S
        ]

    async def _keep(self, name: str, worker: Worker) -> None:
        pause_s = FIRST_PAUSE_S
        while True:
            began_s = worker.beat_s = time.monotonic()
            reason = await self._run_once(name, worker)
            if time.monotonic() - began_s > STEADY_S:
                pause_s = FIRST_PAUSE_S
            metrics.loop_errors.labels(name).inc()
            watched = self._watched.get(name)
            if watched is not None:
                watched.restarts += 1
                watched.trouble, watched.trouble_s = reason, time.monotonic()
            self.restarts += 1
            log.error("started again", worker=name, reason=reason, pause_s=pause_s)
            await asyncio.sleep(pause_s)
            self._restarted(worker.devices, time.monotonic() - worker.beat_s)
            pause_s = min(LONGEST_PAUSE_S, pause_s * 2)

    async def _run_once(self, name: str, worker: Worker) -> str:
        """Run it until it ends or hangs; why it did."""
        task = asyncio.create_task(_run(worker.run), name=f"{name} run")
        try:
            while not task.done():
                await asyncio.wait([task], timeout=LOOK_S)
                silent_s = time.monotonic() - worker.beat_s
                if not task.done() and silent_s > self._hang_s and not isinstance(worker, Task):
                    return f"no sign of life for {silent_s:.0f} s"
            if task.cancelled():
                return "it was broken off"  # from within: nobody ended the worker
            error = task.exception()
            if error is None:
                return "it ended"
            log.error("a worker failed", worker=name, exc_info=error)
            return f"{type(error).__name__}: {error}"
        finally:
            if not task.done():
                task.cancel()
                await asyncio.wait([task], timeout=END_S)


async def _run(work: Work) -> None:
    await work()
