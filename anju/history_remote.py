"""Readings out and in by the platform that runs: with the embedded history, no other process can open it meanwhile."""

import json
import time
from collections.abc import Callable
from http.client import HTTPException
from pathlib import Path
from urllib.parse import urlencode

from anju.running import Running, RunningError
from backbone.historian.bringing_in import Brought
from backbone.historian.exchange import format_of
from backbone.historian.exchange_read import BadLine, ExchangeError

STREAM_S = 600.0
"""Without a byte; a history that is asked for years looks for the first of them."""
LOOK_EVERY_S = 0.5
A_PIECE = 1 << 20


def export(running: Running, path: Path, query: list[tuple[str, str]], said: Callable[[str], None]) -> None:
    """Write readings to a file; as it was if it cannot be written whole."""
    new = path.with_name(f".{path.name}.writing")
    asked = urlencode([("format", format_of(path)), *query])
    taken = 0
    try:
        with running.open("GET", f"/readings/export?{asked}", timeout_s=STREAM_S) as answer, new.open("wb") as file:
            while piece := answer.read(A_PIECE):
                file.write(piece)
                taken += len(piece)
                said(f"{taken / 1e6:,.1f} MB")
        new.replace(path)
    except (HTTPException, TimeoutError) as error:
        raise RunningError(f"the platform broke off after {taken} bytes; its log says why") from error
    finally:
        new.unlink(missing_ok=True)


def count(running: Running, query: list[tuple[str, str]]) -> int:
    """How many readings there are."""
    return int(running.json("GET", f"/readings/count?{urlencode(query)}")["readings"])


def bring_in(running: Running, path: Path, said: Callable[[str], None]) -> Brought:
    """Send a file, and wait until it is read."""
    asked = urlencode({"format": format_of(path)})
    said("sending")
    with path.open("rb") as file:
        length = {"Content-Length": str(path.stat().st_size), "Content-Type": "application/octet-stream"}
        with running.open("POST", f"/readings/import?{asked}", file, timeout_s=STREAM_S, **length) as answer:
            one = json.load(answer)
    while one["state"] == "running":
        said(f"{one['readings']:,} readings")
        time.sleep(LOOK_EVERY_S)
        one = running.json("GET", f"/readings/imports/{one['id']}")
    if one["state"] == "failed":
        raise ExchangeError(f"{path.name}: {one['problem']} ({one['readings']} readings were stored)")
    lines = tuple(BadLine(bad["line"], bad["reason"]) for bad in one["lines"])
    return Brought(one["readings"], one["refused"], lines, tuple(one["unknown"]))
