"""One order, one standing supplier invoice: a second one only once the first is disputed."""
from alembic import op

revision = "0040"
down_revision = "0039"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute(
        "CREATE UNIQUE INDEX uq_supplier_invoices_standing ON supplier_invoices (call_off_id) "
        "WHERE decision IS DISTINCT FROM 'disputed'"
    )


def downgrade() -> None:
    op.execute("DROP INDEX uq_supplier_invoices_standing")
