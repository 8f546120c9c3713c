"""What the members of a contract owed for the last year charged: a latecomer owes the same, whatever the fee became."""
from alembic import op

revision = "0047"
down_revision = "0046"
branch_labels = None
depends_on = None

COLUMNS = """
ALTER TABLE contracts
    ADD COLUMN member_year_on DATE,
    ADD COLUMN member_year_fee NUMERIC(18, 4),
    ADD CONSTRAINT ck_contracts_members_year_has_its_fee
        CHECK ((member_year_on IS NULL) = (member_year_fee IS NULL) AND member_year_fee > 0)
"""
# Of the last year that was charged, the first charge says what it cost: those of latecomers came after it.
CHARGED = """
UPDATE contracts
SET member_year_on = year.due_on, member_year_fee = year.amount
FROM (
    SELECT DISTINCT ON (split_part(charges.subject_id, ':', 1))
           split_part(charges.subject_id, ':', 1) AS contract_id, charges.due_on, charges.amount
    FROM charges
    JOIN contracts ON contracts.id::text = split_part(charges.subject_id, ':', 1)
    JOIN providers ON providers.id = contracts.holder_id
    WHERE charges.kind = 'yearly_fee' AND charges.subject_kind = 'contract_year'
      AND charges.payer_organisation_id <> providers.organisation_id
      AND (contracts.next_fee_on IS NULL OR charges.due_on < contracts.next_fee_on)
    ORDER BY 1, charges.due_on DESC, charges.recorded_at, charges.id
) AS year
WHERE contracts.id::text = year.contract_id
"""


def upgrade() -> None:
    op.execute(COLUMNS)
    op.execute(CHARGED)


def downgrade() -> None:
    op.execute("ALTER TABLE contracts DROP COLUMN member_year_fee, DROP COLUMN member_year_on")
