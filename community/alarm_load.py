"""What alarms ask of people: how often, for how long, and how much at once (EEMUA 191, ISA-18.2)."""

from collections import Counter, deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from community.site.rules import Grade

WINDOW_MS = 600_000
"""Operator load is counted in ten minutes."""
FLOOD, FLOOD_ENDS = 10, 5
"""More alarms than this in a window are a flood."""
STEADY = 1.0
"""Alarms in ten minutes that are very likely acceptable in the long run."""
CHATTER_MS, CHATTER = 60_000, 3
STALE_MS = 86_400_000
PER_DAY = 144
"""One in ten minutes."""
FLOODED_PERCENT = 1.0
"""Of the time, at most (ISA-18.2)."""
SHARES = {Grade.HIGH: 5.0, Grade.MEDIUM: 15.0, Grade.LOW: 80.0}
"""Of all that is told, in percent (EEMUA 191)."""
TOP_TEN_PERCENT = 5.0


@dataclass(slots=True)
class Episode:
    """One time a rule's condition was true; times in Unix ms."""

    rule: str
    scope: str
    zone: str
    grade: Grade
    raised_at: int
    value: float | None
    cleared_at: int | None = None
    """None: it still stood at the end."""

    @property
    def key(self) -> tuple[str, str, int]:
        """What tells whether another site's rules found the same."""
        return self.rule, self.scope, self.raised_at


@dataclass(frozen=True, slots=True)
class Flood:
    """More alarms than a person takes in: from over ten in ten minutes until under five; Unix ms."""

    begun_at: int
    ended_at: int | None
    """None: it still is one."""
    alarms: int
    """That called in it, those that made it one included."""


@dataclass(frozen=True, slots=True)
class RuleLoad:
    """What one rule did; times in ms."""

    rule: str
    grade: str
    count: int
    standing_ms: int
    longest_ms: int
    open: int
    first_at: int
    last_at: int
    worst: str
    """The scope that had it most often."""
    chattering: int
    """Scopes that had it three times within a minute."""


@dataclass(frozen=True, slots=True)
class Load:
    """What all rules together asked of one person. Low risks make tickets, and are not counted as alarms."""

    alarms: int
    tickets: int
    per_10_min: float
    peak_10_min: int
    floods: int
    """Times it came to more than ten in ten minutes, until it was under five."""
    share: dict[str, float]
    """Of alarms, by grade, in percent."""
    top_ten_share: float
    """How many of all alarms came from the ten most frequent places, in percent."""
    stale: int
    """Standing for more than a day."""

    @property
    def acceptable(self) -> bool:
        """Whether it is within the figures of EEMUA 191."""
        return self.per_10_min <= STEADY and self.peak_10_min <= FLOOD


def by_rule(episodes: Sequence[Episode], end: int) -> list[RuleLoad]:
    """The most frequent first."""
    groups: dict[str, list[Episode]] = {}
    for episode in episodes:
        groups.setdefault(episode.rule, []).append(episode)
    return sorted((_rule_load(rule, group, end) for rule, group in groups.items()), key=lambda r: (-r.count, r.rule))


def load_of(episodes: Sequence[Episode], begin: int, end: int) -> Load:
    """The load between two times (Unix ms)."""
    alarms = [episode for episode in episodes if episode.grade is not Grade.LOW]
    times = sorted(episode.raised_at for episode in alarms)
    places = Counter((episode.rule, episode.scope) for episode in alarms)
    grades = Counter(episode.grade.value for episode in alarms)
    length = max((end - begin) / WINDOW_MS, 1)
    return Load(
        alarms=len(alarms),
        tickets=len(episodes) - len(alarms),
        per_10_min=len(alarms) / length,
        peak_10_min=_peak(times),
        floods=len(floods_of(times, end)),
        share={grade: round(100 * count / len(alarms), 1) for grade, count in sorted(grades.items())},
        top_ten_share=round(100 * sum(n for _, n in places.most_common(10)) / len(alarms), 1) if alarms else 0.0,
        stale=sum(_length(episode, end) > STALE_MS for episode in alarms),
    )


def floods_of(times: Iterable[int], now: int) -> list[Flood]:
    """The floods there were until `now`, by when alarms called (Unix ms, in order); the same times give the same."""
    found: list[Flood] = []
    lately: deque[int] = deque()
    begun, alarms = None, 0

    def pass_until(at: int) -> None:
        nonlocal begun
        while lately and lately[0] + WINDOW_MS <= at:
            gone = lately.popleft() + WINDOW_MS
            if begun is not None and len(lately) < FLOOD_ENDS:
                found.append(Flood(begun, gone, alarms))
                begun = None

    for at in times:
        pass_until(at)
        lately.append(at)
        alarms += 1
        if begun is None and len(lately) > FLOOD:
            begun, alarms = at, len(lately)
    pass_until(now)
    return found if begun is None else [*found, Flood(begun, None, alarms)]


def flooded_ms(floods: Iterable[Flood], end: int) -> int:
    """How long floods lasted together, until `end` (Unix ms)."""
    return sum((flood.ended_at or end) - flood.begun_at for flood in floods)


def _rule_load(rule: str, group: Sequence[Episode], end: int) -> RuleLoad:
    scopes = Counter(episode.scope for episode in group)
    lengths = [_length(episode, end) for episode in group]
    return RuleLoad(
        rule=rule,
        grade=group[0].grade.value,
        count=len(group),
        standing_ms=sum(lengths),
        longest_ms=max(lengths),
        open=sum(episode.cleared_at is None for episode in group),
        first_at=min(episode.raised_at for episode in group),
        last_at=max(episode.raised_at for episode in group),
        worst=scopes.most_common(1)[0][0],
        chattering=sum(_chatters([e.raised_at for e in group if e.scope == scope]) for scope in scopes),
    )


def _peak(times: Sequence[int]) -> int:
    """The most alarms in any ten minutes."""
    peak, first = 0, 0
    for number, at in enumerate(times):
        while at - times[first] >= WINDOW_MS:
            first += 1
        peak = max(peak, number - first + 1)
    return peak


def _chatters(times: Sequence[int]) -> bool:
    ordered = sorted(times)
    return any(b - a <= CHATTER_MS for a, b in zip(ordered, ordered[CHATTER - 1 :], strict=False))


def _length(episode: Episode, end: int) -> int:
    return max((episode.cleared_at if episode.cleared_at is not None else end) - episode.raised_at, 0)
