"""Invoices as issued and never changed, their series, originals and payments; details of parties; suppliers' own files."""
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import (
    DDL,
    CheckConstraint,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Numeric,
    Text,
    UniqueConstraint,
    event,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import Mapped, mapped_column, relationship

from marketplace.accounts.models import Organisation
from marketplace.platform.audit.models import REFUSE_FUNCTION, refuse_changes
from marketplace.platform.database import Model, id_column, moment, sql_list
from tenders.contracts.invoicing import words
from tenders.contracts.invoicing.rules.issuing import LONGEST_PAYMENT_DAYS, PAYMENT_DAYS


def _amount() -> Mapped[Decimal]:
    return mapped_column(Numeric(38, 2))


class InvoicingDetails(Model):
    """What an organisation's invoices say of it, and whether it gave the platform a mandate to draw them.

    `late_rate` is free text ("" = three times the legal rate). `mandate_hash` is the SHA-256 of the text that was signed.
    """

    __tablename__ = "invoicing_details"
    __table_args__ = (
        CheckConstraint("cardinality(address_lines) BETWEEN 1 AND 3", name="address_lines_one_to_three"),
        CheckConstraint("country ~ '^[A-Z]{2}$'", name="country_is_a_code"),
        CheckConstraint("iban = '' OR iban ~ '^[A-Z]{2}[0-9]{2}[A-Z0-9]{11,30}$'", name="iban_is_one"),
        # Sixty days from the invoice is the most that parties may agree (C. com., art. L441-10).
        CheckConstraint(f"payment_days BETWEEN 0 AND {LONGEST_PAYMENT_DAYS}", name="payment_days_allowed"),
        CheckConstraint(
            "(mandated_at IS NULL) = (mandated_by IS NULL) AND (mandated_at IS NULL) = (mandate_hash IS NULL)",
            name="mandate_is_signed",
        ),
    )

    organisation_id: Mapped[UUID] = mapped_column(ForeignKey("organisations.id"), primary_key=True)
    address_lines: Mapped[list[str]] = mapped_column(ARRAY(Text))
    postcode: Mapped[str] = mapped_column(Text)
    town: Mapped[str] = mapped_column(Text)
    country: Mapped[str] = mapped_column(Text, default="FR", server_default="FR")
    iban: Mapped[str] = mapped_column(Text, default="", server_default="")
    payment_days: Mapped[int] = mapped_column(default=PAYMENT_DAYS, server_default=str(PAYMENT_DAYS))
    late_rate: Mapped[str] = mapped_column(Text, default="", server_default="")
    mandated_at: Mapped[datetime | None] = moment()
    mandated_by: Mapped[UUID | None] = mapped_column(ForeignKey("users.id"))
    mandate_hash: Mapped[str | None] = mapped_column(Text)
    version: Mapped[int] = mapped_column(default=1, server_default="1")


class InvoiceSeries(Model):
    """The counter of an issuer and year: whoever issues locks this row last, so that no number is lost or twice.

    `last_issued_on` keeps the dates in the order of the numbers, at midnight too.
    """

    __tablename__ = "invoice_series"
    __table_args__ = (CheckConstraint("last >= 1", name="last_from_one"),)

    issuer_id: Mapped[UUID] = mapped_column(ForeignKey("organisations.id"), primary_key=True)
    year: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    last: Mapped[int]
    last_issued_on: Mapped[date]


class Invoice(Model):
    """An invoice or a credit note. Never changed and never deleted: corrected by a credit note.

    It is of a call-off or of a true-up's shortfall. `content` is the whole document as values (facts.pack); amounts are
    euros. `attempt` counts from 0: after a credit note the same subject is invoiced again.
    """

    __tablename__ = "invoices"
    __table_args__ = (
        # Without a gap: the counter gives each number once, and nobody can write one twice.
        UniqueConstraint("issuer_id", "year", "sequence"),
        UniqueConstraint("issuer_id", "number"),
        # What a credit note's composite foreign key points at: the same seller and buyer.
        UniqueConstraint("id", "issuer_id", "buyer_id"),
        ForeignKeyConstraint(
            ["corrects_id", "issuer_id", "buyer_id"], ["invoices.id", "invoices.issuer_id", "invoices.buyer_id"],
            name="fk_invoices_corrects",
        ),
        # An invoice is taken back once, and whole.
        UniqueConstraint("corrects_id"),
        # A subject is invoiced once, and once more after each credit note.
        Index("uq_invoices_call_off", "call_off_id", "attempt", unique=True, postgresql_where=text("kind = 'invoice'")),
        Index("uq_invoices_shortfall", "settled_contract_id", "buyer_id", "attempt", unique=True,
              postgresql_where=text("kind = 'invoice'")),
        CheckConstraint(f"kind IN ({sql_list(words.KINDS)})", name="kind_known"),
        CheckConstraint("(kind = 'credit_note') = (corrects_id IS NOT NULL)", name="credit_corrects_an_invoice"),
        CheckConstraint("num_nonnulls(call_off_id, settled_contract_id) = 1", name="has_one_subject"),
        CheckConstraint("issuer_id <> buyer_id", name="nobody_invoices_itself"),
        CheckConstraint("sequence >= 1 AND year = date_part('year', issued_on)", name="numbered_in_its_year"),
        CheckConstraint("due_on >= issued_on", name="due_after_issue"),
        CheckConstraint("excl_vat > 0 AND vat >= 0 AND incl_vat = excl_vat + vat", name="cents_add_up"),
        CheckConstraint("jsonb_typeof(content) = 'object'", name="content_is_object"),
        Index("ix_invoices_buyer_id_issued_at", "buyer_id", "issued_at"),
        Index("ix_invoices_issuer_id_issued_at", "issuer_id", "issued_at"),
    )  # fmt: skip

    id: Mapped[UUID] = id_column()
    issuer_id: Mapped[UUID] = mapped_column(ForeignKey("organisations.id"))
    buyer_id: Mapped[UUID] = mapped_column(ForeignKey("organisations.id"))
    year: Mapped[int]
    sequence: Mapped[int]
    number: Mapped[str] = mapped_column(Text)
    kind: Mapped[str] = mapped_column(Text)
    corrects_id: Mapped[UUID | None]
    call_off_id: Mapped[UUID | None] = mapped_column(ForeignKey("call_offs.id"))
    settled_contract_id: Mapped[UUID | None] = mapped_column(ForeignKey("settlements.contract_id"))
    attempt: Mapped[int] = mapped_column(default=0, server_default="0")
    issued_on: Mapped[date]
    due_on: Mapped[date]
    excl_vat: Mapped[Decimal] = _amount()
    vat: Mapped[Decimal] = _amount()
    incl_vat: Mapped[Decimal] = _amount()
    purchase_order_reference: Mapped[str] = mapped_column(Text, default="", server_default="")
    content: Mapped[dict[str, Any]] = mapped_column(JSONB)
    under_mandate: Mapped[bool] = mapped_column(default=False, server_default="false")
    issued_at: Mapped[datetime] = moment()
    issued_by: Mapped[UUID | None] = mapped_column(ForeignKey("users.id"))

    issuer: Mapped[Organisation] = relationship(foreign_keys=[issuer_id])
    buyer: Mapped[Organisation] = relationship(foreign_keys=[buyer_id])
    payment: Mapped["InvoicePayment | None"] = relationship()
    original: Mapped["InvoiceOriginal | None"] = relationship()


class InvoiceOriginal(Model):
    """The files of an invoice, made once after it was issued; what is downloaded is always these bytes."""

    __tablename__ = "invoice_originals"
    __table_args__ = (CheckConstraint("xml_sha256 ~ '^[0-9a-f]{64}$'", name="xml_sha256_is_one"),)

    invoice_id: Mapped[UUID] = mapped_column(ForeignKey("invoices.id"), primary_key=True)
    xml: Mapped[str] = mapped_column(Text)
    xml_sha256: Mapped[str] = mapped_column(Text)
    file_id: Mapped[UUID] = mapped_column(ForeignKey("stored_files.id"))
    kept_at: Mapped[datetime] = moment(now=True)


class InvoicePayment(Model):
    """An invoice was paid, whole; said by its issuer, or by the payment service in its name."""

    __tablename__ = "invoice_payments"
    __table_args__ = (CheckConstraint(f"means IN ({sql_list(words.MEANS)})", name="means_known"),)

    invoice_id: Mapped[UUID] = mapped_column(ForeignKey("invoices.id"), primary_key=True)
    paid_on: Mapped[date]
    means: Mapped[str] = mapped_column(Text)
    reference: Mapped[str] = mapped_column(Text, default="", server_default="")
    recorded_at: Mapped[datetime] = moment(now=True)
    recorded_by: Mapped[UUID | None] = mapped_column(ForeignKey("users.id"))


class SupplierInvoice(Model):
    """A holder's own invoice as its buyer received it: what it says, what differs from the order, what was decided."""

    __tablename__ = "supplier_invoices"
    __table_args__ = (
        # A supplier's number is received once.
        UniqueConstraint("issuer_id", "number"),
        CheckConstraint("jsonb_typeof(differences) = 'array'", name="differences_is_array"),
        CheckConstraint(
            f"(decided_at IS NULL) = (decision IS NULL) AND decision IN ({sql_list(words.DECISIONS)})", name="decision_known"
        ),
        CheckConstraint("decision IS DISTINCT FROM 'disputed' OR btrim(reason) <> ''", name="dispute_is_explained"),
        Index("ix_supplier_invoices_call_off_id", "call_off_id"),
        # One order is invoiced once: a second invoice stands only once the first is disputed.
        Index(
            "uq_supplier_invoices_standing", "call_off_id",
            unique=True, postgresql_where=text("decision IS DISTINCT FROM 'disputed'"),
        ),
        Index("ix_supplier_invoices_buyer_id_received_at", "buyer_id", "received_at"),
    )

    id: Mapped[UUID] = id_column()
    call_off_id: Mapped[UUID] = mapped_column(ForeignKey("call_offs.id"))
    issuer_id: Mapped[UUID] = mapped_column(ForeignKey("organisations.id"))
    buyer_id: Mapped[UUID] = mapped_column(ForeignKey("organisations.id"))
    number: Mapped[str] = mapped_column(Text)
    xml: Mapped[str] = mapped_column(Text)
    excl_vat: Mapped[Decimal] = _amount()
    vat: Mapped[Decimal] = _amount()
    incl_vat: Mapped[Decimal] = _amount()
    differences: Mapped[list[Any]] = mapped_column(JSONB)
    received_at: Mapped[datetime] = moment(now=True)
    received_by: Mapped[UUID | None] = mapped_column(ForeignKey("users.id"))
    decided_at: Mapped[datetime | None] = moment()
    decided_by: Mapped[UUID | None] = mapped_column(ForeignKey("users.id"))
    decision: Mapped[str | None] = mapped_column(Text)
    reason: Mapped[str] = mapped_column(Text, default="", server_default="")

    issuer: Mapped[Organisation] = relationship(foreign_keys=[issuer_id])
    buyer: Mapped[Organisation] = relationship(foreign_keys=[buyer_id])


# Issued is issued: the tables refuse every change, whoever asks.
for _model in (Invoice, InvoiceOriginal, InvoicePayment):
    for _statement in (REFUSE_FUNCTION, refuse_changes(_model.__tablename__)):
        event.listen(_model.__table__, "after_create", DDL(_statement))
