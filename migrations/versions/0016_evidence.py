"""Evidence of certificates: stored files that prove them, seen by those concerned alone."""
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

TABLE = """
CREATE TABLE certificate_evidence (
    file_id UUID NOT NULL,
    certificate_id UUID NOT NULL,
    CONSTRAINT pk_certificate_evidence PRIMARY KEY (file_id),
    CONSTRAINT fk_certificate_evidence_file_id_stored_files FOREIGN KEY(file_id) REFERENCES stored_files (id),
    CONSTRAINT fk_certificate_evidence_certificate_id_certificates FOREIGN KEY(certificate_id) REFERENCES certificates (id)
);
CREATE INDEX ix_certificate_evidence_certificate_id ON certificate_evidence (certificate_id);
"""


def upgrade() -> None:
    op.execute(TABLE)


def downgrade() -> None:
    op.execute("DROP TABLE certificate_evidence")
