"""Errors as RFC 9457 problem details: one shape for refusals, bad input, missing things and our own failures."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, Protocol, TypeVar

import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, Field
from sqlalchemy.exc import DataError, InterfaceError, OperationalError
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse

from backbone.historian.port import HistorianCorrupt, HistorianError
from community.errors import TransitionRefused

MEDIA_TYPE = "application/problem+json"
_URN = "urn:anju:problem:"

log = structlog.get_logger()


class Problem(Exception):  # noqa: N818  (RFC 9457's own word)
    """An answer that is not the one asked for."""

    def __init__(
        self, status: int, detail: str, *, kind: str = "", headers: Mapping[str, str] | None = None, **extra: Any
    ) -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail
        self.kind = kind
        self.headers = dict(headers or {})
        self.extra = extra


def not_found(what: str, identifier: str) -> Problem:
    """404: there is no such thing (or it is another community's)."""
    return Problem(404, f"there is no {what} '{identifier}'")


class OfSite(Protocol):
    """Something of one community."""

    @property
    def site(self) -> str:
        """Its id."""
        ...


T = TypeVar("T", bound=OfSite)


def ours(found: T | None, site: str, what: str, identifier: str) -> T:
    """What was found, where it is this community's.

    Raises:
        Problem: 404.
    """
    if found is None or found.site != site:
        raise not_found(what, identifier)
    return found


def conflict(reason: str) -> Problem:
    """409: the state of things does not allow it."""
    return Problem(409, reason, kind="refused")


class ProblemDetails(BaseModel):
    """Every error answer (RFC 9457), `application/problem+json`."""

    type: str = Field(examples=["urn:anju:problem:refused"])
    title: str = Field(examples=["Conflict"])
    status: int = Field(examples=[409])
    detail: str = Field(examples=["the alarm is acknowledged already"])
    errors: list[dict[str, str]] | None = Field(default=None, description="bad input: `where` and `message` of each")


RESPONSES: dict[int | str, dict[str, Any]] = {
    "4XX": {"model": ProblemDetails, "description": "Refused; the detail says why"},
    "5XX": {"model": ProblemDetails, "description": "Not possible now"},
}


def response(problem: Problem) -> JSONResponse:
    """The HTTP answer for a problem."""
    body = {
        "type": _URN + problem.kind if problem.kind else "about:blank",
        "title": HTTPStatus(problem.status).phrase,
        "status": problem.status,
        "detail": problem.detail,
        **problem.extra,
    }
    return JSONResponse(body, problem.status, headers=problem.headers, media_type=MEDIA_TYPE)


def install(app: FastAPI) -> None:
    """Have every error of `app` answered as a problem."""
    app.add_exception_handler(Problem, _problem)
    app.add_exception_handler(RequestValidationError, _bad_input)
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(TransitionRefused, _refused)
    app.add_exception_handler(HistorianError, _no_history)
    app.add_exception_handler(OperationalError, _no_database)
    app.add_exception_handler(InterfaceError, _no_database)
    app.add_exception_handler(DataError, _no_such_text)


async def _problem(_: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, Problem)
    return response(error)


async def _bad_input(_: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RequestValidationError)
    rows = [{"where": ".".join(str(p) for p in e["loc"]), "message": str(e["msg"])} for e in error.errors()]
    said = "; ".join(f"{row['where']}: {row['message']}" for row in rows[:5])
    return response(Problem(422, said, kind="bad-input", errors=rows))


async def _http(_: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, HTTPException)
    return response(Problem(error.status_code, str(error.detail), headers=error.headers))


async def _refused(_: Request, error: Exception) -> JSONResponse:
    return response(conflict(str(error)))


async def _no_history(request: Request, error: Exception) -> JSONResponse:
    log.warning("historian failed", path=request.url.path, error=str(error))
    said = "the history is damaged" if isinstance(error, HistorianCorrupt) else "the historian does not answer"
    return response(Problem(503, said, kind="no-history", headers={"Retry-After": "5"}))


async def _no_database(request: Request, error: Exception) -> JSONResponse:
    log.error("database failed", path=request.url.path, error=str(error))
    return response(Problem(503, "the database does not answer", kind="no-database", headers={"Retry-After": "5"}))


async def _no_such_text(_: Request, __: Exception) -> JSONResponse:
    """PostgreSQL keeps no NUL characters; nothing we made has one."""
    return response(Problem(422, "a text has characters that cannot be kept", kind="bad-input"))
