"""`anju rules test`: a site's rules on recorded readings, beside those in force; or on cases."""

import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from zoneinfo import ZoneInfo

from anju.history import opened
from backbone.frames import FrameEvent
from backbone.historian import exchange
from backbone.historian.exchange_read import ExchangeError
from backbone.historian.port import ReadingBatch
from backbone.steady import wall_ms
from community.alarm_difference import Difference, difference
from community.alarm_load import Episode, Load, RuleLoad, by_rule, load_of
from community.site.memory import memory_s, warm_up_ms
from community.site.site import Site
from rules.trial.cases import Verdict, load_cases, try_cases
from rules.trial.replay import Replay, replay

MOST_EVENTS = 1_000_000
_DAY_MS = 86_400_000


@dataclass(frozen=True, slots=True)
class Trial:
    """What came out; times Unix ms."""

    site: Site
    warm_from: int
    """Since when readings were read; what came before `begin` is learnt from and not counted."""
    begin: int
    end: int
    readings: int
    seconds: float
    unknown: tuple[str, ...]
    unheard: int
    """Points of the site no reading was of."""
    rules: list[RuleLoad]
    load: Load
    standing: list[Episode]
    """What stood already at the beginning; it is in none of the counts."""
    cold: dict[str, float]
    """Rules that knew too little at the beginning, and how far back they remember (s)."""
    difference: Difference | None
    load_before: Load | None
    """Of the rules it is compared with."""


def on_history(site: Site, old: Site | None, start: str | None, end: str | None) -> Trial:
    """Try rules on what the historian has.

    Raises:
        ExchangeError, HistorianError, SiteErrors, ValueError: why not; the message says what to do.
    """
    zone = ZoneInfo(site.file.site.timezone)
    with opened() as (historian, kept):
        until = exchange.moment(end, zone) if end else wall_ms()
        since = exchange.moment(start, zone) if start else until - 7 * _DAY_MS
        warm = since - max(warm_up_ms(one) for one in (site, old) if one is not None)
        events = historian.events(kept.id, None, warm, until, MOST_EVENTS)
        return _tried(site, old, historian.scan(kept.id, None, warm, until), events, since, until, of_all=True)


def on_file(site: Site, old: Site | None, path: Path, events: Path | None, start: str | None, end: str | None) -> Trial:
    """Try rules on the readings of a file (CSV, Parquet, line protocol), which are in the order of time.

    A file need not have all points of the site: those it does not have are not silent.

    Raises:
        ExchangeError, OSError, ValueError: why not; the message says what to do.
    """
    zone = ZoneInfo(site.file.site.timezone)
    since, until = (None if text is None else exchange.moment(text, zone) for text in (start, end))
    among = [e for e in (exchange.read_events(events) if events else []) if until is None or e.t < until]
    return _tried(site, old, _before(exchange.read(path, site.id), until), among, since, until, of_all=False)


def on_cases(site: Site, path: Path) -> list[Verdict]:
    """Try rules on somebody's cases.

    Raises:
        SiteErrors: mistakes in the cases.
        OSError: the file cannot be read.
    """
    return try_cases(site, load_cases(path.read_text(encoding="utf-8"), site, path.name).cases)


def _tried(
    site: Site,
    old: Site | None,
    batches: Iterable[ReadingBatch],
    events: list[FrameEvent],
    begin: int | None,
    end: int | None,
    *,
    of_all: bool,
) -> Trial:
    began = time.perf_counter()
    seen = _Seen(batches)
    first = next((batch for batch in seen if batch.t.size), None)
    heard_from = int(first.t[0]) if first is not None else begin or 0
    since = heard_from if begin is None else begin
    warm_from = min(heard_from, since)
    sites = [site] if old is None else [site, old]
    replays = replay(sites, _again(first, seen), events, warm_from, end if end is not None else 0)
    until = end if end is not None else seen.last
    if end is None:
        for one in replays:
            one.tick(until)
    if not of_all:
        for one in replays:
            one.leave_out_unheard()
    return _trial(site, replays, (warm_from, since, until), time.perf_counter() - began)


def _before(batches: Iterable[ReadingBatch], end: int | None) -> Iterator[ReadingBatch]:
    for batch in batches:
        if end is None or not batch.t.size or batch.t[-1] < end:
            yield batch
            continue
        kept = batch.t < end
        yield replace(batch, p=batch.p[kept], t=batch.t[kept], x=batch.x[kept], q=batch.q[kept])
        return


class _Seen(Iterator[ReadingBatch]):
    """Batches, and the time of the last reading in them."""

    def __init__(self, batches: Iterable[ReadingBatch]) -> None:
        self._batches = iter(batches)
        self.last = 0

    def __next__(self) -> ReadingBatch:
        batch = next(self._batches)
        if batch.t.size:
            if int(batch.t.min()) < self.last or (batch.t[1:] < batch.t[:-1]).any():
                raise ExchangeError("the readings are not in the order of time; sort them by time first")
            self.last = int(batch.t[-1])
        return batch


def _again(first: ReadingBatch | None, rest: Iterator[ReadingBatch]) -> Iterator[ReadingBatch]:
    if first is not None:
        yield first
    yield from rest


def _trial(site: Site, replays: list[Replay], times: tuple[int, int, int], seconds: float) -> Trial:
    warm_from, begin, end = times
    new = replays[0]
    episodes, standing = new.since(begin)
    before = replays[1].since(begin)[0] if len(replays) > 1 else None
    return Trial(
        site=site,
        warm_from=warm_from,
        begin=begin,
        end=end,
        readings=new.readings,
        seconds=seconds,
        unknown=tuple(sorted(new.unknown)),
        unheard=len(new.unheard()),
        rules=by_rule(episodes, end),
        load=load_of(episodes, begin, end),
        standing=standing,
        cold={rule: needs for rule, needs in memory_s(site).items() if 1000 * needs > begin - warm_from},
        difference=None if before is None else difference(episodes, before),
        load_before=None if before is None else load_of(before, begin, end),
    )
