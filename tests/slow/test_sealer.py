"""The sealer among writers that commit late, roll back, and other sealers; with real connections."""
from concurrent.futures import ThreadPoolExecutor
from threading import Event

import pytest
from sqlalchemy import func, select

from marketplace.platform import audit
from marketplace.platform.audit.models import AuditEvent, AuditSeal
from marketplace.platform.audit.sealing import newest_seal, seal_pending
from marketplace.platform.audit.verification import verify
from marketplace.platform.database import db, transaction
from marketplace.platform.permissions import SYSTEM

pytestmark = pytest.mark.slow


def _verdict(app):
    with app.app_context():
        return verify(db.session())


def _record(app, subject: int, *, committing: Event | None = None, written: Event | None = None) -> None:
    with app.app_context(), transaction() as session:
        audit.record(session, SYSTEM, "need.signed", "need", subject)
        if written is not None:
            written.set()
        if committing is not None:
            assert committing.wait(20)


def test_an_event_committed_after_younger_ones_were_sealed_goes_into_the_next_seal(real_app):
    written, committing = Event(), Event()
    with ThreadPoolExecutor(1) as pool:
        late = pool.submit(_record, real_app, 1, committing=committing, written=written)
        assert written.wait(20)
        _record(real_app, 2)
        with real_app.app_context():
            assert seal_pending() == 1
        assert _verdict(real_app).holds
        committing.set()
        late.result(20)
    with real_app.app_context():
        assert seal_pending() == 1
        oldest = db.session.scalars(select(func.min(AuditEvent.id))).one()
        assert newest_seal(db.session()).ids[0].lower == oldest
    assert _verdict(real_app).holds


def test_writers_and_sealers_at_once_leave_one_unbroken_chain_of_everything(real_app):
    stop = Event()

    def write(writer: int) -> int:
        for number in range(150):
            try:
                with real_app.app_context(), transaction() as session:
                    audit.record(session, SYSTEM, "need.signed", "need", f"{writer}-{number}")
                    if number % 7 == 0:
                        raise InterruptedError
            except InterruptedError:
                pass
        return 150 - len(range(0, 150, 7))

    def seal() -> int:
        sealed = 0
        while not stop.is_set():
            with real_app.app_context():
                sealed += seal_pending()
        return sealed

    with ThreadPoolExecutor(6) as pool:
        sealers = [pool.submit(seal) for _ in range(2)]
        written = sum(done.result(60) for done in [pool.submit(write, writer) for writer in range(4)])
        stop.set()
        sealed = sum(sealer.result(20) for sealer in sealers)
    with real_app.app_context():
        sealed += seal_pending()
    verdict = _verdict(real_app)
    assert verdict.holds
    assert sealed == written == verdict.sealed


def test_the_audit_still_holds_after_a_thousand_events_in_several_batches(real_app):
    with real_app.app_context():
        with transaction() as session:
            for number in range(2500):
                audit.record(session, SYSTEM, "need.signed", "need", number)
        assert seal_pending() == 2500
        assert db.session.scalars(select(AuditSeal.rows).order_by(AuditSeal.seq)).all() == [1000, 1000, 500]
    assert _verdict(real_app).holds
