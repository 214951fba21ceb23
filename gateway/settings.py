"""Settings of one gateway."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

from pydantic import Field, field_validator
from pydantic_settings import NoDecode

from backbone.broker_address import BrokerAddress
from backbone.settings import Settings
from community.site.devices import Gateway
from community.site.site import Site
from gateway.event_time import ClockLimits

_ENVIRONMENT = "env:"


class GatewaySettingsError(ValueError):
    """Settings and site file do not fit; the message says what to change."""


class GatewaySettings(Settings):
    """`ANJU_*` of the gateway service."""

    gateway: str | None = Field(default=None, description="its id in the site file; may be unset when there is one")
    consumers: Annotated[tuple[str, ...], NoDecode] = Field(
        default=("ingest", "rules"), description="frames are kept until all of these have committed them"
    )
    pseudonym_key: Path | None = Field(
        default=None, description="key file for names and cards; unset: pseudonym.key in data_dir, made when missing"
    )
    sensors_ca: Path | None = Field(
        default=None, description="CA file of the sensors' broker; unset: the platform broker's"
    )
    sensors_cert: Path | None = Field(
        default=None, description="client certificate for the sensors' broker; unset: the platform broker's"
    )
    sensors_key: Path | None = Field(default=None, description="its key; unset: in the same file")
    bulk_readings: int = Field(default=300, ge=1, le=5000, description="readings that fill a bulk frame")
    bulk_age_s: float = Field(default=0.2, gt=0, le=10, description="a bulk frame leaves at this age, however full")
    spool_bytes: int = Field(default=1_000_000_000, ge=1_000_000, description="frames kept at most, in bytes")
    spool_age_s: float = Field(default=14 * 86_400, gt=0, description="frames kept at most, in seconds")
    spool_sync_s: float = Field(default=0.2, gt=0, le=5, description="the spool's log is fsynced this often")
    clock_ahead_s: float = Field(default=60, ge=0, description="a device's clock may run ahead this much")
    clock_behind_s: float = Field(default=86_400, ge=0, description="a device's message may be this old")
    modbus_timeout_s: float = Field(default=1.0, gt=0, le=10, description="a unit answers within this, or has failed")
    device_messages_per_s: float = Field(
        default=200, ge=1, le=100_000, description="a device that sends more for long is read once a second"
    )
    urgent_poll_s: float = Field(default=0.5, gt=0, le=10, description="urgent Modbus points are read this often")
    mqtt_private: bool = Field(
        default=False, description="no stranger can reach the broker, although it asks for no TLS and no credentials"
    )
    discovery: bool = Field(
        default=True, description="listen for devices that announce themselves, and list those the site file lacks"
    )
    stall_s: float = Field(
        default=3, ge=1, le=60, description="the process ends, to be started again, when it stands still for so long"
    )
    status_s: float = Field(default=10, gt=0, le=300, description="the status is published this often, and on change")

    @field_validator("consumers", mode="before")
    @classmethod
    def _split(cls, value: object) -> object:
        return tuple(part.strip() for part in value.split(",") if part.strip()) if isinstance(value, str) else value

    @field_validator("sensors_ca", "sensors_cert", "sensors_key")
    @classmethod
    def _is_a_file(cls, value: Path | None) -> Path | None:
        return cls._is_there(value)

    @field_validator("consumers")
    @classmethod
    def _some(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        if not value:
            raise ValueError("name at least one consumer, as in ingest,rules")
        return value

    @property
    def strangers_kept_out(self) -> bool:
        """Whether nobody can write commands to the broker but whom it lets: this machine, or TLS and credentials."""
        addresses = BrokerAddress.all_of(self.broker_url)
        return self.mqtt_private or all(
            address.here or (address.tls and (address.username is not None or self.mqtt_cert is not None))
            for address in addresses
        )

    @property
    def clock_limits(self) -> ClockLimits:
        """For device times."""
        return ClockLimits(int(self.clock_ahead_s * 1000), int(self.clock_behind_s * 1000))


def gateway_of(settings: GatewaySettings, site: Site) -> Gateway:
    """The site's row for this gateway.

    Raises:
        GatewaySettingsError: none is named and there are several, or the name is not in the file.
    """
    if settings.gateway is None and len(site.gateways) == 1:
        return next(iter(site.gateways.values()))
    known = ", ".join(site.gateways)
    if settings.gateway is None:
        raise GatewaySettingsError(f"ANJU_GATEWAY is unset and the site has several gateways: {known}")
    if settings.gateway not in site.gateways:
        raise GatewaySettingsError(f"ANJU_GATEWAY is '{settings.gateway}'; the site has: {known}")
    return site.gateways[settings.gateway]


def sensor_broker(gateway: Gateway, environment: Mapping[str, str] = os.environ) -> str | None:
    """URL of the broker the sensors speak to; None: the platform's own.

    Raises:
        GatewaySettingsError: the site file names an environment variable that is not set.
    """
    if gateway.mqtt is None:
        return None
    url = gateway.mqtt.url
    if not url.startswith(_ENVIRONMENT):
        return url
    name = url.removeprefix(_ENVIRONMENT)
    if not environment.get(name):
        raise GatewaySettingsError(f"gateway {gateway.id} takes its broker from {name}, which is not set")
    return environment[name]
