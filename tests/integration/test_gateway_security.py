"""TLS on both of the gateway's connections against a real Mosquitto that asks for a certificate."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from pydantic import ValidationError

from backbone.bus import Bus
from backbone.frames import decode
from gateway.settings import GatewaySettings
from tests.certificates import Authority
from tests.gateway_rig import gateway_settings, running_gateway
from tests.gateway_site import GATEWAY, mqtt_device, site_of
from tests.servers import Broker, free_port, mosquitto
from tests.waiting import until

CLIMATE = "zigbee2mqtt/climate"


@dataclass
class Guarded:
    """A broker that lets in whom its authority signed."""

    broker: Broker
    authority: Authority
    cert: Path
    key: Path

    @property
    def url(self) -> str:
        return f"mqtts://127.0.0.1:{self.broker.port}"


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Guarded]:
    folder = tmp_path_factory.mktemp("tls")
    authority = Authority(folder / "authority")
    server, server_key = authority.sign("server", hosts="IP:127.0.0.1")
    cert, key = authority.sign("gw-1")
    lines = (
        f"cafile {authority.ca}\ncertfile {server}\nkeyfile {server_key}\n"
        "require_certificate true\nuse_identity_as_username true\n"
    )
    with mosquitto(folder / "broker", more=lines) as broker:
        yield Guarded(broker, authority, cert, key)


async def test_a_gateway_with_its_certificate_reads_and_sends(guarded: Guarded, tmp_path: Path) -> None:
    site = site_of([mqtt_device("climate", "zigbee2mqtt-climate", CLIMATE)], mqtt=guarded.url)
    trust = {"ca": guarded.authority.ca, "cert": guarded.cert, "key": guarded.key}
    settings = gateway_settings(guarded.broker.port, tmp_path / "data").model_copy(
        update={"mqtt_url": guarded.url} | {f"mqtt_{name}": path for name, path in trust.items()}
    )
    values: list[float] = []
    outside = Bus(guarded.url, "outside", ca=guarded.authority.ca, cert=guarded.cert, key=guarded.key)
    async with outside as bus, running_gateway(site, settings):
        bus.subscribe("anju/v1/test/gw-1/frames/bulk", lambda _topic, body: values.extend(decode(body).x.tolist()))
        await until(lambda: bus.publish(CLIMATE, b'{"temperature": 21.5}') and 21.5 in values, "a reading over TLS")


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ("no certificate", "it may want a certificate"),
        ("a stranger's certificate", "ANJU_MQTT_CERT is not one it accepts"),
        ("another authority", "its certificate is not trusted: self-signed certificate"),
        ("another name", "its certificate is not trusted: Hostname mismatch"),
    ],
)
async def test_who_does_not_fit_is_refused_and_told_why(
    guarded: Guarded, tmp_path: Path, wrong: str, says: str
) -> None:
    stranger = Authority(tmp_path, "stranger")
    ca, url = guarded.authority.ca, guarded.url
    cert: Path | None = guarded.cert
    key: Path | None = guarded.key
    if wrong == "no certificate":
        cert = key = None
    elif wrong == "a stranger's certificate":
        cert, key = stranger.sign("gw-1")
    elif wrong == "another authority":
        ca = stranger.ca
    else:
        url = url.replace("127.0.0.1", "localhost")
    async with Bus(url, "gateway", ca=ca, cert=cert, key=key) as bus:
        await until(lambda: says in (bus.deaf or ""), says)
        assert not bus.connected


def test_files_that_are_not_there_are_told_before_anything_is_opened(tmp_path: Path) -> None:
    for name in ("mqtt_ca", "mqtt_cert", "sensors_ca", "sensors_cert"):
        with pytest.raises(ValidationError, match="there is no file"):
            GatewaySettings.model_validate({name: tmp_path / "missing.pem"})
    key = tmp_path / "key.pem"
    key.write_text("x")
    with pytest.raises(ValidationError, match="a key needs its certificate"):
        GatewaySettings(mqtt_key=key)


@pytest.mark.parametrize("where", ["127.0.0.1:{0}", "127.0.0.1:{1}", "no-such-host.invalid:{0}"])
async def test_no_credential_is_ever_written_into_a_log_or_the_status(
    mosquitto: Broker, tmp_path: Path, capsys: pytest.CaptureFixture[str], where: str
) -> None:
    password = "k3pt-fr0m-all"  # pragma: allowlist secret
    where = where.format(mosquitto.port, free_port())
    url = f"mqtt://gw-1:{password}@{where}"
    settings = GatewaySettings(mqtt_url=url, data_dir=tmp_path / "data", gateway=GATEWAY, status_s=0.2)
    said = ""
    async with running_gateway(site_of([mqtt_device("a", "zigbee2mqtt-smoke", "a", "")]), settings):

        def heard() -> bool:
            nonlocal said
            captured = capsys.readouterr()
            said += captured.out + captured.err
            return "connected to broker" in said or "no broker" in said

        await until(heard, "what it says of its broker")
    said += capsys.readouterr().out
    assert "gw-1" in said
    assert password not in said
    written = [path for path in (tmp_path / "data").rglob("*") if path.is_file()]
    assert written
    assert all(password.encode() not in path.read_bytes() for path in written)
