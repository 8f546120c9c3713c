"""Money owed and paid, as facts: charges, fee invoices, refunds; customers of Stripe; plans and subscriptions; its events.

Amounts are Decimal euros; `stripe_id` is NULL until Stripe answered, `requested_at` until we first asked.
"""
from datetime import date, datetime
from decimal import Decimal
from typing import Any, TypeVar
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, Numeric, Text, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, Session, mapped_column

from marketplace.billing import words
from marketplace.platform.database import Model, id_column, moment, sql_list


def _amount() -> Mapped[Decimal]:
    return mapped_column(Numeric(14, 2))


Row = TypeVar("Row", bound=Model)


def locked(session: Session, table: type[Row], key: Any) -> Row:
    """The row as it is now, held until the transaction ends; NoResultFound when there is none."""
    return session.get_one(table, key, with_for_update=True, populate_existing=True)


class BillingPayee(Model):
    """How an organisation gathers what it is owed into invoices; no row means monthly."""

    __tablename__ = "billing_payees"
    __table_args__ = (CheckConstraint(f"gathering IN ({sql_list(words.GATHERINGS)})", name="gathering_known"),)

    organisation_id: Mapped[UUID] = mapped_column(ForeignKey("organisations.id"), primary_key=True)
    gathering: Mapped[str] = mapped_column(Text)


class FeeInvoice(Model):
    """Charges of one payer gathered for one payee, and what became of their payment.

    `method` and `charge_on` are set when the debit is announced; `attempts` counts payments asked of Stripe.
    """

    __tablename__ = "fee_invoices"
    __table_args__ = (
        CheckConstraint("payer_organisation_id <> payee_organisation_id", name="nobody_owes_itself"),
        CheckConstraint("amount_excl_vat > 0 AND vat_amount >= 0", name="amounts_positive"),
        CheckConstraint("refunded_amount BETWEEN 0 AND amount_excl_vat + vat_amount", name="refunded_within_paid"),
        CheckConstraint("paid_at IS NULL OR voided_at IS NULL", name="paid_or_voided"),
        CheckConstraint(f"paid_how IN ({sql_list(words.PAID_HOW)})", name="paid_how_known"),
        CheckConstraint("(paid_at IS NULL) = (paid_how IS NULL)", name="paid_somehow"),
        CheckConstraint(f"method IN ({sql_list(words.METHODS)})", name="method_known"),
        CheckConstraint(
            "(method IS NULL) = (announced_on IS NULL) AND (method IS NULL) = (charge_on IS NULL)", name="announced_whole"
        ),
        # A direct debit is announced fourteen days before it is made.
        CheckConstraint(
            f"method <> 'sepa_debit' OR charge_on - announced_on >= {words.DAYS_OF_NOTICE}", name="debit_announced_in_time"
        ),
        CheckConstraint("attempts >= 0 AND (attempts = 0) = (attempted_at IS NULL)", name="attempts_dated"),
        Index("ix_fee_invoices_payer_organisation_id", "payer_organisation_id"),
        Index("ix_fee_invoices_payee_organisation_id", "payee_organisation_id"),
        # What the scheduler looks at: invoices neither paid nor given up.
        Index("ix_fee_invoices_open", "charge_on", postgresql_where=text("paid_at IS NULL AND voided_at IS NULL")),
    )

    id: Mapped[UUID] = id_column()
    payer_organisation_id: Mapped[UUID] = mapped_column(ForeignKey("organisations.id"))
    payee_organisation_id: Mapped[UUID] = mapped_column(ForeignKey("organisations.id"))
    amount_excl_vat: Mapped[Decimal] = _amount()
    vat_amount: Mapped[Decimal] = _amount()
    gathered_at: Mapped[datetime] = moment()
    due_on: Mapped[date]
    method: Mapped[str | None] = mapped_column(Text)
    announced_on: Mapped[date | None]
    charge_on: Mapped[date | None]
    requested_at: Mapped[datetime | None] = moment()
    stripe_id: Mapped[str | None] = mapped_column(Text, unique=True)
    finalised_at: Mapped[datetime | None] = moment()
    hosted_url: Mapped[str | None] = mapped_column(Text)
    payment_intent: Mapped[str | None] = mapped_column(Text, unique=True)
    attempts: Mapped[int] = mapped_column(default=0, server_default="0")
    attempted_at: Mapped[datetime | None] = moment()
    failed_at: Mapped[datetime | None] = moment()
    failure_code: Mapped[str | None] = mapped_column(Text)
    paid_at: Mapped[datetime | None] = moment()
    paid_how: Mapped[str | None] = mapped_column(Text)
    voided_at: Mapped[datetime | None] = moment()
    refunded_amount: Mapped[Decimal] = mapped_column(Numeric(14, 2), default=Decimal(0), server_default="0")

    @property
    def amount_incl_vat(self) -> Decimal:
        """What is to be paid, in euros."""
        return self.amount_excl_vat + self.vat_amount


class Charge(Model):
    """Something owed once: its kind and subject say what for. Gathered into an invoice, or cancelled before."""

    __tablename__ = "charges"
    __table_args__ = (
        # The same thing is never charged twice, whoever asks again.
        UniqueConstraint("kind", "subject_kind", "subject_id"),
        CheckConstraint(f"kind IN ({sql_list(words.CHARGE_KINDS)})", name="kind_known"),
        CheckConstraint("amount > 0", name="amount_positive"),
        CheckConstraint("vat_rate >= 0 AND vat_rate < 1", name="vat_rate_is_a_share"),
        CheckConstraint("payer_organisation_id <> payee_organisation_id", name="nobody_owes_itself"),
        CheckConstraint("(cancelled_at IS NULL) = (cancel_reason IS NULL)", name="cancellation_explained"),
        CheckConstraint("cancelled_at IS NULL OR fee_invoice_id IS NULL", name="gathered_or_cancelled"),
        Index("ix_charges_payer_organisation_id", "payer_organisation_id"),
        Index("ix_charges_payee_organisation_id", "payee_organisation_id"),
        Index("ix_charges_fee_invoice_id", "fee_invoice_id"),
        # What is still to be gathered.
        Index("ix_charges_waiting", "due_on", postgresql_where=text("fee_invoice_id IS NULL AND cancelled_at IS NULL")),
    )

    id: Mapped[UUID] = id_column()
    kind: Mapped[str] = mapped_column(Text)
    payer_organisation_id: Mapped[UUID] = mapped_column(ForeignKey("organisations.id"))
    payee_organisation_id: Mapped[UUID] = mapped_column(ForeignKey("organisations.id"))
    amount: Mapped[Decimal] = _amount()
    vat_rate: Mapped[Decimal] = mapped_column(Numeric(5, 4))
    subject_kind: Mapped[str] = mapped_column(Text)
    subject_id: Mapped[str] = mapped_column(Text)
    label: Mapped[str] = mapped_column(Text)
    due_on: Mapped[date]
    recorded_at: Mapped[datetime] = moment()
    cancelled_at: Mapped[datetime | None] = moment()
    cancel_reason: Mapped[str | None] = mapped_column(Text)
    fee_invoice_id: Mapped[UUID | None] = mapped_column(ForeignKey("fee_invoices.id"))


class Refund(Model):
    """Money given back on a paid invoice, in euros including VAT."""

    __tablename__ = "refunds"
    __table_args__ = (
        CheckConstraint("amount > 0", name="amount_positive"),
        CheckConstraint("btrim(reason) <> ''", name="explained"),
        CheckConstraint("done_at IS NULL OR failed_at IS NULL", name="done_or_failed"),
        Index("ix_refunds_fee_invoice_id", "fee_invoice_id"),
    )

    id: Mapped[UUID] = id_column()
    fee_invoice_id: Mapped[UUID] = mapped_column(ForeignKey("fee_invoices.id"))
    amount: Mapped[Decimal] = _amount()
    reason: Mapped[str] = mapped_column(Text)
    decided_at: Mapped[datetime] = moment()
    decided_by: Mapped[UUID | None] = mapped_column(ForeignKey("users.id"))
    requested_at: Mapped[datetime | None] = moment()
    stripe_id: Mapped[str | None] = mapped_column(Text, unique=True)
    done_at: Mapped[datetime | None] = moment()
    failed_at: Mapped[datetime | None] = moment()
    failure_code: Mapped[str | None] = mapped_column(Text)


class BillingCustomer(Model):
    """An organisation as Stripe knows it, and how it chose to pay: never a card or account number, only its last digits."""

    __tablename__ = "billing_customers"
    __table_args__ = (
        CheckConstraint(f"method IN ({sql_list(words.METHODS)})", name="method_known"),
        CheckConstraint("(method IS NULL) = (method_stripe_id IS NULL)", name="method_whole"),
        # A debit without its mandate could not be defended before the payer's bank.
        CheckConstraint("method <> 'sepa_debit' OR mandate_reference IS NOT NULL", name="debit_has_its_mandate"),
    )

    organisation_id: Mapped[UUID] = mapped_column(ForeignKey("organisations.id"), primary_key=True)
    requested_at: Mapped[datetime] = moment()
    stripe_id: Mapped[str | None] = mapped_column(Text, unique=True)
    method: Mapped[str | None] = mapped_column(Text)
    method_stripe_id: Mapped[str | None] = mapped_column(Text)
    method_digits: Mapped[str | None] = mapped_column(Text)
    method_at: Mapped[datetime | None] = moment()
    mandate_stripe_id: Mapped[str | None] = mapped_column(Text)
    mandate_reference: Mapped[str | None] = mapped_column(Text)


class ListingPlan(Model):
    """What a provider may pay to be listed: euros excluding VAT a month. A price never changes: another plan replaces it.

    A plan of 0 € is what providers without any subscription are on, until it is retired.
    """

    __tablename__ = "listing_plans"
    __table_args__ = (
        CheckConstraint("monthly_amount >= 0", name="amount_not_negative"),
        CheckConstraint("grace_days >= 0", name="grace_not_negative"),
    )

    code: Mapped[str] = mapped_column(Text, primary_key=True)
    name_fr: Mapped[str] = mapped_column(Text)
    name_en: Mapped[str] = mapped_column(Text)
    monthly_amount: Mapped[Decimal] = _amount()
    grace_days: Mapped[int] = mapped_column(default=14, server_default="14")
    position: Mapped[int] = mapped_column(default=0, server_default="0")
    retired_on: Mapped[date | None]
    stripe_price_id: Mapped[str | None] = mapped_column(Text, unique=True)

    def name_in(self, locale: str) -> str:
        """The name in the reader's language."""
        return self.name_en if locale.startswith("en") else self.name_fr


class Checkout(Model):
    """A page of Stripe's that somebody was sent to: to subscribe to a plan, or to leave a means of payment."""

    __tablename__ = "billing_checkouts"
    __table_args__ = (
        CheckConstraint(f"purpose IN ({sql_list(words.PURPOSES)})", name="purpose_known"),
        CheckConstraint("(purpose = 'plan') = (plan_code IS NOT NULL)", name="plan_when_subscribing"),
        CheckConstraint(f"ended_how IN ({sql_list(words.CHECKOUT_ENDS)})", name="ended_how_known"),
        CheckConstraint("(ended_at IS NULL) = (ended_how IS NULL)", name="ended_somehow"),
        # Two payment pages open at once could be paid twice.
        Index(
            "uq_billing_checkouts_open", "organisation_id", "purpose", unique=True,
            postgresql_where=text("ended_at IS NULL"),
        ),
    )  # fmt: skip

    id: Mapped[UUID] = id_column()
    organisation_id: Mapped[UUID] = mapped_column(ForeignKey("organisations.id"))
    purpose: Mapped[str] = mapped_column(Text)
    plan_code: Mapped[str | None] = mapped_column(ForeignKey("listing_plans.code"))
    asked_at: Mapped[datetime] = moment()
    asked_by: Mapped[UUID | None] = mapped_column(ForeignKey("users.id"))
    requested_at: Mapped[datetime | None] = moment()
    stripe_id: Mapped[str | None] = mapped_column(Text, unique=True)
    url: Mapped[str | None] = mapped_column(Text)
    ended_at: Mapped[datetime | None] = moment()
    ended_how: Mapped[str | None] = mapped_column(Text)


class ListingSubscription(Model):
    """A provider's paid plan. `unpaid_since` starts the grace period, `hidden_from` is the end that was told of it.

    `paid_until` is the end of the paid period, `stripe_as_of` the moment these facts describe.
    """

    __tablename__ = "listing_subscriptions"
    __table_args__ = (
        # One running plan per provider: two would be paid twice.
        Index(
            "uq_listing_subscriptions_running", "organisation_id", unique=True, postgresql_where=text("ended_at IS NULL")
        ),
        # What hides a listing.
        Index("ix_listing_subscriptions_unpaid", "organisation_id", postgresql_where=text("unpaid_since IS NOT NULL")),
        CheckConstraint("(wanted_plan IS NULL) = (change_asked_at IS NULL)", name="change_dated"),
        # Nobody is hidden without a date told beforehand.
        CheckConstraint("(unpaid_since IS NULL) = (hidden_from IS NULL)", name="hiding_dated"),
    )

    id: Mapped[UUID] = id_column()
    organisation_id: Mapped[UUID] = mapped_column(ForeignKey("organisations.id"))
    plan_code: Mapped[str] = mapped_column(ForeignKey("listing_plans.code"))
    stripe_id: Mapped[str] = mapped_column(Text, unique=True)
    stripe_status: Mapped[str] = mapped_column(Text)
    stripe_as_of: Mapped[datetime] = moment()
    started_at: Mapped[datetime] = moment()
    paid_until: Mapped[datetime | None] = moment()
    unpaid_since: Mapped[datetime | None] = moment()
    hidden_from: Mapped[datetime | None] = moment()
    ends_at: Mapped[datetime | None] = moment()
    ended_at: Mapped[datetime | None] = moment()
    wanted_plan: Mapped[str | None] = mapped_column(ForeignKey("listing_plans.code"))
    change_asked_at: Mapped[datetime | None] = moment()
    changes: Mapped[int] = mapped_column(default=0, server_default="0")


class StripeEvent(Model):
    """An event of Stripe's that was received: its id, so that a repeat changes nothing, and what became of it."""

    __tablename__ = "stripe_events"
    __table_args__ = (CheckConstraint(f"outcome IN ({sql_list(words.EVENT_OUTCOMES)})", name="outcome_known"),)

    id: Mapped[str] = mapped_column(Text, primary_key=True)
    type: Mapped[str] = mapped_column(Text)
    object_id: Mapped[str | None] = mapped_column(Text)
    created_at: Mapped[datetime] = moment()
    received_at: Mapped[datetime] = moment()
    outcome: Mapped[str] = mapped_column(Text)


class Reconciliation(Model):
    """A day's comparison of our facts with Stripe's; the primary key is "once a day"."""

    __tablename__ = "reconciliations"

    day: Mapped[date] = mapped_column(primary_key=True)
    started_at: Mapped[datetime] = moment()
    ended_at: Mapped[datetime | None] = moment()
    compared: Mapped[int] = mapped_column(default=0, server_default="0")
    differences: Mapped[list[dict[str, Any]]] = mapped_column(JSONB, default=list, server_default="[]")
