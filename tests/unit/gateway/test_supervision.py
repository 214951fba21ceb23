"""Drivers that die or hang are started again, and nobody else notices."""

import asyncio
import time

from gateway.supervision import Supervision
from tests.waiting import until


class Worker:
    """Works until told to fail."""

    def __init__(self, name: str) -> None:
        self.beat_s = 0.0
        self.devices = (f"of-{name}",)
        self.runs = 0
        self.rounds = 0
        self.fail = False
        self.hang = False

    async def run(self) -> None:
        self.runs += 1
        while True:
            if self.fail:
                self.fail = False
                raise RuntimeError("out of luck")
            if self.hang:
                self.hang = False
                await asyncio.Event().wait()
            self.beat_s = time.monotonic()
            self.rounds += 1
            await asyncio.sleep(0.01)


async def test_one_dies_one_hangs_and_the_third_works_on() -> None:
    dying, hanging, steady = Worker("dying"), Worker("hanging"), Worker("steady")
    noted: list[tuple[str, ...]] = []
    async with Supervision(hang_s=0.3, restarted=lambda devices, _s: noted.append(tuple(devices))) as drivers:
        for name, worker in (("dying", dying), ("hanging", hanging), ("steady", steady)):
            drivers.start(name, worker)
        await until(lambda: dying.rounds and hanging.rounds and steady.rounds, "all to work")
        assert drivers.problems == []
        dying.fail = hanging.hang = True
        await until(lambda: dying.runs == 2 and hanging.runs == 2, "both to be started again")
        problems = "\n".join(drivers.problems)
        assert "dying was started again (1 times): RuntimeError: out of luck" in problems
        assert "hanging was started again (1 times): no sign of life" in problems
        await until(lambda: len(noted) == 2, "the record of both")
        assert sorted(noted) == [("of-dying",), ("of-hanging",)]
        assert (steady.runs, drivers.restarts) == (1, 2)
        rounds = steady.rounds
        await until(lambda: steady.rounds > rounds, "the third to go on")
        await drivers.stop("steady")
        rounds = steady.rounds
        await asyncio.sleep(0)
        assert steady.rounds == rounds
