"""What is measured: requests by endpoint and status, and what waits in the database (outbox, seals, jobs)."""
import os
from collections.abc import Iterator
from time import perf_counter

from flask import Flask, Response, current_app, g, request
from prometheus_client import (
    CONTENT_TYPE_LATEST,
    CollectorRegistry,
    Counter,
    Histogram,
    generate_latest,
    multiprocess,
)
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from marketplace.platform import clock
from marketplace.platform.database import db

SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0)
METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
"""Others are counted together: a caller cannot make series up."""
OWN_PROCESS = CollectorRegistry()

REQUESTS = Counter(
    "grappe_requests", "Requests answered", ("method", "endpoint", "status"), registry=OWN_PROCESS
)
LATENCY = Histogram(
    "grappe_request_seconds", "Time to answer a request", ("endpoint",), buckets=SECONDS, registry=OWN_PROCESS
)

_STATE = text("""
    SELECT (SELECT count(*) FROM outbox WHERE done_at IS NULL AND given_up_at IS NULL AND attempts = 0) AS outbox_waiting,
           (SELECT count(*) FROM outbox WHERE done_at IS NULL AND given_up_at IS NULL AND attempts > 0) AS outbox_retrying,
           (SELECT count(*) FROM outbox WHERE given_up_at IS NOT NULL) AS outbox_given_up,
           (SELECT coalesce(extract(epoch FROM CAST(:now AS timestamptz) - min(created_at)), 0)
              FROM outbox WHERE done_at IS NULL AND given_up_at IS NULL) AS outbox_oldest,
           (SELECT count(*) FROM audit_unsealed) AS unsealed,
           (SELECT count(*) FROM procrastinate.procrastinate_jobs WHERE status = 'failed') AS jobs_failed,
           (SELECT count(*) FROM procrastinate.procrastinate_jobs WHERE status IN ('todo', 'doing')) AS jobs_waiting
""")
_RUNS = text(
    "SELECT name, coalesce(extract(epoch FROM CAST(:now AS timestamptz) - succeeded_at), 'infinity') AS age, failures "
    "FROM job_runs ORDER BY name"
)


class DatabaseState(Collector):
    """Gauges read from the database when they are asked for: they are the same from every process."""

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """One statement for the counts, one for the jobs; `grappe_database_up` 0 when there is no answer."""
        try:
            state = db.session.execute(_STATE, {"now": clock.now()}).one()
            runs = db.session.execute(_RUNS, {"now": clock.now()}).all()
        except SQLAlchemyError:
            yield GaugeMetricFamily("grappe_database_up", "Whether the database answers", value=0)
            return
        yield GaugeMetricFamily("grappe_database_up", "Whether the database answers", value=1)
        depth = GaugeMetricFamily("grappe_outbox_rows", "Outbox rows still there, by state", labels=["state"])
        for name in ("waiting", "retrying", "given_up"):
            depth.add_metric([name], getattr(state, f"outbox_{name}"))
        yield depth
        yield GaugeMetricFamily(
            "grappe_outbox_oldest_seconds", "Age of the oldest row to deliver", value=float(state.outbox_oldest)
        )
        yield GaugeMetricFamily("grappe_audit_unsealed_rows", "Audit events still to seal", value=state.unsealed)
        jobs = GaugeMetricFamily("grappe_jobs", "Jobs of the worker, by state", labels=["state"])
        jobs.add_metric(["failed"], state.jobs_failed)
        jobs.add_metric(["waiting"], state.jobs_waiting)
        yield jobs
        ages = GaugeMetricFamily("grappe_job_age_seconds", "Time since a periodic job last succeeded", labels=["job"])
        failures = GaugeMetricFamily("grappe_job_failures", "Failures in a row of a periodic job", labels=["job"])
        for run in runs:
            ages.add_metric([run.name], float(run.age))
            failures.add_metric([run.name], run.failures)
        yield ages
        yield failures


def render() -> Response:
    """Every metric in Prometheus text form; counts of all gunicorn processes when they share a folder."""
    if "PROMETHEUS_MULTIPROC_DIR" in os.environ:
        requests = CollectorRegistry()
        multiprocess.MultiProcessCollector(requests)
    else:
        requests = OWN_PROCESS
    state = CollectorRegistry()
    state.register(DatabaseState())
    return current_app.response_class(generate_latest(requests) + generate_latest(state), mimetype=CONTENT_TYPE_LATEST)


def _begin() -> None:
    g.metrics_started = perf_counter()


def _end(response: Response) -> Response:
    endpoint = request.endpoint or "unknown"
    method = request.method if request.method in METHODS else "other"
    REQUESTS.labels(method, endpoint, str(response.status_code)).inc()
    if "metrics_started" in g:
        LATENCY.labels(endpoint).observe(perf_counter() - g.metrics_started)
    return response


def init_app(app: Flask) -> None:
    """Count and time every request."""
    app.before_request(_begin)
    app.after_request(_end)
