"""`anju rules explain` and `anju rules coverage`, as typed."""

from typer.testing import CliRunner

from anju.main import cli
from tests.servers import ROOT

DEMO = str(ROOT / "sites" / "jinxiu.yaml")


def test_a_point_is_explained() -> None:
    done = CliRunner().invoke(cli, ["rules", "explain", "door-b1.contact", "--site", DEMO, "--language", "en"])
    assert done.exit_code == 0
    assert "door-held-at-night  Door left open for over 2 min at night" in done.stdout.splitlines()
    assert "    is “Open”; for 2 min; during night; risk medium" in done.stdout.splitlines()


def test_it_is_explained_in_chinese() -> None:
    done = CliRunner().invoke(cli, ["rules", "explain", "pumps.relay-1", "--site", DEMO, "--language", "zh"])
    point, rule, how = done.stdout.splitlines()
    assert point == "pumps.relay-1  1号排水泵  水泵房"
    assert rule == "drain-pumps-stand-still  泵房水位高而排水泵没有启动信号"
    assert "规则 泵房水位高 的报警存在；（以下确知不成立：1号排水泵、2号排水泵 为“运行”）；持续 1 分钟" in how


def test_who_waits_for_a_rules_alarm_is_told() -> None:
    done = CliRunner().invoke(cli, ["rules", "explain", "level-1.level", "--site", DEMO, "--language", "en"])
    assert (
        "    above 3.5 (deadband 0.2); for 1 min; risk medium; its alarm is part of: drain-pumps-stand-still"
        in done.stdout
    )


def test_a_misspelt_point_is_an_error_that_helps() -> None:
    done = CliRunner().invoke(cli, ["rules", "explain", "door-b1.contakt", "--site", DEMO])
    assert done.exit_code == 1
    assert "did you mean 'door-b1.contact'?" in done.output


def test_what_no_rule_watches_is_listed() -> None:
    done = CliRunner().invoke(cli, ["rules", "coverage", DEMO, "--language", "en"])
    assert done.exit_code == 0
    assert "climate-b1-f1.humidity" in done.stdout
    assert "585 points are watched" in done.stdout
