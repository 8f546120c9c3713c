"""The audit: one INSERT, append-only, sealed later, and every tampering shows."""
from datetime import date
from decimal import Decimal
from uuid import uuid4

import pytest
from sqlalchemy import delete, select, text
from sqlalchemy.exc import ProgrammingError

from marketplace.platform import audit
from marketplace.platform.audit.models import AuditEvent, AuditPersonal, AuditSeal, AuditUnsealed
from marketplace.platform.audit.sealing import newest_seal, seal_pending
from marketplace.platform.audit.verification import Expected, verify
from marketplace.platform.permissions import SYSTEM, Actor

ACTOR = Actor(uuid4(), "Personne fictive")


@pytest.fixture
def tell(app, session):
    """Record events as a use case would, committed."""

    def record(times: int = 1, **options):
        for number in range(times):
            audit.record(session, ACTOR, "need.signed", "need", number, **options)
        session.commit()

    return record



def _sealed(app) -> int:
    with app.app_context():
        return seal_pending()


def test_an_event_is_one_statement(app, session, count_queries):
    with count_queries() as statements:
        audit.record(session, ACTOR, "lot.opened", "lot", uuid4(), organisation_id=uuid4(), after={"units": 5})
    assert len(statements) == 1
    with count_queries() as statements:
        audit.record(session, ACTOR, "session.opened", "user_session", uuid4(), personal={"address": "192.0.2.1"})
    assert len(statements) == 1


def test_an_event_says_who_for_whom_what_and_the_facts(session):
    organisation, lot = uuid4(), uuid4()
    audit.record(
        session, ACTOR, "lot.opened", "lot", lot, organisation_id=organisation,
        before={"price": Decimal("4.10")}, after={"price": Decimal("4.20"), "on": date(2027, 6, 12), "ratio": 0.5},
    )  # fmt: skip
    event = session.scalars(select(AuditEvent)).one()
    assert (event.actor_user_id, event.organisation_id, event.subject_id) == (ACTOR.user_id, organisation, str(lot))
    assert event.before == {"price": "4.10"}
    assert event.after == {"price": "4.20", "on": "2027-06-12", "ratio": "0.5"}


def test_the_system_has_no_user(session):
    audit.record(session, SYSTEM, "lot.closed", "lot", 1)
    assert session.scalars(select(AuditEvent)).one().actor_user_id is None


@pytest.mark.parametrize("table", ["audit_events", "audit_seals"])
@pytest.mark.parametrize("statement", ["UPDATE {} SET {} = {}", "DELETE FROM {}", "TRUNCATE {} CASCADE"])
def test_what_was_recorded_cannot_be_changed_nor_removed(app, session, tell, table, statement):
    tell(2)
    _sealed(app)
    column = "action" if table == "audit_events" else "hash"
    with pytest.raises(ProgrammingError, match="append-only"):
        session.execute(text(statement.format(table, column, column)))
    session.rollback()


def test_personal_values_stand_apart_and_can_be_erased(app, session, tell):
    tell(personal={"name": "Camille Exemple"})
    event = session.scalars(select(AuditEvent)).one()
    assert "Camille" not in str([event.before, event.after])
    assert session.scalars(select(AuditPersonal)).one().personal == {"name": "Camille Exemple"}
    _sealed(app)
    assert audit.erase_personal(session, ACTOR.user_id) == 1
    session.commit()
    assert verify(session).holds


def test_altered_personal_values_show(app, session, tell):
    tell(personal={"name": "Camille Exemple"})
    session.execute(text("""UPDATE audit_personal SET personal = '{"name": "Dominique"}'"""))
    assert verify(session).reason == f"the personal values of event {session.scalars(select(AuditEvent.id)).one()} were changed"


def test_a_seal_chains_to_the_one_before(app, session, tell):
    tell(3)
    assert _sealed(app) == 3
    tell(2)
    assert _sealed(app) == 2
    assert _sealed(app) == 0
    first, second = session.scalars(select(AuditSeal).order_by(AuditSeal.seq)).all()
    assert second.prev_hash == first.hash and (first.rows, second.rows) == (3, 2)
    verdict = verify(session)
    assert verdict.holds and (verdict.sealed, verdict.unsealed, verdict.seals) == (5, 0, 2)


def test_a_rolled_back_event_leaves_a_gap_and_nothing_else(app, session, tell):
    tell()
    with session.begin_nested() as undone:
        audit.record(session, ACTOR, "never.happened", "need", 1)
        undone.rollback()
    tell()
    assert _sealed(app) == 2
    assert len(newest_seal(session).ids) == 2
    assert verify(session).holds


def test_events_waiting_for_the_sealer_are_counted_not_lost(session, tell):
    tell(2)
    verdict = verify(session)
    assert verdict.holds and (verdict.sealed, verdict.unsealed) == (0, 2)


def test_a_mailed_seal_that_is_there_is_recognised(app, session, tell):
    tell()
    _sealed(app)
    seal = newest_seal(session)
    assert verify(session, Expected(seal.seq, seal.hash)).holds
    assert verify(session, Expected(1, "0" * 64)).reason == "seal 1 is not the one that was mailed"
    assert "its end was cut off" in verify(session, Expected(2, seal.hash)).reason


def test_an_event_out_of_the_queue_and_of_every_seal_is_found(session, tell):
    tell(2)
    session.execute(delete(AuditUnsealed))
    session.commit()
    assert "2 events are neither sealed nor waiting" in verify(session).reason
