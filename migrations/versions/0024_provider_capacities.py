"""Providers: whom to ask, and how much they can deliver in each category, whatever the number of their offers."""
from alembic import op

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None

CHANGES = """
ALTER TABLE providers
    ADD COLUMN contact_name TEXT,
    ADD COLUMN contact_email TEXT,
    ADD COLUMN contact_phone TEXT;

CREATE TABLE provider_capacities (
    provider_id UUID NOT NULL,
    category_code TEXT NOT NULL,
    quantity BIGINT NOT NULL,
    CONSTRAINT pk_provider_capacities PRIMARY KEY (provider_id, category_code),
    CONSTRAINT fk_provider_capacities_provider_id_providers FOREIGN KEY(provider_id) REFERENCES providers (id),
    CONSTRAINT fk_provider_capacities_category_code_service_categories
        FOREIGN KEY(category_code) REFERENCES service_categories (code),
    -- No limit is no row; a provider that can deliver nothing does not publish.
    CONSTRAINT ck_provider_capacities_quantity_positive CHECK (quantity > 0)
);
"""


def upgrade() -> None:
    op.execute(CHANGES)


def downgrade() -> None:
    op.execute("DROP TABLE provider_capacities")
    op.execute("ALTER TABLE providers DROP COLUMN contact_name, DROP COLUMN contact_email, DROP COLUMN contact_phone")
