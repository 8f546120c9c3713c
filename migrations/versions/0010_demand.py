"""Needs, the totals of their pools, and closings."""
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

TABLES = """
CREATE TABLE lot_totals (
    lot_id UUID NOT NULL,
    maximum_quantity BIGINT,
    takes_needs BOOLEAN DEFAULT 'true' NOT NULL,
    round INTEGER DEFAULT '1' NOT NULL,
    firm BIGINT DEFAULT '0' NOT NULL,
    conditional BIGINT DEFAULT '0' NOT NULL,
    awaiting_signature BIGINT DEFAULT '0' NOT NULL,
    waitlisted BIGINT DEFAULT '0' NOT NULL,
    indicative BIGINT DEFAULT '0' NOT NULL,
    tolerance BIGINT DEFAULT '0' NOT NULL,
    members BIGINT DEFAULT '0' NOT NULL,
    last_waitlist_number BIGINT DEFAULT '0' NOT NULL,
    CONSTRAINT pk_lot_totals PRIMARY KEY (lot_id),
    -- The maximum counts firm and conditional needs, unresolved ones too.
    CONSTRAINT ck_lot_totals_within_maximum CHECK (firm + conditional <= maximum_quantity),
    CONSTRAINT ck_lot_totals_not_negative CHECK (LEAST(firm, conditional, awaiting_signature, waitlisted, indicative, tolerance, members) >= 0),
    CONSTRAINT fk_lot_totals_lot_id_lots FOREIGN KEY(lot_id) REFERENCES lots (id)
);

CREATE TABLE lot_grappe_totals (
    lot_id UUID NOT NULL,
    grappe_id UUID NOT NULL,
    firm BIGINT DEFAULT '0' NOT NULL,
    conditional BIGINT DEFAULT '0' NOT NULL,
    awaiting_signature BIGINT DEFAULT '0' NOT NULL,
    waitlisted BIGINT DEFAULT '0' NOT NULL,
    indicative BIGINT DEFAULT '0' NOT NULL,
    tolerance BIGINT DEFAULT '0' NOT NULL,
    members BIGINT DEFAULT '0' NOT NULL,
    organisations BIGINT DEFAULT '0' NOT NULL,
    CONSTRAINT pk_lot_grappe_totals PRIMARY KEY (lot_id, grappe_id),
    CONSTRAINT fk_lot_grappe_totals_lot_id_lot_totals FOREIGN KEY(lot_id) REFERENCES lot_totals (lot_id),
    CONSTRAINT fk_lot_grappe_totals_grappe_id_grappes FOREIGN KEY(grappe_id) REFERENCES grappes (id)
);

CREATE TABLE lot_grappe_organisations (
    lot_id UUID NOT NULL,
    grappe_id UUID NOT NULL,
    organisation_id UUID NOT NULL,
    needs BIGINT DEFAULT '0' NOT NULL,
    CONSTRAINT pk_lot_grappe_organisations PRIMARY KEY (lot_id, grappe_id, organisation_id),
    CONSTRAINT fk_lot_grappe_organisations_lot_grappe_totals FOREIGN KEY(lot_id, grappe_id) REFERENCES lot_grappe_totals (lot_id, grappe_id),
    CONSTRAINT fk_lot_grappe_organisations_organisation_id_organisations FOREIGN KEY(organisation_id) REFERENCES organisations (id)
);

CREATE TABLE needs (
    lot_id UUID NOT NULL,
    establishment_id UUID NOT NULL,
    organisation_id UUID NOT NULL,
    grappe_id UUID,
    quantity BIGINT NOT NULL,
    tolerance BIGINT DEFAULT '0' NOT NULL,
    firmness TEXT NOT NULL,
    minimum_pool_quantity BIGINT,
    maximum_unit_price NUMERIC(18, 4),
    status TEXT NOT NULL,
    waitlist_number BIGINT,
    placed_at TIMESTAMP WITH TIME ZONE NOT NULL,
    placed_by UUID,
    changed_at TIMESTAMP WITH TIME ZONE NOT NULL,
    signed_at TIMESTAMP WITH TIME ZONE,
    signed_by UUID,
    price_ceiling NUMERIC(18, 4),
    exposure_excl_vat NUMERIC(38, 2),
    ordered_quantity BIGINT,
    decision_code TEXT,
    version INTEGER DEFAULT '1' NOT NULL,
    CONSTRAINT pk_needs PRIMARY KEY (lot_id, establishment_id),
    CONSTRAINT fk_needs_lot_grappe_totals FOREIGN KEY(lot_id, grappe_id) REFERENCES lot_grappe_totals (lot_id, grappe_id),
    CONSTRAINT ck_needs_firmness_known CHECK (firmness IN ('indicative', 'conditional', 'firm')),
    CONSTRAINT ck_needs_status_known CHECK (status IN ('counted', 'waitlisted', 'awaiting_signature', 'not_counted', 'to_confirm', 'excluded', 'released')),
    CONSTRAINT ck_needs_quantity_positive CHECK (quantity > 0 AND tolerance >= 0),
    -- A conditional need carries a condition, the others none.
    CONSTRAINT ck_needs_condition_if_conditional CHECK ((firmness = 'conditional') = (minimum_pool_quantity IS NOT NULL OR maximum_unit_price IS NOT NULL)),
    CONSTRAINT ck_needs_condition_positive CHECK (minimum_pool_quantity > 0 AND maximum_unit_price > 0),
    -- Indicative needs count towards nothing.
    CONSTRAINT ck_needs_indicative_never_counts CHECK (firmness <> 'indicative' OR status NOT IN ('counted', 'waitlisted', 'awaiting_signature')),
    CONSTRAINT ck_needs_only_firm_is_signed CHECK (status <> 'awaiting_signature' OR firmness = 'firm'),
    -- Nobody is bound without a signature that showed the exposure and the ceiling.
    CONSTRAINT ck_needs_firm_counts_once_signed CHECK (firmness <> 'firm' OR status NOT IN ('counted', 'waitlisted') OR signed_at IS NOT NULL),
    CONSTRAINT ck_needs_signature_shows_exposure CHECK ((signed_at IS NULL) = (price_ceiling IS NULL) AND (signed_at IS NULL) = (exposure_excl_vat IS NULL)),
    CONSTRAINT ck_needs_waitlist_has_rank CHECK ((status = 'waitlisted') = (waitlist_number IS NOT NULL)),
    CONSTRAINT fk_needs_lot_id_lot_totals FOREIGN KEY(lot_id) REFERENCES lot_totals (lot_id),
    CONSTRAINT fk_needs_establishment_id_establishments FOREIGN KEY(establishment_id) REFERENCES establishments (id),
    CONSTRAINT fk_needs_organisation_id_organisations FOREIGN KEY(organisation_id) REFERENCES organisations (id),
    CONSTRAINT fk_needs_placed_by_users FOREIGN KEY(placed_by) REFERENCES users (id),
    CONSTRAINT fk_needs_signed_by_users FOREIGN KEY(signed_by) REFERENCES users (id)
);

CREATE INDEX ix_needs_establishment_id ON needs (establishment_id);

CREATE UNIQUE INDEX uq_needs_waitlist ON needs (lot_id, waitlist_number) WHERE waitlist_number IS NOT NULL;

CREATE INDEX ix_needs_lot_id_grappe_id ON needs (lot_id, grappe_id) WHERE grappe_id IS NOT NULL;

CREATE TABLE closings (
    lot_id UUID NOT NULL,
    round INTEGER NOT NULL,
    outcome TEXT NOT NULL,
    ordered_quantity BIGINT NOT NULL,
    policy_applied TEXT,
    reason TEXT,
    decided_at TIMESTAMP WITH TIME ZONE NOT NULL,
    decided_by UUID,
    body JSONB NOT NULL,
    CONSTRAINT pk_closings PRIMARY KEY (lot_id, round),
    CONSTRAINT ck_closings_outcome_known CHECK (outcome IN ('met', 'not_met')),
    CONSTRAINT ck_closings_policy_applied_known CHECK (policy_applied IN ('extend', 'merge', 'release', 'cancel')),
    -- The policy runs when, and only when, the minimum was missed.
    CONSTRAINT ck_closings_policy_when_missed CHECK ((outcome = 'not_met') = (policy_applied IS NOT NULL)),
    CONSTRAINT ck_closings_ordered_not_negative CHECK (ordered_quantity >= 0),
    CONSTRAINT ck_closings_body_is_object CHECK (jsonb_typeof(body) = 'object'),
    CONSTRAINT fk_closings_lot_id_lots FOREIGN KEY(lot_id) REFERENCES lots (id),
    CONSTRAINT fk_closings_decided_by_users FOREIGN KEY(decided_by) REFERENCES users (id)
);
"""


def upgrade() -> None:
    op.execute(TABLES)


def downgrade() -> None:
    op.execute("DROP TABLE closings, needs, lot_grappe_organisations, lot_grappe_totals, lot_totals")
