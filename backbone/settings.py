"""Settings every service shares: `ANJU_*` in the environment, checked before any socket opens."""

import os
from pathlib import Path

from pydantic import Field, field_validator, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict


class Settings(BaseSettings):
    """The fixed names. A service adds its own in a subclass beside its code."""

    model_config = SettingsConfigDict(
        env_prefix="ANJU_", frozen=True, extra="ignore", secrets_dir=os.environ.get("ANJU_SECRETS_DIR")
    )

    site: Path = Field(
        default=Path("sites/jinxiu.yaml"),
        description="site file, or a folder of them",
    )
    partition: str | None = Field(
        default=None, description="k/n: of a folder of site files, ingest and rules take the k-th of n shares"
    )
    data_dir: Path = Field(default=Path("data"), description="everything the program writes")
    profiles: Path | None = Field(default=None, description="an installer's own profile folder, read after ours")
    mqtt_url: str | None = Field(
        default=None,
        description="mqtt://[user:password@]host:port or mqtts://…, several with commas; unset: the embedded one",
    )
    mqtt_port: int = Field(default=1883, ge=1, le=65535, description="port of the embedded broker")
    mqtt_ca: Path | None = Field(default=None, description="CA file for mqtts://; unset: the system's")
    mqtt_cert: Path | None = Field(
        default=None, description="client certificate for mqtts:// (PEM), where the broker asks for one"
    )
    mqtt_key: Path | None = Field(default=None, description="its key; unset: in the same file")
    database_url: str | None = Field(default=None, description="SQLAlchemy URL; unset: SQLite in data_dir")
    historian_url: str | None = Field(
        default=None, description="duckdb:PATH or influxdb+http(s)://…; unset: DuckDB in data_dir"
    )
    free_mb: int = Field(
        default=500,
        ge=0,
        description="room on the disk of the state that is kept for alarms: a history beside it takes nothing while "
        "there is less",
    )
    public_url: str = Field(
        default="http://127.0.0.1:8000", description="where people reach the page: links in notifications lead there"
    )
    metrics_port: int | None = Field(
        default=None, ge=1, le=65535, description="serve /metrics here; the api has its own"
    )
    log_level: str = Field(default="INFO", pattern="^(DEBUG|INFO|WARNING|ERROR)$")

    @field_validator("partition")
    @classmethod
    def _is_share(cls, value: str | None) -> str | None:
        if value is not None:
            share, _, shares = value.partition("/")
            if not (share.isdigit() and shares.isdigit() and 1 <= int(share) <= int(shares)):
                raise ValueError(f"'{value}' is no share: write 1/4, 2/4, … for four workers")
        return value

    @field_validator("mqtt_ca", "mqtt_cert", "mqtt_key")
    @classmethod
    def _is_there(cls, value: Path | None) -> Path | None:
        if value is not None and not value.is_file():
            raise ValueError(f"there is no file {value}")
        return value

    @model_validator(mode="after")
    def _key_has_certificate(self) -> "Settings":
        if self.mqtt_key is not None and self.mqtt_cert is None:
            raise ValueError("ANJU_MQTT_KEY is set and ANJU_MQTT_CERT is not: a key needs its certificate")
        return self

    @property
    def broker_url(self) -> str:
        """The broker to speak to."""
        return self.mqtt_url or f"mqtt://127.0.0.1:{self.mqtt_port}"

    @property
    def state_url(self) -> str:
        """The database to keep state in."""
        return self.database_url or f"sqlite:///{self.data_dir / 'anju.db'}"

    @property
    def history_url(self) -> str:
        """The historian to keep readings in."""
        return self.historian_url or f"duckdb:{self.data_dir / 'history.duckdb'}"

    @property
    def state_file(self) -> Path | None:
        """The database's file; None when it is a server's."""
        return _path(self.state_url, "sqlite:///")

    @property
    def history_file(self) -> Path | None:
        """The historian's file; None when it is a server's."""
        path = _path(self.history_url, "duckdb:")
        return None if path is None else Path(str(path).removeprefix("//"))


def _path(url: str, scheme: str) -> Path | None:
    return Path(url.removeprefix(scheme)) if url.startswith(scheme) else None
