"""`pip install anju[gateway]` is enough for a gateway: with everything else refused at import, it runs."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, packages_distributions, requires
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.gateway_rig import Operator
from tests.gateway_site import GATEWAY, mqtt_device, site_text
from tests.servers import ROOT, Broker, Process
from tests.waiting import until

CLIMATE = "zigbee2mqtt/climate"
CHILD = """
import json, sys
from pathlib import Path
refused = set(json.loads(Path(sys.argv[1]).read_text()))
class Refuse:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in refused:
            raise ModuleNotFoundError(f"{name} is no part of anju[gateway]", name=name)
sys.meta_path.insert(0, Refuse())
sys.argv = ["anju", "gateway"]
from anju.start import main
main()
"""
COMMAND_LINE = {"typer", "rich", "pygments"}
"""What draws tables: a gateway has none, and an edge box little memory."""


def installed_with(extra: str) -> set[str]:
    """Distributions that `pip install anju[extra]` brings, those they need included."""
    found: set[str] = set()
    waiting = [("anju", extra)]
    while waiting:
        name, wanted = waiting.pop()
        if (key := f"{canonicalize_name(name)}[{wanted}]") in found:
            continue
        found |= {canonicalize_name(name), key}
        waiting += _needs(name, wanted)
    return found


def _needs(name: str, extra: str) -> Iterator[tuple[str, str]]:
    try:
        rows = requires(name) or []
    except PackageNotFoundError:
        return
    for row in map(Requirement, rows):
        if row.marker is None or row.marker.evaluate({"extra": extra}):
            yield row.name, ""
            yield from ((row.name, more) for more in row.extras)


async def test_a_gateway_runs_with_nothing_but_its_own_extra(mosquitto: Broker, tmp_path: Path) -> None:
    allowed = installed_with("gateway")
    refused = {
        module
        for module, names in packages_distributions().items()
        if not any(canonicalize_name(name) in allowed for name in names)
    }
    assert {"fastapi", "duckdb", "sqlalchemy", "pyarrow", "influxdb_client", "iotcore", "pytest"} <= refused
    assert not {"numpy", "gmqtt", "pymodbus", "msgspec", "gateway"} & refused
    refused |= COMMAND_LINE
    (tmp_path / "refused.json").write_text(json.dumps(sorted(refused)))
    (tmp_path / "site.yaml").write_text(site_text([mqtt_device("climate", "zigbee2mqtt-climate", CLIMATE)]))
    environment = {
        "ANJU_SITE": str(tmp_path / "site.yaml"),
        "ANJU_DATA_DIR": str(tmp_path / "data"),
        "ANJU_MQTT_URL": mosquitto.url,
        "ANJU_GATEWAY": GATEWAY,
        "PYTHONPATH": str(ROOT),
    }
    command = [sys.executable, "-c", CHILD, str(tmp_path / "refused.json")]
    gateway = Process("gateway", command, tmp_path, env=environment)
    async with Operator.connected(mosquitto.port) as operator:
        gateway.start()
        try:
            await operator.online()
            operator.publish(CLIMATE, {"temperature": 21.5})
            await until(lambda: operator.status["counters"]["readings"] == 1, "a reading")
        except AssertionError as error:
            raise AssertionError(f"{error}\n{gateway.output()[-3000:]}") from None
        finally:
            ended = gateway.stop()
    assert ended == 0


@pytest.mark.parametrize(
    ("more", "code", "said"),
    [
        ({"ANJU_BULK_AGE_S": "-1"}, 2, "ANJU_BULK_AGE_S: Input should be greater than 0"),
        ({"ANJU_SITE": "missing.yaml"}, 1, "missing.yaml:1:1: there is no such file"),
        ({"ANJU_SITE": "site.yaml"}, 2, "ANJU_GATEWAY is unset and the site has several gateways: gw-1, gw-2"),
    ],
)
def test_a_gateway_that_cannot_start_says_why_in_a_line(
    tmp_path: Path, more: dict[str, str], code: int, said: str
) -> None:
    climate, other = (mqtt_device(name, "zigbee2mqtt-climate", f"{CLIMATE}-{name}") for name in ("one", "other"))
    (tmp_path / "site.yaml").write_text(site_text([climate], elsewhere=[other]))
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "ANJU_DATA_DIR": str(tmp_path), **more}
    command = [sys.executable, "-m", "anju", "gateway"]
    ended = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
    assert (ended.returncode, said in ended.stderr, "Traceback" in ended.stderr) == (code, True, False), ended.stderr
