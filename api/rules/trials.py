"""Rules tried on what was recorded, in a process of their own, bounded in time, memory and readings.

The readings are copied out of the historian, which another process could not open; then it is `anju rules test`. One at
a time: alarms need the machine. What came out is kept in the data folder.
"""

import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, Literal

import msgspec
import structlog

from api.jobs import Job, Jobs
from api.problems import Problem
from backbone.historian import exchange
from backbone.historian.exchange_read import ExchangeError
from backbone.historian.port import Historian, HistorianError, ReadingBatch
from community.site.memory import warm_up_ms
from community.site.site import Site

MOST_READINGS = 20_000_000
MOST_EVENTS = 200_000
MOST_MEMORY = 4_000_000_000
MOST_SECONDS = 300
ON_READINGS = ("--against", "old.yaml", "--csv", "readings.parquet", "--events", "events.jsonl")
log = structlog.get_logger()


class Trial(Job, frozen=True, kw_only=True):
    """One trial: what was asked, how far it is, and what came out (the answer of `anju rules test --json`)."""

    rule: str
    begin: int
    end: int
    state: Literal["gathering", "replaying", "done", "failed"] = "gathering"
    result: dict[str, Any] | None = None


class _TooManyError(Exception):
    pass


class Trials:
    """The trials of this installation, a small file each."""

    def __init__(self, folder: Path, profiles: Path | None) -> None:
        self._folder = folder
        self._profiles = profiles
        self._lock = threading.Lock()
        self._jobs = Jobs(folder, Trial, problem="the program was started again meanwhile; try again")

    def start(
        self, trial: Trial, historian: Historian, site: Site, new: str, old: str, cases: str | None = None
    ) -> Trial:
        """Begin a trial of a site file, that is `site`, beside another, or on cases.

        Raises:
            Problem: another one runs.
        """
        with self._lock:
            if self._jobs.running is not None:
                raise Problem(429, "another trial runs; look again in a minute", kind="rate")
            self._jobs.running = trial
        self._jobs.keep(trial)
        work = threading.Thread(
            target=self._run, args=(trial, historian, site, new, old, cases), daemon=True, name="trial"
        )
        work.start()
        return trial

    def get(self, identifier: str) -> Trial:
        """A trial.

        Raises:
            Problem: there is none, or no more.
        """
        return self._jobs.get(identifier)

    def _run(self, trial: Trial, historian: Historian, site: Site, new: str, old: str, cases: str | None) -> None:
        work = self._folder / trial.id
        try:
            work.mkdir(parents=True, exist_ok=True)
            (work / "new.yaml").write_text(new, encoding="utf-8")
            (work / "old.yaml").write_text(old, encoding="utf-8")
            if cases is None:
                trial = self._gather(trial, historian, site, work)
                trial = self._replay(
                    trial,
                    work,
                    *ON_READINGS,
                    "--from",
                    exchange.written(trial.begin),
                    "--to",
                    exchange.written(trial.end),
                )
            else:
                (work / "cases.yaml").write_text(cases, encoding="utf-8")
                trial = self._replay(trial, work, "--cases", "cases.yaml")
        except _TooManyError:
            trial = _failed(trial, f"more than {MOST_READINGS:,} readings; try fewer days")
        except subprocess.TimeoutExpired:
            trial = _failed(trial, f"not done within {MOST_SECONDS} s; try fewer days")
        except (HistorianError, ExchangeError, OSError) as error:
            trial = _failed(trial, str(error))
        except Exception:
            log.exception("a trial failed", trial=trial.id)
            trial = _failed(trial, "unexpected error, see the log")
        finally:
            shutil.rmtree(work, ignore_errors=True)
            self._jobs.keep(trial)
            self._jobs.running = None

    def _gather(self, trial: Trial, historian: Historian, site: Site, work: Path) -> Trial:
        def said(readings: int) -> None:
            self._jobs.running = msgspec.structs.replace(trial, readings=readings)

        def copied(since: int) -> int:
            batches = _at_most(historian.scan(site.id, None, since, trial.end))
            readings = exchange.write(batches, work / "readings.parquet", site, said)
            events = historian.events(site.id, None, since, trial.end, MOST_EVENTS)
            exchange.write_events(reversed(events), work / "events.jsonl")
            return readings

        try:
            readings = copied(trial.begin - warm_up_ms(site))
        except _TooManyError:
            readings = copied(trial.begin)  # the result says which rules knew too little at first
        self._jobs.running = trial = msgspec.structs.replace(trial, state="replaying", readings=readings)
        return trial

    def _replay(self, trial: Trial, work: Path, *on: str) -> Trial:
        bounds = [str(MOST_MEMORY), str(MOST_SECONDS)]
        program = [sys.executable, "-m", "anju", "rules", "test", "new.yaml", *on, "--json"]
        root = str(Path(__file__).resolve().parents[2])
        own = {"ANJU_PROFILES": str(self._profiles.resolve())} if self._profiles else {}
        done = subprocess.run(  # noqa: S603 (our own program)
            [sys.executable, "-m", "api.rules.bounded", *bounds, *program],
            cwd=work,
            env={**os.environ, **own, "PYTHONPATH": os.pathsep.join([root, os.environ.get("PYTHONPATH", "")])},
            capture_output=True,
            timeout=MOST_SECONDS,
            check=False,
        )
        if done.returncode != 0:
            said = done.stderr.decode(errors="replace").strip().splitlines()
            log.warning("a trial failed", trial=trial.id, said=said[-5:])
            return _failed(trial, said[-1] if said else f"the trial ended with {done.returncode}")
        return msgspec.structs.replace(trial, state="done", result=msgspec.json.decode(done.stdout))


def _failed(trial: Trial, why: str) -> Trial:
    return msgspec.structs.replace(trial, state="failed", problem=why)


def _at_most(batches: Iterable[ReadingBatch]) -> Iterator[ReadingBatch]:
    count = 0
    for batch in batches:
        count += batch.t.size
        if count > MOST_READINGS:
            raise _TooManyError
        yield batch
