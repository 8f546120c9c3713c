"""Terms of offers: how fast somebody answers and restores, when, for how long one is bound, how prices move."""
from alembic import op

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None

COLUMNS = """
ALTER TABLE offers
    ADD COLUMN response_hours INTEGER,
    ADD COLUMN restoration_hours INTEGER,
    ADD COLUMN service_hours TEXT,
    ADD COLUMN commitment_months INTEGER,
    ADD COLUMN indexation TEXT DEFAULT '' NOT NULL,
    ADD CONSTRAINT ck_offers_service_hours_known CHECK (service_hours IN ('business', 'extended', 'always')),
    ADD CONSTRAINT ck_offers_response_hours_positive CHECK (response_hours > 0),
    -- Nothing is restored before somebody answered.
    ADD CONSTRAINT ck_offers_restored_after_answered CHECK (restoration_hours >= COALESCE(response_hours, 1)),
    ADD CONSTRAINT ck_offers_commitment_positive CHECK (commitment_months > 0);
"""


def upgrade() -> None:
    op.execute(COLUMNS)


def downgrade() -> None:
    op.execute(
        "ALTER TABLE offers DROP COLUMN response_hours, DROP COLUMN restoration_hours, DROP COLUMN service_hours, "
        "DROP COLUMN commitment_months, DROP COLUMN indexation"
    )
