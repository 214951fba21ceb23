"""One service as one process: logging, signals, and an end that comes when asked."""

import asyncio
import contextlib
import ctypes
import gc
import os
import signal
import sys
from collections.abc import Awaitable, Callable

import structlog
from prometheus_client import start_http_server
from pydantic import ValidationError

from anju.exits import UnusableSettings
from backbone import logs
from backbone.settings import Settings
from community.site.problems import SiteErrors

ServiceMain = Callable[[asyncio.Event], Awaitable[None]]
"""Runs until the event is set."""

SUPERVISED = "ANJU_SUPERVISED"
"""Set by the supervisor to its process id: the process ends when that one does."""
_PR_SET_PDEATHSIG = 1


def run(name: str, settings: Settings, service: ServiceMain) -> None:
    """Run `service(stop)` until it returns; SIGTERM and SIGINT set `stop`. Exits 1 when the service fails.

    Raises:
        ValidationError, UnusableSettings, SiteErrors: of the settings and the site file it began with; whoever called
            says them in a line.
    """
    logs.configure(name, settings.log_level)
    if settings.metrics_port is not None:
        start_http_server(settings.metrics_port, addr="127.0.0.1")
    if os.environ.get(SUPERVISED):
        follow_parent()
    try:
        asyncio.run(_until_stopped(service))
    except (ValidationError, UnusableSettings, SiteErrors):
        raise
    except Exception:
        structlog.get_logger().exception("service failed", service=name)
        sys.exit(1)


def follow_parent() -> None:
    """Have the kernel end this process when the supervisor dies, so that none is orphaned (Linux).

    One that died before we could ask is no parent any more: its next life would find its ports and files taken.
    """
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
        if os.getppid() != int(os.environ[SUPERVISED]):
            sys.exit("the supervisor is gone")


def return_memory() -> None:
    """What reading the site file left behind goes back to the system, and what stays is not looked through again.

    For a gateway with 500 devices these are two megabytes and a half (that needs glibc), and a pause of 60 ms of the
    garbage collector every second under load, which an alarm would have to wait for; the rules look through as much.
    """
    gc.unfreeze()
    gc.collect()
    gc.freeze()
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).malloc_trim(0)


async def _until_stopped(service: ServiceMain) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    await service(stop)
