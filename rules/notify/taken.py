"""Whether a channel has taken a message."""

from collections.abc import Sequence


class NotTaken(Exception):  # noqa: N818 - what a channel said; the caller tries another
    """The channel did not take the message; the message says why.

    `gone` are the ids of the person's browsers that are no more.
    """

    def __init__(self, why: str, gone: Sequence[str] = ()) -> None:
        super().__init__(why)
        self.gone = tuple(gone)
