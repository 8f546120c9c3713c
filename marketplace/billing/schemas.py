"""Shapes of what is owed: charges, and the invoices that gather them."""
import marshmallow as ma

from marketplace.billing import words
from marketplace.platform.api import DecimalString, Identifier, Schema
from marketplace.platform.pagination import PageArgs

ONE_OF = ma.validate.OneOf


class ChargeArgs(PageArgs):
    """Filters of the list of charges."""

    side = ma.fields.String(load_default=None, validate=ONE_OF(words.SIDES))
    state = ma.fields.String(load_default=None, validate=ONE_OF(words.CHARGE_STATES))


class ChargeOut(Schema):
    """Something owed once; `amount` in euros excluding VAT, `vat_rate` a share of it.

    `side`: owed by one's organisation, or earned. `subject_kind` and `subject_id` say what for. `state`: waiting (on no
    invoice yet), invoiced, paid, cancelled.
    """

    id = Identifier(required=True)
    side = ma.fields.String(required=True, validate=ONE_OF(words.SIDES))
    kind = ma.fields.String(required=True, validate=ONE_OF(words.CHARGE_KINDS))
    label = ma.fields.String(required=True)
    payer_organisation_id = Identifier(required=True)
    payer = ma.fields.String(required=True)
    payee_organisation_id = Identifier(required=True)
    payee = ma.fields.String(required=True)
    amount = DecimalString(required=True)
    vat_rate = DecimalString(required=True)
    subject_kind = ma.fields.String(required=True)
    subject_id = ma.fields.String(required=True)
    due_on = ma.fields.Date(required=True)
    state = ma.fields.String(required=True, validate=ONE_OF(words.CHARGE_STATES))
    cancel_reason = ma.fields.String(required=True, allow_none=True)
    fee_invoice_id = Identifier(required=True, allow_none=True)


class ChargesOut(Schema):
    """A page of charges, the oldest first."""

    items = ma.fields.List(ma.fields.Nested(ChargeOut), required=True)
    next = ma.fields.String(required=True, allow_none=True)


class FeeInvoiceArgs(Schema):
    """Which side of the invoices, and from where on."""

    side = ma.fields.String(load_default="owed", validate=ONE_OF(words.SIDES))
    cursor = Identifier(load_default=None)


class FeeInvoiceOut(Schema):
    """Charges of one payer gathered for one payee. Amounts in euros; `other` is the other party, `reference`
    what a transfer names.

    `charge_on`: from when an announced payment is taken. `hosted_url`: Stripe's page to pay on, null with payment off.
    """

    id = Identifier(required=True)
    payer_organisation_id = Identifier(required=True)
    payee_organisation_id = Identifier(required=True)
    other = ma.fields.String(required=True)
    amount_excl_vat = DecimalString(required=True)
    vat_amount = DecimalString(required=True)
    amount_incl_vat = DecimalString(required=True)
    refunded_amount = DecimalString(required=True)
    due_on = ma.fields.Date(required=True)
    state = ma.fields.String(required=True, validate=ONE_OF(words.INVOICE_STATES))
    method = ma.fields.String(required=True, allow_none=True, validate=ONE_OF(words.METHODS))
    charge_on = ma.fields.Date(required=True, allow_none=True)
    paid_at = ma.fields.AwareDateTime(required=True, allow_none=True)
    paid_how = ma.fields.String(required=True, allow_none=True, validate=ONE_OF(words.PAID_HOW))
    reference = ma.fields.String(required=True)
    hosted_url = ma.fields.String(required=True, allow_none=True)
    charge_ids = ma.fields.List(Identifier(), required=True)


class FeeInvoicesOut(Schema):
    """A page of invoices, the newest first."""

    items = ma.fields.List(ma.fields.Nested(FeeInvoiceOut), required=True)
    next = ma.fields.String(required=True, allow_none=True)
