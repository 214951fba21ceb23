"""What the supervisor decides and writes; that it really starts and stops things is tested end to end."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from anju.process import SUPERVISED
from anju.supervisor import LONGEST_DELAY_S, ServiceState, backoff_s, write_states


@pytest.mark.parametrize(
    ("failures", "delay_s"), [(1, 0.5), (2, 1.0), (3, 2.0), (7, LONGEST_DELAY_S), (99, LONGEST_DELAY_S)]
)
def test_each_failure_in_a_row_waits_longer_up_to_a_limit(failures: int, delay_s: float) -> None:
    assert backoff_s(failures) == delay_s


def test_the_page_reads_what_was_written_whole(tmp_path: Path) -> None:
    write_states(tmp_path, [ServiceState("rules", state="restarting", restarts=2, reason="signal SIGKILL")])
    rows = json.loads((tmp_path / "services.json").read_text())["services"]
    assert [(row["name"], row["state"], row["restarts"]) for row in rows] == [("rules", "restarting", 2)]
    assert [path.name for path in tmp_path.iterdir()] == ["services.json"]


@pytest.mark.parametrize(("supervisor", "lives"), [("here", True), ("gone", False)])
def test_a_service_whose_supervisor_died_before_it_began_ends(supervisor: str, lives: bool) -> None:
    """It would keep the ports and the files of the next one."""
    pid = os.getpid() if supervisor == "here" else os.getppid()
    command = [sys.executable, "-c", "from anju.process import follow_parent; follow_parent(); print('lives')"]
    done = subprocess.run(
        command, env={**os.environ, SUPERVISED: str(pid)}, capture_output=True, text=True, check=False
    )
    assert (done.returncode == 0, "lives" in done.stdout) == (lives, lives)
