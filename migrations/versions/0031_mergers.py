"""Votes on mergers; closings that can be undone, with the reason; the ledger's entry for that."""
from alembic import op

revision = "0031"
down_revision = "0030"
branch_labels = None
depends_on = None

TABLES = """
CREATE TABLE mergers (
    id UUID NOT NULL,
    lot_id UUID NOT NULL,
    round INTEGER NOT NULL,
    scope TEXT NOT NULL,
    target_lot_id UUID,
    target_grappe_id UUID,
    proposed_at TIMESTAMP WITH TIME ZONE NOT NULL,
    proposed_by UUID,
    votes_close_at TIMESTAMP WITH TIME ZONE,
    next_check_at TIMESTAMP WITH TIME ZONE,
    bodies JSONB DEFAULT '[]' NOT NULL,
    decided_at TIMESTAMP WITH TIME ZONE,
    outcome TEXT,
    results JSONB DEFAULT '[]' NOT NULL,
    CONSTRAINT pk_mergers PRIMARY KEY (id),
    CONSTRAINT uq_mergers_lot_id_round UNIQUE (lot_id, round),
    CONSTRAINT ck_mergers_scope_known CHECK (scope IN ('lot', 'grappe')),
    CONSTRAINT ck_mergers_outcome_known CHECK (outcome IN ('accepted', 'refused', 'no_target', 'target_gone', 'void')),
    CONSTRAINT ck_mergers_vote_has_one_target CHECK (num_nonnulls(target_lot_id, target_grappe_id) = num_nonnulls(votes_close_at)),
    CONSTRAINT ck_mergers_target_is_another_lot CHECK (target_lot_id <> lot_id),
    CONSTRAINT ck_mergers_decided_with_outcome CHECK ((decided_at IS NULL) = (outcome IS NULL)),
    -- Decided, nobody looks at it again; undecided, the worker will.
    CONSTRAINT ck_mergers_checked_until_decided CHECK ((decided_at IS NULL) = (next_check_at IS NOT NULL)),
    CONSTRAINT fk_mergers_lot_id_lot_totals FOREIGN KEY(lot_id) REFERENCES lot_totals (lot_id),
    CONSTRAINT fk_mergers_target_lot_id_lot_totals FOREIGN KEY(target_lot_id) REFERENCES lot_totals (lot_id),
    CONSTRAINT fk_mergers_proposed_by_users FOREIGN KEY(proposed_by) REFERENCES users (id)
);
-- One vote at a time on a lot.
CREATE UNIQUE INDEX uq_mergers_running ON mergers (lot_id) WHERE decided_at IS NULL;
CREATE INDEX ix_mergers_next_check_at ON mergers (next_check_at) WHERE next_check_at IS NOT NULL;

CREATE TABLE merger_votes (
    merger_id UUID NOT NULL,
    establishment_id UUID NOT NULL,
    organisation_id UUID NOT NULL,
    grappe_id UUID,
    is_host BOOLEAN NOT NULL,
    quantity BIGINT NOT NULL,
    choice TEXT,
    voted_at TIMESTAMP WITH TIME ZONE,
    voted_by UUID,
    CONSTRAINT pk_merger_votes PRIMARY KEY (merger_id, establishment_id),
    CONSTRAINT ck_merger_votes_choice_known CHECK (choice IN ('yes', 'no')),
    CONSTRAINT ck_merger_votes_vote_is_somebodys CHECK ((choice IS NULL) = (voted_at IS NULL) AND (choice IS NULL) = (voted_by IS NULL)),
    CONSTRAINT ck_merger_votes_quantity_positive CHECK (quantity > 0),
    CONSTRAINT fk_merger_votes_merger_id_mergers FOREIGN KEY(merger_id) REFERENCES mergers (id),
    CONSTRAINT fk_merger_votes_establishment_id_establishments FOREIGN KEY(establishment_id) REFERENCES establishments (id),
    CONSTRAINT fk_merger_votes_organisation_id_organisations FOREIGN KEY(organisation_id) REFERENCES organisations (id),
    CONSTRAINT fk_merger_votes_voted_by_users FOREIGN KEY(voted_by) REFERENCES users (id)
);
CREATE INDEX ix_merger_votes_organisation_id ON merger_votes (organisation_id);

ALTER TABLE closings ADD COLUMN undone_at TIMESTAMP WITH TIME ZONE;
ALTER TABLE closings ADD COLUMN undone_by UUID CONSTRAINT fk_closings_undone_by_users REFERENCES users (id);
ALTER TABLE closings ADD COLUMN undo_reason TEXT;
-- Whoever takes a decision back says why.
ALTER TABLE closings ADD CONSTRAINT ck_closings_undone_with_reason
    CHECK (num_nonnulls(undone_at, undone_by, undo_reason) IN (0, 3) AND btrim(undo_reason) <> '');
"""
REASONS = (
    "ALTER TABLE envelope_entries DROP CONSTRAINT ck_envelope_entries_reason_known",
    "ALTER TABLE envelope_entries ADD CONSTRAINT ck_envelope_entries_reason_known CHECK (reason IN ({reasons}))",
)
BEFORE = "'lot_opened', 'lot_closed', 'ordered', 'lot_cancelled', 'vehicle_ended', 'correction'"


def upgrade() -> None:
    op.execute(TABLES)
    for statement in REASONS:
        op.execute(statement.format(reasons=f"{BEFORE}, 'closing_undone'"))


def downgrade() -> None:
    for statement in REASONS:
        op.execute(statement.format(reasons=BEFORE))
    op.execute("ALTER TABLE closings DROP COLUMN undo_reason, DROP COLUMN undone_by, DROP COLUMN undone_at")
    op.execute("DROP TABLE merger_votes")
    op.execute("DROP TABLE mergers")
