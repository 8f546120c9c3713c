"""Billing: charges, fee invoices, refunds, customers, listing plans and subscriptions, events of Stripe, reconciliations."""
from alembic import op

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None

TABLES = """
CREATE TABLE billing_payees (
    organisation_id UUID NOT NULL,
    gathering TEXT NOT NULL,
    CONSTRAINT pk_billing_payees PRIMARY KEY (organisation_id),
    CONSTRAINT ck_billing_payees_gathering_known CHECK (gathering IN ('monthly', 'at_once')),
    CONSTRAINT fk_billing_payees_organisation_id_organisations FOREIGN KEY(organisation_id) REFERENCES organisations (id)
);

CREATE TABLE fee_invoices (
    id UUID NOT NULL,
    payer_organisation_id UUID NOT NULL,
    payee_organisation_id UUID NOT NULL,
    amount_excl_vat NUMERIC(14, 2) NOT NULL,
    vat_amount NUMERIC(14, 2) NOT NULL,
    gathered_at TIMESTAMP WITH TIME ZONE NOT NULL,
    due_on DATE NOT NULL,
    method TEXT,
    announced_on DATE,
    charge_on DATE,
    requested_at TIMESTAMP WITH TIME ZONE,
    stripe_id TEXT,
    finalised_at TIMESTAMP WITH TIME ZONE,
    hosted_url TEXT,
    payment_intent TEXT,
    attempts INTEGER DEFAULT '0' NOT NULL,
    attempted_at TIMESTAMP WITH TIME ZONE,
    failed_at TIMESTAMP WITH TIME ZONE,
    failure_code TEXT,
    paid_at TIMESTAMP WITH TIME ZONE,
    paid_how TEXT,
    voided_at TIMESTAMP WITH TIME ZONE,
    refunded_amount NUMERIC(14, 2) DEFAULT '0' NOT NULL,
    CONSTRAINT pk_fee_invoices PRIMARY KEY (id),
    CONSTRAINT ck_fee_invoices_nobody_owes_itself CHECK (payer_organisation_id <> payee_organisation_id),
    CONSTRAINT ck_fee_invoices_amounts_positive CHECK (amount_excl_vat > 0 AND vat_amount >= 0),
    CONSTRAINT ck_fee_invoices_refunded_within_paid CHECK (refunded_amount BETWEEN 0 AND amount_excl_vat + vat_amount),
    CONSTRAINT ck_fee_invoices_paid_or_voided CHECK (paid_at IS NULL OR voided_at IS NULL),
    CONSTRAINT ck_fee_invoices_paid_how_known CHECK (paid_how IN ('stripe', 'outside')),
    CONSTRAINT ck_fee_invoices_paid_somehow CHECK ((paid_at IS NULL) = (paid_how IS NULL)),
    CONSTRAINT ck_fee_invoices_method_known CHECK (method IN ('card', 'sepa_debit')),
    CONSTRAINT ck_fee_invoices_announced_whole CHECK ((method IS NULL) = (announced_on IS NULL) AND (method IS NULL) = (charge_on IS NULL)),
    CONSTRAINT ck_fee_invoices_debit_announced_in_time CHECK (method <> 'sepa_debit' OR charge_on - announced_on >= 14),
    CONSTRAINT ck_fee_invoices_attempts_dated CHECK (attempts >= 0 AND (attempts = 0) = (attempted_at IS NULL)),
    CONSTRAINT fk_fee_invoices_payer_organisation_id_organisations FOREIGN KEY(payer_organisation_id) REFERENCES organisations (id),
    CONSTRAINT fk_fee_invoices_payee_organisation_id_organisations FOREIGN KEY(payee_organisation_id) REFERENCES organisations (id),
    CONSTRAINT uq_fee_invoices_stripe_id UNIQUE (stripe_id),
    CONSTRAINT uq_fee_invoices_payment_intent UNIQUE (payment_intent)
);
CREATE INDEX ix_fee_invoices_open ON fee_invoices (charge_on) WHERE paid_at IS NULL AND voided_at IS NULL;
CREATE INDEX ix_fee_invoices_payee_organisation_id ON fee_invoices (payee_organisation_id);
CREATE INDEX ix_fee_invoices_payer_organisation_id ON fee_invoices (payer_organisation_id);

CREATE TABLE charges (
    id UUID NOT NULL,
    kind TEXT NOT NULL,
    payer_organisation_id UUID NOT NULL,
    payee_organisation_id UUID NOT NULL,
    amount NUMERIC(14, 2) NOT NULL,
    vat_rate NUMERIC(5, 4) NOT NULL,
    subject_kind TEXT NOT NULL,
    subject_id TEXT NOT NULL,
    label TEXT NOT NULL,
    due_on DATE NOT NULL,
    recorded_at TIMESTAMP WITH TIME ZONE NOT NULL,
    cancelled_at TIMESTAMP WITH TIME ZONE,
    cancel_reason TEXT,
    fee_invoice_id UUID,
    CONSTRAINT pk_charges PRIMARY KEY (id),
    CONSTRAINT uq_charges_kind_subject_kind_subject_id UNIQUE (kind, subject_kind, subject_id),
    CONSTRAINT ck_charges_kind_known CHECK (kind IN ('membership', 'call_off_fee', 'entry_fee', 'listing', 'correction')),
    CONSTRAINT ck_charges_amount_positive CHECK (amount > 0),
    CONSTRAINT ck_charges_vat_rate_is_a_share CHECK (vat_rate >= 0 AND vat_rate < 1),
    CONSTRAINT ck_charges_nobody_owes_itself CHECK (payer_organisation_id <> payee_organisation_id),
    CONSTRAINT ck_charges_cancellation_explained CHECK ((cancelled_at IS NULL) = (cancel_reason IS NULL)),
    CONSTRAINT ck_charges_gathered_or_cancelled CHECK (cancelled_at IS NULL OR fee_invoice_id IS NULL),
    CONSTRAINT fk_charges_payer_organisation_id_organisations FOREIGN KEY(payer_organisation_id) REFERENCES organisations (id),
    CONSTRAINT fk_charges_payee_organisation_id_organisations FOREIGN KEY(payee_organisation_id) REFERENCES organisations (id),
    CONSTRAINT fk_charges_fee_invoice_id_fee_invoices FOREIGN KEY(fee_invoice_id) REFERENCES fee_invoices (id)
);
CREATE INDEX ix_charges_fee_invoice_id ON charges (fee_invoice_id);
CREATE INDEX ix_charges_payee_organisation_id ON charges (payee_organisation_id);
CREATE INDEX ix_charges_payer_organisation_id ON charges (payer_organisation_id);
CREATE INDEX ix_charges_waiting ON charges (due_on) WHERE fee_invoice_id IS NULL AND cancelled_at IS NULL;

CREATE TABLE refunds (
    id UUID NOT NULL,
    fee_invoice_id UUID NOT NULL,
    amount NUMERIC(14, 2) NOT NULL,
    reason TEXT NOT NULL,
    decided_at TIMESTAMP WITH TIME ZONE NOT NULL,
    decided_by UUID,
    requested_at TIMESTAMP WITH TIME ZONE,
    stripe_id TEXT,
    done_at TIMESTAMP WITH TIME ZONE,
    failed_at TIMESTAMP WITH TIME ZONE,
    failure_code TEXT,
    CONSTRAINT pk_refunds PRIMARY KEY (id),
    CONSTRAINT ck_refunds_amount_positive CHECK (amount > 0),
    CONSTRAINT ck_refunds_explained CHECK (btrim(reason) <> ''),
    CONSTRAINT ck_refunds_done_or_failed CHECK (done_at IS NULL OR failed_at IS NULL),
    CONSTRAINT fk_refunds_fee_invoice_id_fee_invoices FOREIGN KEY(fee_invoice_id) REFERENCES fee_invoices (id),
    CONSTRAINT fk_refunds_decided_by_users FOREIGN KEY(decided_by) REFERENCES users (id),
    CONSTRAINT uq_refunds_stripe_id UNIQUE (stripe_id)
);
CREATE INDEX ix_refunds_fee_invoice_id ON refunds (fee_invoice_id);

CREATE TABLE billing_customers (
    organisation_id UUID NOT NULL,
    requested_at TIMESTAMP WITH TIME ZONE NOT NULL,
    stripe_id TEXT,
    method TEXT,
    method_stripe_id TEXT,
    method_digits TEXT,
    method_at TIMESTAMP WITH TIME ZONE,
    mandate_stripe_id TEXT,
    mandate_reference TEXT,
    CONSTRAINT pk_billing_customers PRIMARY KEY (organisation_id),
    CONSTRAINT ck_billing_customers_method_known CHECK (method IN ('card', 'sepa_debit')),
    CONSTRAINT ck_billing_customers_method_whole CHECK ((method IS NULL) = (method_stripe_id IS NULL)),
    CONSTRAINT ck_billing_customers_debit_has_its_mandate CHECK (method <> 'sepa_debit' OR mandate_reference IS NOT NULL),
    CONSTRAINT fk_billing_customers_organisation_id_organisations FOREIGN KEY(organisation_id) REFERENCES organisations (id),
    CONSTRAINT uq_billing_customers_stripe_id UNIQUE (stripe_id)
);

CREATE TABLE listing_plans (
    code TEXT NOT NULL,
    name_fr TEXT NOT NULL,
    name_en TEXT NOT NULL,
    monthly_amount NUMERIC(14, 2) NOT NULL,
    grace_days INTEGER DEFAULT '14' NOT NULL,
    position INTEGER DEFAULT '0' NOT NULL,
    retired_on DATE,
    stripe_price_id TEXT,
    CONSTRAINT pk_listing_plans PRIMARY KEY (code),
    CONSTRAINT ck_listing_plans_amount_not_negative CHECK (monthly_amount >= 0),
    CONSTRAINT ck_listing_plans_grace_not_negative CHECK (grace_days >= 0),
    CONSTRAINT uq_listing_plans_stripe_price_id UNIQUE (stripe_price_id)
);

CREATE TABLE billing_checkouts (
    id UUID NOT NULL,
    organisation_id UUID NOT NULL,
    purpose TEXT NOT NULL,
    plan_code TEXT,
    asked_at TIMESTAMP WITH TIME ZONE NOT NULL,
    asked_by UUID,
    requested_at TIMESTAMP WITH TIME ZONE,
    stripe_id TEXT,
    url TEXT,
    ended_at TIMESTAMP WITH TIME ZONE,
    ended_how TEXT,
    CONSTRAINT pk_billing_checkouts PRIMARY KEY (id),
    CONSTRAINT ck_billing_checkouts_purpose_known CHECK (purpose IN ('plan', 'method')),
    CONSTRAINT ck_billing_checkouts_plan_when_subscribing CHECK ((purpose = 'plan') = (plan_code IS NOT NULL)),
    CONSTRAINT ck_billing_checkouts_ended_how_known CHECK (ended_how IN ('completed', 'expired', 'replaced')),
    CONSTRAINT ck_billing_checkouts_ended_somehow CHECK ((ended_at IS NULL) = (ended_how IS NULL)),
    CONSTRAINT fk_billing_checkouts_organisation_id_organisations FOREIGN KEY(organisation_id) REFERENCES organisations (id),
    CONSTRAINT fk_billing_checkouts_plan_code_listing_plans FOREIGN KEY(plan_code) REFERENCES listing_plans (code),
    CONSTRAINT fk_billing_checkouts_asked_by_users FOREIGN KEY(asked_by) REFERENCES users (id),
    CONSTRAINT uq_billing_checkouts_stripe_id UNIQUE (stripe_id)
);
CREATE UNIQUE INDEX uq_billing_checkouts_open ON billing_checkouts (organisation_id, purpose) WHERE ended_at IS NULL;

CREATE TABLE listing_subscriptions (
    id UUID NOT NULL,
    organisation_id UUID NOT NULL,
    plan_code TEXT NOT NULL,
    stripe_id TEXT NOT NULL,
    stripe_status TEXT NOT NULL,
    stripe_as_of TIMESTAMP WITH TIME ZONE NOT NULL,
    started_at TIMESTAMP WITH TIME ZONE NOT NULL,
    paid_until TIMESTAMP WITH TIME ZONE,
    unpaid_since TIMESTAMP WITH TIME ZONE,
    hidden_from TIMESTAMP WITH TIME ZONE,
    ends_at TIMESTAMP WITH TIME ZONE,
    ended_at TIMESTAMP WITH TIME ZONE,
    wanted_plan TEXT,
    change_asked_at TIMESTAMP WITH TIME ZONE,
    changes INTEGER DEFAULT '0' NOT NULL,
    CONSTRAINT pk_listing_subscriptions PRIMARY KEY (id),
    CONSTRAINT ck_listing_subscriptions_change_dated CHECK ((wanted_plan IS NULL) = (change_asked_at IS NULL)),
    CONSTRAINT ck_listing_subscriptions_hiding_dated CHECK ((unpaid_since IS NULL) = (hidden_from IS NULL)),
    CONSTRAINT fk_listing_subscriptions_organisation_id_organisations FOREIGN KEY(organisation_id) REFERENCES organisations (id),
    CONSTRAINT fk_listing_subscriptions_plan_code_listing_plans FOREIGN KEY(plan_code) REFERENCES listing_plans (code),
    CONSTRAINT uq_listing_subscriptions_stripe_id UNIQUE (stripe_id),
    CONSTRAINT fk_listing_subscriptions_wanted_plan_listing_plans FOREIGN KEY(wanted_plan) REFERENCES listing_plans (code)
);
CREATE INDEX ix_listing_subscriptions_unpaid ON listing_subscriptions (organisation_id) WHERE unpaid_since IS NOT NULL;
CREATE UNIQUE INDEX uq_listing_subscriptions_running ON listing_subscriptions (organisation_id) WHERE ended_at IS NULL;

CREATE TABLE stripe_events (
    id TEXT NOT NULL,
    type TEXT NOT NULL,
    object_id TEXT,
    created_at TIMESTAMP WITH TIME ZONE NOT NULL,
    received_at TIMESTAMP WITH TIME ZONE NOT NULL,
    outcome TEXT NOT NULL,
    CONSTRAINT pk_stripe_events PRIMARY KEY (id),
    CONSTRAINT ck_stripe_events_outcome_known CHECK (outcome IN ('applied', 'ignored', 'stale'))
);

CREATE TABLE reconciliations (
    day DATE NOT NULL,
    started_at TIMESTAMP WITH TIME ZONE NOT NULL,
    ended_at TIMESTAMP WITH TIME ZONE,
    compared INTEGER DEFAULT '0' NOT NULL,
    differences JSONB DEFAULT '[]' NOT NULL,
    CONSTRAINT pk_reconciliations PRIMARY KEY (day)
);
"""
PLANS = """
INSERT INTO listing_plans (code, name_fr, name_en, monthly_amount, position) VALUES
    ('free', 'Découverte', 'Discovery', 0, 0),
    ('supporter', 'Soutien', 'Supporter', 49, 1),
    ('partner', 'Partenaire', 'Partner', 149, 2)
"""


def upgrade() -> None:
    op.execute(TABLES)
    op.execute(PLANS)


def downgrade() -> None:
    for table in (
        "reconciliations", "stripe_events", "listing_subscriptions", "billing_checkouts", "listing_plans",
        "billing_customers", "refunds", "charges", "fee_invoices", "billing_payees",
    ):
        op.execute(f"DROP TABLE {table}")
