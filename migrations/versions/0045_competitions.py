"""Mini-competitions: what a lot's framework allows, competitions, and the sealed answers of holders."""
from alembic import op

revision = "0045"
down_revision = "0044"
branch_labels = None
depends_on = None

TABLES = """
CREATE TABLE competition_frameworks (
    lot_id UUID NOT NULL,
    answer_days INTEGER NOT NULL,
    least_price_percent INTEGER NOT NULL,
    qualities TEXT[] DEFAULT '{}' NOT NULL,
    decided_at TIMESTAMP WITH TIME ZONE NOT NULL,
    decided_by UUID,
    CONSTRAINT pk_competition_frameworks PRIMARY KEY (lot_id),
    CONSTRAINT ck_competition_frameworks_answer_days_possible CHECK (answer_days BETWEEN 1 AND 60),
    CONSTRAINT ck_competition_frameworks_price_always_counts CHECK (least_price_percent BETWEEN 1 AND 100),
    CONSTRAINT ck_competition_frameworks_price_alone_is_all
        CHECK (cardinality(qualities) > 0 OR least_price_percent = 100),
    CONSTRAINT fk_competition_frameworks_lot_id_lot_executions FOREIGN KEY(lot_id) REFERENCES lot_executions (lot_id),
    CONSTRAINT fk_competition_frameworks_decided_by_users FOREIGN KEY(decided_by) REFERENCES users (id)
);
CREATE TABLE competitions (
    id UUID NOT NULL,
    number INTEGER NOT NULL,
    lot_id UUID NOT NULL,
    establishment_id UUID NOT NULL,
    organisation_id UUID NOT NULL,
    quantity BIGINT NOT NULL,
    unit TEXT NOT NULL,
    price_period TEXT NOT NULL,
    starts_on DATE NOT NULL,
    places TEXT,
    remarks TEXT,
    purchase_order_reference TEXT,
    criteria JSONB NOT NULL,
    left_out JSONB DEFAULT '[]' NOT NULL,
    round INTEGER DEFAULT '1' NOT NULL,
    opened_at TIMESTAMP WITH TIME ZONE NOT NULL,
    opened_by UUID NOT NULL,
    closes_at TIMESTAMP WITH TIME ZONE NOT NULL,
    next_check_at TIMESTAMP WITH TIME ZONE,
    ended_at TIMESTAMP WITH TIME ZONE,
    end_reason JSONB,
    awarded_at TIMESTAMP WITH TIME ZONE,
    awarded_by UUID,
    award_note TEXT,
    call_off_id UUID,
    cancelled_at TIMESTAMP WITH TIME ZONE,
    cancelled_by UUID,
    cancel_reason TEXT,
    version INTEGER DEFAULT '1' NOT NULL,
    CONSTRAINT pk_competitions PRIMARY KEY (id),
    CONSTRAINT uq_competitions_lot_id_number UNIQUE (lot_id, number),
    CONSTRAINT uq_competitions_id_closes_at UNIQUE (id, closes_at),
    CONSTRAINT ck_competitions_awarded_with_its_order CHECK ((awarded_at IS NULL) = (call_off_id IS NULL)),
    CONSTRAINT ck_competitions_ends_once CHECK (num_nonnulls(awarded_at, cancelled_at, ended_at) <= 1),
    CONSTRAINT ck_competitions_decided_once_closed
        CHECK (closes_at > opened_at AND LEAST(awarded_at, ended_at) >= closes_at),
    CONSTRAINT ck_competitions_endings_explained
        CHECK ((cancelled_at IS NULL) = (cancel_reason IS NULL) AND btrim(cancel_reason) <> ''
            AND (ended_at IS NULL) = (end_reason IS NULL)),
    CONSTRAINT ck_competitions_figures_positive CHECK (quantity > 0 AND number >= 1 AND round >= 1),
    CONSTRAINT ck_competitions_lists_are_lists
        CHECK (jsonb_typeof(criteria) = 'array' AND jsonb_typeof(left_out) = 'array'),
    CONSTRAINT fk_competitions_lot_id_lot_executions FOREIGN KEY(lot_id) REFERENCES lot_executions (lot_id),
    CONSTRAINT fk_competitions_establishment_id_establishments
        FOREIGN KEY(establishment_id) REFERENCES establishments (id),
    CONSTRAINT fk_competitions_organisation_id_organisations
        FOREIGN KEY(organisation_id) REFERENCES organisations (id),
    CONSTRAINT fk_competitions_opened_by_users FOREIGN KEY(opened_by) REFERENCES users (id),
    CONSTRAINT fk_competitions_awarded_by_users FOREIGN KEY(awarded_by) REFERENCES users (id),
    CONSTRAINT fk_competitions_call_off_id_call_offs FOREIGN KEY(call_off_id) REFERENCES call_offs (id),
    CONSTRAINT fk_competitions_cancelled_by_users FOREIGN KEY(cancelled_by) REFERENCES users (id)
);
CREATE INDEX ix_competitions_next_check_at ON competitions (next_check_at) WHERE next_check_at IS NOT NULL;
CREATE INDEX ix_competitions_organisation_id_opened_at ON competitions (organisation_id, opened_at);
CREATE UNIQUE INDEX uq_competitions_call_off_id ON competitions (call_off_id) WHERE call_off_id IS NOT NULL;
CREATE TABLE competition_offers (
    competition_id UUID NOT NULL,
    contract_id UUID NOT NULL,
    closes_at TIMESTAMP WITH TIME ZONE NOT NULL,
    periods INTEGER NOT NULL,
    asked_at TIMESTAMP WITH TIME ZONE NOT NULL,
    answered_at TIMESTAMP WITH TIME ZONE,
    answered_by UUID,
    unit_price NUMERIC(18, 4),
    mobilisation NUMERIC(18, 2),
    whole_price NUMERIC(18, 4),
    remarks TEXT,
    decline_reason TEXT,
    scores JSONB DEFAULT '{}' NOT NULL,
    position INTEGER,
    points NUMERIC(5, 2),
    marks JSONB,
    reason JSONB,
    CONSTRAINT pk_competition_offers PRIMARY KEY (competition_id, contract_id),
    CONSTRAINT fk_competition_offers_competitions
        FOREIGN KEY(competition_id, closes_at) REFERENCES competitions (id, closes_at) ON UPDATE CASCADE,
    CONSTRAINT ck_competition_offers_answered_in_time CHECK (answered_at < closes_at),
    CONSTRAINT ck_competition_offers_answer_complete
        CHECK ((answered_at IS NULL) = (num_nonnulls(unit_price, decline_reason) = 0)
            AND num_nonnulls(unit_price, decline_reason) <= 1 AND btrim(decline_reason) <> ''
            AND (unit_price IS NULL) = (whole_price IS NULL) AND (unit_price IS NULL) = (mobilisation IS NULL)),
    CONSTRAINT ck_competition_offers_price_sound
        CHECK (LEAST(unit_price, mobilisation) >= 0 AND whole_price >= unit_price),
    CONSTRAINT ck_competition_offers_periods_positive CHECK (periods >= 1),
    CONSTRAINT ck_competition_offers_place_sound CHECK (position >= 1 AND points BETWEEN 0 AND 100),
    CONSTRAINT fk_competition_offers_contract_id_contracts FOREIGN KEY(contract_id) REFERENCES contracts (id),
    CONSTRAINT fk_competition_offers_answered_by_users FOREIGN KEY(answered_by) REFERENCES users (id)
);
CREATE INDEX ix_competition_offers_contract_id ON competition_offers (contract_id);
CREATE UNIQUE INDEX uq_competition_offers_position ON competition_offers (competition_id, position)
    WHERE position IS NOT NULL;
"""
REFUSE_CHANGE = """
CREATE FUNCTION refuse_change_of_competition() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'what a mini-competition decided does not change'
        USING ERRCODE = 'check_violation', CONSTRAINT = 'competition_is_over';
END
$$
"""
TRIGGERS = """
CREATE TRIGGER competition_is_over BEFORE UPDATE ON competitions
    FOR EACH ROW WHEN (OLD.awarded_at IS NOT NULL OR OLD.cancelled_at IS NOT NULL)
    EXECUTE FUNCTION refuse_change_of_competition();
CREATE TRIGGER competition_stays BEFORE DELETE ON competitions
    FOR EACH ROW EXECUTE FUNCTION refuse_change_of_competition();
CREATE TRIGGER competition_offer_is_ranked BEFORE UPDATE ON competition_offers
    FOR EACH ROW WHEN (OLD.position IS NOT NULL) EXECUTE FUNCTION refuse_change_of_competition();
CREATE TRIGGER competition_offer_stays BEFORE DELETE ON competition_offers
    FOR EACH ROW EXECUTE FUNCTION refuse_change_of_competition()
"""


def upgrade() -> None:
    op.execute(TABLES)
    op.execute(REFUSE_CHANGE)
    op.execute(TRIGGERS)


def downgrade() -> None:
    op.execute("DROP TABLE competition_offers; DROP TABLE competitions; DROP TABLE competition_frameworks")
    op.execute("DROP FUNCTION refuse_change_of_competition()")
