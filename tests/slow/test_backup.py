"""Backup and restore as docs/operations.md says: pg_dump of a living database, pg_restore elsewhere, and the audit holds."""
import subprocess
from pathlib import Path
from uuid import uuid4

import psycopg
import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from app import create_app
from marketplace.notifications import services
from marketplace.platform import audit, outbox
from marketplace.platform.audit.command import verify_command
from marketplace.platform.audit.models import AuditEvent
from marketplace.platform.audit.sealing import newest_seal, seal_pending
from marketplace.platform.database import db, transaction
from marketplace.platform.embedded.programs import RELEASE, installed
from marketplace.platform.permissions import SYSTEM
from tests.conftest import test_settings
from tests.factories import accounts as make
from tests.factories.base import use_session

pytestmark = pytest.mark.slow

PROGRAMS: Path = installed() / RELEASE / "bin"


def _libpq(url: str) -> str:
    return url.replace("+psycopg", "")


@pytest.fixture
def empty_database(server):
    """The URL of a database with nothing in it."""
    name = f"restored_{uuid4().hex[:12]}"
    with psycopg.connect(_libpq(server.url), autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{name}" TEMPLATE template0')
    yield server.url_of(name)
    with psycopg.connect(_libpq(server.url), autocommit=True) as connection:
        connection.execute(f'DROP DATABASE "{name}" WITH (FORCE)')


@pytest.fixture
def lived(real_app):
    """A product that has lived: sealed and unsealed events, a personal value, mail sent and mail waiting."""
    with real_app.app_context(), Session(db.engine, expire_on_commit=False) as own:
        use_session(own)
        reader = make.user_in()
        use_session(None)
        for number in range(3):
            with transaction() as session:
                audit.record(session, SYSTEM, "need.signed", "need", number, after={"quantity": 300, "détail": "é"})
                audit.record(session, SYSTEM, "user.created", "user", reader.id, personal={"name": reader.full_name})
            seal_pending()
        with transaction() as session:
            services.tell(
                session, template="grappe_dissolved",
                values={"grappe": "G", "reason": "r"}, user_ids=[reader.id],
            )  # fmt: skip
            audit.record(session, SYSTEM, "grappe.dissolved", "grappe", 1)
        db.session.remove()
    return real_app


def test_a_restored_product_goes_on_where_the_dump_was_taken(lived, fresh_database, empty_database, tmp_path):
    dump = tmp_path / "grappe.dump"
    _run("pg_dump", "--format=custom", f"--file={dump}", _libpq(fresh_database))
    _run("pg_restore", "--exit-on-error", "--no-owner", f"--dbname={_libpq(empty_database)}", dump)
    restored = create_app(test_settings(empty_database))
    verdict = restored.test_cli_runner().invoke(verify_command)
    assert verdict.exit_code == 0 and "sealed events: 6 in 3 seals" in verdict.output
    assert "events waiting to be sealed: 1" in verdict.output
    assert restored.test_client().get("/readyz").status_code == 200
    with restored.app_context():
        assert seal_pending() == 1 and newest_seal(db.session()).seq == 4
        assert outbox.dispatch_due() == 2
        with transaction() as session:
            audit.record(session, SYSTEM, "grappe.founded", "grappe", 2)
        assert db.session.scalars(select(AuditEvent.id).order_by(AuditEvent.id.desc())).first() == 8
        with pytest.raises(psycopg.errors.InsufficientPrivilege), psycopg.connect(_libpq(empty_database)) as connection:
            connection.execute("DELETE FROM audit_events")
        db.session.remove()
        db.engine.dispose()


def _run(program: str, *arguments: object) -> None:
    subprocess.run([PROGRAMS / program, *map(str, arguments)], check=True, capture_output=True, timeout=60)
