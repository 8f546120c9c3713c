"""Shapes of invoices; amounts are decimal strings in euros."""
import marshmallow as ma
from flask_smorest.fields import Upload

from marketplace.platform.api import DecimalString, Identifier, Schema
from marketplace.platform.pagination import PageArgs
from tenders.contracts.invoicing import words
from tenders.contracts.invoicing.rules.comparing import FIELDS
from tenders.contracts.invoicing.rules.issuing import LONGEST_PAYMENT_DAYS, PAYMENT_DAYS

LENGTH = ma.validate.Length


class InvoicesArgs(PageArgs):
    """Which invoices."""

    call_off_id = Identifier(load_default=None)


class InvoicePartyOut(Schema):
    """A party as the invoice names it."""

    id = Identifier(required=True)
    name = ma.fields.String(required=True)
    siren = ma.fields.String(required=True, allow_none=True)


class InvoiceOut(Schema):
    """An invoice or a credit note; its files are at `/file` (Factur-X, PDF/A-3) and `/xml` (EN 16931)."""

    id = Identifier(required=True)
    number = ma.fields.String(required=True)
    kind = ma.fields.String(required=True, validate=ma.validate.OneOf(words.KINDS))
    status = ma.fields.String(required=True, validate=ma.validate.OneOf(words.STATUSES))
    issuer = ma.fields.Nested(InvoicePartyOut, required=True)
    buyer = ma.fields.Nested(InvoicePartyOut, required=True)
    issued_on = ma.fields.Date(required=True)
    due_on = ma.fields.Date(required=True)
    excl_vat = DecimalString(required=True)
    vat = DecimalString(required=True)
    incl_vat = DecimalString(required=True)
    currency = ma.fields.Constant("EUR")
    purchase_order_reference = ma.fields.String(required=True)
    call_off_id = Identifier(required=True, allow_none=True)
    settled_contract_id = Identifier(required=True, allow_none=True)
    corrects_id = Identifier(required=True, allow_none=True)
    under_mandate = ma.fields.Boolean(required=True)
    paid_on = ma.fields.Date(required=True, allow_none=True)


class InvoicesOut(Schema):
    """A page of invoices."""

    items = ma.fields.List(ma.fields.Nested(InvoiceOut), required=True)
    next = ma.fields.String(required=True, allow_none=True)


class CreditNoteIn(Schema):
    """Why an invoice is taken back; the buyer reads it."""

    reason = ma.fields.String(required=True, validate=LENGTH(min=1, max=500))


class PaymentIn(Schema):
    """A payment received, of the whole invoice."""

    paid_on = ma.fields.Date(required=True)
    means = ma.fields.String(required=True, validate=ma.validate.OneOf(words.MEANS))
    reference = ma.fields.String(load_default="", validate=LENGTH(max=200))


class ShortfallInvoiceIn(Schema):
    """Which member's part of the true-up is invoiced."""

    organisation_id = Identifier(required=True)


class InvoicingDetailsIn(Schema):
    """What one's invoices say."""

    address_lines = ma.fields.List(ma.fields.String(validate=LENGTH(max=100)), required=True, validate=LENGTH(min=1, max=3))
    postcode = ma.fields.String(required=True, validate=LENGTH(max=20))
    town = ma.fields.String(required=True, validate=LENGTH(max=100))
    country = ma.fields.String(load_default="FR", validate=ma.validate.Regexp("^[A-Z]{2}$"))
    iban = ma.fields.String(load_default="", validate=LENGTH(max=42))
    payment_days = ma.fields.Integer(
        load_default=PAYMENT_DAYS, strict=True, validate=ma.validate.Range(min=0, max=LONGEST_PAYMENT_DAYS)
    )
    late_rate = ma.fields.String(load_default="", validate=LENGTH(max=100))


class InvoicingDetailsOut(Schema):
    """What one's invoices say, and since when the platform draws them."""

    organisation_id = Identifier(required=True)
    address_lines = ma.fields.List(ma.fields.String(), required=True)
    postcode = ma.fields.String(required=True)
    town = ma.fields.String(required=True)
    country = ma.fields.String(required=True)
    iban = ma.fields.String(required=True)
    payment_days = ma.fields.Integer(required=True)
    late_rate = ma.fields.String(required=True)
    mandated_at = ma.fields.AwareDateTime(required=True, allow_none=True)
    mandate_hash = ma.fields.String(required=True, allow_none=True)


class MandateIn(Schema):
    """The mandate signed; the hash of the text that was read, when it was."""

    mandate_hash = ma.fields.String(load_default=None, allow_none=True, validate=ma.validate.Regexp("^[0-9a-f]{64}$"))


class SupplierInvoiceIn(Schema):
    """A supplier's Factur-X, as multipart/form-data."""

    file = Upload(required=True, metadata={"description": "Factur-X PDF or its XML, 10 MiB at most"})


class SupplierInvoiceArgs(Schema):
    """Which order it is of, when the reference in the file does not say."""

    call_off_id = Identifier(load_default=None)


class DifferenceOut(Schema):
    """One thing that is not as ordered; `line` 0 is the whole invoice."""

    field = ma.fields.String(required=True, validate=ma.validate.OneOf(FIELDS))
    line = ma.fields.Integer(required=True)
    ordered = ma.fields.String(required=True)
    invoiced = ma.fields.String(required=True)
    message = ma.fields.String(required=True)


class SupplierInvoiceOut(Schema):
    """A supplier's own invoice against the order."""

    id = Identifier(required=True)
    call_off_id = Identifier(required=True)
    number = ma.fields.String(required=True)
    issuer_id = Identifier(required=True)
    buyer_id = Identifier(required=True)
    excl_vat = DecimalString(required=True)
    vat = DecimalString(required=True)
    incl_vat = DecimalString(required=True)
    differences = ma.fields.List(ma.fields.Nested(DifferenceOut), required=True)
    received_at = ma.fields.AwareDateTime(required=True)
    decision = ma.fields.String(required=True, allow_none=True, validate=ma.validate.OneOf(words.DECISIONS))
    reason = ma.fields.String(required=True)


class JudgementIn(Schema):
    """The buyer's decision; disputing says why."""

    decision = ma.fields.String(required=True, validate=ma.validate.OneOf(words.DECISIONS))
    reason = ma.fields.String(load_default="", validate=LENGTH(max=1000))
