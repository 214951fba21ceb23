"""Whose turn the processor's is, where there are fewer cores than work: an alarm's way before what can come later.

The history is a consumer that may be late (docs/architecture.md); the broker, the gateways and the rules are an alarm's
way. So the history gives way: it gets a third of what each of those gets, while they want it, and all that is left.
"""

import contextlib
import os
from pathlib import Path

NICENESS = 5
_AUTOGROUP = Path("/proc/self/autogroup")


def give_way() -> None:
    """Let other services go first from now on. What the system does not allow, or does not know, is left as it is.

    Linux weighs the processes of a session against those of others, and niceness only within (sched(7), autogroup): so
    a service that has a session to itself, as under `anju up`, has the session give way.
    """
    with contextlib.suppress(OSError):
        os.nice(NICENESS)
    if os.getsid(0) == os.getpid():
        with contextlib.suppress(OSError):
            _AUTOGROUP.write_text(str(NICENESS))
