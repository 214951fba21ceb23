"""Gets lines into a server: bounded requests, retried while it is busy, split where it refuses.

A server that refuses a request for one bad line says so about the whole request. Writing lines again changes nothing,
so the request is split until the bad lines stand alone; everything else is stored.
"""

import random
import re
import threading
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field

from backbone.historian.influx_server import LinesRefused, Overloaded, TooLarge
from backbone.historian.line_protocol import Lines
from backbone.historian.port import HistorianUnavailable, Unwritten

LINES_A_REQUEST = 10_000
TRIES = 4
FIRST_DELAY_S = 0.2
LONGEST_DELAY_S = 10.0
SPLITS = 200
"""Refusals of a `send` without a line stored, and the search ends: a server that refuses everything must not stop the
stream. While others of its lines are stored, bad ones are looked for to the last."""
_FEW = 3
_MEASUREMENTS = 100
_PARSE_ERROR = re.compile(r"(?:partial write: )?unable to parse '.*': (.*?)(?: dropped=\d+)?$", re.DOTALL)
_NAMED = re.compile(r"unable to parse '(.*?)': ")
_DROPPED = re.compile(r" dropped=\d+$")


@dataclass(slots=True)
class _Search:
    """What of a `send` the server refused, and how the search for it goes."""

    refused: dict[tuple[str, str], Unwritten] = field(default_factory=dict)
    splits: int = 0
    stored: bool = False
    noting: threading.Lock = field(default_factory=threading.Lock)


class LineSender:
    """Sends with `write(body, precision)`; `pause(seconds)` waits, and says whether to give up."""

    def __init__(self, write: Callable[[bytes, str], None], pause: Callable[[float], bool]) -> None:
        self._write = write
        self._pause = pause

    def send(self, lines: Lines) -> list[Unwritten]:
        """Write all lines; the result tells of those the server refused for good.

        Raises:
            HistorianUnavailable: the server did not take them now. Some may be stored.
        """
        return self.send_each([lines])

    def send_each(self, parts: Iterable[Lines], *, at_once: int = 1) -> list[Unwritten]:
        """As `send`, part by part, each made while those before it are on their way; so many `at_once`, in any order.

        Raises:
            HistorianUnavailable: see `send`.
        """
        search, waiting = _Search(), iter(parts)
        part, following = next(waiting, None), next(waiting, None)
        if following is None:  # most writes are small
            if part is not None:
                self._send(part, search)
            return list(search.refused.values())
        on_their_way: deque[Future[None]] = deque()
        with ThreadPoolExecutor(at_once, thread_name_prefix="lines") as threads:
            while part is not None:
                on_their_way.append(threads.submit(self._send, part, search))
                part, following = following, None if following is None else next(waiting, None)
                if len(on_their_way) == at_once:
                    on_their_way.popleft().result()
            for each in on_their_way:
                each.result()
        return list(search.refused.values())

    def _send(self, lines: Lines, search: "_Search") -> None:
        n = len(lines.text)
        pending: list[Sequence[int]] = [
            range(start, min(start + LINES_A_REQUEST, n)) for start in range(0, n, LINES_A_REQUEST)
        ]
        pending.reverse()  # the last is taken first: of one point and time the line that comes last stays
        while pending:
            rows = pending.pop()
            if not rows:
                continue
            try:
                self._post(lines, rows)
                search.stored = True
            except TooLarge as error:
                if len(rows) == 1:
                    _note(search, lines, rows, str(error))
                else:
                    pending += _halves(rows)
            except LinesRefused as error:
                named = {rows[number - 1]: why for number, why in error.named.items() if 0 < number <= len(rows)}
                if named:
                    for row, why in named.items():
                        _note(search, lines, [row], why)
                    pending.append([row for row in rows if row not in named])
                elif len(rows) == 1 or error.dropped == len(rows):
                    _note(search, lines, rows, _reason(str(error)))
                elif search.splits >= SPLITS and not search.stored:
                    _note(
                        search, lines, rows, f"among {len(rows)} lines, too many to tell apart: {_reason(str(error))}"
                    )
                else:
                    search.splits += 1
                    bad, others = _told_apart(lines, rows, str(error))
                    if bad:
                        _note(search, lines, bad, _reason(str(error)))
                        pending.append(others)
                        continue
                    pending += _by_measurement(lines, rows) if (error.dropped or 0) > _FEW else _halves(rows)

    def _post(self, lines: Lines, rows: Sequence[int]) -> None:
        body = "\n".join([lines.text[row] for row in rows]).encode()
        delay_s = FIRST_DELAY_S
        for attempt in range(1, TRIES + 1):
            try:
                self._write(body, lines.precision)
            except Overloaded as error:
                wait_s = min(error.retry_after_s or delay_s * random.uniform(0.5, 1), LONGEST_DELAY_S)  # noqa: S311
                if attempt == TRIES or self._pause(wait_s):
                    raise HistorianUnavailable(str(error)) from error
                delay_s *= 3
            else:
                return


def _halves(rows: Sequence[int]) -> list[Sequence[int]]:
    """The first half last: it is taken first."""
    middle = len(rows) // 2
    return [rows[middle:], rows[:middle]]


def _told_apart(lines: Lines, rows: Sequence[int], message: str) -> tuple[list[int], list[int]]:
    """The rows whose lines the server names as unreadable (InfluxDB 1.x and 2.x name each), and the others."""
    named = set(_NAMED.findall(message))
    if not named:
        return [], list(rows)
    bad = [row for row in rows if lines.text[row] in named]
    return bad, [row for row in rows if lines.text[row] not in named]


def _by_measurement(lines: Lines, rows: Sequence[int]) -> list[Sequence[int]]:
    """One group a measurement, because a field of the wrong type fails every line of its measurement."""
    groups: dict[str, list[int]] = {}
    for row in rows:
        groups.setdefault(lines.text[row].partition(",")[0], []).append(row)
    return list(groups.values()) if 1 < len(groups) <= _MEASUREMENTS else _halves(rows)


def _note(search: _Search, lines: Lines, rows: Sequence[int], reason: str) -> None:
    with search.noting:
        for row in rows:
            source, t = lines.sources[row], lines.times[row]
            known = search.refused.get((source, reason))
            search.refused[source, reason] = Unwritten(
                source,
                reason,
                min(known.first, t) if known else t,
                max(known.last, t) if known else t,
                known.count + 1 if known else 1,
                known.sample if known else lines.text[row],
            )


def _reason(message: str) -> str:
    """The message without what differs from line to line."""
    if match := _PARSE_ERROR.match(message.splitlines()[0] if message else ""):
        return f"unable to parse: {match[1]}"
    return _DROPPED.sub("", message)
