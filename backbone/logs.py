"""Logging of every service: readable on a terminal, JSON lines elsewhere, the libraries' records included."""

import logging
import sys

import structlog


def configure(service: str, level: str = "INFO") -> None:
    """Set structlog and the standard library's logging up for one process."""
    on_terminal = sys.stderr.isatty()
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.StackInfoRenderer(),
    ]
    renderer: structlog.typing.Processor = structlog.dev.ConsoleRenderer()
    if not on_terminal:
        shared.append(structlog.processors.format_exc_info)
        renderer = structlog.processors.JSONRenderer(ensure_ascii=False)
    structlog.configure(
        processors=[*shared, renderer],
        wrapper_class=structlog.make_filtering_bound_logger(getattr(logging, level)),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )
    structlog.contextvars.bind_contextvars(service=service)
    _of_libraries([*shared, structlog.stdlib.add_logger_name], renderer)


def _of_libraries(shared: list[structlog.typing.Processor], renderer: structlog.typing.Processor) -> None:
    """Their warnings, in the same form."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, renderer],
        )
    )
    logging.basicConfig(level=logging.WARNING, handlers=[handler], force=True)
    # Its reconnects are ours to report, once each.
    logging.getLogger("gmqtt").setLevel(logging.CRITICAL)
