"""A clock nobody sets: how long this machine has been up, whatever its wall clock shows."""

import contextlib
import time
from pathlib import Path
from uuid import uuid4

_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")
_THIS_PROCESS = uuid4().hex
_SINCE_BOOT: int | None = getattr(time, "CLOCK_BOOTTIME", None)


def steady_ms() -> int:
    """Milliseconds since this machine was started, the time it slept included; of use within one start only."""
    if _SINCE_BOOT is None:
        return time.monotonic_ns() // 1_000_000
    return time.clock_gettime_ns(_SINCE_BOOT) // 1_000_000


def wall_ms() -> int:
    """Unix milliseconds, as this machine's clock shows them now."""
    return time.time_ns() // 1_000_000


def boot() -> str:
    """What tells this start of the machine from all others, or of this process where that cannot be known."""
    with contextlib.suppress(OSError):
        if _SINCE_BOOT is not None:
            return _BOOT_ID.read_text().strip()
    return _THIS_PROCESS
