"""Logging of every service: readable on a terminal, JSON lines elsewhere."""

import logging
import sys

import structlog


def configure(service: str, level: str = "INFO") -> None:
    """Set structlog and the standard library's logging up for one process."""
    number = getattr(logging, level)
    on_terminal = sys.stderr.isatty()
    renderer: structlog.typing.Processor = (
        # plain: the rich one shows every local, and to write a whole site down takes half a minute
        structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback)
        if on_terminal
        else structlog.processors.JSONRenderer(ensure_ascii=False)
    )
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.StackInfoRenderer(),
    ]
    if not on_terminal:
        shared.append(structlog.processors.format_exc_info)
    structlog.configure(
        processors=[*shared, renderer],
        wrapper_class=structlog.make_filtering_bound_logger(number),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )
    structlog.contextvars.bind_contextvars(service=service)
    logging.basicConfig(
        level=logging.WARNING, stream=sys.stderr, format="%(levelname)s %(name)s: %(message)s", force=True
    )
    # Its reconnects are ours to report, once each.
    logging.getLogger("gmqtt").setLevel(logging.CRITICAL)
