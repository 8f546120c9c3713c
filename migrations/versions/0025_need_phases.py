"""A need may be spread over the years of its lot, and its versions say how."""
from alembic import op

revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None

COLUMNS = """
ALTER TABLE needs
    ADD COLUMN phases BIGINT[],
    -- No year asks for more than what is pooled, and every year says something.
    ADD CONSTRAINT ck_needs_phases_within_quantity CHECK (
        quantity >= ALL (phases) AND 0 <= ALL (phases) AND array_position(phases, NULL) IS NULL
        AND cardinality(phases) > 1
    );
ALTER TABLE need_versions ADD COLUMN phases BIGINT[];
"""
KEEP_FUNCTION = """
CREATE OR REPLACE FUNCTION needs_keep_version() RETURNS trigger LANGUAGE plpgsql AS $body$
BEGIN
    IF TG_OP = 'DELETE' THEN
        INSERT INTO need_versions (lot_id, establishment_id, organisation_id, changed_at, changed_by, status)
        VALUES (OLD.lot_id, OLD.establishment_id, OLD.organisation_id, OLD.changed_at, OLD.changed_by, 'withdrawn');
    ELSE
        INSERT INTO need_versions (lot_id, establishment_id, organisation_id, changed_at, changed_by, status, grappe_id,
            quantity, tolerance, firmness, minimum_pool_quantity, maximum_unit_price, price_ceiling, signed_by%(column)s)
        VALUES (NEW.lot_id, NEW.establishment_id, NEW.organisation_id, NEW.changed_at, NEW.changed_by, NEW.status,
            NEW.grappe_id, NEW.quantity, NEW.tolerance, NEW.firmness, NEW.minimum_pool_quantity, NEW.maximum_unit_price,
            NEW.price_ceiling, NEW.signed_by%(value)s);
    END IF;
    RETURN NULL;
END
$body$
"""


def upgrade() -> None:
    op.execute(COLUMNS)
    op.execute(KEEP_FUNCTION % {"column": ", phases", "value": ", NEW.phases"})


def downgrade() -> None:
    op.execute(KEEP_FUNCTION % {"column": "", "value": ""})
    op.execute("ALTER TABLE need_versions DROP COLUMN phases")
    op.execute("ALTER TABLE needs DROP COLUMN phases")
