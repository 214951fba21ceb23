"""Interlocks: which detectors must agree before the gateway acts by itself, and what stays so until a person resets it.

Pure: readings and monotonic times in, decisions out. gateway/interlock_guard.py carries them out.

A device votes while its last usable value is 1, and for the window after that was last known. What is in test or does
not answer neither votes nor clears: it keeps a tripped interlock from being reset until it says 0, or is disabled.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from community.quality import NOT_REAL, UNUSABLE, Quality
from community.site.devices import Gateway, Interlock
from community.site.site import Site

EGRESS_LOCK = "egress-lock"
SIREN = "siren"
_DISABLED = int(Quality.DISABLED)
_NO_VOTE = int(UNUSABLE | NOT_REAL)
_LONG_AGO = -(2**62)


class Voice(NamedTuple):
    """What is known of one cause point."""

    standing: bool
    """Its last usable value was 1."""
    heard: bool
    """That value is current."""
    last_ms: int
    """When it was last known to be 1; monotonic."""


SILENT = Voice(False, False, _LONG_AGO)


def hear(before: Voice, x: float, q: int, now_ms: int) -> Voice:
    """What is known of the point after a reading of value `x` and quality bits `q`."""
    last_ms = now_ms if before.heard else before.last_ms
    if q & _DISABLED:
        return SILENT  # a person took it out of service
    if q & _NO_VOTE:
        return Voice(before.standing, False, last_ms)
    return Voice(True, True, now_ms) if x == 1.0 else Voice(False, False, last_ms)


def recalled(now_ms: int) -> Voice:
    """A point that stood at 1 when the process ended: how long ago is unknown, so it counts as heard now."""
    return Voice(True, False, now_ms)


@dataclass(frozen=True, slots=True)
class Cause:
    """So many different devices within a window."""

    devices: Mapping[str, str]
    """By point, whose it is."""
    at_least: int
    within_ms: int


@dataclass(frozen=True, slots=True)
class Effect:
    """An output and the state it is set to."""

    point: str
    device: str
    value: int
    egress: bool
    held: bool
    """Kept in that state against commands and whatever else switches it. A siren sounds once and may be silenced."""


@dataclass(frozen=True, slots=True)
class Row:
    """A row of the cause-and-effect table, with its points."""

    id: str
    causes: tuple[Cause, ...]
    effects: tuple[Effect, ...]
    """Escape doors first."""

    @property
    def points(self) -> tuple[str, ...]:
        """All points its causes count."""
        return tuple(dict.fromkeys(point for cause in self.causes for point in cause.devices))


@dataclass(frozen=True, slots=True)
class Latch:
    """A tripped interlock. `at`: Unix ms; `causes`: the points that agreed."""

    at: int
    causes: tuple[str, ...]
    failure: str | None = None
    """Why it was released although nobody voted: the interlock itself has failed."""


def rows_of(site: Site, gateway: Gateway) -> tuple[Row, ...]:
    """The table of one gateway."""
    return tuple(_row(site, gateway, interlock) for interlock in gateway.interlocks)


def causes_of(rows: Iterable[Row]) -> frozenset[str]:
    """The points that trip them."""
    return frozenset(point for row in rows for point in row.points)


def watched_by(rows: Iterable[Row]) -> frozenset[str]:
    """What they want to hear of: causes, and the outputs themselves."""
    return frozenset(point for row in rows for point in (*row.points, *(effect.point for effect in row.effects)))


def _row(site: Site, gateway: Gateway, interlock: Interlock) -> Row:
    own = site.points_of_gateway[gateway.id]
    causes = tuple(
        Cause(
            {p.id: p.device for p in own if p.measure in cause.of and cause.zone in site.zone_path(p.zone)},
            cause.at_least,
            round(cause.within * 1000),
        )
        for cause in interlock.when
    )
    effects: list[Effect] = []
    for effect in interlock.then:
        for name in effect.set:
            point = site.points[name]
            assert point.output is not None
            kind, value = point.output.kind, point.output.safe if effect.to == "safe" else effect.to
            effects.append(Effect(name, point.device, value, kind == EGRESS_LOCK, kind != SIREN))
    return Row(interlock.id, causes, tuple(sorted(effects, key=lambda effect: not effect.egress)))


def tripped_by(row: Row, voices: Mapping[str, Voice], now_ms: int) -> tuple[str, ...]:
    """The points that agree now; none while the row need not act."""
    for cause in row.causes:
        voting = [p for p in cause.devices if _votes(voices.get(p, SILENT), cause.within_ms, now_ms)]
        if len({cause.devices[point] for point in voting}) >= cause.at_least:
            return tuple(voting)
    return ()


def _votes(voice: Voice, within_ms: int, now_ms: int) -> bool:
    return (voice.standing and voice.heard) or now_ms - voice.last_ms < within_ms


def worth_keeping(rows: tuple[Row, ...], voices: Mapping[str, Voice], now_ms: int) -> tuple[str, ...]:
    """The points whose vote must survive a restart."""
    windows: dict[str, int] = {}
    for row in rows:
        for cause in row.causes:
            for point in cause.devices:
                windows[point] = max(windows.get(point, 0), cause.within_ms)
    return tuple(
        point
        for point, within_ms in windows.items()
        if (voice := voices.get(point, SILENT)).standing or _votes(voice, within_ms, now_ms)
    )


def standing(row: Row, voices: Mapping[str, Voice]) -> tuple[str, ...]:
    """The points of its causes that are still at 1, as far as is known: while there is one, it is not reset."""
    return tuple(point for point in row.points if voices.get(point, SILENT).standing)


def effects_of(row: Row, latch: Latch) -> tuple[Effect, ...]:
    """What a tripped row sets; one that failed itself opens the escape doors, and does nothing else unasked."""
    return row.effects if latch.failure is None else tuple(effect for effect in row.effects if effect.egress)


class Hold(NamedTuple):
    """An output that must stay as it is."""

    value: int
    by: str
    """The interlock."""


def holds(rows: tuple[Row, ...], latches: Mapping[str, Latch]) -> dict[str, Hold]:
    """By point, the outputs that tripped rows hold."""
    return {
        effect.point: Hold(effect.value, row.id)
        for row in rows
        if (latch := latches.get(row.id)) is not None
        for effect in effects_of(row, latch)
        if effect.held
    }
