"""The worker process: a procrastinate application on the product's database, its periodic jobs and its life."""
import logging
from collections.abc import Callable

from flask import Flask
from procrastinate import App, PsycopgConnector
from procrastinate.jobs import Status
from sqlalchemy import make_url

from marketplace.platform import clock, files, outbox, throttle
from marketplace.platform.audit.mailing import mail_newest_seal
from marketplace.platform.audit.sealing import seal_pending
from marketplace.platform.config import Settings
from marketplace.platform.database import db
from marketplace.platform.jobs.checks import run_checks, run_once
from marketplace.platform.jobs.schema import SCHEMA, installed_version, package_version
from marketplace.platform.outbox.dispatching import sweep as sweep_outbox

log = logging.getLogger(__name__)

CONCURRENCY = 4
"""Jobs at once in one worker: a long check does not hold up the mails."""
EVERY_TEN_SECONDS = "* * * * * */10"
EVERY_MINUTE = "* * * * *"
EVERY_HOUR = "7 * * * *"
"""Cron lines; a sixth field is seconds."""
HOURS_FAILED_JOBS_ARE_KEPT = 24 * 7


class SchemaMismatch(Exception):
    """The database holds the job tables of another version of procrastinate."""


def _dispatch() -> int:
    return outbox.dispatch_due()


def _sweep() -> int:
    now = clock.now()
    return throttle.sweep(now) + sweep_outbox(now) + files.sweep_orphans(now)


def _mail_seal() -> int:
    return mail_newest_seal(clock.today())


def _check_all() -> int:
    return sum(run_checks().values())


PERIODIC: dict[str, tuple[str, Callable[[], int]]] = {
    "outbox.dispatch": (EVERY_TEN_SECONDS, _dispatch),
    "audit.seal": (EVERY_MINUTE, seal_pending),
    "checks.run": (EVERY_MINUTE, _check_all),
    "audit.mail_seal": (EVERY_HOUR, _mail_seal),
    "platform.sweep": (EVERY_HOUR, _sweep),
}
"""Name → when, and what. Each may run twice at once in two workers: every one of them stands it.

The daily seal mail is asked hourly and leaves once a day (its outbox key is the day): a worker down at night misses none.
"""

Work = Callable[[], int]
_queues: dict[str, Work] = {}


def on_queue(name: str, work: Work) -> None:
    """Register what a room works off by itself and may take minutes; the same name replaces.

    Looked for every ten seconds, never twice at once over all workers, so that a long one keeps no thread from mails and
    closings. `work` claims its rows, and stands to be killed: what it left is found again by whoever runs it next.
    """
    _queues[name] = work


def conninfo(settings: Settings) -> str:
    """The database's address as libpq reads it."""
    return make_url(settings.database_url).set(drivername="postgresql").render_as_string(hide_password=False)


def build(app: Flask) -> App:
    """procrastinate's application for this one: each periodic job in its own application context."""
    settings: Settings = app.config["GRAPPE"]
    connector = PsycopgConnector(
        conninfo=conninfo(settings), kwargs={"options": f"-c search_path={SCHEMA}"}, min_size=1, max_size=CONCURRENCY + 2
    )
    jobs = App(connector=connector)
    for name, (cron, work) in PERIODIC.items():
        # One waiting at most: after a pause the work is done once, not once per missed minute.
        task = jobs.task(name=name, queueing_lock=name)(_in_context(app, name, work))
        jobs.periodic(cron=cron)(task)
    for name, work in _queues.items():
        task = jobs.task(name=name, queueing_lock=name, lock=name)(_in_context(app, name, work))
        jobs.periodic(cron=EVERY_TEN_SECONDS)(task)
    jobs.periodic(cron=EVERY_MINUTE)(jobs.task(name="jobs.tidy", queueing_lock="jobs.tidy")(_tidy(jobs)))
    return jobs


def _in_context(app: Flask, name: str, work: Callable[[], int]) -> Callable[..., None]:
    def run(timestamp: int) -> None:
        with app.app_context():
            run_once(name, work)

    return run


def _tidy(jobs: App) -> Callable[..., object]:
    async def tidy(timestamp: int) -> None:
        """Mark failed what a killed worker left behind (the next tick does the work), forget what failed long ago."""
        for job in await jobs.job_manager.get_stalled_jobs():
            await jobs.job_manager.finish_job(job, status=Status.FAILED, delete_job=False)
        await jobs.job_manager.delete_old_jobs(nb_hours=HOURS_FAILED_JOBS_ARE_KEPT, include_failed=True)

    return tidy


def run_worker(app: Flask) -> None:
    """Work until SIGINT or SIGTERM, then finish what is running. Any number of workers may run beside one another."""
    with app.app_context():
        found = installed_version(db.session())
        db.session.remove()
    if found != package_version():
        raise SchemaMismatch(f"job tables are of version {found}, the package is {package_version()}: write a revision")
    log.info("worker started", extra={"jobs": len(PERIODIC)})
    build(app).run_worker(concurrency=CONCURRENCY, delete_jobs="successful", shutdown_graceful_timeout=60)
