"""Fees that come back every year: of contracts, and of adhesions by the convention that was signed."""
from alembic import op

revision = "0041"
down_revision = "0040"
branch_labels = None
depends_on = None

COLUMNS = """
ALTER TABLE contracts
    ADD COLUMN next_fee_on DATE,
    ADD CONSTRAINT ck_contracts_only_yearly_fees_come_back CHECK (next_fee_on IS NULL OR fee_kind = 'flat_yearly');
CREATE INDEX ix_contracts_next_fee_on ON contracts (next_fee_on) WHERE next_fee_on IS NOT NULL;

ALTER TABLE vehicles
    ADD COLUMN membership_fee NUMERIC(14, 2),
    ADD CONSTRAINT ck_vehicles_membership_fee_positive CHECK (membership_fee > 0);

ALTER TABLE adhesions
    ADD COLUMN yearly_fee NUMERIC(14, 2),
    ADD COLUMN fee_since DATE,
    ADD COLUMN next_fee_on DATE,
    ADD CONSTRAINT ck_adhesions_yearly_fee_positive CHECK (yearly_fee > 0),
    ADD CONSTRAINT ck_adhesions_fee_is_whole
        CHECK ((yearly_fee IS NULL) = (fee_since IS NULL) AND (yearly_fee IS NULL) = (next_fee_on IS NULL));
CREATE INDEX ix_adhesions_next_fee_on ON adhesions (next_fee_on) WHERE ended_at IS NULL AND next_fee_on IS NOT NULL;
"""
# A contract that runs owes the year it is in and those that follow; earlier ones were never asked for, and stay so.
RUNNING = """
UPDATE contracts
SET next_fee_on = starts_on + make_interval(years => GREATEST(0, date_part('year', age(CURRENT_DATE, starts_on))::int))
WHERE fee_kind = 'flat_yearly' AND activated_at IS NOT NULL
"""
SIGNED_BEFORE = (
    "id, vehicle_id, organisation_id, convention_version, convention_text, convention_sha256, signed_file_id, signed_at, "
    "signed_by"
)
SIGNED = """
DROP TRIGGER adhesion_is_signed ON adhesions;
CREATE TRIGGER adhesion_is_signed BEFORE UPDATE OF %s OR DELETE ON adhesions
    FOR EACH ROW EXECUTE FUNCTION refuse_change_of_adhesion()
"""
KINDS = """
ALTER TABLE charges DROP CONSTRAINT ck_charges_kind_known;
ALTER TABLE charges ADD CONSTRAINT ck_charges_kind_known CHECK (kind IN (%s))
"""
KINDS_BEFORE = "'membership', 'call_off_fee', 'entry_fee', 'listing', 'correction'"
KINDS_NOW = "'membership', 'call_off_fee', 'entry_fee', 'yearly_fee', 'listing', 'correction'"


def upgrade() -> None:
    op.execute(COLUMNS)
    op.execute(RUNNING)
    op.execute(SIGNED % f"{SIGNED_BEFORE}, yearly_fee, fee_since")
    op.execute(KINDS % KINDS_NOW)


def downgrade() -> None:
    op.execute(KINDS % KINDS_BEFORE)
    op.execute(SIGNED % SIGNED_BEFORE)
    op.execute("ALTER TABLE adhesions DROP COLUMN next_fee_on, DROP COLUMN fee_since, DROP COLUMN yearly_fee")
    op.execute("ALTER TABLE vehicles DROP COLUMN membership_fee")
    op.execute("ALTER TABLE contracts DROP COLUMN next_fee_on")
