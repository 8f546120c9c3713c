"""The role of docs/operations.md: with it the product works, and what was recorded is out of its reach."""
import re
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import make_url, text
from sqlalchemy.exc import ProgrammingError

from app import create_app
from marketplace.notifications import services
from marketplace.platform import audit, jobs, outbox
from marketplace.platform.audit.sealing import seal_pending
from marketplace.platform.audit.verification import verify
from marketplace.platform.database import db, transaction
from marketplace.platform.jobs import schema
from marketplace.platform.permissions import SYSTEM
from tests.conftest import test_settings

GUIDE = Path(__file__).resolve().parents[2] / "docs" / "operations.md"


@pytest.fixture
def as_app(server, fresh_database):
    """The application under the role that the guide makes, by the guide's own lines."""
    (lines,) = re.findall(r"```sql\n(.*?)```", GUIDE.read_text(encoding="utf-8"), re.DOTALL)
    database = make_url(fresh_database).database
    administrator = make_url(server.administrator_url).set(drivername="postgresql", database=database)
    with psycopg.connect(administrator.render_as_string(hide_password=False), autocommit=True) as connection:
        connection.execute(lines)
        connection.execute("GRANT grappe_app TO grappe")  # only so that this test may put the role on
    app = create_app(test_settings(fresh_database + "&options=-crole%3Dgrappe_app"))
    with app.app_context():
        assert db.session.execute(text("SELECT current_user")).scalar_one() == "grappe_app"
        yield app
        db.session.remove()
        db.engine.dispose()
    with psycopg.connect(administrator.render_as_string(hide_password=False), autocommit=True) as connection:
        connection.execute("DROP OWNED BY grappe_app")
        connection.execute("DROP ROLE grappe_app")


def test_the_product_works_under_it(as_app):
    with transaction() as session:
        audit.record(session, SYSTEM, "x", "x", 1, personal={"name": "x"})
        services.tell(session, template="grappe_dissolved", values={"grappe": "G", "reason": "r"})
        assert schema.defer(session, "compose") is not None
    assert seal_pending() == 1
    assert verify(db.session()).holds
    assert outbox.dispatch_due() == 1
    assert set(jobs.run_checks()) >= {"accounts.forget_ended_sessions"}
    assert as_app.test_client().get("/readyz").status_code == 200


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE audit_events SET action = 'y'",
        "DELETE FROM audit_events",
        "TRUNCATE audit_events CASCADE",
        "UPDATE audit_seals SET hash = 'y'",
        "DELETE FROM audit_seals",
        "UPDATE audit_personal SET salt = 'y'",
        "ALTER TABLE audit_events DISABLE TRIGGER USER",
        "UPDATE alembic_version SET version_num = '0001'",
    ],
)
def test_what_was_recorded_is_out_of_its_reach(as_app, statement):
    with pytest.raises(ProgrammingError, match=r"permission denied|must be owner"):
        db.session.execute(text(statement))
    db.session.remove()
