"""The history gives way to an alarm's services, and drags nobody along that shares its session."""

import os
import subprocess
import sys
from pathlib import Path

from anju.turns import NICENESS
from tests.servers import ROOT

AUTOGROUP = Path("/proc/self/autogroup")
SAID = """
import os, pathlib
from anju.turns import give_way
give_way()
group = pathlib.Path("/proc/self/autogroup")
print(os.nice(0), *(group.read_text().split()[-1:] if group.exists() else []))
"""
"""A process's niceness, and its session's: nothing for the session that the system started with."""


def _niceness(*, own_session: bool) -> list[str]:
    command = [sys.executable, "-c", SAID]
    found = subprocess.run(
        command,
        env={"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        start_new_session=own_session,
        check=True,
    )
    return found.stdout.split()


def test_a_service_with_a_session_to_itself_gives_way_with_all_of_it() -> None:
    before = os.nice(0)
    assert _niceness(own_session=True) == [str(before + NICENESS), *([str(NICENESS)] if AUTOGROUP.exists() else [])]


def test_others_of_a_session_do_not_give_way_with_it() -> None:
    before = AUTOGROUP.read_text() if AUTOGROUP.exists() else ""
    assert _niceness(own_session=False)[0] == str(os.nice(0) + NICENESS)
    assert (AUTOGROUP.read_text() if AUTOGROUP.exists() else "") == before
