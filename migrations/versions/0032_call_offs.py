"""Call-offs, carts, approval limits, commitments handed on."""
from alembic import op

revision = "0032"
down_revision = "0031"
branch_labels = None
depends_on = None

TABLES = """
CREATE TABLE call_offs (
    id UUID NOT NULL,
    number INTEGER NOT NULL,
    contract_id UUID NOT NULL,
    lot_id UUID NOT NULL,
    establishment_id UUID NOT NULL,
    organisation_id UUID NOT NULL,
    quantity BIGINT NOT NULL,
    unit TEXT NOT NULL,
    unit_price NUMERIC(18, 4) NOT NULL,
    price_period TEXT NOT NULL,
    periods INTEGER NOT NULL,
    amount NUMERIC(38, 2) NOT NULL,
    vat_rate NUMERIC(5, 4) NOT NULL,
    amount_incl_vat NUMERIC(38, 2) NOT NULL,
    starts_on DATE NOT NULL,
    purchase_order_reference TEXT,
    note TEXT,
    choice JSONB NOT NULL,
    replaces_id UUID,
    placed_at TIMESTAMP WITH TIME ZONE NOT NULL,
    placed_by UUID NOT NULL,
    approved_at TIMESTAMP WITH TIME ZONE,
    approved_by UUID,
    rejected_at TIMESTAMP WITH TIME ZONE,
    rejected_by UUID,
    reject_reason TEXT,
    sent_at TIMESTAMP WITH TIME ZONE,
    answered_at TIMESTAMP WITH TIME ZONE,
    answered_by UUID,
    accepted_quantity BIGINT,
    answer_reason TEXT,
    delivered_at TIMESTAMP WITH TIME ZONE,
    delivered_by UUID,
    delivered_on DATE,
    certified_at TIMESTAMP WITH TIME ZONE,
    certified_by UUID,
    disputed_at TIMESTAMP WITH TIME ZONE,
    disputed_by UUID,
    dispute_reason TEXT,
    resolved_at TIMESTAMP WITH TIME ZONE,
    resolved_by UUID,
    resolved_how TEXT,
    resolution TEXT,
    cancelled_at TIMESTAMP WITH TIME ZONE,
    cancelled_by UUID,
    cancel_reason TEXT,
    version INTEGER DEFAULT '1' NOT NULL,
    CONSTRAINT pk_call_offs PRIMARY KEY (id),
    CONSTRAINT uq_call_offs_contract_id_number UNIQUE (contract_id, number),
    -- Whoever orders on a contract is one of its members, or was.
    CONSTRAINT fk_call_offs_contract_members FOREIGN KEY(contract_id, establishment_id) REFERENCES contract_members (contract_id, establishment_id),
    CONSTRAINT ck_call_offs_number_from_one CHECK (number >= 1),
    CONSTRAINT ck_call_offs_quantity_positive CHECK (quantity > 0),
    CONSTRAINT ck_call_offs_price_sound CHECK (periods >= 1 AND unit_price >= 0 AND vat_rate BETWEEN 0 AND 1),
    CONSTRAINT ck_call_offs_amounts_sound CHECK (amount >= 0 AND amount_incl_vat >= amount),
    -- Nobody accepts more than was ordered; less says why.
    CONSTRAINT ck_call_offs_accepted_within_order CHECK (accepted_quantity BETWEEN 0 AND quantity),
    CONSTRAINT ck_call_offs_answer_complete CHECK ((answered_at IS NULL) = (accepted_quantity IS NULL) AND (accepted_quantity IS NULL OR accepted_quantity = quantity OR COALESCE(btrim(answer_reason), '') <> '')),
    -- One date at a time: sent once approved, answered once sent, delivered once accepted, certified once delivered.
    CONSTRAINT ck_call_offs_dates_in_order CHECK ((sent_at IS NULL OR approved_at IS NOT NULL) AND (answered_at IS NULL OR sent_at IS NOT NULL) AND (delivered_at IS NULL OR accepted_quantity > 0) AND (certified_at IS NULL OR delivered_at IS NOT NULL)),
    -- An order ends once.
    CONSTRAINT ck_call_offs_ends_once CHECK (num_nonnulls(rejected_at, cancelled_at, certified_at) <= 1),
    CONSTRAINT ck_call_offs_endings_explained CHECK ((rejected_at IS NULL) = (reject_reason IS NULL) AND btrim(reject_reason) <> '' AND (cancelled_at IS NULL) = (cancel_reason IS NULL) AND btrim(cancel_reason) <> '' AND (disputed_at IS NULL) = (dispute_reason IS NULL) AND btrim(dispute_reason) <> ''),
    CONSTRAINT ck_call_offs_resolution_complete CHECK ((resolved_at IS NULL) = (resolution IS NULL) AND (resolved_at IS NULL) = (resolved_how IS NULL) AND resolved_how IN ('goes_on', 'given_up') AND (resolved_at IS NULL OR disputed_at IS NOT NULL)),
    CONSTRAINT fk_call_offs_contract_id_contracts FOREIGN KEY(contract_id) REFERENCES contracts (id),
    CONSTRAINT fk_call_offs_lot_id_envelopes FOREIGN KEY(lot_id) REFERENCES envelopes (lot_id),
    CONSTRAINT fk_call_offs_establishment_id_establishments FOREIGN KEY(establishment_id) REFERENCES establishments (id),
    CONSTRAINT fk_call_offs_organisation_id_organisations FOREIGN KEY(organisation_id) REFERENCES organisations (id),
    CONSTRAINT fk_call_offs_replaces_id_call_offs FOREIGN KEY(replaces_id) REFERENCES call_offs (id),
    CONSTRAINT fk_call_offs_placed_by_users FOREIGN KEY(placed_by) REFERENCES users (id),
    CONSTRAINT fk_call_offs_approved_by_users FOREIGN KEY(approved_by) REFERENCES users (id),
    CONSTRAINT fk_call_offs_rejected_by_users FOREIGN KEY(rejected_by) REFERENCES users (id),
    CONSTRAINT fk_call_offs_answered_by_users FOREIGN KEY(answered_by) REFERENCES users (id),
    CONSTRAINT fk_call_offs_delivered_by_users FOREIGN KEY(delivered_by) REFERENCES users (id),
    CONSTRAINT fk_call_offs_certified_by_users FOREIGN KEY(certified_by) REFERENCES users (id),
    CONSTRAINT fk_call_offs_disputed_by_users FOREIGN KEY(disputed_by) REFERENCES users (id),
    CONSTRAINT fk_call_offs_resolved_by_users FOREIGN KEY(resolved_by) REFERENCES users (id),
    CONSTRAINT fk_call_offs_cancelled_by_users FOREIGN KEY(cancelled_by) REFERENCES users (id)
);
CREATE INDEX ix_call_offs_contract_id_establishment_id ON call_offs (contract_id, establishment_id);
CREATE INDEX ix_call_offs_lot_id ON call_offs (lot_id);
CREATE INDEX ix_call_offs_organisation_id_placed_at ON call_offs (organisation_id, placed_at);
CREATE UNIQUE INDEX uq_call_offs_replaces_id ON call_offs (replaces_id) WHERE replaces_id IS NOT NULL;

CREATE TABLE order_cart_lines (
    id UUID NOT NULL,
    organisation_id UUID NOT NULL,
    establishment_id UUID NOT NULL,
    lot_id UUID NOT NULL,
    quantity BIGINT NOT NULL,
    starts_on DATE NOT NULL,
    purchase_order_reference TEXT,
    note TEXT,
    added_at TIMESTAMP WITH TIME ZONE NOT NULL,
    added_by UUID NOT NULL,
    CONSTRAINT pk_order_cart_lines PRIMARY KEY (id),
    CONSTRAINT uq_order_cart_lines_establishment_id_lot_id UNIQUE (establishment_id, lot_id),
    CONSTRAINT ck_order_cart_lines_quantity_positive CHECK (quantity > 0),
    CONSTRAINT fk_order_cart_lines_organisation_id_organisations FOREIGN KEY(organisation_id) REFERENCES organisations (id),
    CONSTRAINT fk_order_cart_lines_establishment_id_establishments FOREIGN KEY(establishment_id) REFERENCES establishments (id),
    CONSTRAINT fk_order_cart_lines_lot_id_envelopes FOREIGN KEY(lot_id) REFERENCES envelopes (lot_id),
    CONSTRAINT fk_order_cart_lines_added_by_users FOREIGN KEY(added_by) REFERENCES users (id)
);
CREATE INDEX ix_order_cart_lines_organisation_id ON order_cart_lines (organisation_id);

CREATE TABLE order_limits (
    organisation_id UUID NOT NULL,
    role TEXT NOT NULL,
    limit_amount NUMERIC(18, 2),
    decided_at TIMESTAMP WITH TIME ZONE NOT NULL,
    decided_by UUID,
    CONSTRAINT pk_order_limits PRIMARY KEY (organisation_id, role),
    CONSTRAINT ck_order_limits_role_known CHECK (role IN ('signatory', 'admin', 'buyer', 'contributor')),
    CONSTRAINT ck_order_limits_limit_not_negative CHECK (limit_amount >= 0),
    CONSTRAINT fk_order_limits_organisation_id_organisations FOREIGN KEY(organisation_id) REFERENCES organisations (id),
    CONSTRAINT fk_order_limits_decided_by_users FOREIGN KEY(decided_by) REFERENCES users (id)
);

CREATE TABLE commitment_transfers (
    id UUID NOT NULL,
    contract_id UUID NOT NULL,
    from_establishment_id UUID NOT NULL,
    from_organisation_id UUID NOT NULL,
    to_establishment_id UUID NOT NULL,
    to_organisation_id UUID NOT NULL,
    quantity BIGINT NOT NULL,
    reason TEXT,
    offered_at TIMESTAMP WITH TIME ZONE NOT NULL,
    offered_by UUID NOT NULL,
    accepted_at TIMESTAMP WITH TIME ZONE,
    declined_at TIMESTAMP WITH TIME ZONE,
    withdrawn_at TIMESTAMP WITH TIME ZONE,
    answered_by UUID,
    CONSTRAINT pk_commitment_transfers PRIMARY KEY (id),
    CONSTRAINT fk_commitment_transfers_giver FOREIGN KEY(contract_id, from_establishment_id) REFERENCES contract_members (contract_id, establishment_id),
    CONSTRAINT fk_commitment_transfers_taker FOREIGN KEY(contract_id, to_establishment_id) REFERENCES contract_members (contract_id, establishment_id),
    CONSTRAINT ck_commitment_transfers_between_two_members CHECK (from_establishment_id <> to_establishment_id),
    CONSTRAINT ck_commitment_transfers_quantity_positive CHECK (quantity > 0),
    CONSTRAINT ck_commitment_transfers_answered_once CHECK (num_nonnulls(accepted_at, declined_at, withdrawn_at) <= 1),
    CONSTRAINT fk_commitment_transfers_contract_id_contracts FOREIGN KEY(contract_id) REFERENCES contracts (id),
    CONSTRAINT fk_commitment_transfers_from_establishment_id_establishments FOREIGN KEY(from_establishment_id) REFERENCES establishments (id),
    CONSTRAINT fk_commitment_transfers_from_organisation_id_organisations FOREIGN KEY(from_organisation_id) REFERENCES organisations (id),
    CONSTRAINT fk_commitment_transfers_to_establishment_id_establishments FOREIGN KEY(to_establishment_id) REFERENCES establishments (id),
    CONSTRAINT fk_commitment_transfers_to_organisation_id_organisations FOREIGN KEY(to_organisation_id) REFERENCES organisations (id),
    CONSTRAINT fk_commitment_transfers_offered_by_users FOREIGN KEY(offered_by) REFERENCES users (id),
    CONSTRAINT fk_commitment_transfers_answered_by_users FOREIGN KEY(answered_by) REFERENCES users (id)
);
CREATE INDEX ix_commitment_transfers_contract_id ON commitment_transfers (contract_id);
CREATE INDEX ix_commitment_transfers_waiting ON commitment_transfers (to_organisation_id) WHERE num_nonnulls(accepted_at, declined_at, withdrawn_at) = 0;
"""


def upgrade() -> None:
    op.execute(TABLES)


def downgrade() -> None:
    op.execute("DROP TABLE commitment_transfers, order_limits, order_cart_lines, call_offs")
