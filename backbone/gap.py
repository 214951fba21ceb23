"""What is missing in a lane: when it is asked for again, and when it is known that nobody can read it. Pure."""

from dataclasses import dataclass, field

RESEND_EVERY_MS = 1_000
"""A gap is asked for at most this often a lane."""
POISON_TRIES, DOUBTFUL_TRIES = 3, 10
"""So often what cannot be read is asked for before it is stepped over; oftener when other frames may lie beside it."""
SAMPLE_BYTES = 512


@dataclass(slots=True)
class Gap:
    """What is missing at one place of a lane, and what asking for it brought."""

    epoch: int
    lowest: int
    """The lowest `previous` of a frame beyond the gap: nothing readable lies between."""
    asked_at: int
    unreadable: set[int] = field(default_factory=set)
    """What came of the answer: hashes, so that what comes twice counts once."""
    sample: bytes = b""
    bad_answers: list[int] = field(default_factory=list)
    """How much of each could not be read."""

    def answered_badly(self, payload: bytes) -> None:
        """Something came that cannot be read."""
        self.unreadable.add(hash(payload))
        self.sample = payload[:SAMPLE_BYTES]

    def again(self, now: int) -> bool:
        """Whether to ask once more; counts the answer to the last time."""
        if 0 <= now - self.asked_at < RESEND_EVERY_MS:
            return False
        self.asked_at = now
        if self.unreadable:
            self.bad_answers = [*self.bad_answers, len(self.unreadable)][-DOUBTFUL_TRIES:]
            self.unreadable.clear()
        return True

    def is_poison(self, position: int, previous: int) -> bool:
        """Whether the frame after `previous` is the next beyond `position` that can be read at all.

        An answer with as many that cannot be read as numbers are missing has lost no other on its way.
        """
        sure = sum(count >= self.lowest - position for count in self.bad_answers)
        tried = sure >= POISON_TRIES or len(self.bad_answers) >= DOUBTFUL_TRIES
        return tried and previous <= self.lowest
