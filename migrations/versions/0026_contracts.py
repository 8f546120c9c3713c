"""Contracts: how a lot's orders find their holder, frozen terms, members, decisions."""
from alembic import op

revision = "0026"
down_revision = "0025"
branch_labels = None
depends_on = None

TABLES = """
CREATE TABLE lot_executions (
    lot_id UUID NOT NULL,
    holder_selection TEXT NOT NULL,
    shared_percent NUMERIC(7, 4) DEFAULT '0' NOT NULL,
    contracts INTEGER DEFAULT '0' NOT NULL,
    CONSTRAINT pk_lot_executions PRIMARY KEY (lot_id),
    CONSTRAINT ck_lot_executions_holder_selection_known CHECK (holder_selection IN ('single', 'cascade', 'rotation', 'share', 'mini_competition')),
    CONSTRAINT ck_lot_executions_shares_within_the_whole CHECK (shared_percent BETWEEN 0 AND 100),
    CONSTRAINT uq_lot_executions_lot_id_holder_selection UNIQUE (lot_id, holder_selection),
    CONSTRAINT fk_lot_executions_lot_id_lots FOREIGN KEY(lot_id) REFERENCES lots (id)
);

CREATE TABLE contracts (
    id UUID NOT NULL,
    organisation_id UUID NOT NULL,
    lot_id UUID NOT NULL,
    closing_round INTEGER NOT NULL,
    holder_id UUID NOT NULL,
    offer_id UUID,
    origin TEXT NOT NULL,
    reference TEXT NOT NULL,
    title TEXT NOT NULL,
    holder_selection TEXT NOT NULL,
    rank INTEGER NOT NULL,
    share_percent NUMERIC(7, 4),
    unit TEXT NOT NULL,
    price_period TEXT NOT NULL,
    term_months INTEGER NOT NULL,
    pricing TEXT NOT NULL,
    mobilisation_amount NUMERIC(18, 2) DEFAULT '0' NOT NULL,
    regional_uplifts JSONB DEFAULT '{}' NOT NULL,
    grid JSONB NOT NULL,
    pooled_quantity BIGINT NOT NULL,
    minimum_quantity BIGINT,
    maximum_quantity BIGINT,
    maximum_amount NUMERIC(38, 2),
    ordered_quantity BIGINT DEFAULT '0' NOT NULL,
    ordered_amount NUMERIC(38, 2) DEFAULT '0' NOT NULL,
    starts_on DATE NOT NULL,
    ends_on DATE NOT NULL,
    maximum_duration_months INTEGER,
    duration_reason TEXT,
    concluded_at TIMESTAMP WITH TIME ZONE NOT NULL,
    concluded_by UUID,
    signed_on DATE,
    signed_file_id UUID,
    activated_at TIMESTAMP WITH TIME ZONE,
    lapsed_at TIMESTAMP WITH TIME ZONE,
    suspended_from DATE,
    suspended_until DATE,
    suspension_reason TEXT,
    terminated_on DATE,
    termination_reason TEXT,
    fee_kind TEXT DEFAULT 'none' NOT NULL,
    fee_payer TEXT,
    fee_value NUMERIC(18, 4),
    version INTEGER DEFAULT '1' NOT NULL,
    CONSTRAINT pk_contracts PRIMARY KEY (id),
    CONSTRAINT uq_contracts_organisation_id_reference UNIQUE (organisation_id, reference),
    CONSTRAINT uq_contracts_lot_id_rank UNIQUE (lot_id, rank),
    CONSTRAINT fk_contracts_lot_executions FOREIGN KEY(lot_id, holder_selection) REFERENCES lot_executions (lot_id, holder_selection),
    CONSTRAINT ck_contracts_origin_known CHECK (origin IN ('listing', 'external_award', 'tender')),
    CONSTRAINT ck_contracts_unit_known CHECK (unit IN ('endpoint', 'user', 'day', 'domain', 'exercise', 'tb', 'vm', 'site', 'plan', 'retainer')),
    CONSTRAINT ck_contracts_price_period_known CHECK (price_period IN ('once', 'month', 'year')),
    CONSTRAINT ck_contracts_pricing_known CHECK (pricing IN ('all_units', 'incremental')),
    CONSTRAINT ck_contracts_fee_kind_known CHECK (fee_kind IN ('none', 'flat_yearly', 'percent_of_call_offs', 'entry')),
    CONSTRAINT ck_contracts_fee_payer_known CHECK (fee_payer IN ('provider', 'member')),
    CONSTRAINT ck_contracts_listing_relies_on_an_offer CHECK (offer_id IS NOT NULL OR origin <> 'listing'),
    CONSTRAINT ck_contracts_rank_from_one CHECK (rank >= 1),
    CONSTRAINT ck_contracts_share_only_when_shared CHECK ((share_percent IS NOT NULL) = (holder_selection = 'share')),
    CONSTRAINT ck_contracts_share_within_the_whole CHECK (share_percent > 0 AND share_percent <= 100),
    CONSTRAINT ck_contracts_term_positive CHECK (term_months > 0),
    CONSTRAINT ck_contracts_ends_after_it_starts CHECK (ends_on >= starts_on),
    CONSTRAINT ck_contracts_duration_reason_written CHECK (btrim(duration_reason) <> ''),
    CONSTRAINT ck_contracts_no_longer_than_allowed CHECK (duration_reason IS NOT NULL OR maximum_duration_months IS NULL OR ends_on <= starts_on + make_interval(months => maximum_duration_months)),
    CONSTRAINT ck_contracts_mobilisation_not_negative CHECK (mobilisation_amount >= 0),
    CONSTRAINT ck_contracts_grid_is_one CHECK (jsonb_typeof(regional_uplifts) = 'object' AND jsonb_typeof(grid) = 'array'),
    CONSTRAINT ck_contracts_pooled_quantity_positive CHECK (pooled_quantity > 0),
    CONSTRAINT ck_contracts_minimum_within_maximum CHECK (minimum_quantity > 0 AND maximum_quantity >= 0 AND maximum_amount >= 0 AND minimum_quantity <= maximum_quantity),
    CONSTRAINT ck_contracts_within_maximum CHECK (ordered_quantity <= maximum_quantity),
    CONSTRAINT ck_contracts_within_maximum_amount CHECK (ordered_amount <= maximum_amount),
    CONSTRAINT ck_contracts_not_negative CHECK (LEAST(ordered_quantity, ordered_amount) >= 0),
    CONSTRAINT ck_contracts_signed_with_its_file CHECK ((signed_on IS NULL) = (signed_file_id IS NULL)),
    CONSTRAINT ck_contracts_activated_once_signed CHECK (activated_at IS NULL OR signed_on IS NOT NULL),
    CONSTRAINT ck_contracts_activated_or_lapsed CHECK (activated_at IS NULL OR lapsed_at IS NULL),
    CONSTRAINT ck_contracts_suspension_is_explained CHECK ((suspended_from IS NULL) = (suspension_reason IS NULL) AND btrim(suspension_reason) <> '' AND (suspended_until IS NULL OR suspended_until >= suspended_from)),
    CONSTRAINT ck_contracts_termination_is_explained CHECK ((terminated_on IS NULL) = (termination_reason IS NULL) AND btrim(termination_reason) <> ''),
    CONSTRAINT ck_contracts_fee_complete CHECK ((fee_kind = 'none') = (fee_value IS NULL) AND (fee_kind = 'none') = (fee_payer IS NULL) AND fee_value > 0 AND (fee_kind <> 'percent_of_call_offs' OR fee_value <= 100)),
    CONSTRAINT fk_contracts_organisation_id_organisations FOREIGN KEY(organisation_id) REFERENCES organisations (id),
    CONSTRAINT fk_contracts_lot_id_lots FOREIGN KEY(lot_id) REFERENCES lots (id),
    CONSTRAINT fk_contracts_holder_id_providers FOREIGN KEY(holder_id) REFERENCES providers (id),
    CONSTRAINT fk_contracts_offer_id_offers FOREIGN KEY(offer_id) REFERENCES offers (id),
    CONSTRAINT fk_contracts_concluded_by_users FOREIGN KEY(concluded_by) REFERENCES users (id),
    CONSTRAINT fk_contracts_signed_file_id_stored_files FOREIGN KEY(signed_file_id) REFERENCES stored_files (id)
);
CREATE INDEX ix_contracts_holder_id ON contracts (holder_id);
CREATE UNIQUE INDEX uq_contracts_holder_once_per_lot ON contracts (lot_id, holder_id) WHERE terminated_on IS NULL AND lapsed_at IS NULL;
CREATE UNIQUE INDEX uq_contracts_single_holder ON contracts (lot_id) WHERE holder_selection = 'single' AND terminated_on IS NULL AND lapsed_at IS NULL;

CREATE TABLE contract_members (
    contract_id UUID NOT NULL,
    establishment_id UUID NOT NULL,
    organisation_id UUID NOT NULL,
    grappe_id UUID,
    pooled_quantity BIGINT NOT NULL,
    committed_quantity BIGINT NOT NULL,
    uplift NUMERIC(18, 4) DEFAULT '0' NOT NULL,
    unit_price NUMERIC(18, 4) NOT NULL,
    since DATE NOT NULL,
    until DATE,
    CONSTRAINT pk_contract_members PRIMARY KEY (contract_id, establishment_id),
    CONSTRAINT ck_contract_members_quantities_not_negative CHECK (pooled_quantity >= 0 AND committed_quantity >= 0),
    CONSTRAINT ck_contract_members_price_not_negative CHECK (unit_price >= 0 AND uplift >= 0),
    CONSTRAINT ck_contract_members_until_after_since CHECK (until >= since),
    CONSTRAINT fk_contract_members_contract_id_contracts FOREIGN KEY(contract_id) REFERENCES contracts (id),
    CONSTRAINT fk_contract_members_establishment_id_establishments FOREIGN KEY(establishment_id) REFERENCES establishments (id),
    CONSTRAINT fk_contract_members_organisation_id_organisations FOREIGN KEY(organisation_id) REFERENCES organisations (id),
    CONSTRAINT fk_contract_members_grappe_id_grappes FOREIGN KEY(grappe_id) REFERENCES grappes (id)
);
CREATE INDEX ix_contract_members_establishment_id ON contract_members (establishment_id);
CREATE INDEX ix_contract_members_organisation_id ON contract_members (organisation_id);

CREATE TABLE contract_decisions (
    contract_id UUID NOT NULL,
    number INTEGER NOT NULL,
    kind TEXT NOT NULL,
    evidence JSONB NOT NULL,
    reason TEXT,
    decided_at TIMESTAMP WITH TIME ZONE NOT NULL,
    decided_by UUID,
    CONSTRAINT pk_contract_decisions PRIMARY KEY (contract_id, number),
    CONSTRAINT ck_contract_decisions_kind_known CHECK (kind IN ('concluded', 'activated', 'minimum_missed', 'suspended', 'resumed', 'terminated')),
    CONSTRAINT ck_contract_decisions_evidence_is_object CHECK (jsonb_typeof(evidence) = 'object'),
    CONSTRAINT fk_contract_decisions_contract_id_contracts FOREIGN KEY(contract_id) REFERENCES contracts (id),
    CONSTRAINT fk_contract_decisions_decided_by_users FOREIGN KEY(decided_by) REFERENCES users (id)
);
"""
FROZEN_TERMS = """
CREATE FUNCTION refuse_change_of_contract_terms() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'the terms of a contract are frozen'
        USING ERRCODE = 'check_violation', CONSTRAINT = 'contract_terms_are_frozen';
END
$$
"""
TRIGGERS = (
    "CREATE TRIGGER contract_terms_are_frozen BEFORE UPDATE OF organisation_id, lot_id, closing_round, holder_id, offer_id, "
    "origin, holder_selection, rank, share_percent, unit, price_period, term_months, pricing, mobilisation_amount, "
    "regional_uplifts, grid, pooled_quantity, concluded_at OR DELETE ON contracts "
    "FOR EACH ROW EXECUTE FUNCTION refuse_change_of_contract_terms()",
    "CREATE TRIGGER contract_decisions_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON contract_decisions "
    "FOR EACH STATEMENT EXECUTE FUNCTION audit_refuse_change()",
)


def upgrade() -> None:
    for statement in (TABLES, FROZEN_TERMS, *TRIGGERS):
        op.execute(statement)


def downgrade() -> None:
    for table in ("contract_decisions", "contract_members", "contracts", "lot_executions"):
        op.execute(f"DROP TABLE {table}")
    op.execute("DROP FUNCTION refuse_change_of_contract_terms")
