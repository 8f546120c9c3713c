"""Every change of a need is kept: append-only versions, filled by the needs' own triggers."""
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

TABLE = """
ALTER TABLE needs ADD COLUMN changed_by UUID;
UPDATE needs SET changed_by = placed_by;

CREATE TABLE need_versions (
    lot_id UUID NOT NULL,
    establishment_id UUID NOT NULL,
    id BIGINT GENERATED ALWAYS AS IDENTITY NOT NULL,
    organisation_id UUID NOT NULL,
    changed_at TIMESTAMP WITH TIME ZONE NOT NULL,
    changed_by UUID,
    status TEXT NOT NULL,
    grappe_id UUID,
    quantity BIGINT,
    tolerance BIGINT,
    firmness TEXT,
    minimum_pool_quantity BIGINT,
    maximum_unit_price NUMERIC(18, 4),
    price_ceiling NUMERIC(18, 4),
    signed_by UUID,
    CONSTRAINT pk_need_versions PRIMARY KEY (lot_id, establishment_id, id),
    -- A withdrawn need asks for nothing; everything else is what was asked.
    CONSTRAINT ck_need_versions_withdrawn_asks_nothing CHECK ((status = 'withdrawn') = (quantity IS NULL))
);
"""
# What stands today is each need's first known version.
FIRST_VERSIONS = """
INSERT INTO need_versions (lot_id, establishment_id, organisation_id, changed_at, changed_by, status, grappe_id,
    quantity, tolerance, firmness, minimum_pool_quantity, maximum_unit_price, price_ceiling, signed_by)
SELECT lot_id, establishment_id, organisation_id, changed_at, changed_by, status, grappe_id,
    quantity, tolerance, firmness, minimum_pool_quantity, maximum_unit_price, price_ceiling, signed_by
FROM needs ORDER BY changed_at
"""
KEEP_FUNCTION = """
CREATE FUNCTION needs_keep_version() RETURNS trigger LANGUAGE plpgsql AS $body$
BEGIN
    IF TG_OP = 'DELETE' THEN
        INSERT INTO need_versions (lot_id, establishment_id, organisation_id, changed_at, changed_by, status)
        VALUES (OLD.lot_id, OLD.establishment_id, OLD.organisation_id, OLD.changed_at, OLD.changed_by, 'withdrawn');
    ELSE
        INSERT INTO need_versions (lot_id, establishment_id, organisation_id, changed_at, changed_by, status, grappe_id,
            quantity, tolerance, firmness, minimum_pool_quantity, maximum_unit_price, price_ceiling, signed_by)
        VALUES (NEW.lot_id, NEW.establishment_id, NEW.organisation_id, NEW.changed_at, NEW.changed_by, NEW.status,
            NEW.grappe_id, NEW.quantity, NEW.tolerance, NEW.firmness, NEW.minimum_pool_quantity, NEW.maximum_unit_price,
            NEW.price_ceiling, NEW.signed_by);
    END IF;
    RETURN NULL;
END
$body$
"""
TRIGGERS = (
    "CREATE TRIGGER needs_kept_when_placed_or_withdrawn AFTER INSERT OR DELETE ON needs "
    "FOR EACH ROW EXECUTE FUNCTION needs_keep_version()",
    "CREATE TRIGGER needs_kept_when_changed AFTER UPDATE ON needs "
    "FOR EACH ROW WHEN (OLD.version IS DISTINCT FROM NEW.version) EXECUTE FUNCTION needs_keep_version()",
    "CREATE TRIGGER need_versions_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON need_versions "
    "FOR EACH STATEMENT EXECUTE FUNCTION audit_refuse_change()",
)


def upgrade() -> None:
    for statement in (TABLE, FIRST_VERSIONS, KEEP_FUNCTION, *TRIGGERS):
        op.execute(statement)


def downgrade() -> None:
    op.execute("DROP TRIGGER needs_kept_when_changed ON needs")
    op.execute("DROP TRIGGER needs_kept_when_placed_or_withdrawn ON needs")
    op.execute("DROP FUNCTION needs_keep_version()")
    op.execute("DROP TABLE need_versions")
    op.execute("ALTER TABLE needs DROP COLUMN changed_by")
