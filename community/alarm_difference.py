"""What other rules would have done on the same readings: the same, the same earlier or later, more, or less."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from community.alarm_load import WINDOW_MS, Episode


@dataclass(frozen=True, slots=True)
class Moved:
    """One alarm that both found, and one of them earlier."""

    new: Episode
    old: Episode

    @property
    def later_ms(self) -> int:
        """How much later the new rules find it; negative: earlier."""
        return self.new.raised_at - self.old.raised_at


@dataclass(frozen=True, slots=True)
class Difference:
    """What other rules would have done on the same readings; each by time."""

    both: int
    moved: tuple[Moved, ...]
    only_new: tuple[Episode, ...]
    only_old: tuple[Episode, ...]


def difference(new: Sequence[Episode], old: Sequence[Episode]) -> Difference:
    """What only one of two found, and what both did at different times.

    Two alarms of one rule at one place are the same if they stand at one time, or were raised within ten minutes. Of
    several that may be, the nearest are, none of them twice, and those that come first stay first.
    """
    before, after = {e.key for e in old}, {e.key for e in new}
    at_place: dict[tuple[str, str], tuple[list[Episode], list[Episode]]] = defaultdict(lambda: ([], []))
    for side, episodes, known in ((0, new, before), (1, old, after)):
        for episode in episodes:
            if episode.key not in known:
                at_place[episode.rule, episode.scope][side].append(episode)
    pairs = [pair for sides in at_place.values() for pair in _aligned(*(sorted(side, key=_raised) for side in sides))]
    return Difference(
        both=len(before & after),
        moved=tuple(sorted((Moved(a, b) for a, b in pairs if a and b), key=lambda moved: _raised(moved.new))),
        only_new=_alone((a for a, b in pairs if b is None), new),
        only_old=_alone((b for a, b in pairs if a is None), old),
    )


def _aligned(new: list[Episode], old: list[Episode]) -> Iterator[tuple[Episode | None, Episode | None]]:
    """Alarms of one rule at one place in order, beside what they are on the other side; None where nothing is."""
    i = j = 0
    while i < len(new) and j < len(old):
        if _same(new[i], old[j]) and not (_nearer(new, i, old[j]) or _nearer(old, j, new[i])):
            yield new[i], old[j]
            i, j = i + 1, j + 1
        elif _raised(new[i]) <= _raised(old[j]):
            yield new[i], None
            i += 1
        else:
            yield None, old[j]
            j += 1
    yield from ((episode, None) for episode in new[i:])
    yield from ((None, episode) for episode in old[j:])


def _same(a: Episode, b: Episode) -> bool:
    first, then = (a, b) if _raised(a) <= _raised(b) else (b, a)
    overlap = first.cleared_at is None or first.cleared_at > then.raised_at
    return overlap or then.raised_at - first.raised_at <= WINDOW_MS


def _nearer(episodes: list[Episode], place: int, other: Episode) -> bool:
    """Whether rather the next of a side is the same as one of the other."""
    if place + 1 == len(episodes) or not _same(episodes[place + 1], other):
        return False
    here, there = (abs(_raised(episode) - _raised(other)) for episode in episodes[place : place + 2])
    return there < here


def _raised(episode: Episode) -> int:
    return episode.raised_at


def _alone(found: Iterable[Episode | None], of: Sequence[Episode]) -> tuple[Episode, ...]:
    """In the order in which they were given."""
    alone = {id(episode) for episode in found}
    return tuple(episode for episode in of if id(episode) in alone)
