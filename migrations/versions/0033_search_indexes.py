"""Search: its indexes carry what the figures need, so that a category is counted without touching the rows."""
from alembic import op

revision = "0033"
down_revision = "0032"
branch_labels = None
depends_on = None

INDEXES = """
DROP INDEX ix_offer_listings_category_code, ix_offer_listings_provider_id;
CREATE INDEX ix_offer_listings_category_code ON offer_listings (category_code)
    INCLUDE (provider_id, offer_id, delivery_modes, usual_unit, minimum_quantity, capacity);
CREATE INDEX ix_offer_listings_provider_id ON offer_listings (provider_id)
    INCLUDE (category_code, delivery_modes, usual_unit, minimum_quantity, capacity);
"""


def upgrade() -> None:
    op.execute(INDEXES)


def downgrade() -> None:
    op.execute("DROP INDEX ix_offer_listings_category_code, ix_offer_listings_provider_id")
    op.execute("CREATE INDEX ix_offer_listings_category_code ON offer_listings (category_code)")
    op.execute(
        "CREATE INDEX ix_offer_listings_provider_id ON offer_listings (provider_id) "
        "INCLUDE (category_code, usual_unit, minimum_quantity, capacity)"
    )
