"""The dead-man's switch: an outside monitor is asked for every minute, and only while alerting is alive."""

import asyncio
import urllib.request
from collections.abc import Callable

import structlog

from backbone import metrics
from rules.settings import RulesSettings

TIMEOUT_S = 10.0
log = structlog.get_logger()


class Heartbeat:
    """Requests a URL while conditions are judged, the database writes, and nothing waits too long to be delivered."""

    def __init__(self, settings: RulesSettings, alive: Callable[[], bool], backlog_ms: Callable[[], int]) -> None:
        self._settings = settings
        self._alive = alive
        self._backlog_ms = backlog_ms
        self._silent = False

    async def run(self) -> None:
        """Beat until cancelled."""
        url = self._settings.heartbeat_url
        while url is not None:
            why = await self._why_not(url)
            if why and not self._silent:
                metrics.loop_errors.labels("heartbeat").inc()
                log.error("no heartbeat", why=why)
            elif not why and self._silent:
                log.info("the heart beats again")
            self._silent = bool(why)
            await asyncio.sleep(self._settings.heartbeat_every_s)

    async def _why_not(self, url: str) -> str:
        """Beat; empty when that was done."""
        try:
            if not self._alive():
                return "conditions are not judged, or the database cannot be written"
            backlog_ms = await asyncio.to_thread(self._backlog_ms)
            if backlog_ms > self._settings.heartbeat_backlog_s * 1000:
                return f"a notification has been due for {backlog_ms // 1000} s"
            await asyncio.to_thread(_get, url)
        except Exception as error:
            return str(error)
        return ""


def _get(url: str) -> None:
    if not url.startswith(("http://", "https://")):
        raise ValueError("ANJU_HEARTBEAT_URL is no http(s) URL")
    with urllib.request.urlopen(url, timeout=TIMEOUT_S) as answer:  # noqa: S310 - checked above
        answer.read(1024)
