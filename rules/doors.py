"""Where each card was last, from the stream: stored with the positions, so that no passage is missed or forgotten."""

from collections.abc import Sequence

from backbone.database.last_places import save_last_places
from backbone.deliveries import Delivery
from community.headcount import Pass, passed, whereabouts
from community.site.site import Site
from rules.part import Part


class Doors:
    """What the doors of a site have said since it was last stored."""

    def __init__(self, site: Site, future_skew_ms: int) -> None:
        self._site = site
        self._future_skew_ms = future_skew_ms
        self._last: dict[str, Pass] = {}

    def use(self, site: Site) -> None:
        """Go on with a changed site."""
        self._site = site

    def take(self, deliveries: Sequence[Delivery], now: int) -> None:
        """The passages of some frames; of doors the gateway may speak for, and none from the far future."""
        site, latest = self._site, now + self._future_skew_ms
        found = [
            one
            for delivery in deliveries
            for event in delivery.frame.events
            if 0 < event.t <= latest
            and (point := site.points.get(event.point)) is not None
            and point.gateway == delivery.gateway
            and (one := passed(site, event.point, event.type, event.data, event.t)) is not None
        ]
        if found:
            self._last = whereabouts([*self._last.values(), *found])

    def part(self) -> Part:
        """What they have said, for the transaction of the positions."""
        said, self._last = self._last, {}

        def give_back() -> None:
            self._last = whereabouts([*said.values(), *self._last.values()])

        return Part(lambda c: save_last_places(c, self._site.id, said.values()), give_back)
