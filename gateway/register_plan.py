"""Which requests read the registers of one Modbus unit: as few as the limits allow. Pure.

Neighbouring registers of one function share a request, gaps included up to a limit. Where a device refuses a request
for an address it does not have, `split` parts it, down to a request a point.
"""

from collections.abc import Iterable
from typing import NamedTuple

MAX_REGISTERS = 125
MAX_BITS = 2000
GAP_REGISTERS = 16
GAP_BITS = 64
_BIT_FUNCTIONS = (1, 2)


class Span(NamedTuple):
    """What one point needs: `size` registers (or bits) from `address` on. `key` tells points apart."""

    function: int
    address: int
    size: int
    key: int

    @property
    def end(self) -> int:
        """The address after its last."""
        return self.address + self.size


class Request(NamedTuple):
    """One read, and the spans it serves."""

    function: int
    address: int
    size: int
    spans: tuple[Span, ...]


def plan(spans: Iterable[Span]) -> tuple[Request, ...]:
    """The requests that read every span, each within the protocol's limits."""
    requests: list[Request] = []
    for span in sorted(spans, key=lambda s: (s.function, s.address, s.end)):
        last = requests[-1] if requests else None
        if last is not None and _joins(last, span):
            end = max(last.address + last.size, span.end)
            requests[-1] = Request(last.function, last.address, end - last.address, (*last.spans, span))
        else:
            requests.append(Request(span.function, span.address, span.size, (span,)))
    return tuple(requests)


def split(request: Request) -> tuple[Request, ...]:
    """Smaller requests for the same spans, parted at the widest gap; the request itself when it has one span only."""
    if len(request.spans) < 2:
        return (request,)
    spans = sorted(request.spans, key=lambda s: (s.address, s.end))
    ends = [max(s.end for s in spans[: i + 1]) for i in range(len(spans) - 1)]
    middle = len(spans) / 2
    at = max(range(1, len(spans)), key=lambda i: (spans[i].address - ends[i - 1], -abs(i - middle)))
    return (_of(spans[:at]), _of(spans[at:]))


def _of(spans: list[Span]) -> Request:
    start, end = min(s.address for s in spans), max(s.end for s in spans)
    return Request(spans[0].function, start, end - start, tuple(spans))


def _joins(request: Request, span: Span) -> bool:
    if request.function != span.function:
        return False
    bits = span.function in _BIT_FUNCTIONS
    end = request.address + request.size
    gap, limit = (GAP_BITS, MAX_BITS) if bits else (GAP_REGISTERS, MAX_REGISTERS)
    return span.address - end <= gap and max(end, span.end) - request.address <= limit
