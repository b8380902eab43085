"""Structured logs: one JSON object a line with request, user and job ids, or readable text on a terminal."""

import logging
import logging.config
import sys
from typing import TextIO

import structlog
import structlog.tracebacks
from structlog.types import Processor

from app.settings import LogFormat, Settings, get_settings

# Libraries whose chatter at "info" says nothing about Aegis.
_QUIET = (
    "rq.worker",
    "rq.scheduler",
    "rq.job",
    "alembic.runtime.plugins",
    "httpx",
    "httpcore",
    "urllib3",
    "werkzeug",
    "_granian",
)

# Without the values of variables: they may be passwords.
_TRACEBACKS = structlog.processors.ExceptionRenderer(structlog.tracebacks.ExceptionDictTransformer(show_locals=False))


def configure(process: str, settings: Settings | None = None, *, stream: TextIO | None = None) -> None:
    """Send structlog and the standard library's logging the same way, to `stream` (default: standard error).

    `process` names the kind of process ("web", "worker", ...). Ids are bound by `bind` and appear on every line.
    """
    settings = settings or get_settings()
    out = stream or sys.stderr
    as_json = settings.log_format is LogFormat.JSON or (settings.log_format is LogFormat.AUTO and not out.isatty())
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.PositionalArgumentsFormatter(),
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.StackInfoRenderer(),
        structlog.processors.UnicodeDecoder(),
    ]
    last: list[Processor] = (
        [_TRACEBACKS, structlog.processors.JSONRenderer()]
        if as_json
        else [structlog.dev.ConsoleRenderer(colors=out.isatty(), exception_formatter=structlog.dev.plain_traceback)]
    )
    handler = logging.StreamHandler(out)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *last],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(settings.log_level.upper())
    for name in _QUIET:
        logging.getLogger(name).setLevel(max(logging.WARNING, root.level))
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *shared,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    structlog.contextvars.clear_contextvars()
    structlog.contextvars.bind_contextvars(process=process)


def bind(**ids: str | None) -> None:
    """Add ids to every line from here on in this context: `request_id`, `user`, `job_id`. None removes one."""
    structlog.contextvars.unbind_contextvars(*(name for name, value in ids.items() if value is None))
    structlog.contextvars.bind_contextvars(**{name: value for name, value in ids.items() if value is not None})
