"""`anju rules explain` and `anju rules coverage`, as typed."""

from typer.testing import CliRunner

from anju.main import cli
from tests.servers import ROOT

DEMO = str(ROOT / "sites" / "jinxiu.yaml")


def test_a_point_is_explained() -> None:
    done = CliRunner().invoke(cli, ["rules", "explain", "door-b1.contact", "--site", DEMO])
    assert done.exit_code == 0
    assert "door-held-at-night: equals 1; for 2m; during night; risk medium" in done.stdout.splitlines()


def test_a_misspelt_point_is_an_error_that_helps() -> None:
    done = CliRunner().invoke(cli, ["rules", "explain", "door-b1.contakt", "--site", DEMO])
    assert done.exit_code == 1
    assert "did you mean 'door-b1.contact'?" in done.output


def test_what_no_rule_watches_is_listed() -> None:
    done = CliRunner().invoke(cli, ["rules", "coverage", DEMO])
    assert done.exit_code == 0
    assert "climate-b1-f1.humidity" in done.stdout
    assert "585 points are watched" in done.stdout
