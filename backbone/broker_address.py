"""Where a broker is, by its URL, and in words why it cannot be reached."""

import contextlib
import ipaddress
import ssl
from dataclasses import dataclass
from urllib.parse import unquote, urlsplit

_DEFAULT_PORT = {"mqtt": 1883, "mqtts": 8883}


class BusUrlError(ValueError):
    """A broker URL that cannot be used."""


@dataclass(frozen=True, slots=True)
class BrokerAddress:
    """A broker URL taken apart."""

    host: str
    port: int
    tls: bool
    username: str | None
    password: str | None

    @classmethod
    def parse(cls, url: str) -> "BrokerAddress":
        """From `mqtt://[user:password@]host[:port]` or `mqtts://…`.

        Raises:
            BusUrlError: another scheme, or no host.
        """
        parts = urlsplit(url)
        if parts.scheme not in _DEFAULT_PORT or not parts.hostname:
            raise BusUrlError(
                f"'{parts.scheme}://{parts.hostname or ''}' is no broker: write mqtt://host:1883 or mqtts://host:8883"
            )
        return cls(
            parts.hostname,
            parts.port or _DEFAULT_PORT[parts.scheme],
            parts.scheme == "mqtts",
            unquote(parts.username) if parts.username else None,
            unquote(parts.password) if parts.password else None,
        )

    @classmethod
    def all_of(cls, urls: str) -> "list[BrokerAddress]":
        """The brokers of one cluster, with commas between their URLs.

        Raises:
            BusUrlError: as `parse`.
        """
        return [cls.parse(one.strip()) for one in urls.split(",")]

    @property
    def here(self) -> bool:
        """Whether it is on this machine and heard by nobody else."""
        with contextlib.suppress(ValueError):
            return ipaddress.ip_address(self.host).is_loopback
        return self.host == "localhost"


def in_words(error: Exception, *, tls: bool, has_cert: bool) -> str:
    """Why there is no connection, and what to look at."""
    if isinstance(error, ssl.SSLCertVerificationError):
        hint = "the name in ANJU_MQTT_URL" if "ostname" in error.verify_message else "the CA file (ANJU_MQTT_CA)"
        return f"its certificate is not trusted: {error.verify_message}; look at {hint}"
    if tls and isinstance(error, (ssl.SSLError, ConnectionResetError)):
        hint = "ANJU_MQTT_CERT is not one it accepts" if has_cert else "it may want a certificate (ANJU_MQTT_CERT)"
        return f"it hung up during the TLS greeting; {hint}"
    return str(error) or repr(error)
