"""Published lists of certified companies: as sent, how they were read, and which certificates they name or no longer do."""
from alembic import op

revision = "0034"
down_revision = "0033"
branch_labels = None
depends_on = None

TABLES = """
CREATE TABLE certificate_lists (
    id UUID NOT NULL,
    scheme TEXT NOT NULL,
    file_name TEXT NOT NULL,
    sha256 TEXT NOT NULL,
    listed_on DATE NOT NULL,
    rows JSONB NOT NULL,
    mapping JSONB NOT NULL,
    default_version TEXT,
    sent_at TIMESTAMP WITH TIME ZONE NOT NULL,
    sent_by UUID,
    taken_over_at TIMESTAMP WITH TIME ZONE,
    counts JSONB,
    CONSTRAINT pk_certificate_lists PRIMARY KEY (id),
    CONSTRAINT fk_certificate_lists_scheme_certificate_schemes FOREIGN KEY(scheme) REFERENCES certificate_schemes (code),
    CONSTRAINT fk_certificate_lists_sent_by_users FOREIGN KEY(sent_by) REFERENCES users (id),
    CONSTRAINT ck_certificate_lists_sha256_is_one CHECK (sha256 ~ '^[0-9a-f]{64}$'),
    CONSTRAINT ck_certificate_lists_rows_and_mapping
        CHECK (jsonb_typeof(rows) = 'array' AND jsonb_typeof(mapping) = 'object')
);
CREATE INDEX ix_certificate_lists_scheme ON certificate_lists (scheme);

CREATE TABLE certificate_list_mappings (
    scheme TEXT NOT NULL,
    titles JSONB NOT NULL,
    default_version TEXT,
    CONSTRAINT pk_certificate_list_mappings PRIMARY KEY (scheme),
    CONSTRAINT fk_certificate_list_mappings_scheme_certificate_schemes
        FOREIGN KEY(scheme) REFERENCES certificate_schemes (code)
);

ALTER TABLE certificates
    ADD COLUMN list_id UUID,
    ADD COLUMN missing_since DATE,
    ADD CONSTRAINT fk_certificates_list_id_certificate_lists FOREIGN KEY(list_id) REFERENCES certificate_lists (id);
CREATE INDEX ix_certificates_missing_since ON certificates (missing_since) WHERE missing_since IS NOT NULL;
-- A published list adds a certificate once, however often it is taken over.
CREATE UNIQUE INDEX uq_certificates_listed ON certificates (provider_id, scheme, number, valid_until)
    WHERE list_id IS NOT NULL AND subcontractor_id IS NULL;
"""


def upgrade() -> None:
    op.execute(TABLES)


def downgrade() -> None:
    op.execute("DROP INDEX uq_certificates_listed")
    op.execute("ALTER TABLE certificates DROP COLUMN list_id, DROP COLUMN missing_since")
    op.execute("DROP TABLE certificate_list_mappings, certificate_lists")
