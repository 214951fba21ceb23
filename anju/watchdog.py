"""A process that stands still holds its doors shut and says nothing: it is ended, and whoever keeps it starts it again.

Two watch. The process itself ends hard when its loop gives no beat (`Watchdog`). And whoever keeps it, systemd or
`anju up`, hears the same beat by sd_notify(3) and kills it when there is none: one that is stopped cannot end itself.
"""

import asyncio
import contextlib
import faulthandler
import os
import secrets
import socket
import sys
from types import TracebackType

BEAT_S = 0.5
SILENT_S = 10.0
"""`anju up` kills a process that beat once and has not for so long. (systemd: WatchdogSec of the unit.)"""


class Watchdog:
    """While entered, the running loop must come round at least every `stall_s`, or the process ends with code 1.

    The interpreter's own timer does that (faulthandler): it runs without the interpreter's lock, and leaves the stack
    of every thread in the log.
    """

    def __init__(self, stall_s: float) -> None:
        self._stall_s = stall_s
        self._task: asyncio.Task[None] | None = None

    async def __aenter__(self) -> "Watchdog":
        _tell("READY=1")
        self._task = asyncio.create_task(self._beat(), name="watchdog")
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        assert self._task is not None
        self._task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await self._task
        faulthandler.cancel_dump_traceback_later()
        _tell("STOPPING=1")

    async def _beat(self) -> None:
        while True:
            faulthandler.dump_traceback_later(self._stall_s, exit=True, file=sys.__stderr__ or sys.stderr)
            _tell("WATCHDOG=1")
            await asyncio.sleep(BEAT_S)


def _tell(state: str) -> None:
    """Say it to whoever started this process and wants to hear it; never waits, never fails."""
    address = os.environ.get("NOTIFY_SOCKET", "")
    if not address.startswith(("/", "@")):
        return
    with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as out:
        out.setblocking(False)
        out.connect(address.replace("@", "\0", 1) if address[0] == "@" else address)
        out.send(state.encode())


class Pulse:
    """The keeper's ear for one process; on Linux, whose abstract sockets leave no file behind. Elsewhere it is deaf."""

    def __init__(self) -> None:
        self.environment: dict[str, str] = {}
        """What tells the process whom to beat for."""
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.setblocking(False)
        if sys.platform == "linux":
            name = f"anju-{os.getpid()}-{secrets.token_hex(4)}"
            self._socket.bind(f"\0{name}")
            self.environment["NOTIFY_SOCKET"] = f"@{name}"

    def __enter__(self) -> "Pulse":
        return self

    def __exit__(self, *_: object) -> None:
        self._socket.close()

    async def silence(self, silent_s: float = SILENT_S) -> None:
        """Return when a process that has beaten does not any more; one that never beats is not held to it."""
        if not self.environment:
            await asyncio.Event().wait()
        loop = asyncio.get_running_loop()
        await loop.sock_recv(self._socket, 64)
        while True:
            try:
                async with asyncio.timeout(silent_s):
                    await loop.sock_recv(self._socket, 64)
            except TimeoutError:
                if not self._missed():
                    return

    def _missed(self) -> bool:
        """Whether it was we who slept: beats wait to be read."""
        try:
            return bool(self._socket.recv(64))
        except BlockingIOError:
            return False
