"""`anju up` and the commands beside it, as a person at a terminal meets them."""

import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from tests.program import ADMIN_PASSWORD, Program
from tests.servers import ROOT, listening, wait_until

STOP_WITHIN_S = 5.0


def anju(program: Program, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """A command with the program's settings."""
    return subprocess.run(
        [sys.executable, "-m", "anju", *arguments],
        env={**program.environment(), **environment},
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def processes(program: Program) -> list[int]:
    """Every process of the program: the supervisor and its services."""
    return [program.process.pid, *(row["pid"] for row in program.services().values())]


def test_ctrl_c_stops_everything_and_a_second_start_goes_on(tmp_path: Path) -> None:
    """No orphan, free ports, exit code 0; the second start finds its data and makes up no new password."""
    program = Program(tmp_path, environment={"ANJU_ADMIN_PASSWORD": ""})
    del program.process.environment["ANJU_ADMIN_PASSWORD"]
    program.start()
    wait_until(lambda: "shown this once" in program.process.output(), 10, "the first password")
    running = processes(program)
    assert len(running) == 7
    began = time.monotonic()
    os.kill(program.process.pid, signal.SIGINT)
    wait_until(lambda: not program.process.running, 10, "the end")
    assert time.monotonic() - began < STOP_WITHIN_S
    assert program.stop() == 0
    assert not [pid for pid in running if psutil.pid_exists(pid)]
    assert not listening(program.http_port)
    assert not listening(program.mqtt_port)
    said = len(program.process.output())
    program.start()
    assert "shown this once" not in program.process.output()[said:]
    assert program.stop() == 0


def test_a_killed_supervisor_leaves_no_orphan(tmp_path: Path) -> None:
    program = Program(tmp_path)
    program.start()
    running = processes(program)
    program.process.kill()
    wait_until(lambda: not [pid for pid in running if psutil.pid_exists(pid)], 10, "the services to end with it")


def test_a_service_that_dies_is_started_again(tmp_path: Path) -> None:
    program = Program(tmp_path, simulate=False)
    program.start()
    try:
        program.kill("rules")
        row = program.services()["rules"]
        assert row["restarts"] == 1
        assert "SIGKILL" in row["reason"]
        assert "rules ended (signal SIGKILL)" in program.process.output()
    finally:
        program.stop()


def test_what_stands_in_the_way_is_said(tmp_path: Path) -> None:
    """A first site file with mistakes, a port in use, a second program on the data: a sentence each, exit code 1."""
    program = Program(tmp_path, simulate=False)
    text = program.site.read_text(encoding="utf-8")
    program.site.write_text(text.replace("risk: medium", "risk: middle", 1), encoding="utf-8")
    wrong = anju(program, "up")
    assert wrong.returncode == 1
    assert f"{program.site}:" in wrong.stderr
    assert "Traceback" not in wrong.stderr
    program.site.write_text(text, encoding="utf-8")
    with socket.create_server(("127.0.0.1", program.http_port)):
        refused = anju(program, "up")
        assert refused.returncode == 1
        assert "ANJU_HTTP_PORT" in refused.stderr
    program.start()
    try:
        second = anju(program, "up")
        assert second.returncode == 1
        assert "another `anju up` already runs" in second.stderr
    finally:
        program.stop()


def test_a_backup_of_the_running_platform_is_put_back_when_it_is_stopped(tmp_path: Path) -> None:
    program = Program(tmp_path)
    program.start()
    try:
        saved = anju(program, "backup", ANJU_PASSWORD=ADMIN_PASSWORD)
        assert saved.returncode == 0, saved.stderr
        folder = saved.stdout.split("saved in ")[1].strip().replace("\n", "")
        refused = anju(program, "restore", folder)
        assert refused.returncode == 1
        assert "stop it first" in refused.stderr
        assert anju(program, "backup", ANJU_PASSWORD=ADMIN_PASSWORD[1:]).returncode == 1
    finally:
        program.stop()
    (program.data / "history.duckdb").unlink()
    restored = anju(program, "restore", folder)
    assert restored.returncode == 0, restored.stderr
    program.start()
    try:
        with program.client() as client:
            assert client.get("/alarms").status_code == 200
    finally:
        program.stop()


def test_a_history_goes_out_to_files_and_comes_in_again(tmp_path: Path) -> None:
    program = Program(tmp_path)
    source = tmp_path / "old.csv"
    rows = "".join(f"2026-11-{day:02}T20:00:00Z,climate-b1-f1.temperature,{day}\n" for day in range(1, 21))
    source.write_text(f"time,point,value\n{rows}2026-11-01T00:00:00Z,nobody.knows,1\n", encoding="utf-8")
    brought = anju(program, "history", "import", str(source))
    assert brought.returncode == 0, brought.stderr
    assert "21 readings" in brought.stdout
    assert "no nobody.knows" in brought.stdout
    for name in ("all.csv", "all.parquet", "all.lp"):
        done = anju(program, "history", "export", str(tmp_path / name), "--from", "2026-11-03", "--to", "2026-11-06")
        assert (done.returncode, done.stdout.split(" in ")[0]) == (0, "3 readings"), done.stderr
    days = {line.split(",")[2] for line in (tmp_path / "all.csv").read_text().splitlines()[1:]}
    assert days == {"2", "3", "4"}, "by the clock of the site: there the next day has begun"
    again = Program(tmp_path / "other")
    for name in ("all.lp", "all.parquet", "all.csv"):
        assert anju(again, "history", "import", str(tmp_path / name)).returncode == 0
    assert "3 readings" in anju(again, "history", "check").stdout
    assert anju(again, "history", "export", str(tmp_path / "x.xlsx")).returncode == 1
    assert "no point a.b" in anju(again, "history", "export", str(tmp_path / "x.csv"), "--point", "a.b").stderr


def test_check_prints_every_problem_with_its_place(tmp_path: Path) -> None:
    program = Program(tmp_path)
    good = anju(program, "check", str(program.site))
    assert (good.returncode, good.stderr) == (0, "")
    text = program.site.read_text().replace("risk: medium", "risk: middle", 1).replace("party: property", "party: x", 1)
    program.site.write_text(text)
    bad = anju(program, "check", str(program.site))
    assert bad.returncode == 1
    lines = bad.stdout.splitlines()
    assert len(lines) == 2
    assert all(line.startswith(f"{program.site}:") and len(line.split(":")) > 3 for line in lines)


@pytest.mark.parametrize(
    ("setting", "value", "says"),
    [
        ("ANJU_HTTP_PORT", "ninety", "ANJU_HTTP_PORT"),
        ("ANJU_LOG_LEVEL", "LOUD", "ANJU_LOG_LEVEL"),
        ("ANJU_SITE", "/nowhere.yaml", "no such file"),
    ],
)
def test_a_wrong_setting_is_named(tmp_path: Path, setting: str, value: str, says: str) -> None:
    program = Program(tmp_path)
    program.process.environment[setting] = value
    done = subprocess.run(
        program.process.command,
        env=program.process.environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode in {1, 2}
    assert says in done.stderr
    assert "Traceback" not in done.stderr


def test_every_command_explains_itself_with_an_example(tmp_path: Path) -> None:
    program = Program(tmp_path)
    listed = anju(program, "--help").stdout
    for command in (
        "up",
        "broker",
        "gateway",
        "ingest",
        "api",
        "rules",
        "simulate",
        "check",
        "profiles",
        "secrets",
        "backup",
        "restore",
    ):
        assert command in listed
        assert "Example: " in anju(program, command, "--help").stdout, command


def test_an_unknown_scenario_is_refused_with_those_there_are(tmp_path: Path) -> None:
    program = Program(tmp_path)
    refused = anju(program, "simulate", "--scenario", "flying-pigs")
    assert refused.returncode == 1
    assert "corridor-fire" in refused.stderr
    nobody = anju(program, "simulate", "--scenario", "leak")
    assert nobody.returncode == 1
    assert "no broker answers" in nobody.stderr
