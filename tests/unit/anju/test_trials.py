"""`anju rules test` on a file, as typed: what was before `--from` is learnt from and not counted."""

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from typer.testing import CliRunner

from anju.main import cli
from tests.servers import ROOT

GOOD = (ROOT / "tests" / "data" / "site" / "good.yaml").read_text(encoding="utf-8")
POINT = "env.temperature"
RULE = """rules:
  - id: hot-hour
    select: {point: [%s]}
    when: {mean: {over: 1h, above: 30}}
    risk: medium
    message: {zh: 一小时平均过热, en: Hot for an hour}
"""
BEGIN = datetime(2026, 9, 21, 4, tzinfo=UTC)
"""Noon in Shanghai."""


@pytest.fixture
def trial(tmp_path: Path) -> tuple[Path, Path]:
    """A site with one rule, and six hours of readings a minute: hot in the first three and in the last."""
    site, readings = tmp_path / "site.yaml", tmp_path / "readings.csv"
    head, _, _ = GOOD.partition("rules:\n")
    _, _, tail = GOOD.partition("\nplans:")
    site.write_text(f"{head}{RULE % POINT}\nplans:{tail}", encoding="utf-8")
    rows = [
        f"{(BEGIN + timedelta(minutes=n)).isoformat()},{POINT},{35 if n < 180 or n >= 300 else 20},0"
        for n in range(360)
    ]
    readings.write_text("time,point,value,quality\n" + "\n".join(rows) + "\n", encoding="utf-8")
    return site, readings


def tried(trial: tuple[Path, Path], *options: str, against: Path | None = None) -> str:
    site, readings = trial
    done = CliRunner().invoke(
        cli, ["rules", "test", str(site), "--csv", str(readings), "--against", str(against or site), *options]
    )
    assert done.exit_code == 0, done.output
    return done.stdout


def test_what_stood_before_is_told_apart_and_what_was_learnt_counts(trial: tuple[Path, Path]) -> None:
    told = tried(trial, "--from", "2026-09-21T14:00", "--language", "en")
    assert "readings from 2026-09-21 12:00:00 on, before 2026-09-21 14:00:00, were learnt from" in told
    assert "stood already at the beginning, not counted: 1" in told
    assert "1 alarms and 0 tickets" in told
    assert "could not judge" not in told


def test_without_history_the_report_says_which_rules_could_not_judge(trial: tuple[Path, Path]) -> None:
    told = tried(trial, "--to", "2026-09-21T15:00", "--language", "zh")
    assert "开始时历史不足，以下规则起初判断不了：hot-hour（需 1 小时）" in told
    assert "规则" in told
    assert "1 条报警" in told


def test_an_alarm_that_comes_earlier_is_no_new_one(trial: tuple[Path, Path], tmp_path: Path) -> None:
    site, _ = trial
    other = tmp_path / "other.yaml"
    other.write_text(site.read_text(encoding="utf-8").replace("above: 30", "above: 25"), encoding="utf-8")
    since = ("--from", "2026-09-21T16:00")
    told = tried(trial, *since, "--language", "en", against=other)
    assert "0 the same, 0 earlier and 1 later, 0 only by the new rules" in told
    assert re.search(r"~ 2026-09-21 17:4\d:00 hot-hour env.temperature \(\d.*\)  0:20:00 later", told)
    told = tried((other, trial[1]), *since, "--language", "zh", against=site)
    assert "提前 1，推迟 0，仅新规则 0" in told
    assert "提前 0:20:00" in told


def test_points_a_file_does_not_have_are_not_silent(trial: tuple[Path, Path]) -> None:
    """One that falls silent in it is."""
    site, readings = trial
    silent = "  - {id: silent, select: {measure: [temperature, smoke]}, when: {stale: {for: 10m}}, risk: medium, "
    silent += "message: {zh: 静默}}\n"
    site.write_text(site.read_text(encoding="utf-8").replace("rules:\n", f"rules:\n{silent}", 1), encoding="utf-8")
    rows = readings.read_text(encoding="utf-8").splitlines()
    readings.write_text("\n".join([*rows[:101], *rows[161:]]) + "\n", encoding="utf-8")
    told = tried(trial, "--language", "en")
    assert "points of this site have no reading at all: what watches them was not tried" in told
    assert re.search(r"silent +│ medium │ 1 ", told)
    assert "most often env.temperature" in told
    assert "smoke-a" not in told
