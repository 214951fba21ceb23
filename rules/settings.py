"""Settings of the rules service."""

from urllib.parse import urlsplit

from pydantic import Field

from backbone.settings import Settings
from community.site.profile import Lane


class RulesSettings(Settings):
    """What the rules service is told beside the fixed names."""

    late_after_s: float = Field(
        default=300, gt=0, description="an alarm from readings older than this is on record, but moves nothing"
    )
    future_skew_s: float = Field(
        default=600,
        gt=0,
        description="readings further in the future than this count as now",
    )
    checkpoint_every_s: float = Field(
        default=0.25, gt=0, description="how often progress is committed while nothing happens"
    )
    rules_batch: int = Field(default=50_000, ge=1, description="most readings evaluated at once")
    heartbeat_url: str | None = Field(
        default=None, description="requested while alerting is alive, so that an outside monitor notices when it is not"
    )
    heartbeat_every_s: float = Field(default=60, gt=0, description="how often the heartbeat URL is requested")
    heartbeat_backlog_s: float = Field(
        default=120, gt=0, description="no heartbeat while a notification has been due for longer than this"
    )
    owed_readings: int = Field(
        default=2_000_000,
        ge=1,
        description="so many readings are remembered that were judged and could not be committed (21 bytes each); "
        "beyond it the whole state is committed in their place",
    )
    gateway_change_after_s: float = Field(
        default=20, gt=0, description="a gateway is offline, or back, once its status has stood for so long"
    )

    patience_urgent_s: float = Field(
        default=10, ge=0, description="a delay waits so long for urgent readings that an outage may hold back"
    )
    patience_bulk_s: float = Field(default=30, ge=0, description="and so long for bulk readings")

    @property
    def late_after_ms(self) -> int:
        """See `late_after_s`."""
        return round(self.late_after_s * 1000)

    @property
    def future_skew_ms(self) -> int:
        """See `future_skew_s`."""
        return round(self.future_skew_s * 1000)

    @property
    def patience_ms(self) -> dict[Lane, int]:
        """By lane."""
        return {
            Lane.URGENT: round(self.patience_urgent_s * 1000),
            Lane.BULK: round(self.patience_bulk_s * 1000),
        }

    @property
    def contact(self) -> str:
        """Whom a push service may write to about our messages (RFC 8292, 2.1)."""
        return f"postmaster@{urlsplit(self.public_url).hostname or 'localhost'}"
