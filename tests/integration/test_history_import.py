"""`anju history import` into a server: what would fill its index for good is refused, with what to do."""

import os
import subprocess
import sys
import uuid
from pathlib import Path

from tests.servers import ROOT, Influx


def test_a_file_of_another_site_does_not_fill_the_index_of_a_server(influx: Influx, tmp_path: Path) -> None:
    """A few devices that are gone by now are taken."""
    for points, taken in ((50, True), (150, False)):
        rows = [f"2026-11-23T08:00:00Z,other-{n}.temperature,21.5\n" for n in range(points)]
        file = tmp_path / f"{points}.csv"
        file.write_text("time,point,value\n" + "".join(rows))
        environment = {
            **os.environ,
            "ANJU_SITE": str(ROOT / "sites" / "jinxiu.yaml"),
            "ANJU_DATA_DIR": str(tmp_path),
            "ANJU_HISTORIAN_URL": f"influxdb+http://127.0.0.1:{influx.port}/t{uuid.uuid4().hex}",
            "PYTHONPATH": str(ROOT),
        }
        command = [sys.executable, "-m", "anju", "history", "import", str(file)]
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
        assert (done.returncode == 0) is taken, done.stderr
        said = " ".join((done.stdout + done.stderr).split())
        assert (f"{points} readings from" if taken else "points the site file does not have") in said
