"""A service begins without what only the command line needs."""

import os
import subprocess
import sys
from pathlib import Path

from anju.services import RUN
from anju.start import SERVICES
from tests.servers import ROOT

COMMAND_LINE = {"typer", "rich.console", "pygments"}
NOT_BEFORE_THE_FIRST_READING = {"cryptography", "webpush", "apprise", "sqlalchemy.dialects.postgresql"}
"""What tells people, and databases of others."""


def test_what_runs_a_service_is_known_before_anything_of_it_is_imported() -> None:
    assert set(RUN) == SERVICES


def test_rules_begin_with_what_judging_needs(tmp_path: Path) -> None:
    """They end where the site is read: it is the first thing after their imports."""
    environment = {**os.environ, "ANJU_SITE": str(tmp_path / "none.yaml"), "ANJU_DATA_DIR": str(tmp_path)}
    command = [sys.executable, "-X", "importtime", "-m", "anju", "rules"]
    ended = subprocess.run(command, env=environment, cwd=ROOT, capture_output=True, text=True, check=False)
    lines = ended.stderr.splitlines()
    imported = {line.rpartition("|")[2].strip() for line in lines if line.startswith("import time:")}
    assert "rules.detect.engine" in imported
    assert not imported & (COMMAND_LINE | NOT_BEFORE_THE_FIRST_READING)
    assert (ended.returncode, lines[-1].partition("none.yaml")[2]) == (
        1,
        ":1:1: there is no such file; look at ANJU_SITE",
    )
