"""The hardest condition of a pool is one probe of an index: whether a minimum is met asks it at every read (§4b.6a)."""
from alembic import op

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute(
        "CREATE INDEX ix_needs_lot_id_minimum_pool_quantity ON needs (lot_id, minimum_pool_quantity) "
        "WHERE status = 'counted' AND minimum_pool_quantity IS NOT NULL"
    )


def downgrade() -> None:
    op.execute("DROP INDEX ix_needs_lot_id_minimum_pool_quantity")
