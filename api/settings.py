"""Settings of the API."""

from pydantic import Field, SecretStr, field_validator

from backbone.settings import Settings


class ApiSettings(Settings):
    """What the API needs beside the shared names."""

    http_host: str = Field(default="127.0.0.1", description="address the page and the API are served on")
    http_port: int = Field(default=8000, ge=0, le=65535, description="port of the page and the API; 0: any free one")
    admin_password: SecretStr | None = Field(
        default=None, description="password of the first administrator; unset: made up and shown once"
    )
    allowed_origins: str = Field(
        default="", description="comma-separated origins of other pages that may use a signed-in browser"
    )
    trusted_proxies: str = Field(
        default="", description="comma-separated addresses of proxies whose X-Forwarded-For is believed"
    )
    push_services: str = Field(
        default="https://fcm.googleapis.com,https://*.push.services.mozilla.com,https://*.push.apple.com,"
        "https://*.notify.windows.com",
        description="comma-separated origins of the push services browsers may name; * stands for any part",
    )
    session_idle_s: float = Field(default=12 * 3600, gt=0, description="a session unused this long ends")
    session_absolute_s: float = Field(default=7 * 86400, gt=0, description="every session ends after this long")
    requests_per_s: float = Field(default=100, gt=0, description="requests one address may make, sustained")
    requests_burst: int = Field(default=500, ge=1, description="requests one address may make at once")

    @field_validator("admin_password")
    @classmethod
    def _long_enough(cls, value: SecretStr | None) -> SecretStr | None:
        if value is not None and 0 < len(value.get_secret_value()) < 8:
            raise ValueError("a password has at least 8 characters")
        return value

    @property
    def origins(self) -> frozenset[str]:
        """The other origins that are allowed, without a trailing slash."""
        return frozenset(o.strip().rstrip("/") for o in self.allowed_origins.split(",") if o.strip())
