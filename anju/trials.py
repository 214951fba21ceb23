"""`anju rules test`: a site's rules on recorded readings, beside those in force; or on cases."""

import json
import time
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from rich.console import Console
from rich.table import Table

from anju.history import opened
from backbone.frames import FrameEvent
from backbone.historian import exchange
from backbone.historian.port import ReadingBatch
from community.alarm_load import FLOOD, STEADY, Difference, Episode, Load, RuleLoad, by_rule, difference, load_of
from community.site.site import Site
from rules.trial.cases import Verdict, load_cases, try_case
from rules.trial.replay import Replay, replay

MOST_EVENTS = 1_000_000
SHOWN = 20
_HOUR_MS = 3_600_000


@dataclass(frozen=True, slots=True)
class Trial:
    """What came out."""

    site: Site
    begin: int
    end: int
    readings: int
    seconds: float
    unknown: tuple[str, ...]
    rules: list[RuleLoad]
    load: Load
    difference: Difference | None


def on_history(site: Site, old: Site | None, start: str | None, end: str | None) -> Trial:
    """Try rules on what the historian has.

    Raises:
        ExchangeError, HistorianError, SiteErrors, ValueError: why not; the message says what to do.
    """
    with opened() as (historian, kept):
        until = exchange.moment(end) if end else time.time_ns() // 1_000_000
        since = exchange.moment(start) if start else until - 7 * 24 * _HOUR_MS
        events = historian.events(kept.id, None, since, until, MOST_EVENTS)
        return _tried(site, old, historian.scan(kept.id, None, since, until), events, since, until)


def on_file(site: Site, old: Site | None, path: Path, events: Path | None = None) -> Trial:
    """Try rules on the readings of a file (CSV, Parquet, line protocol), which are in the order of time.

    Raises:
        ExchangeError, OSError: a file cannot be read.
    """
    return _tried(site, old, exchange.read(path, site.id), exchange.read_events(events) if events else [], None, None)


def on_cases(site: Site, path: Path) -> list[Verdict]:
    """Try rules on somebody's cases.

    Raises:
        SiteErrors: mistakes in the cases.
        OSError: the file cannot be read.
    """
    return [try_case(site, case) for case in load_cases(path.read_text(encoding="utf-8"), site, path.name).cases]


def _tried(
    site: Site,
    old: Site | None,
    batches: Iterable[ReadingBatch],
    events: list[FrameEvent],
    begin: int | None,
    end: int | None,
) -> Trial:
    began = time.perf_counter()
    seen = _Seen(batches)
    first = next(seen, None)
    since = begin if begin is not None else (int(first.t[0]) if first is not None and first.t.size else 0)
    sites = [site] if old is None else [site, old]
    replays = replay(sites, _again(first, seen), events, since, end if end is not None else 0)
    until = end if end is not None else seen.last
    if end is None:
        for one in replays:
            one.tick(until)
    return _trial(site, replays, since, until, time.perf_counter() - began)


class _Seen(Iterator[ReadingBatch]):
    """Batches, and the time of the last reading in them."""

    def __init__(self, batches: Iterable[ReadingBatch]) -> None:
        self._batches = iter(batches)
        self.last = 0

    def __next__(self) -> ReadingBatch:
        batch = next(self._batches)
        if batch.t.size:
            if int(batch.t.min()) < self.last or (batch.t[1:] < batch.t[:-1]).any():
                raise exchange.ExchangeError("the readings are not in the order of time; sort them by time first")
            self.last = int(batch.t[-1])
        return batch


def _again(first: ReadingBatch | None, rest: Iterator[ReadingBatch]) -> Iterator[ReadingBatch]:
    if first is not None:
        yield first
    yield from rest


def _trial(site: Site, replays: list[Replay], begin: int, end: int, seconds: float) -> Trial:
    new = replays[0]
    return Trial(
        site=site,
        begin=begin,
        end=end,
        readings=new.readings,
        seconds=seconds,
        unknown=tuple(sorted(new.unknown)),
        rules=by_rule(new.episodes, end),
        load=load_of(new.episodes, begin, end),
        difference=difference(new.episodes, replays[1].episodes) if len(replays) > 1 else None,
    )


def as_json(trial: Trial) -> str:
    """The whole result for other programs; times Unix ms."""
    told: dict[str, Any] = {
        "site": trial.site.id,
        "begin": trial.begin,
        "end": trial.end,
        "readings": trial.readings,
        "unknown_points": trial.unknown,
        "load": {**asdict(trial.load), "acceptable": trial.load.acceptable},
        "rules": [asdict(rule) for rule in trial.rules],
        "difference": asdict(trial.difference) if trial.difference else None,
    }
    return json.dumps(told, ensure_ascii=False, indent=1)


def show(trial: Trial, out: Console) -> None:
    """The result as a person reads it."""
    zone = ZoneInfo(trial.site.file.site.timezone)
    load = trial.load
    rate = trial.readings / trial.seconds if trial.seconds else 0
    out.print(
        f"{trial.readings:,} readings, {_at(trial.begin, zone)} to {_at(trial.end, zone)}, "
        f"in {trial.seconds:.1f} s ({rate:,.0f}/s)"
    )
    if trial.unknown:
        some = ", ".join(trial.unknown[:5]) + (", …" if len(trial.unknown) > 5 else "")
        out.print(f"left out: readings of {len(trial.unknown)} points this site file does not have: {some}")
    table = Table("rule", "risk", "times", "standing", "longest", "open", "most often", "chatters")
    for row in trial.rules:
        spans = (_span(row.standing_ms), _span(row.longest_ms))
        table.add_row(row.rule, row.grade, str(row.count), *spans, str(row.open), row.worst, str(row.chattering))
    out.print(table if trial.rules else "no rule would have done anything")
    verdict = "within" if load.acceptable else "beyond"
    out.print(
        f"{load.alarms} alarms and {load.tickets} tickets; {load.per_10_min:.2f} alarms in 10 min on average, "
        f"{load.peak_10_min} at most: {verdict} EEMUA 191 ({STEADY:g} and {FLOOD})"
    )
    if load.alarms:
        share = ", ".join(f"{grade} {percent} %" for grade, percent in load.share.items())
        out.print(
            f"{share}; {load.floods} floods; ten places made {load.top_ten_share} %; {load.stale} stood over a day"
        )
    if trial.difference is not None:
        _show_difference(trial.difference, out, zone)


def cases_as_json(verdicts: list[Verdict]) -> str:
    """The whole result of cases for other programs; times in seconds from a case's beginning."""
    told = [
        {
            "id": verdict.case.id,
            "name": verdict.case.name.model_dump(),
            "right": verdict.right,
            "missing": [row.model_dump() for row in verdict.missing],
            "surplus": [row.model_dump() for row in verdict.surplus],
        }
        for verdict in verdicts
    ]
    return json.dumps({"cases": told}, ensure_ascii=False, indent=1)


def show_cases(verdicts: list[Verdict], out: Console) -> bool:
    """Each case, and what was otherwise; whether all are right."""
    for verdict in verdicts:
        out.print(f"{'ok   ' if verdict.right else 'WRONG'} {verdict.case.id}  {verdict.case.name.zh}", markup=False)
        for sign, rows in (("missing", verdict.missing), ("too much", verdict.surplus)):
            for row in rows:
                out.print(f"      {sign}: {row.rule} {row.becomes} at {row.at:g}s at {row.scope}", markup=False)
    right = sum(verdict.right for verdict in verdicts)
    out.print(f"{right} of {len(verdicts)} cases are right")
    return right == len(verdicts)


def _show_difference(found: Difference, out: Console, zone: ZoneInfo) -> None:
    counts = f"{len(found.only_new)} only by the new rules, {len(found.only_old)} only by those in force"
    out.print(f"beside the rules in force: {found.both} the same, {counts}")
    for sign, episodes in (("+", found.only_new), ("-", found.only_old)):
        for episode in episodes[:SHOWN]:
            out.print(f"  {sign} {_episode(episode, zone)}", markup=False)
        if len(episodes) > SHOWN:
            out.print(f"  {sign} … {len(episodes) - SHOWN} more")


def _episode(episode: Episode, zone: ZoneInfo) -> str:
    value = "" if episode.value is None else f" ({episode.value:g})"
    return f"{_at(episode.raised_at, zone)} {episode.rule} {episode.scope}{value}"


def _at(ms: int, zone: ZoneInfo) -> str:
    return datetime.fromtimestamp(ms / 1000, zone).strftime("%Y-%m-%d %H:%M:%S")


def _span(ms: int) -> str:
    seconds = ms // 1000
    hours, rest = divmod(seconds, 3600)
    return f"{hours}:{rest // 60:02}:{rest % 60:02}"
