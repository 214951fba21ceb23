"""The supervisor's word on each process, from `services.json`; and what this process knows to be out of order."""

import asyncio
from collections.abc import Callable
from pathlib import Path

import msgspec
import structlog

LOOK_EVERY_S = 0.5
log = structlog.get_logger()


class ServiceState(msgspec.Struct, frozen=True):
    """How a process fares; times are Unix ms."""

    name: str
    state: str
    restarts: int = 0
    since: int | None = None
    reason: str = ""
    next_try: int | None = None


class _File(msgspec.Struct, frozen=True):
    services: list[ServiceState] = []


class ServiceBoard:
    """The states last read. Without a supervisor (one service a container) there are none."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._stamp: tuple[int, int] | None = None
        self._processes: list[ServiceState] = []
        self._noted: dict[str, ServiceState] = {}

    @property
    def states(self) -> list[ServiceState]:
        """The processes, then what else is out of order."""
        return [*self._processes, *self._noted.values()]

    def note(self, state: ServiceState) -> None:
        """Something that is no process of its own; shown while it does not run."""
        known = self._noted.pop(state.name, None)
        if state.state != "running":
            same = known is not None and known.state == state.state
            self._noted[state.name] = msgspec.structs.replace(state, since=known.since) if same and known else state

    def look(self) -> bool:
        """Read the file if it was replaced; whether the states changed."""
        try:
            stat = self._path.stat()
            stamp = (stat.st_mtime_ns, stat.st_ino)
            if stamp == self._stamp:
                return False
            states = msgspec.json.decode(self._path.read_bytes(), type=_File).services
        except FileNotFoundError:
            stamp, states = None, []
        except (OSError, msgspec.MsgspecError) as error:
            log.warning("services.json cannot be read", error=str(error))
            return False
        changed = states != self._processes
        self._stamp, self._processes = stamp, states
        return changed

    async def watch(self, changed: Callable[[], None]) -> None:
        """Look again and again; call back when the states changed."""
        while True:
            if self.look():
                changed()
            await asyncio.sleep(LOOK_EVERY_S)
