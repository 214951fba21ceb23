"""Recurring times: a rule of RFC 5545 at a time of day, in a time zone with its daylight rules."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from dateutil.rrule import rrulestr

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Recurrence:
    """The times of a rule. An hour that is left out counts by the offset before it, of one that comes twice the first.

    That is what RFC 5545, 3.3.5 says of local times.
    """

    def __init__(self, rule: str, at: str, since: date, timezone: str) -> None:
        """Parse.

        Raises:
            ValueError: `rule` is no rule.
        """
        self._zone = ZoneInfo(timezone)
        self._rule = rrulestr(rule, dtstart=datetime.combine(since, time.fromisoformat(at)), cache=True)
        self._known: tuple[int, int] = (0, 0)
        """A time asked for, and the first one after it."""

    @property
    def happens(self) -> bool:
        """Whether there is any time at all."""
        return next(iter(self._rule), None) is not None

    def after(self, now: int) -> int | None:
        """The first time after `now` (Unix ms)."""
        asked, found = self._known
        if asked <= now < found:
            return found
        # clocks move by hours at most: a day earlier on the wall is earlier in any case
        for local in self._rule.xafter(self._local(now) - timedelta(days=1), inc=True):
            if (at := self._instant(local)) > now:
                self._known = (now, at)
                return at
        return None

    def between(self, begin: int, end: int) -> Iterator[int]:
        """Those from `begin` to `end`, both included (Unix ms)."""
        for local in self._rule.xafter(self._local(begin) - timedelta(days=1), inc=True):
            at = self._instant(local)
            if at > end:
                return
            if at >= begin:
                yield at

    def _local(self, at: int) -> datetime:
        return (_EPOCH + timedelta(milliseconds=at)).astimezone(self._zone).replace(tzinfo=None)

    def _instant(self, local: datetime) -> int:
        return (local.replace(tzinfo=self._zone) - _EPOCH) // timedelta(milliseconds=1)
