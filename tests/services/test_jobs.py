"""The worker's parts: checks that fall due, the job tables in their schema, the one place that calls their functions."""
import dataclasses
from datetime import UTC, datetime, timedelta

import pytest
from croniter import croniter
from sqlalchemy import select, text

from app import LONG_JOBS
from marketplace.platform import audit, clock, jobs, mail, outbox
from marketplace.platform.audit.mailing import mail_newest_seal
from marketplace.platform.audit.sealing import newest_seal, seal_pending
from marketplace.platform.jobs import checks, schema, worker
from marketplace.platform.jobs.models import JobRun
from marketplace.platform.outbox.models import OutboxRow
from marketplace.platform.permissions import SYSTEM

NOW = datetime(2027, 6, 12, 10, tzinfo=UTC)


@pytest.fixture
def only(monkeypatch):
    """Only the test's own checks are registered."""
    monkeypatch.setattr(checks, "_checks", {})
    return jobs.on_check


def _runs(session):
    session.expire_all()
    return {run.name: run for run in session.scalars(select(JobRun))}


def test_every_check_is_asked_what_falls_due_at_the_same_moment(app, session, only):
    asked = []
    only("a", lambda now: asked.append(now) or 2)
    only("b", lambda now: asked.append(now) or 0)
    with app.app_context(), clock.frozen_at(NOW):
        assert jobs.run_checks() == {"a": 2, "b": 0}
    assert asked == [NOW, NOW]


def test_a_check_that_fails_does_not_keep_the_others_waiting_and_is_noted(app, session, only):
    only("a", lambda now: 1 // 0)
    only("b", lambda now: 1)
    for _ in range(2):
        with app.app_context():
            assert jobs.run_checks() == {"b": 1}
    runs = _runs(session)
    assert (runs["a"].failures, runs["a"].last_error, runs["a"].succeeded_at) == (2, "ZeroDivisionError", None)
    assert (runs["b"].failures, runs["b"].last_error) == (0, None)


def test_a_check_that_works_again_is_no_longer_failing(app, session, only):
    only("a", lambda now: 1 // 0)
    with app.app_context():
        jobs.run_checks()
    only("a", lambda now: 0)
    with app.app_context():
        jobs.run_checks()
    run = _runs(session)["a"]
    assert run.failures == 0 and run.succeeded_at is not None


def test_a_check_may_open_its_own_transactions(app, session, only):
    def two_transactions(now):
        for _ in range(2):
            with checks.transaction() as opened:
                outbox.enqueue(opened, "nobody", {})
        return 2

    only("a", two_transactions)
    with app.app_context():
        jobs.run_checks()
    assert len(session.scalars(select(OutboxRow)).all()) == 2


def test_the_job_tables_stand_in_their_own_schema_with_their_version(session):
    assert schema.installed_version(session) == schema.package_version()
    found = session.scalars(
        text("SELECT nspname FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace WHERE relname LIKE 'procrastinate%'")
    )
    assert set(found) == {"procrastinate"}


def test_a_job_is_enqueued_in_the_transaction_from_any_search_path(session):
    first = schema.defer(session, "compose", {"lot": "1"})
    job = session.execute(text("SELECT * FROM procrastinate.procrastinate_jobs WHERE id = :id"), {"id": first}).one()
    assert (job.task_name, job.args, job.queue_name, job.status) == ("compose", {"lot": "1"}, "default", "todo")


def test_a_job_with_a_lock_waits_once(session):
    assert schema.defer(session, "compose", queueing_lock="lot 1") is not None
    assert schema.defer(session, "compose", queueing_lock="lot 1") is None
    assert schema.defer(session, "compose", queueing_lock="lot 2") is not None


def test_every_periodic_job_is_registered_under_its_name(app):
    built = worker.build(app)
    registered = {task.task.name for task in built.periodic_registry.periodic_tasks.values()}
    assert {*worker.PERIODIC, *LONG_JOBS, "jobs.tidy"} == registered


def test_the_dispatcher_comes_round_every_ten_seconds():
    turns = croniter(worker.EVERY_TEN_SECONDS, NOW)
    assert [turns.get_next(datetime) - NOW for _ in range(3)] == [timedelta(seconds=s) for s in (10, 20, 30)]


def test_a_worker_refuses_job_tables_of_another_version(real_app, monkeypatch):
    monkeypatch.setattr(worker, "package_version", lambda: "99.0")
    with pytest.raises(worker.SchemaMismatch, match="write a revision"):
        worker.run_worker(real_app)


@pytest.fixture
def operator(app, monkeypatch):
    """Mail to the operator is set up."""
    address = "exploitation@exemple.test"
    monkeypatch.setitem(app.config, "GRAPPE", dataclasses.replace(app.config["GRAPPE"], operator_email=address))
    return address


def test_the_newest_seal_is_mailed_once_a_day(app, session, operator):
    audit.record(session, SYSTEM, "x", "x", 1)
    session.commit()
    with app.app_context():
        seal_pending()
        for day in (NOW.date(), NOW.date(), (NOW + timedelta(days=1)).date()):
            mail_newest_seal(day)
        outbox.dispatch_due()
    letters = mail.list_letters(session, recipient=operator)
    seal = newest_seal(session)
    assert len(letters) == 2
    assert f"grappe audit verify --expect {seal.seq}:{seal.hash}" in letters[0].body


def test_nothing_is_mailed_before_the_first_seal(app, session, operator):
    with app.app_context():
        assert mail_newest_seal(NOW.date()) == 0
