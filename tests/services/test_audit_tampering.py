"""What the owner of the database could do to the audit with its guards switched off, and how it shows."""
import psycopg
import pytest
from sqlalchemy import select

from marketplace.platform import audit
from marketplace.platform.audit.command import verify_command
from marketplace.platform.audit.models import AuditSeal
from marketplace.platform.audit.sealing import newest_seal, seal_pending
from marketplace.platform.audit.verification import Expected, verify
from marketplace.platform.database import db, transaction
from marketplace.platform.permissions import SYSTEM


@pytest.fixture
def sealed_app(real_app):
    """Three seals of two events each, really committed."""
    with real_app.app_context():
        for _ in range(3):
            with transaction() as session:
                for number in range(2):
                    audit.record(session, SYSTEM, "need.signed", "need", number, after={"quantity": 300})
            seal_pending()
        yield real_app
        db.session.remove()


@pytest.fixture
def as_owner(fresh_database):
    """Run statements as the owner of the tables, triggers switched off."""

    def run(*statements: str) -> None:
        db.session.remove()  # its read locks would keep the owner waiting
        with psycopg.connect(fresh_database.replace("+psycopg", ""), options="-c lock_timeout=5s") as connection:
            for table in ("audit_events", "audit_seals"):
                connection.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
            for statement in statements:
                connection.execute(statement)
            for table in ("audit_events", "audit_seals"):
                connection.execute(f"ALTER TABLE {table} ENABLE TRIGGER USER")

    return run


def _verdict(expected=None):
    db.session.remove()
    return verify(db.session(), expected)


def test_an_untouched_audit_holds(sealed_app):
    assert _verdict().holds


CHANGED = "an event that it sealed was changed"


@pytest.mark.parametrize(
    ("change", "seal", "reason"),
    [
        ("UPDATE audit_events SET after = '{\"quantity\": 3}' WHERE id = 3", 2, CHANGED),
        ("UPDATE audit_events SET occurred_at = occurred_at + interval '1 us' WHERE id = 5", 3, CHANGED),
        ("DELETE FROM audit_events WHERE id = 4", 2, "it sealed 2 events and 1 are there"),
        ("UPDATE audit_seals SET sealed_at = sealed_at - interval '1 day' WHERE seq = 2", 2, "the seal itself was changed"),
        ("DELETE FROM audit_seals WHERE seq = 2", 2, "seal 2 was removed"),
        ("DELETE FROM audit_seals WHERE seq = 1", 1, "seal 1 was removed"),
    ],
)
def test_the_first_broken_seal_is_named(sealed_app, as_owner, change, seal, reason):
    as_owner(change)
    verdict = _verdict()
    assert not verdict.holds and (verdict.broken_seal, verdict.reason) == (seal, reason)


def test_a_removed_last_seal_shows_by_its_orphaned_events(sealed_app, as_owner):
    as_owner("DELETE FROM audit_seals WHERE seq = 3")
    assert "2 events are neither sealed nor waiting" in _verdict().reason


def test_a_tail_cut_with_its_events_shows_against_the_mailed_seal(sealed_app, as_owner):
    mailed = newest_seal(db.session())
    as_owner("DELETE FROM audit_seals WHERE seq = 3", "DELETE FROM audit_events WHERE id > 4")
    assert _verdict().holds  # nothing left in the database tells
    assert "its end was cut off" in _verdict(Expected(mailed.seq, mailed.hash)).reason


def test_a_chain_rewritten_from_the_start_shows_against_the_mailed_seal(sealed_app, as_owner):
    mailed = newest_seal(db.session())
    as_owner(
        "UPDATE audit_events SET action = 'need.withdrawn'",
        "TRUNCATE audit_seals",
        "INSERT INTO audit_unsealed SELECT id FROM audit_events",
    )
    db.session.remove()
    seal_pending()
    assert _verdict().holds
    assert not _verdict(Expected(mailed.seq, mailed.hash)).holds


def test_a_row_slipped_into_a_gap_is_sealed_as_a_late_one_and_never_hidden(sealed_app, as_owner):
    as_owner(
        "INSERT INTO audit_events (id, occurred_at, action, subject_type, subject_id) OVERRIDING SYSTEM VALUE "
        "VALUES (100, now(), 'need.signed', 'need', '1')"
    )
    assert "1 events are neither sealed nor waiting" in _verdict().reason


def test_the_command_ends_with_one_at_the_first_broken_seal(sealed_app, as_owner):
    runner = sealed_app.test_cli_runner()
    good = runner.invoke(verify_command)
    assert good.exit_code == 0
    assert "sealed events: 6 in 3 seals" in good.output and "events waiting to be sealed: 0" in good.output
    newest = db.session.scalars(select(AuditSeal).order_by(AuditSeal.seq.desc())).first()
    assert runner.invoke(verify_command, ["--expect", f"3:{newest.hash}"]).exit_code == 0
    assert runner.invoke(verify_command, ["--expect", f"4:{newest.hash}"]).exit_code == 1
    as_owner("UPDATE audit_events SET action = 'x' WHERE id = 3")
    db.session.remove()
    bad = runner.invoke(verify_command)
    assert bad.exit_code == 1 and "broken at seal 2: an event that it sealed was changed" in bad.output
