"""Whether the disk of the state has room, looked at again and again: people see that it fills before it is full."""

import asyncio
from collections.abc import Callable

import structlog

from api.live.services import ServiceBoard, ServiceState
from backbone.room import Room

LOOK_EVERY_S = 2.0
NAME = "disk"
log = structlog.get_logger()


class DiskWatch:
    """Notes the disk among the services while less is free than is kept for alarms."""

    def __init__(self, room: Room, board: ServiceBoard, now: Callable[[], int]) -> None:
        self._room = room
        self._board = board
        self._now = now
        self._short = False

    def look(self) -> bool:
        """Whether what there is to say has changed."""
        lacking = self._room.lacking
        if bool(lacking) == self._short:
            return False
        self._short = bool(lacking)
        if lacking:
            log.error("the disk fills: the history takes nothing more, alarms go on", reason=lacking)
        state = "short" if lacking else "running"
        self._board.note(ServiceState(NAME, state, since=self._now(), reason=lacking))
        return True

    async def watch(self, changed: Callable[[], None]) -> None:
        """Look again and again; call back when it changed."""
        while True:
            if await asyncio.to_thread(self.look):
                changed()
            await asyncio.sleep(LOOK_EVERY_S)
