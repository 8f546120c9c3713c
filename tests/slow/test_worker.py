"""Real worker processes: they drain the outbox to a real SMTP server, seal, stand a kill, and share the work."""
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from aiosmtpd.controller import Controller
from sqlalchemy import func, select

from marketplace.notifications import services, templates
from marketplace.platform import audit, outbox
from marketplace.platform.audit.models import AuditSeal
from marketplace.platform.database import db, transaction
from marketplace.platform.jobs.models import JobRun
from marketplace.platform.outbox.models import OutboxRow
from marketplace.platform.permissions import SYSTEM
from tests.factories import accounts as make

pytestmark = pytest.mark.slow

ROOT = Path(__file__).resolve().parents[2]
PATIENCE_SECONDS = 90


class Inbox:
    """Counts what arrives, by recipient."""

    def __init__(self):
        self.received = Counter()

    async def handle_DATA(self, server, session, envelope):  # noqa: N802 - aiosmtpd's name
        self.received.update(envelope.rcpt_tos)
        return "250 taken"


class OnAnyPort(Controller):
    """A server on a port that the system chooses."""

    def _trigger_server(self):
        self.port = self.server.sockets[0].getsockname()[1]
        super()._trigger_server()


@pytest.fixture
def smtp():
    server = OnAnyPort(Inbox(), hostname="127.0.0.1", port=0)
    server.start()
    yield server
    server.stop()


@pytest.fixture
def start_worker(fresh_database, smtp):
    """`start_worker()` starts `grappe worker` as an operator would; stopped at the end."""
    started = []

    def start() -> subprocess.Popen:
        environ = {
            **os.environ, "GRAPPE_ENV": "demo", "DATABASE_URL": fresh_database,
            "SECRET_KEY": "a key for tests only, long enough to be accepted", "BASE_URL": "http://localhost",
            "SMTP_HOST": "127.0.0.1", "SMTP_PORT": str(smtp.port), "SMTP_STARTTLS": "0", "MAIL_FROM": "g@grappe.test",
            "OPERATOR_EMAIL": "exploitation@exemple.test",
        }  # fmt: skip
        process = subprocess.Popen([sys.executable, "-c", "import app; app.main()", "worker"], cwd=ROOT, env=environ)
        started.append(process)
        return process

    yield start
    for process in started:
        if process.poll() is None:
            process.terminate()
            process.wait(60)


def _until(condition) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not condition():
        assert time.monotonic() < deadline, "the workers did not do it in time"
        time.sleep(0.2)


def _waiting() -> int:
    db.session.remove()
    waiting = select(func.count()).select_from(OutboxRow).where(OutboxRow.done_at.is_(None))
    return db.session.execute(waiting).scalar_one()


def test_a_worker_mails_what_was_told_seals_and_stops_when_asked(committed, smtp, start_worker):
    readers = [make.user_in().email for _ in range(3)]
    with transaction() as session:
        services.tell(session, template="grappe_invited", values=_values(), user_ids=_ids(session))
        audit.record(session, SYSTEM, "grappe.founded", "grappe", 1)
    worker = start_worker()
    _until(lambda: all(smtp.handler.received[reader] == 1 for reader in readers))
    _until(lambda: _count(AuditSeal) == 1)
    _until(lambda: _count(JobRun) >= 3)
    worker.send_signal(signal.SIGTERM)
    assert worker.wait(60) == 0


def test_what_a_killed_worker_left_is_done_by_another_and_nothing_is_lost(committed, smtp, start_worker):
    make.user_in()
    first = start_worker()
    _until(lambda: _count(JobRun) >= 1)
    first.kill()
    first.wait()
    with transaction() as session:
        services.tell(session, template="grappe_invited", values=_values(), user_ids=_ids(session))
    start_worker()
    _until(lambda: sum(smtp.handler.received.values()) == 1)


def test_two_workers_share_the_outbox_and_no_mail_leaves_twice(committed, smtp, start_worker):
    readers = [make.user_in().email for _ in range(40)]
    for _ in range(2):
        start_worker()
    for _ in range(3):
        with transaction() as session:
            services.tell(session, template="grappe_invited", values=_values(), user_ids=_ids(session))
    _until(lambda: sum(smtp.handler.received.values()) >= 120 and _waiting() == 0)
    assert smtp.handler.received == Counter(dict.fromkeys(readers, 3))


def test_dispatchers_at_once_deliver_each_row_once(real_app):
    delivered = []
    outbox.handle("test", lambda payload: delivered.append(payload["n"]))
    with real_app.app_context(), transaction() as session:
        outbox.enqueue_many(session, "test", [({"n": n}, None) for n in range(400)])

    def dispatch() -> int:
        with real_app.app_context():
            return outbox.dispatch_due()

    with ThreadPoolExecutor(4) as pool:
        assert sum(done.result(60) for done in [pool.submit(dispatch) for _ in range(4)]) == 400
    assert sorted(delivered) == list(range(400))


def _values():
    return dict.fromkeys(templates.names_in(templates.get_template("grappe_invited")), "x")


def _ids(session):
    return list(session.scalars(select(make.User.id)))


def _count(model) -> int:
    db.session.remove()
    return db.session.execute(select(func.count()).select_from(model)).scalar_one()
