"""`anju history export` and `import` while the platform runs: it has the file, so it does the work."""

import csv
import subprocess
import sys
from pathlib import Path

from tests.program import ADMIN_PASSWORD, Program


def anju(program: Program, *words: str) -> subprocess.CompletedProcess[str]:
    environment = {**program.environment(), "ANJU_PASSWORD": ADMIN_PASSWORD}
    command = [sys.executable, "-m", "anju", "history", *words]
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=120)


def test_readings_go_in_and_out_by_the_running_platform(tmp_path: Path) -> None:
    program = Program(tmp_path, simulate=False).start()
    try:
        with program.client() as api:
            point = next(one["id"] for one in api.get("/points").json()["items"] if one["kind"] == "number")
        rows = [
            f"2026-01-05T{n // 3600:02}:{n // 60 % 60:02}:{n % 60:02}.000Z,{point},{n}.5,0\n" for n in range(80_000)
        ]
        file = tmp_path / "old.csv"
        file.write_text("time,point,value,quality\n" + "".join(rows[:7]) + "rubbish\n" + "".join(rows[7:]))
        done = anju(program, "import", str(file))
        assert done.returncode == 1, done.stderr
        assert "80000 readings from" in done.stdout
        assert "old.csv:9: 1 fields instead of 4" in done.stderr
        assert "1 lines are no readings; all others are stored" in done.stderr
        for name in ("out.csv", "out.parquet", "out.lp"):
            out = tmp_path / name
            done = anju(program, "export", str(out), "--point", point, "--from", "2026-01-05", "--to", "2026-01-07")
            assert done.returncode == 0, done.stderr
            assert "80000 readings in" in done.stdout
        with (tmp_path / "out.csv").open(newline="") as written:
            found = list(csv.DictReader(written))
        assert len(found) == 80_000
        assert {(row["point"], float(row["value"])) for row in found} == {(point, n + 0.5) for n in range(80_000)}
        assert anju(program, "import", str(tmp_path / "out.parquet")).returncode == 0
        assert "80000 readings from" in anju(program, "import", str(tmp_path / "out.lp")).stdout
        with program.client() as api:
            count = api.get("/readings/count", params={"point": point, "end": "2026-01-06T00:00:00Z"}).json()
        assert count == {"readings": 80_000}, "none is doubled"
        assert (
            "there is no point 'no.point'"
            in anju(program, "export", str(tmp_path / "x.csv"), "--point", "no.point").stderr
        )
        assert not list(tmp_path.glob(".*writing")), "nothing half is left"
    finally:
        program.stop()
