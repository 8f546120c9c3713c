"""Stored files: what is known of each; their bytes lie beside the database."""
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

TABLE = """
CREATE TABLE stored_files (
    id UUID NOT NULL,
    owner_id UUID NOT NULL,
    name TEXT NOT NULL,
    content_type TEXT NOT NULL,
    size INTEGER NOT NULL,
    sha256 TEXT NOT NULL,
    stored_at TIMESTAMP WITH TIME ZONE NOT NULL,
    stored_by UUID,
    CONSTRAINT pk_stored_files PRIMARY KEY (id),
    -- Only what a reader can safely be given: documents and pictures, known by their content.
    CONSTRAINT ck_stored_files_content_type_accepted CHECK (content_type IN ('application/pdf', 'image/png', 'image/jpeg')),
    CONSTRAINT ck_stored_files_size_accepted CHECK (size BETWEEN 1 AND 10485760),
    CONSTRAINT ck_stored_files_sha256_is_one CHECK (sha256 ~ '^[0-9a-f]{64}$')
);
CREATE INDEX ix_stored_files_owner_id ON stored_files (owner_id);
"""


def upgrade() -> None:
    op.get_bind().exec_driver_sql(TABLE)


def downgrade() -> None:
    op.execute("DROP TABLE stored_files")
