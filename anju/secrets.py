"""`anju secrets`: the certificates, passwords and tokens of a deployment, a folder a service, made once."""

import base64
import hashlib
import os
import secrets as random
import shutil
import subprocess
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

SERVICES = ("ingest", "rules", "api", "simulator")
VALID_DAYS = 825
_ITERATIONS = 101  # what mosquitto_passwd uses


@dataclass(frozen=True, slots=True)
class Hosts:
    """Where the servers of the deployment are reached."""

    broker: str
    database: str
    historian: str


def make(folder: Path, gateways: Iterable[str], hosts: Hosts, mounted_at: str = "/secrets") -> bool:
    """Write all of it under `folder`; False, and nothing touched, when it was made before.

    Files a service reads are named as its settings (`anju_mqtt_url`, …): point `ANJU_SECRETS_DIR` at its folder.
    """
    if (folder / "made").exists():
        return False
    names = (*SERVICES, *gateways)
    passwords = {name: random.token_urlsafe(24) for name in (*names, "health")}
    database, token = random.token_urlsafe(24), random.token_urlsafe(48)
    _broker(folder / "broker", passwords, hosts.broker)
    _write(folder / "database", {"password": database})
    _write(folder / "historian", {"password": random.token_urlsafe(24), "token": token})
    _write(folder / "grafana", {"password": random.token_urlsafe(18), "token": token})
    for name in names:
        _write(
            folder / name,
            {
                "anju_mqtt_url": f"mqtts://{name}:{passwords[name]}@{hosts.broker}:8883",
                "anju_mqtt_ca": f"{mounted_at}/ca.crt",
            },
        )
        shutil.copy(folder / "broker" / "ca.crt", folder / name / "ca.crt")
    for name in ("ingest", "rules", "api"):
        _write(folder / name, {"anju_database_url": f"postgresql+psycopg://anju:{database}@{hosts.database}:5432/anju"})
    for name in ("ingest", "api"):
        _write(folder / name, {"anju_historian_url": f"influxdb+http://{token}@{hosts.historian}:8086/anju?org=anju"})
    _write(folder / "api", {"anju_admin_password": random.token_urlsafe(15)})
    (folder / "made").write_text("delete the volume to make new ones\n")
    return True


def first_password(folder: Path) -> str:
    """The first administrator's password.

    Raises:
        FileNotFoundError: nothing was made in `folder` yet.
    """
    return (folder / "api" / "anju_admin_password").read_text()


def _broker(folder: Path, passwords: Mapping[str, str], host: str) -> None:
    _certificates(folder, host)
    lines = [f"{name}:{_mosquitto_hash(password)}\n" for name, password in passwords.items()]
    _write(folder, {"passwords": "".join(lines), "health": passwords["health"]})


def _mosquitto_hash(password: str) -> str:
    """The form of mosquitto_passwd: PBKDF2 with SHA-512."""
    salt = os.urandom(12)
    digest = hashlib.pbkdf2_hmac("sha512", password.encode(), salt, _ITERATIONS)
    return f"$7${_ITERATIONS}${base64.b64encode(salt).decode()}${base64.b64encode(digest).decode()}"


def _certificates(folder: Path, host: str) -> None:
    """An authority of the deployment's own, and the broker's certificate; the authority's key is thrown away."""
    folder.mkdir(parents=True, exist_ok=True)
    curve = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
    _openssl(
        folder, "req", "-x509", *curve, "-keyout", "ca.key", "-out", "ca.crt", "-days", "3650", "-subj", "/CN=Anju"
    )
    _openssl(folder, "req", *curve, "-keyout", "server.key", "-out", "server.csr", "-subj", f"/CN={host}")
    extensions = folder / "server.ext"
    extensions.write_text(f"subjectAltName=DNS:{host},DNS:localhost,IP:127.0.0.1\nextendedKeyUsage=serverAuth\n")
    signed = ["-CA", "ca.crt", "-CAkey", "ca.key", "-CAcreateserial", "-days", str(VALID_DAYS)]
    _openssl(folder, "x509", "-req", "-in", "server.csr", "-out", "server.crt", "-extfile", "server.ext", *signed)
    for name in ("ca.key", "ca.srl", "server.csr", "server.ext"):
        (folder / name).unlink(missing_ok=True)
    # Each folder is mounted into its one service alone, which runs as a user of its own image.
    (folder / "server.key").chmod(0o444)


def _openssl(folder: Path, *arguments: str) -> None:
    try:
        subprocess.run(["openssl", *arguments], cwd=folder, check=True, capture_output=True, text=True)  # noqa: S603, S607
    except FileNotFoundError as error:
        raise ValueError("openssl is not installed; install Debian's package openssl") from error
    except subprocess.CalledProcessError as error:
        raise ValueError(f"openssl {arguments[0]}: {error.stderr.strip()}") from error


def _write(folder: Path, files: Mapping[str, str]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in files.items():
        (folder / name).write_text(text)
        (folder / name).chmod(0o444)
