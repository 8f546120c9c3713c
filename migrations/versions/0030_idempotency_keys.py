"""Idempotency keys: a request that creates a commitment or money is done once."""
from alembic import op

revision = "0030"
down_revision = "0029"
branch_labels = None
depends_on = None

TABLE = """
CREATE TABLE idempotency_keys (
    actor_id UUID NOT NULL,
    key TEXT NOT NULL,
    route TEXT NOT NULL,
    request_hash TEXT NOT NULL,
    answer JSONB,
    claimed_at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT pk_idempotency_keys PRIMARY KEY (actor_id, key),
    CONSTRAINT ck_idempotency_keys_request_hash_is_one CHECK (request_hash ~ '^[0-9a-f]{64}$')
);
CREATE INDEX ix_idempotency_keys_claimed_at ON idempotency_keys (claimed_at);
"""


def upgrade() -> None:
    op.execute(TABLE)


def downgrade() -> None:
    op.execute("DROP TABLE idempotency_keys")
