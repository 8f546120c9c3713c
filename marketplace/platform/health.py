"""Is the process there, may it serve, and how is it doing: /healthz, /readyz and /metrics."""
import hmac
from functools import cache
from ipaddress import ip_address
from typing import Any

from flask import Blueprint, Response, current_app, request
from sqlalchemy.exc import SQLAlchemyError

from marketplace.platform import metrics
from marketplace.platform.config import Settings
from marketplace.platform.database import db
from marketplace.platform.errors import DomainError, NotFound
from marketplace.platform.migrations import current_revision, newest_revision

bp = Blueprint("health", __name__)

PUBLIC_ENDPOINTS = ("health.healthz", "health.readyz", "health.show_metrics")
FORWARDED = ("X-Forwarded-For", "Forwarded", "X-Real-Ip", "Via")


class NotReady(DomainError):
    """The process runs but must not be given requests; the code says why."""

    status = 503


@cache
def _needed_revision() -> str | None:
    return newest_revision()


@bp.get("/healthz")
def healthz() -> dict[str, Any]:
    """The process answers; says nothing of the database."""
    return {"status": "ok"}


@bp.get("/readyz")
def readyz() -> dict[str, Any]:
    """The database answers and is at the revision that this version needs; 503 with the reason otherwise."""
    try:
        current = current_revision(db.session.connection())
    except SQLAlchemyError as error:
        raise NotReady("database_unreachable", "La base de données ne répond pas.") from error
    if current != _needed_revision():
        raise NotReady(
            "migrations_pending",
            "La base est à la révision {current} et il faut {needed} : lancez « grappe migrate ».",
            current=current or "0",
            needed=_needed_revision() or "0",
        )
    return {"status": "ready", "revision": current}


@bp.get("/metrics")
def show_metrics() -> Response:
    """Metrics for Prometheus: from this machine itself, or with the METRICS_TOKEN; nobody else learns it exists."""
    if not (_has_token() or _is_this_machine()):
        raise NotFound("metrics")
    return metrics.render()


def _has_token() -> bool:
    settings: Settings = current_app.config["GRAPPE"]
    kind, _, secret = request.headers.get("Authorization", "").partition(" ")
    if not settings.metrics_token or kind.lower() != "bearer":
        return False
    return hmac.compare_digest(secret.strip().encode(), settings.metrics_token.encode())


def _is_this_machine() -> bool:
    """A loopback address with no sign of a proxy: behind one, everybody would seem to be this machine."""
    if any(name in request.headers for name in FORWARDED):
        return False
    try:
        return ip_address(request.remote_addr or "").is_loopback
    except ValueError:
        return False
