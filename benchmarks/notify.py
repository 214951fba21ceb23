"""From an alarm's event time to its first message at the receiver, at the running demo; one alarm after another.

Run `python -m benchmarks.notify`. A detector in each corridor reports smoke in turn; the receiver is an HTTP server on
the same machine, by Apprise's JSON plugin. The first message of each confirmed fire (a high alarm) is timed from just
before the second detector's message is published.
"""

import json
import tempfile
import time
from pathlib import Path

from benchmarks.figures import Figure, latency
from tests.program import Program
from tests.receivers import Receiver, receiver
from tests.servers import wait_until

AIMS = {50: 300.0, 99: 1000.0}
PEOPLE = ("wang-wei", "li-na", "zhang-min", "chen-gang", "liu-yang", "zhao-lei")
BUILDINGS = range(1, 7)
FLOORS = (1, 2)


def _high(hook: Receiver) -> int:
    return sum("高风险报警" in body["message"] for _, body in list(hook.got))


def run(program: Program, hook: Receiver) -> list[Figure]:
    """Measure at the program that runs."""
    took: list[float] = []
    with program.outside() as outside:

        def smoke(building: int, floor: int, which: str, *, on: bool) -> float:
            body = {"smoke": on, "battery": 97, "linkquality": 110}
            return outside.publish(f"zigbee2mqtt/smoke-b{building}-f{floor}-{which}", body)

        smoke(1, 3, "a", on=True)
        wait_until(lambda: hook.got, 30, "the first message of all")
        for building in BUILDINGS:
            for floor in FLOORS:
                smoke(building, floor, "a", on=True)
                before = _high(hook)
                at = smoke(building, floor, "b", on=True)
                wait_until(lambda before=before: _high(hook) > before, 10, "the message")  # type: ignore[misc]
                took.append(time.monotonic() - at)
                wait_until(lambda before=before: _high(hook) >= before + 2, 10, "all messages")  # type: ignore[misc]
    return latency("notify.latency", took, AIMS, receiver="HTTP on the same machine", max_ms=round(max(took) * 1000))


def figures() -> list[Figure]:
    """Both percentiles."""
    with tempfile.TemporaryDirectory() as folder, receiver() as hook:
        environment = {"ANJU_SMS_URL": f"json://127.0.0.1:{hook.port}/sms/{{to}}"}
        environment |= {f"{person.replace('-', '_').upper()}_PHONE": person for person in PEOPLE}
        program = Program(Path(folder), simulate=False, environment=environment)
        try:
            program.start()
            return run(program, hook)
        finally:
            program.stop()


if __name__ == "__main__":
    for figure in figures():
        print(json.dumps(figure.row()))
