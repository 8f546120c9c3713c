"""Mini-competitions: the price kept at the award is the one ranked, which a revised contract may set below the offer."""
from alembic import op

revision = "0048"
down_revision = "0047"
branch_labels = None
depends_on = None

CHANGE = """
ALTER TABLE competition_offers DROP CONSTRAINT ck_competition_offers_price_sound;
ALTER TABLE competition_offers ADD CONSTRAINT ck_competition_offers_price_sound CHECK ({sound})
"""


def upgrade() -> None:
    op.execute(CHANGE.format(sound="LEAST(unit_price, mobilisation, whole_price) >= 0"))


def downgrade() -> None:
    op.execute(CHANGE.format(sound="LEAST(unit_price, mobilisation) >= 0 AND whole_price >= unit_price"))
