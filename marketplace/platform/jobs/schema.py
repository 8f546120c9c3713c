"""procrastinate's tables in a schema of their own, and the one place that calls its versioned SQL functions."""
from collections.abc import Mapping
from importlib.metadata import version
from typing import Any

from procrastinate.schema import SchemaManager
from sqlalchemy import Connection, text
from sqlalchemy.orm import Session

from marketplace.platform.facts import to_json

SCHEMA = "procrastinate"

# Its functions name their tables without a schema: bound here to theirs, they work from any search path.
_BIND_FUNCTIONS = f"""
DO $body$
DECLARE found regprocedure;
BEGIN
    FOR found IN SELECT oid::regprocedure FROM pg_proc WHERE pronamespace = '{SCHEMA}'::regnamespace LOOP
        EXECUTE format('ALTER FUNCTION %s SET search_path = {SCHEMA}, pg_temp', found);
    END LOOP;
END
$body$
"""
_DEFER = text(f"""
    SELECT unnest({SCHEMA}.procrastinate_defer_jobs_v1(ARRAY[
        ROW('default', :task, 0, NULL, :queueing_lock, CAST(:args AS jsonb), NULL)::{SCHEMA}.procrastinate_job_to_defer_v1
    ]))
    WHERE :queueing_lock IS NULL OR NOT EXISTS (
        SELECT FROM {SCHEMA}.procrastinate_jobs WHERE queueing_lock = :queueing_lock AND status = 'todo'
    )
""")


def install(connection: Connection) -> None:
    """Create the schema with the installed package's own SQL and note its version (called by the migration)."""
    plain = connection.execution_options(no_parameters=True)
    before = connection.execute(text("SHOW search_path")).scalar_one()
    plain.exec_driver_sql(f"CREATE SCHEMA {SCHEMA}")
    plain.exec_driver_sql(f"SET LOCAL search_path = {SCHEMA}")
    plain.exec_driver_sql(SchemaManager.get_schema())
    plain.exec_driver_sql(f"SET LOCAL search_path = {before}")
    plain.exec_driver_sql(_BIND_FUNCTIONS)
    plain.exec_driver_sql(f"COMMENT ON SCHEMA {SCHEMA} IS '{package_version()}'")


def package_version() -> str:
    """The version of the installed package."""
    return version("procrastinate")


def installed_version(session: Session) -> str | None:
    """The package version whose SQL the database holds."""
    return session.execute(text(f"SELECT obj_description('{SCHEMA}'::regnamespace, 'pg_namespace')")).scalar_one()


def defer(
    session: Session, task: str, args: Mapping[str, Any] | None = None, *, queueing_lock: str | None = None
) -> int | None:
    """Step: have a worker run `task` after commit; its job id, or None when one with this lock already waits.

    For the rare long work asked by a person. What a request causes goes through the outbox: a job notifies, and commits
    that notify wait for one another.
    """
    values = {"task": task, "args": to_json(args or {}), "queueing_lock": queueing_lock}
    return session.execute(_DEFER, values).scalar_one_or_none()
