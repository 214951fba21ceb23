"""What was refused: kept with its reason, so that a person can see it and mend the cause."""

from dataclasses import dataclass

SAMPLE_CHARACTERS = 512


@dataclass(frozen=True, slots=True)
class Quarantined:
    """Things of one source refused for one reason between `first` and `last` (Unix ms); `sample` shows one of them.

    Rows of the same site, consumer, source and reason are one entry: counts add up, the newest sample stays.
    """

    site: str
    consumer: str
    """The service that refused: `ingest`, `rules`."""
    source: str
    """A topic, a point, or `gateway/point` when the point is not that gateway's."""
    reason: str
    first: int
    last: int
    count: int
    sample: str
    kept: int = 0
    """How many of these are set aside whole, to be stored once the cause is mended."""
    asked: int | None = None
    """When somebody asked to try again (Unix ms), until it is done."""
    tried: int | None = None
    """When it was last tried again (Unix ms): what is still kept was refused again."""

    def merged(self, other: "Quarantined") -> "Quarantined":
        """This entry with a later one of the same source and reason."""
        return Quarantined(
            self.site,
            self.consumer,
            self.source,
            self.reason,
            min(self.first, other.first),
            max(self.last, other.last),
            self.count + other.count,
            other.sample,
            self.kept + other.kept,
        )
