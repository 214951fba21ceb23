"""Readings out and in by the platform that runs: with the embedded history, no other process can open it meanwhile."""

import json
import time
from collections.abc import Callable
from http.client import HTTPException
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.parse import urlencode
from urllib.request import Request, urlopen

from backbone.historian.bringing_in import Brought
from backbone.historian.exchange import format_of
from backbone.historian.exchange_read import BadLine, ExchangeError
from backbone.historian.port import HistorianUnavailable

ASK_S = 20.0
STREAM_S = 600.0
"""Without a byte; a history that is asked for years looks for the first of them."""
LOOK_EVERY_S = 0.5
A_PIECE = 1 << 20


class Running:
    """The platform at an address, with somebody signed in.

    Raises:
        HistorianUnavailable: it does not answer, or refuses.
    """

    def __init__(self, url: str, username: str, password: str) -> None:
        self._url = f"{url}/api/v1"
        signed_in = self._json("POST", "/session", {"username": username, "password": password})
        self._token = signed_in["token"]

    def export(self, path: Path, query: list[tuple[str, str]], said: Callable[[str], None]) -> None:
        """Write readings to a file; as it was if it cannot be written whole."""
        new = path.with_name(f".{path.name}.writing")
        asked = urlencode([("format", format_of(path)), *query])
        taken = 0
        try:
            with self._open("GET", f"/readings/export?{asked}", timeout_s=STREAM_S) as answer, new.open("wb") as file:
                while piece := answer.read(A_PIECE):
                    file.write(piece)
                    taken += len(piece)
                    said(f"{taken / 1e6:,.1f} MB")
            new.replace(path)
        except (HTTPException, TimeoutError) as error:
            raise HistorianUnavailable(f"the platform broke off after {taken} bytes; its log says why") from error
        finally:
            new.unlink(missing_ok=True)

    def count(self, query: list[tuple[str, str]]) -> int:
        """How many readings there are."""
        return int(self._json("GET", f"/readings/count?{urlencode(query)}")["readings"])

    def bring_in(self, path: Path, said: Callable[[str], None]) -> Brought:
        """Send a file, and wait until it is read."""
        asked = urlencode({"format": format_of(path)})
        said("sending")
        with path.open("rb") as file:
            length = {"Content-Length": str(path.stat().st_size), "Content-Type": "application/octet-stream"}
            with self._open("POST", f"/readings/import?{asked}", file, timeout_s=STREAM_S, **length) as answer:
                one = json.load(answer)
        while one["state"] == "running":
            said(f"{one['readings']:,} readings")
            time.sleep(LOOK_EVERY_S)
            one = self._json("GET", f"/readings/imports/{one['id']}")
        if one["state"] == "failed":
            raise ExchangeError(f"{path.name}: {one['problem']} ({one['readings']} readings were stored)")
        lines = tuple(BadLine(bad["line"], bad["reason"]) for bad in one["lines"])
        return Brought(one["readings"], one["refused"], lines, tuple(one["unknown"]))

    def _json(self, method: str, path: str, body: object = None) -> Any:
        data = json.dumps(body).encode() if body is not None else None
        with self._open(method, path, data, timeout_s=ASK_S, **{"Content-Type": "application/json"}) as answer:
            return json.load(answer)

    def _open(self, method: str, path: str, data: Any = None, *, timeout_s: float, **headers: str) -> Any:
        token = getattr(self, "_token", None)
        signed = {"Authorization": f"Bearer {token}"} if token else {}
        request = Request(f"{self._url}{path}", data, headers | signed, method=method)  # noqa: S310 (our own address)
        try:
            return urlopen(request, timeout=timeout_s)  # noqa: S310
        except HTTPError as error:
            try:
                why = json.load(error)["detail"]
            except (ValueError, KeyError):
                why = str(error)
            raise HistorianUnavailable(f"the platform refuses: {why}") from error
        except OSError as error:
            raise HistorianUnavailable(f"the platform at {self._url} does not answer: {error}") from error
