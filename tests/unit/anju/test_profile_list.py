"""`anju profiles`: what an installer may name, their own folder included; a wrong file is refused with its place."""

from pathlib import Path

from typer.testing import CliRunner

from anju.main import cli

OWN = """id: our-relay
product: Relay of the workshop
maker: Workshop
source: the drawing in the cabinet
family: access
decoder: modbus
every: 5s
measures:
  state: {name: {zh: 继电器, en: Relay}, kind: boolean, lane: urgent, modbus: {function: 2, address: 7, type: bool}}
"""


def test_all_that_ship_are_listed_and_those_of_an_own_folder(tmp_path: Path) -> None:
    (tmp_path / "our-relay.yaml").write_text(OWN, encoding="utf-8")
    listed = CliRunner().invoke(cli, ["profiles", "--profiles", str(tmp_path)])
    assert listed.exit_code == 0, listed.output
    rows = {line.split()[1]: line for line in listed.output.splitlines() if line.startswith("│")}
    assert len(rows) > 40
    assert all(
        word in rows["our-relay"] for word in ("of the workshop", "modbus", "access", "urgent", "state!", "drawing")
    )
    assert all(word in rows["milesight-em300-th"] for word in ("Milesight", "chirpstack", "bulk", "temperature"))
    assert "… │" not in listed.output, "a source that is cut off cannot be opened"


def test_a_wrong_one_is_refused_with_line_and_reason(tmp_path: Path) -> None:
    (tmp_path / "our-relay.yaml").write_text(OWN.replace("type: bool", "type: bit"), encoding="utf-8")
    refused = CliRunner().invoke(cli, ["profiles", "--profiles", str(tmp_path)])
    assert refused.exit_code == 1
    assert "our-relay.yaml:9:10: function 2 reads single bits: write type: bool" in refused.output
