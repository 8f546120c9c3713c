"""The job tables of procrastinate, in a schema of their own, and when each periodic job last ran.

The SQL is the installed package's own. When its version changes, a new revision applies its migrations
(`procrastinate/sql/migrations`) from the version that the schema's comment names: a worker refuses to start until then.
"""
from alembic import op

from marketplace.platform.jobs import schema

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

JOB_RUNS = """
CREATE TABLE job_runs (
    name TEXT NOT NULL,
    ended_at TIMESTAMP WITH TIME ZONE NOT NULL,
    succeeded_at TIMESTAMP WITH TIME ZONE,
    failures INTEGER DEFAULT '0' NOT NULL,
    last_error TEXT,
    CONSTRAINT pk_job_runs PRIMARY KEY (name)
);
"""


def upgrade() -> None:
    op.execute(JOB_RUNS)
    schema.install(op.get_bind())


def downgrade() -> None:
    op.execute("DROP SCHEMA procrastinate CASCADE")
    op.execute("DROP TABLE job_runs")
