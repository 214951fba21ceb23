"""What the gateways found announced: their retained list, the last each."""

from backbone.found import FoundList, decode


class FoundBoard:
    """The last list of every gateway that told one. Touched on the event loop only."""

    def __init__(self) -> None:
        self._lists: dict[str, FoundList] = {}

    def take(self, gateway: str, payload: bytes) -> None:
        """Take in a list.

        Raises:
            FoundError: the payload is none.
        """
        self._lists[gateway] = decode(payload)

    def of(self, gateway: str) -> FoundList | None:
        """The last list; None when none was heard."""
        return self._lists.get(gateway)
