"""Vendors who ask to join, until they confirm their address."""
from alembic import op

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None

TABLE = """
CREATE TABLE provider_sign_ups (
    id UUID NOT NULL,
    email TEXT NOT NULL,
    full_name TEXT NOT NULL,
    company TEXT NOT NULL,
    siren TEXT NOT NULL,
    vat_number TEXT,
    locale TEXT NOT NULL,
    asked_at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT pk_provider_sign_ups PRIMARY KEY (id)
);
CREATE INDEX ix_provider_sign_ups_asked_at ON provider_sign_ups (asked_at);
"""


def upgrade() -> None:
    op.execute(TABLE)


def downgrade() -> None:
    op.execute("DROP TABLE provider_sign_ups")
