"""Logs: one JSON object a line on standard error, with the request's id; no personal data, no secret, no query string."""
import json
import logging
import re
import secrets
import sys
from time import perf_counter
from typing import Any

import structlog
from flask import Flask, Response, g, request
from structlog.tracebacks import ExceptionDictTransformer

REQUEST_ID = "X-Request-Id"
_SANE_ID = re.compile(r"[A-Za-z0-9._-]{8,64}")

_before_rendering: list[Any] = [
    structlog.contextvars.merge_contextvars,
    structlog.stdlib.add_log_level,
    structlog.processors.TimeStamper(fmt="iso", utc=True),
]


class _StandardError:
    """Standard error as it is at the moment of writing (pytest and gunicorn replace it)."""

    def write(self, text: str) -> int:
        return sys.stderr.write(text)

    def flush(self) -> None:
        sys.stderr.flush()


def _dumps(record: dict[str, Any], **_: Any) -> str:
    return json.dumps(record, ensure_ascii=False, default=str, separators=(",", ":"))


request_log = structlog.wrap_logger(
    structlog.PrintLogger(_StandardError()),  # type: ignore[arg-type]
    processors=[*_before_rendering, structlog.processors.JSONRenderer(serializer=_dumps)],
    wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
    cache_logger_on_first_use=True,
)
"""What writes the one line per request: straight to the stream, past the slower logging module."""


def configure() -> None:
    """Everybody else's logs (libraries, jobs, `logging.getLogger`) in the same form; twice changes nothing."""
    formatter = structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=[*_before_rendering, structlog.stdlib.ExtraAdder()],
        processors=[
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            structlog.processors.ExceptionRenderer(ExceptionDictTransformer(show_locals=False)),
            structlog.processors.JSONRenderer(serializer=_dumps),
        ],
    )
    root = logging.getLogger()
    if any(getattr(handler, "grappe", False) for handler in root.handlers):
        return
    handler = logging.StreamHandler(_StandardError())
    handler.setFormatter(formatter)
    handler.grappe = True  # type: ignore[attr-defined]
    root.addHandler(handler)
    root.setLevel(logging.INFO)
    for talkative in ("procrastinate", "alembic", "psycopg.pool", "asyncio"):
        logging.getLogger(talkative).setLevel(logging.WARNING)


def sane_request_id(asked: str | None) -> str:
    """The id a proxy gave the request if it looks like one, else a new one."""
    return asked if asked and _SANE_ID.fullmatch(asked) else secrets.token_hex(8)


def _begin() -> None:
    g.request_id = sane_request_id(request.headers.get(REQUEST_ID))
    g.started = perf_counter()
    structlog.contextvars.clear_contextvars()
    structlog.contextvars.bind_contextvars(request_id=g.request_id)


def _end(response: Response) -> Response:
    response.headers[REQUEST_ID] = g.get("request_id", "")
    # The rule, not the path: a path may carry a secret (the link of a forgotten password).
    rule = request.url_rule.rule if request.url_rule is not None else None
    milliseconds = round((perf_counter() - g.started) * 1000, 1) if "started" in g else None
    request_log.info("request", method=request.method, route=rule, status=response.status_code, ms=milliseconds)
    return response


def init_app(app: Flask) -> None:
    """Give every request an id, echo it, and write one line when it ends. Installed first: it ends last."""
    if not app.testing:
        configure()
    app.before_request(_begin)
    app.after_request(_end)
