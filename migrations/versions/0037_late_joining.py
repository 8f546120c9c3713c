"""A closed lot may be joined late where its vehicle says so: who joined, what was signed, and the fee it asks once."""
from alembic import op

revision = "0037"
down_revision = "0036"
branch_labels = None
depends_on = None

TABLE = """
ALTER TABLE vehicles
    ADD COLUMN late_joining_fee NUMERIC(14, 2),
    ADD CONSTRAINT ck_vehicles_late_joining_fee_positive CHECK (late_joining_fee > 0);

CREATE TABLE late_joinings (
    lot_id UUID NOT NULL,
    establishment_id UUID NOT NULL,
    organisation_id UUID NOT NULL,
    grappe_id UUID,
    quantity BIGINT NOT NULL,
    months INTEGER NOT NULL,
    price_ceiling NUMERIC(18, 4) NOT NULL,
    exposure_excl_vat NUMERIC(38, 2) NOT NULL,
    fee_amount NUMERIC(14, 2),
    entry BIGINT NOT NULL,
    signed_at TIMESTAMP WITH TIME ZONE NOT NULL,
    signed_by UUID,
    CONSTRAINT pk_late_joinings PRIMARY KEY (lot_id, establishment_id),
    -- What is committed late is in the ledger, or it is not committed.
    CONSTRAINT fk_late_joinings_envelope_entries FOREIGN KEY(lot_id, entry) REFERENCES envelope_entries (lot_id, number),
    CONSTRAINT ck_late_joinings_quantity_positive CHECK (quantity > 0 AND months > 0),
    CONSTRAINT ck_late_joinings_amounts_positive CHECK (price_ceiling > 0 AND exposure_excl_vat >= 0 AND fee_amount > 0),
    CONSTRAINT fk_late_joinings_lot_id_lots FOREIGN KEY(lot_id) REFERENCES lots (id),
    CONSTRAINT fk_late_joinings_establishment_id_establishments FOREIGN KEY(establishment_id) REFERENCES establishments (id),
    CONSTRAINT fk_late_joinings_organisation_id_organisations FOREIGN KEY(organisation_id) REFERENCES organisations (id),
    CONSTRAINT fk_late_joinings_signed_by_users FOREIGN KEY(signed_by) REFERENCES users (id)
);
CREATE TRIGGER late_joinings_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON late_joinings
    FOR EACH STATEMENT EXECUTE FUNCTION audit_refuse_change();
"""
REASONS = """
ALTER TABLE envelope_entries DROP CONSTRAINT ck_envelope_entries_reason_known;
ALTER TABLE envelope_entries ADD CONSTRAINT ck_envelope_entries_reason_known CHECK (reason IN (%s));
"""
BEFORE = (
    "'lot_opened', 'lot_closed', 'ordered', 'lot_cancelled', 'vehicle_ended', 'correction', 'closing_undone', "
    "'left_at_award', 'minimum_missed'"
)


def upgrade() -> None:
    op.execute(TABLE)
    op.execute(REASONS % f"{BEFORE}, 'joined_late'")


def downgrade() -> None:
    op.execute("DROP TABLE late_joinings")
    op.execute(REASONS % BEFORE)
    op.execute("ALTER TABLE vehicles DROP CONSTRAINT ck_vehicles_late_joining_fee_positive, DROP COLUMN late_joining_fee")
