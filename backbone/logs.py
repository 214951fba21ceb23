"""Logging of every service: readable on a terminal, JSON lines elsewhere, the libraries' records included."""

import contextlib
import logging
import sys
from typing import TextIO, cast

import structlog


class _Lasting:
    """Standard error, where it can be written: a log on a full disk must not end what goes on beside it."""

    def write(self, text: str) -> int:
        with contextlib.suppress(OSError):
            return sys.stderr.write(text)
        return len(text)

    def flush(self) -> None:
        with contextlib.suppress(OSError):
            sys.stderr.flush()


def configure(service: str, level: str = "INFO") -> None:
    """Set structlog and the standard library's logging up for one process."""
    on_terminal = sys.stderr.isatty()
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.StackInfoRenderer(),
    ]
    # plain: a traceback with the values of all variables takes a second to draw, and may show secrets
    renderer: structlog.typing.Processor = structlog.dev.ConsoleRenderer(
        exception_formatter=structlog.dev.plain_traceback
    )
    if not on_terminal:
        shared.append(structlog.processors.format_exc_info)
        renderer = structlog.processors.JSONRenderer(ensure_ascii=False)
    structlog.configure(
        processors=[*shared, renderer],
        wrapper_class=structlog.make_filtering_bound_logger(getattr(logging, level)),
        logger_factory=structlog.PrintLoggerFactory(cast(TextIO, _Lasting())),
        cache_logger_on_first_use=True,
    )
    structlog.contextvars.bind_contextvars(service=service)
    _of_libraries([*shared, structlog.stdlib.add_logger_name], renderer)


def _of_libraries(shared: list[structlog.typing.Processor], renderer: structlog.typing.Processor) -> None:
    """Their warnings, in the same form."""
    handler = logging.StreamHandler(cast(TextIO, _Lasting()))
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, renderer],
        )
    )
    logging.basicConfig(level=logging.WARNING, handlers=[handler], force=True)
    # Its reconnects are ours to report, once each.
    logging.getLogger("gmqtt").setLevel(logging.CRITICAL)
