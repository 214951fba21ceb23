"""What alarms ask of people: how often, for how long, and how much at once (EEMUA 191, ISA-18.2)."""

from collections import Counter
from collections.abc import Sequence
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


@dataclass(frozen=True, slots=True)
class Difference:
    """What other rules would have done on the same readings."""

    both: int
    only_new: tuple[Episode, ...]
    only_old: tuple[Episode, ...]


def by_rule(episodes: Sequence[Episode], end: int) -> list[RuleLoad]:
    """The most frequent first."""
    groups: dict[str, list[Episode]] = {}
    for episode in episodes:
        groups.setdefault(episode.rule, []).append(episode)
    return sorted((_rule_load(rule, group, end) for rule, group in groups.items()), key=lambda r: (-r.count, r.rule))


def load_of(episodes: Sequence[Episode], begin: int, end: int) -> Load:
    """The load between two times (Unix ms)."""
    alarms = [episode for episode in episodes if episode.grade is not Grade.LOW]
    peak, floods = _crowded(sorted(episode.raised_at for episode in alarms))
    places = Counter((episode.rule, episode.scope) for episode in alarms)
    grades = Counter(episode.grade.value for episode in alarms)
    length = max((end - begin) / WINDOW_MS, 1)
    return Load(
        alarms=len(alarms),
        tickets=len(episodes) - len(alarms),
        per_10_min=len(alarms) / length,
        peak_10_min=peak,
        floods=floods,
        share={grade: round(100 * count / len(alarms), 1) for grade, count in sorted(grades.items())},
        top_ten_share=round(100 * sum(n for _, n in places.most_common(10)) / len(alarms), 1) if alarms else 0.0,
        stale=sum(_length(episode, end) > STALE_MS for episode in alarms),
    )


def difference(new: Sequence[Episode], old: Sequence[Episode]) -> Difference:
    """What only one of two found."""
    before, after = {e.key for e in old}, {e.key for e in new}
    return Difference(
        both=len(before & after),
        only_new=tuple(e for e in new if e.key not in before),
        only_old=tuple(e for e in old if e.key not in after),
    )


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


def _crowded(times: Sequence[int]) -> tuple[int, int]:
    """The most alarms in any ten minutes, and how many floods there were (ISA-18.2: over ten, until under five)."""
    peak, floods, flooding, first = 0, 0, False, 0
    for number, at in enumerate(times):
        while at - times[first] >= WINDOW_MS:
            first += 1
            flooding = flooding and number - first >= FLOOD_ENDS
        here = number - first + 1
        peak = max(peak, here)
        if here > FLOOD and not flooding:
            flooding, floods = True, floods + 1
    return peak, floods


def _chatters(times: Sequence[int]) -> bool:
    ordered = sorted(times)
    return any(b - a <= CHATTER_MS for a, b in zip(ordered, ordered[CHATTER - 1 :], strict=False))


def _length(episode: Episode, end: int) -> int:
    return max((episode.cleared_at if episode.cleared_at is not None else end) - episode.raised_at, 0)
