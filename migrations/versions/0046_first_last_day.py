"""A contract's last day as concluded, kept once an amendment moves it: what it adds to the term is charged."""
from alembic import op

revision = "0046"
down_revision = "0045"
branch_labels = None
depends_on = None

KEEP_FIRST = """
UPDATE contracts SET first_ends_on = (
    SELECT (changes #>> '{ends_on,before}')::date FROM contract_amendments
    WHERE contract_id = contracts.id AND number <= contracts.amendments_in_force AND changes ? 'ends_on'
    ORDER BY number LIMIT 1
)
"""


def upgrade() -> None:
    op.execute("ALTER TABLE contracts ADD COLUMN first_ends_on DATE")
    op.get_bind().exec_driver_sql(KEEP_FIRST)


def downgrade() -> None:
    op.execute("ALTER TABLE contracts DROP COLUMN first_ends_on")
