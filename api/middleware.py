"""What every request passes: security headers, limits, and the counting of how long it took."""

import time
from collections.abc import Callable

import structlog
from prometheus_client import Counter, Histogram
from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.problems import Problem, response
from api.security.buckets import Buckets
from api.security.guessing import network_of
from backbone import metrics

MOST_BODY_BYTES = 1_000_000
MOST_DOCUMENT_BYTES = 20_000_000
"""Of a body that is a document: manuals are scanned."""
MOST_IMPORT_BYTES = 4_000_000_000
"""Of a file of readings: it goes to the disk as it comes, never into memory."""
_MOST_BYTES = {"/documents": MOST_DOCUMENT_BYTES, "/readings/import": MOST_IMPORT_BYTES}
_UNLIMITED = {"/healthz", "/readyz", "/metrics"}

requests = Counter("anju_api_requests", "HTTP requests by route and status", ["method", "route", "status"])
seconds = Histogram("anju_api_seconds", "Time to answer", ["route"], buckets=(0.005, 0.02, 0.05, 0.1, 0.3, 1, 3, 10))

SECURITY_HEADERS = {
    # Element Plus and ECharts set style attributes; scripts come from files of our own only.
    "content-security-policy": "default-src 'self'; script-src 'self'; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data: blob:; font-src 'self'; connect-src 'self'; object-src 'none'; base-uri 'none'; "
    "form-action 'self'; frame-ancestors 'none'",
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "same-origin",
    "permissions-policy": "camera=(), microphone=(), geolocation=()",
    "cross-origin-opener-policy": "same-origin",
}


log = structlog.get_logger()


class Gate:
    """Pure ASGI, outermost: nothing behind it sees a request that is over a limit."""

    def __init__(self, app: ASGIApp, *, buckets: Buckets, now: Callable[[], int]) -> None:
        self._app = app
        self._buckets = buckets
        self._now = now

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        if (wait_s := self._wait_s(scope)) > 0:
            refusal = Problem(
                429, "too many requests; slow down", kind="rate", headers={"Retry-After": str(int(wait_s) + 1)}
            )
            await response(refusal)(scope, receive, _with_headers(send))
            return
        if scope["type"] == "websocket":
            await self._app(scope, receive, send)
            return
        await self._http(scope, receive, send)

    def _wait_s(self, scope: Scope) -> float:
        client = scope.get("client")
        if client is None or scope["path"] in _UNLIMITED:
            return 0.0
        return self._buckets.take(network_of(client[0]), self._now())

    async def _http(self, scope: Scope, receive: Receive, send: Send) -> None:
        began = time.perf_counter()
        status = 0
        outward = _with_headers(send)

        async def note(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await outward(message)

        try:
            length = Headers(scope=scope).get("content-length", "0")
            ends = (most for end, most in _MOST_BYTES.items() if scope["path"].endswith(end))
            most = next(ends, MOST_BODY_BYTES)
            if length.isdigit() and int(length) <= most:
                await self._app(scope, _limited(receive, most), note)
            else:
                await response(Problem(413, _too_large(most), headers={"Connection": "close"}))(scope, receive, note)
        except Exception:
            metrics.loop_errors.labels("api request").inc()
            log.exception("request failed", method=scope["method"], path=scope["path"])
            if status:
                raise
            await response(Problem(500, "the server failed on this; its log says why"))(scope, receive, note)
        finally:
            route = _route(scope)
            requests.labels(scope["method"] if scope["method"] in _METHODS else "other", route, str(status)).inc()
            seconds.labels(route).observe(time.perf_counter() - began)


_METHODS = {"GET", "HEAD", "POST", "PATCH", "PUT", "DELETE", "OPTIONS"}


def _route(scope: Scope) -> str:
    """The route's template, never the path itself: a label must not grow with what people type."""
    route = scope.get("route")
    return str(getattr(route, "path", "other"))


def _too_large(most: int) -> str:
    return f"this request has at most {most} bytes"


def _limited(receive: Receive, most: int) -> Receive:
    read = 0

    async def limited() -> Message:
        nonlocal read
        message = await receive()
        if message["type"] == "http.request":
            read += len(message.get("body", b""))
            if read > most:
                raise HTTPException(413, _too_large(most))
        return message

    return limited


def _with_headers(send: Send) -> Send:
    async def outward(message: Message) -> None:
        if message["type"] in {"http.response.start", "websocket.http.response.start"}:
            headers = MutableHeaders(scope=message)
            for name, value in SECURITY_HEADERS.items():
                headers.setdefault(name, value)
        await send(message)

    return outward
