"""Where an InfluxDB is, as one URL: `influxdb+http(s)://[user:password@|token@]host[:port]/bucket[?org=…&gzip=…]`."""

import ipaddress
from dataclasses import dataclass, field
from urllib.parse import parse_qs, unquote, urlsplit

from backbone.historian.port import HistorianRefused

_SCHEMES = {"influxdb+http": "http", "influxdb+https": "https"}
DEFAULT_PORT = 8086


@dataclass(frozen=True, slots=True)
class InfluxAddress:
    """The URL taken apart. Secrets do not show in its `repr`."""

    base: str
    """`http(s)://host:port`"""
    bucket: str
    """`database` or `database/retention-policy`"""
    org: str
    gzip: bool
    token: str | None = field(default=None, repr=False)
    user: str | None = None
    password: str | None = field(default=None, repr=False)

    @classmethod
    def parse(cls, url: str) -> "InfluxAddress":
        """From a URL. Without `gzip`, requests are compressed unless the server is on this machine.

        Raises:
            HistorianRefused: another scheme, no host, or no bucket.
        """
        parts = urlsplit(url)
        scheme = _SCHEMES.get(parts.scheme)
        bucket = unquote(parts.path.strip("/"))
        if scheme is None or not parts.hostname or not bucket:
            raise HistorianRefused(
                f"'{parts.scheme}://{parts.hostname or ''}{parts.path}' is no InfluxDB: "
                "write influxdb+http://token@host:8086/bucket?org=name, or influxdb+https://…"
            )
        query = parse_qs(parts.query)
        host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
        name, password = parts.username, parts.password
        return cls(
            base=f"{scheme}://{host}:{parts.port or DEFAULT_PORT}",
            bucket=bucket,
            org=query.get("org", [""])[0],
            gzip=query["gzip"][0] in {"1", "true"} if "gzip" in query else not _on_this_machine(parts.hostname),
            token=unquote(name) if name and password is None else None,
            user=unquote(name) if name and password is not None else None,
            password=unquote(password) if name and password is not None else None,
        )

    @property
    def database(self) -> str:
        """The name InfluxQL knows the bucket by."""
        return self.bucket.partition("/")[0]

    @property
    def retention_policy(self) -> str:
        """The retention policy InfluxQL knows the bucket by; empty: the database's default."""
        return self.bucket.partition("/")[2]


def _on_this_machine(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
