"""Frames in, transitions out: what is judged when, and how far time may pass for whom. No socket, no clock.

Latency first: what a live stream brings is judged as it comes, and delays end on the clock's time. What an outage held
back is judged by the time it was made, whatever comes in between (rules/watermarks.py).
"""

from collections.abc import Collection, Sequence

from backbone.building import building
from backbone.deliveries import Delivery
from community.site.profile import Lane
from community.site.site import Site
from rules.detect.compile import compile_rules
from rules.detect.engine import Detector
from rules.detect.model import Batch, Transition
from rules.detect.retelling import Told
from rules.intake import Intake
from rules.refused import Refuse
from rules.watermarks import Watermarks

TICK_MS = 100


def detector_of(site: Site) -> Detector:
    """A detector of the site's rules, without state."""
    with building():
        return Detector(compile_rules(site))


class Judge:
    """A detector, what it is given, and how far that is known."""

    def __init__(
        self, site: Site, detector: Detector, watermarks: Watermarks, future_skew_ms: int, refuse: Refuse
    ) -> None:
        self._future_skew_ms = future_skew_ms
        self._refuse = refuse
        self._ticked_at = 0
        self._held_at = -1
        """What ended by then and is still there waits for its readings; -1: nothing does."""
        self.watermarks = watermarks
        self.use(site, detector)

    def use(self, site: Site, detector: Detector) -> None:
        """The site file changed."""
        self.told = Told(detector)
        self._intake = Intake(site, detector.compiled, self._future_skew_ms, self._refuse)

    @property
    def detector(self) -> Detector:
        """The one that judges."""
        return self.told.detector

    def listen(self, now: int) -> None:
        """See `Detector.listen`."""
        self.told.listen(now)

    def take(self, deliveries: Sequence[Delivery], now: int) -> tuple[Batch, list[Transition]]:
        """The readings of some frames, and what changed by them."""
        batch = self._intake.batch(deliveries, now)
        found = self.told.evaluate(batch)
        for delivery in deliveries:
            self.watermarks.take(delivery)
        return batch, found

    def set_back(self, by: int) -> None:
        """The clock was set back by so many ms (negative: ahead): what is going on goes on, as long as it would have.

        Otherwise it would wait for that time to come again, or two detectors that agree would lie hours apart.
        """
        self.told.set_back(by)
        self.watermarks.set_back(by)
        self._ticked_at, self._held_at = 0, -1

    def set_back_before(self, now: int) -> int:
        """The same if it happened while nobody ran: seen by readings that are yet to come. By how many ms, mostly 0."""
        by = self.detector.heard_until() - now
        if by <= self._future_skew_ms:
            return 0
        self.set_back(by)
        return by

    def next_end(self) -> int:
        """When something ends for which nothing more has to come (Unix ms)."""
        return self.detector.next_end(self._held_at)

    def tick(self, now: int, waiting: Collection[tuple[str, Lane]], *, listening: bool) -> list[Transition]:
        """Let time pass until `now` when it is due, as far as that is known; the rest as for `Watermarks.reach`."""
        if now - self._ticked_at < TICK_MS and self.next_end() > now:
            return []
        reach = self.watermarks.reach(self.detector.compiled.sources, now, waiting, listening=listening)
        found = self.told.tick(now, reach)
        self._ticked_at, self._held_at = now, -1 if reach is None else now
        return found
