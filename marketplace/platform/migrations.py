"""Which revision the database is at, and bringing it to the newest: one process at a time, never waiting for long."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, create_engine, func, select
from sqlalchemy.pool import NullPool

SCRIPTS = Path(__file__).resolve().parents[2] / "migrations"
# Any constant will do, as long as every version of the product uses the same.
MIGRATION_LOCK = 0x6772_6170_7065
# A migration that cannot have its table lock at once would queue every request behind it: it gives up instead.
LOCK_TIMEOUT = "10s"


def migrate(url: str) -> tuple[str | None, str | None]:
    """Bring the database at `url` to the newest revision; answers the revisions before and after.

    A second process waits for the first and finds nothing left to do.
    """
    guard = create_engine(url, poolclass=NullPool, isolation_level="AUTOCOMMIT")
    worker = create_engine(url, poolclass=NullPool, connect_args={"options": f"-c lock_timeout={LOCK_TIMEOUT}"})
    with guard.connect() as held:
        held.execute(select(func.pg_advisory_lock(MIGRATION_LOCK)))
        with worker.connect() as connection:
            before = current_revision(connection)
        with worker.connect() as connection:
            command.upgrade(_config(connection), "head")
        with worker.connect() as connection:
            return before, current_revision(connection)


def current_revision(connection: Connection) -> str | None:
    """The revision the database is at; None when it was never migrated."""
    return MigrationContext.configure(connection).get_current_revision()


def newest_revision() -> str | None:
    """The revision this version of the product needs."""
    return ScriptDirectory(str(SCRIPTS)).get_current_head()


def _config(connection: Connection) -> Config:
    config = Config()
    config.set_main_option("script_location", str(SCRIPTS).replace("%", "%%"))
    config.attributes["connection"] = connection
    return config
