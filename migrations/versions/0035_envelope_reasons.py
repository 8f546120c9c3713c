"""Why a ledger gives back: who left at the price obtained, a contract whose minimum was missed."""
from alembic import op

revision = "0035"
down_revision = "0034"
branch_labels = None
depends_on = None

BEFORE = "'lot_opened', 'lot_closed', 'ordered', 'lot_cancelled', 'vehicle_ended', 'correction', 'closing_undone'"
NEW = "'left_at_award', 'minimum_missed'"


def _accept(reasons: str) -> None:
    op.execute(
        "ALTER TABLE envelope_entries DROP CONSTRAINT ck_envelope_entries_reason_known, "
        f"ADD CONSTRAINT ck_envelope_entries_reason_known CHECK (reason IN ({reasons}))"
    )


def upgrade() -> None:
    _accept(f"{BEFORE}, {NEW}")


def downgrade() -> None:
    _accept(BEFORE)
