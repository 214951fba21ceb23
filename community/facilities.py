"""What belongs to a facility beside its row in the site file."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class FacilityDocument:
    """A document of a facility: a manual, a contract, a certificate. Its bytes lie in the file store."""

    id: str
    facility: str
    file: str
    """Id in the file store."""
    name: str
    media_type: str
    size: int
    """Bytes."""
    at: int
    by: str
    version: int = 1
