"""Many orders at once on one envelope stop exactly at its maximum; lots older than ledgers are given theirs."""
from concurrent.futures import ThreadPoolExecutor

import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import create_engine, text
from sqlalchemy.orm import Session
from sqlalchemy.pool import NullPool

from marketplace.accounts.queries import get_actor
from marketplace.platform import clock
from marketplace.platform.database import db, transaction
from marketplace.platform.errors import RuleBroken
from marketplace.platform.migrations import SCRIPTS, migrate
from marketplace.platform.permissions import SYSTEM
from tenders.demand.envelopes.alerts import raise_alerts
from tenders.demand.envelopes.booking import book
from tenders.demand.envelopes.models import EnvelopeEntry
from tenders.demand.envelopes.queries import get_envelope, list_ledger_differences
from tenders.demand.services import close_lot
from tenders.vehicles.services import cancel_vehicle
from tests.factories.demand import centre_user, need_on, open_pool

pytestmark = pytest.mark.slow
CLIENTS = 16


def closed_lot(quantity: int, **columns):
    """A lot whose closing committed so many units."""
    lot = open_pool(minimum=100, **columns)
    need_on(lot, quantity)
    with clock.frozen_at(lot.needs_close_at):
        close_lot(SYSTEM, lot.id)
    return lot


def test_orders_at_once_stop_exactly_at_the_maximum(real_app, committed):
    lot = closed_lot(600, maximum=1000)

    def order(_number: int) -> bool:
        with real_app.app_context():
            try:
                with transaction() as session:
                    book(session, lot.id, "called_off", 7, reason="ordered")
                return True
            except RuleBroken as refused:
                assert refused.code == "envelope_exhausted"
                return False

    with ThreadPoolExecutor(CLIENTS) as clients:
        taken = sum(clients.map(order, range(300)))
    committed.expire_all()
    envelope = get_envelope(committed, lot.id)
    assert (taken, envelope.called_off, envelope.entries) == (142, 994, 145)
    assert list_ledger_differences(committed) == []


def test_two_workers_raise_an_alert_once(real_app, committed):
    need_on(open_pool(minimum=100, maximum=1000), 960)

    def look(_worker: int) -> int:
        with real_app.app_context():
            return raise_alerts(clock.now())

    with ThreadPoolExecutor(CLIENTS) as workers:
        assert sum(workers.map(look, range(CLIENTS))) == 3
    told = text("SELECT count(*) FROM outbox WHERE payload ->> 'template' = 'envelope_alert'")
    assert committed.scalar(told) == 1


def test_lots_opened_before_ledgers_existed_are_given_theirs(fresh_database, committed):
    kept = closed_lot(600, maximum=1000)
    cancelled = closed_lot(300, maximum=None)
    cancel_vehicle(get_actor(committed, centre_user(cancelled).id), cancelled.vehicle_id, reason="Abandon fictif")
    open_pool(maximum=500, minimum=None)
    before = ledgers(committed)
    assert len(before) == 7
    committed.commit()
    db.session.remove()
    db.engine.dispose()
    back_to(fresh_database, "0013")
    migrate(fresh_database)
    assert ledgers(committed) == before
    assert list_ledger_differences(committed) == []
    assert get_envelope(committed, kept.id).balance.remaining == 400


def ledgers(session: Session) -> list[tuple[object, ...]]:
    """Every entry without its moment and its author."""
    entries = session.query(EnvelopeEntry).order_by(EnvelopeEntry.lot_id, EnvelopeEntry.number)
    return [(e.lot_id, e.number, e.kind, e.quantity, e.amount, e.reason) for e in entries]


def back_to(url: str, revision: str) -> None:
    """Undo migrations down to a revision."""
    config = Config()
    config.set_main_option("script_location", str(SCRIPTS))
    with create_engine(url, poolclass=NullPool).connect() as connection:
        config.attributes["connection"] = connection
        command.downgrade(config, revision)
