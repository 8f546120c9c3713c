"""Invoices, their series, originals and payments; details of parties and suppliers' files; true-ups of contracts."""
from alembic import op

revision = "0036"
down_revision = "0035"
branch_labels = None
depends_on = None

TABLES = """
CREATE TABLE settlements (
    contract_id UUID NOT NULL,
    minimum BIGINT NOT NULL,
    committed BIGINT NOT NULL,
    consumed BIGINT NOT NULL,
    lacking BIGINT NOT NULL,
    unattributed BIGINT NOT NULL,
    amount NUMERIC(38, 2) NOT NULL,
    vat_rate NUMERIC(5, 4) NOT NULL,
    evidence JSONB NOT NULL,
    decided_at TIMESTAMP WITH TIME ZONE NOT NULL,
    decided_by UUID,
    CONSTRAINT pk_settlements PRIMARY KEY (contract_id),
    CONSTRAINT ck_settlements_not_negative CHECK (LEAST(minimum, committed, consumed, lacking, unattributed, amount) >= 0),
    CONSTRAINT ck_settlements_lacking_is_what_lacks CHECK (lacking = GREATEST(0, minimum - consumed)),
    CONSTRAINT ck_settlements_unattributed_within_lacking CHECK (unattributed <= lacking),
    CONSTRAINT ck_settlements_evidence_is_object CHECK (jsonb_typeof(evidence) = 'object'),
    CONSTRAINT fk_settlements_contract_id_contracts FOREIGN KEY(contract_id) REFERENCES contracts (id),
    CONSTRAINT fk_settlements_decided_by_users FOREIGN KEY(decided_by) REFERENCES users (id)
);

CREATE TABLE settlement_shares (
    contract_id UUID NOT NULL,
    establishment_id UUID NOT NULL,
    organisation_id UUID NOT NULL,
    grappe_id UUID,
    position INTEGER NOT NULL,
    rule TEXT NOT NULL,
    committed BIGINT NOT NULL,
    consumed BIGINT NOT NULL,
    owed BIGINT NOT NULL,
    relieved BIGINT NOT NULL,
    unit_amount NUMERIC(38, 4) NOT NULL,
    amount NUMERIC(38, 2) NOT NULL,
    CONSTRAINT pk_settlement_shares PRIMARY KEY (contract_id, establishment_id),
    CONSTRAINT fk_settlement_shares_contract_members FOREIGN KEY(contract_id, establishment_id) REFERENCES contract_members (contract_id, establishment_id),
    CONSTRAINT ck_settlement_shares_not_negative CHECK (LEAST(committed, consumed, owed, relieved, unit_amount, amount) >= 0),
    -- Nobody who met its share pays, and nobody pays for more than its own shortfall.
    CONSTRAINT ck_settlement_shares_owes_within_its_shortfall CHECK (owed + relieved = GREATEST(0, committed - consumed)),
    CONSTRAINT ck_settlement_shares_pays_only_what_it_owes CHECK (owed > 0 OR amount = 0),
    CONSTRAINT ck_settlement_shares_rule_known CHECK (rule IN ('own_only', 'pro_rata')),
    CONSTRAINT fk_settlement_shares_contract_id_settlements FOREIGN KEY(contract_id) REFERENCES settlements (contract_id),
    CONSTRAINT fk_settlement_shares_establishment_id_establishments FOREIGN KEY(establishment_id) REFERENCES establishments (id),
    CONSTRAINT fk_settlement_shares_organisation_id_organisations FOREIGN KEY(organisation_id) REFERENCES organisations (id),
    CONSTRAINT fk_settlement_shares_grappe_id_grappes FOREIGN KEY(grappe_id) REFERENCES grappes (id)
);
CREATE INDEX ix_settlement_shares_organisation_id ON settlement_shares (organisation_id);

CREATE TABLE invoicing_details (
    organisation_id UUID NOT NULL,
    address_lines TEXT[] NOT NULL,
    postcode TEXT NOT NULL,
    town TEXT NOT NULL,
    country TEXT DEFAULT 'FR' NOT NULL,
    iban TEXT DEFAULT '' NOT NULL,
    payment_days INTEGER DEFAULT '30' NOT NULL,
    late_rate TEXT DEFAULT '' NOT NULL,
    mandated_at TIMESTAMP WITH TIME ZONE,
    mandated_by UUID,
    mandate_hash TEXT,
    version INTEGER DEFAULT '1' NOT NULL,
    CONSTRAINT pk_invoicing_details PRIMARY KEY (organisation_id),
    CONSTRAINT ck_invoicing_details_address_lines_one_to_three CHECK (cardinality(address_lines) BETWEEN 1 AND 3),
    CONSTRAINT ck_invoicing_details_country_is_a_code CHECK (country ~ '^[A-Z]{2}$'),
    CONSTRAINT ck_invoicing_details_iban_is_one CHECK (iban = '' OR iban ~ '^[A-Z]{2}[0-9]{2}[A-Z0-9]{11,30}$'),
    -- Sixty days from the invoice is the most that parties may agree (C. com., art. L441-10).
    CONSTRAINT ck_invoicing_details_payment_days_allowed CHECK (payment_days BETWEEN 0 AND 60),
    CONSTRAINT ck_invoicing_details_mandate_is_signed CHECK ((mandated_at IS NULL) = (mandated_by IS NULL) AND (mandated_at IS NULL) = (mandate_hash IS NULL)),
    CONSTRAINT fk_invoicing_details_organisation_id_organisations FOREIGN KEY(organisation_id) REFERENCES organisations (id),
    CONSTRAINT fk_invoicing_details_mandated_by_users FOREIGN KEY(mandated_by) REFERENCES users (id)
);

CREATE TABLE invoice_series (
    issuer_id UUID NOT NULL,
    year INTEGER NOT NULL,
    last INTEGER NOT NULL,
    last_issued_on DATE NOT NULL,
    CONSTRAINT pk_invoice_series PRIMARY KEY (issuer_id, year),
    CONSTRAINT ck_invoice_series_last_from_one CHECK (last >= 1),
    CONSTRAINT fk_invoice_series_issuer_id_organisations FOREIGN KEY(issuer_id) REFERENCES organisations (id)
);

CREATE TABLE invoices (
    id UUID NOT NULL,
    issuer_id UUID NOT NULL,
    buyer_id UUID NOT NULL,
    year INTEGER NOT NULL,
    sequence INTEGER NOT NULL,
    number TEXT NOT NULL,
    kind TEXT NOT NULL,
    corrects_id UUID,
    call_off_id UUID,
    settled_contract_id UUID,
    attempt INTEGER DEFAULT '0' NOT NULL,
    issued_on DATE NOT NULL,
    due_on DATE NOT NULL,
    excl_vat NUMERIC(38, 2) NOT NULL,
    vat NUMERIC(38, 2) NOT NULL,
    incl_vat NUMERIC(38, 2) NOT NULL,
    purchase_order_reference TEXT DEFAULT '' NOT NULL,
    content JSONB NOT NULL,
    under_mandate BOOLEAN DEFAULT 'false' NOT NULL,
    issued_at TIMESTAMP WITH TIME ZONE NOT NULL,
    issued_by UUID,
    CONSTRAINT pk_invoices PRIMARY KEY (id),
    -- The counter gives each number once, and nobody can write one twice.
    CONSTRAINT uq_invoices_issuer_id_year_sequence UNIQUE (issuer_id, year, sequence),
    CONSTRAINT uq_invoices_issuer_id_number UNIQUE (issuer_id, number),
    CONSTRAINT uq_invoices_id_issuer_id_buyer_id UNIQUE (id, issuer_id, buyer_id),
    -- A credit note is of the same seller to the same buyer.
    CONSTRAINT fk_invoices_corrects FOREIGN KEY(corrects_id, issuer_id, buyer_id) REFERENCES invoices (id, issuer_id, buyer_id),
    CONSTRAINT uq_invoices_corrects_id UNIQUE (corrects_id),
    CONSTRAINT ck_invoices_kind_known CHECK (kind IN ('invoice', 'credit_note')),
    CONSTRAINT ck_invoices_credit_corrects_an_invoice CHECK ((kind = 'credit_note') = (corrects_id IS NOT NULL)),
    CONSTRAINT ck_invoices_has_one_subject CHECK (num_nonnulls(call_off_id, settled_contract_id) = 1),
    CONSTRAINT ck_invoices_nobody_invoices_itself CHECK (issuer_id <> buyer_id),
    CONSTRAINT ck_invoices_numbered_in_its_year CHECK (sequence >= 1 AND year = date_part('year', issued_on)),
    CONSTRAINT ck_invoices_due_after_issue CHECK (due_on >= issued_on),
    CONSTRAINT ck_invoices_cents_add_up CHECK (excl_vat > 0 AND vat >= 0 AND incl_vat = excl_vat + vat),
    CONSTRAINT ck_invoices_content_is_object CHECK (jsonb_typeof(content) = 'object'),
    CONSTRAINT fk_invoices_issuer_id_organisations FOREIGN KEY(issuer_id) REFERENCES organisations (id),
    CONSTRAINT fk_invoices_buyer_id_organisations FOREIGN KEY(buyer_id) REFERENCES organisations (id),
    CONSTRAINT fk_invoices_call_off_id_call_offs FOREIGN KEY(call_off_id) REFERENCES call_offs (id),
    CONSTRAINT fk_invoices_settled_contract_id_settlements FOREIGN KEY(settled_contract_id) REFERENCES settlements (contract_id),
    CONSTRAINT fk_invoices_issued_by_users FOREIGN KEY(issued_by) REFERENCES users (id)
);
CREATE INDEX ix_invoices_buyer_id_issued_at ON invoices (buyer_id, issued_at);
CREATE INDEX ix_invoices_issuer_id_issued_at ON invoices (issuer_id, issued_at);
CREATE UNIQUE INDEX uq_invoices_call_off ON invoices (call_off_id, attempt) WHERE kind = 'invoice';
CREATE UNIQUE INDEX uq_invoices_shortfall ON invoices (settled_contract_id, buyer_id, attempt) WHERE kind = 'invoice';

CREATE TABLE invoice_originals (
    invoice_id UUID NOT NULL,
    xml TEXT NOT NULL,
    xml_sha256 TEXT NOT NULL,
    file_id UUID NOT NULL,
    kept_at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT pk_invoice_originals PRIMARY KEY (invoice_id),
    CONSTRAINT ck_invoice_originals_xml_sha256_is_one CHECK (xml_sha256 ~ '^[0-9a-f]{64}$'),
    CONSTRAINT fk_invoice_originals_invoice_id_invoices FOREIGN KEY(invoice_id) REFERENCES invoices (id),
    CONSTRAINT fk_invoice_originals_file_id_stored_files FOREIGN KEY(file_id) REFERENCES stored_files (id)
);

CREATE TABLE invoice_payments (
    invoice_id UUID NOT NULL,
    paid_on DATE NOT NULL,
    means TEXT NOT NULL,
    reference TEXT DEFAULT '' NOT NULL,
    recorded_at TIMESTAMP WITH TIME ZONE NOT NULL,
    recorded_by UUID,
    CONSTRAINT pk_invoice_payments PRIMARY KEY (invoice_id),
    CONSTRAINT ck_invoice_payments_means_known CHECK (means IN ('transfer', 'direct_debit', 'card', 'cheque', 'offset', 'other')),
    CONSTRAINT fk_invoice_payments_invoice_id_invoices FOREIGN KEY(invoice_id) REFERENCES invoices (id),
    CONSTRAINT fk_invoice_payments_recorded_by_users FOREIGN KEY(recorded_by) REFERENCES users (id)
);

CREATE TABLE supplier_invoices (
    id UUID NOT NULL,
    call_off_id UUID NOT NULL,
    issuer_id UUID NOT NULL,
    buyer_id UUID NOT NULL,
    number TEXT NOT NULL,
    xml TEXT NOT NULL,
    excl_vat NUMERIC(38, 2) NOT NULL,
    vat NUMERIC(38, 2) NOT NULL,
    incl_vat NUMERIC(38, 2) NOT NULL,
    differences JSONB NOT NULL,
    received_at TIMESTAMP WITH TIME ZONE NOT NULL,
    received_by UUID,
    decided_at TIMESTAMP WITH TIME ZONE,
    decided_by UUID,
    decision TEXT,
    reason TEXT DEFAULT '' NOT NULL,
    CONSTRAINT pk_supplier_invoices PRIMARY KEY (id),
    -- A supplier's number is received once.
    CONSTRAINT uq_supplier_invoices_issuer_id_number UNIQUE (issuer_id, number),
    CONSTRAINT ck_supplier_invoices_differences_is_array CHECK (jsonb_typeof(differences) = 'array'),
    CONSTRAINT ck_supplier_invoices_decision_known CHECK ((decided_at IS NULL) = (decision IS NULL) AND decision IN ('accepted', 'disputed')),
    CONSTRAINT ck_supplier_invoices_dispute_is_explained CHECK (decision IS DISTINCT FROM 'disputed' OR btrim(reason) <> ''),
    CONSTRAINT fk_supplier_invoices_call_off_id_call_offs FOREIGN KEY(call_off_id) REFERENCES call_offs (id),
    CONSTRAINT fk_supplier_invoices_issuer_id_organisations FOREIGN KEY(issuer_id) REFERENCES organisations (id),
    CONSTRAINT fk_supplier_invoices_buyer_id_organisations FOREIGN KEY(buyer_id) REFERENCES organisations (id),
    CONSTRAINT fk_supplier_invoices_received_by_users FOREIGN KEY(received_by) REFERENCES users (id),
    CONSTRAINT fk_supplier_invoices_decided_by_users FOREIGN KEY(decided_by) REFERENCES users (id)
);
CREATE INDEX ix_supplier_invoices_buyer_id_received_at ON supplier_invoices (buyer_id, received_at);
CREATE INDEX ix_supplier_invoices_call_off_id ON supplier_invoices (call_off_id);
"""
FROZEN = ("settlements", "settlement_shares", "invoices", "invoice_originals", "invoice_payments")


def upgrade() -> None:
    op.execute(TABLES)
    # Issued is issued, decided is decided: the tables refuse every change.
    for table in FROZEN:
        op.execute(
            f"CREATE TRIGGER {table}_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON {table} "
            "FOR EACH STATEMENT EXECUTE FUNCTION audit_refuse_change()"
        )


def downgrade() -> None:
    for table in (
        "supplier_invoices", "invoice_payments", "invoice_originals", "invoices", "invoice_series", "invoicing_details",
        "settlement_shares", "settlements",
    ):  # fmt: skip
        op.execute(f"DROP TABLE {table}")
