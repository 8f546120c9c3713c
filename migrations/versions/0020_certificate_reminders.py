"""Reminders of certificates that end: which threshold was told when, so that each is told once."""
from alembic import op

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None

TABLE = """
CREATE TABLE certificate_reminders (
    certificate_id UUID NOT NULL,
    days INTEGER NOT NULL,
    told_at TIMESTAMP WITH TIME ZONE NOT NULL,
    -- Each threshold of a certificate is told once, whatever runs at the same time.
    CONSTRAINT pk_certificate_reminders PRIMARY KEY (certificate_id, days),
    CONSTRAINT ck_certificate_reminders_days_known CHECK (days IN (90, 30, 7, 0)),
    CONSTRAINT fk_certificate_reminders_certificate_id_certificates FOREIGN KEY(certificate_id) REFERENCES certificates (id)
);
"""


def upgrade() -> None:
    op.execute(TABLE)


def downgrade() -> None:
    op.execute("DROP TABLE certificate_reminders")
