"""Shapes of contracts, their members and decisions."""
from decimal import Decimal

import marshmallow as ma
from flask_smorest.fields import Upload as UploadField

from catalog.offers.rules import MOST_BRACKETS, PRICINGS
from catalog.offers.schemas import BracketIn, BracketOut
from marketplace.platform.api import DecimalString, Identifier, Quantity, Schema
from marketplace.platform.pagination import PageArgs
from tenders.contracts import words
from tenders.contracts.status import STATUSES

LENGTH, ONE_OF = ma.validate.Length, ma.validate.OneOf


class ContractGridIn(Schema):
    """The prices of an award made elsewhere; brackets may leave out where they end."""

    pricing = ma.fields.String(load_default="all_units", validate=ONE_OF(PRICINGS))
    mobilisation_amount = DecimalString(load_default=Decimal(0))
    regional_uplifts = ma.fields.Dict(
        keys=ma.fields.String(validate=LENGTH(max=3)), values=DecimalString(), load_default=dict,
        metadata={"description": "INSEE region code → euros per unit and period"},
    )  # fmt: skip
    brackets = ma.fields.List(ma.fields.Nested(BracketIn), required=True, validate=LENGTH(min=1, max=MOST_BRACKETS))


class ContractFeeIn(Schema):
    """What the centre earns: `value` in euros excluding VAT, or in per cent of what is called off."""

    kind = ma.fields.String(required=True, validate=ONE_OF(words.FEE_KINDS))
    payer = ma.fields.String(load_default=None, allow_none=True, validate=ONE_OF(words.FEE_PAYERS))
    value = DecimalString(load_default=None, allow_none=True)


class ContractIn(Schema):
    """A contract to conclude on a decided lot. Days are Paris days, both included.

    `offer_id` for a listing; an external award may bring its own `grid`. `holder_selection` is fixed by the lot's first
    contract. Left out: `ends_on` is the lot's term, the maximum is the lot's.
    """

    holder_id = Identifier(required=True)
    reference = ma.fields.String(required=True, validate=LENGTH(min=1, max=60))
    title = ma.fields.String(load_default=None, allow_none=True, validate=LENGTH(max=200))
    starts_on = ma.fields.Date(required=True)
    ends_on = ma.fields.Date(load_default=None, allow_none=True)
    duration_reason = ma.fields.String(load_default=None, allow_none=True, validate=LENGTH(max=2000))
    origin = ma.fields.String(load_default="listing", validate=ONE_OF(words.ORIGINS[:2]))
    offer_id = Identifier(load_default=None, allow_none=True)
    grid = ma.fields.Nested(ContractGridIn, load_default=None, allow_none=True)
    holder_selection = ma.fields.String(load_default=None, allow_none=True, validate=ONE_OF(words.HOLDER_SELECTIONS))
    share_percent = DecimalString(load_default=None, allow_none=True)
    maximum_quantity = Quantity(load_default=None, allow_none=True)
    maximum_amount = DecimalString(load_default=None, allow_none=True)
    fee = ma.fields.Nested(ContractFeeIn, load_default=None, allow_none=True)


class SignedContractIn(Schema):
    """The signed contract: a PDF."""

    signed_file = UploadField(required=True)


class SignatureDayIn(Schema):
    """The day it was signed."""

    class Meta:
        """The file travels beside it in the same form."""

        unknown = ma.EXCLUDE

    signed_on = ma.fields.Date(required=True)


class ContractSuspensionIn(Schema):
    """From a day on (today when left out) until a day, included (until taken up again when left out)."""

    reason = ma.fields.String(required=True, validate=LENGTH(min=1, max=2000))
    starts_on = ma.fields.Date(load_default=None, allow_none=True, data_key="from")
    until = ma.fields.Date(load_default=None, allow_none=True)


class ContractTerminationIn(Schema):
    """From a day on; today when left out."""

    reason = ma.fields.String(required=True, validate=LENGTH(min=1, max=2000))
    on = ma.fields.Date(load_default=None, allow_none=True)


class ContractArgs(PageArgs):
    """Filters of the list of contracts."""

    status = ma.fields.String(load_default=None, validate=ONE_OF(STATUSES))
    lot_id = Identifier(load_default=None)


class ContractOut(Schema):
    """A contract. Prices are euros excluding VAT per unit and period, frozen at `pooled_quantity`; bounds in units.

    Prices, bounds, last day and fee are those of the version in force (`amendments_in_force`: its number, 0 as concluded);
    `amendments` counts the versions signed.
    """

    id = Identifier(required=True)
    organisation_id = Identifier(required=True)
    lot_id = Identifier(required=True)
    holder_id = Identifier(required=True)
    offer_id = Identifier(required=True, allow_none=True)
    origin = ma.fields.String(required=True, validate=ONE_OF(words.ORIGINS))
    reference = ma.fields.String(required=True)
    title = ma.fields.String(required=True)
    status = ma.fields.String(required=True, validate=ONE_OF(STATUSES))
    holder_selection = ma.fields.String(required=True, validate=ONE_OF(words.HOLDER_SELECTIONS))
    rank = ma.fields.Integer(required=True)
    share_percent = DecimalString(required=True, allow_none=True)
    unit = ma.fields.String(required=True)
    price_period = ma.fields.String(required=True)
    term_months = ma.fields.Integer(required=True)
    pricing = ma.fields.String(required=True, validate=ONE_OF(PRICINGS), attribute="price_grid.pricing")
    mobilisation_amount = DecimalString(required=True, attribute="price_grid.mobilisation_amount")
    regional_uplifts = ma.fields.Dict(
        keys=ma.fields.String(), values=DecimalString(), required=True, attribute="price_grid.regional_uplifts"
    )
    amendments = ma.fields.Integer(required=True)
    amendments_in_force = ma.fields.Integer(required=True)
    brackets = ma.fields.List(ma.fields.Nested(BracketOut), required=True, attribute="price_grid.brackets")
    pooled_quantity = ma.fields.Integer(required=True)
    minimum_quantity = ma.fields.Integer(required=True, allow_none=True)
    maximum_quantity = ma.fields.Integer(required=True, allow_none=True)
    maximum_amount = DecimalString(required=True, allow_none=True)
    ordered_quantity = ma.fields.Integer(required=True)
    ordered_amount = DecimalString(required=True)
    remaining_quantity = ma.fields.Integer(required=True, allow_none=True)
    starts_on = ma.fields.Date(required=True)
    ends_on = ma.fields.Date(required=True)
    concluded_at = ma.fields.AwareDateTime(required=True)
    signed_on = ma.fields.Date(required=True, allow_none=True)
    activated_at = ma.fields.AwareDateTime(required=True, allow_none=True)
    lapsed_at = ma.fields.AwareDateTime(required=True, allow_none=True)
    suspended_from = ma.fields.Date(required=True, allow_none=True)
    suspended_until = ma.fields.Date(required=True, allow_none=True)
    suspension_reason = ma.fields.String(required=True, allow_none=True)
    terminated_on = ma.fields.Date(required=True, allow_none=True)
    termination_reason = ma.fields.String(required=True, allow_none=True)
    version = ma.fields.Integer(required=True)


class ContractsOut(Schema):
    """A page of contracts."""

    items = ma.fields.List(ma.fields.Nested(ContractOut), required=True)
    next = ma.fields.String(required=True, allow_none=True)


class ContractMemberOut(Schema):
    """Who may order: units committed to this holder, price per unit and period with mobilisation and own uplift in it."""

    establishment_id = Identifier(required=True)
    name = ma.fields.String(required=True)
    pooled_quantity = ma.fields.Integer(required=True)
    committed_quantity = ma.fields.Integer(required=True)
    unit_price = DecimalString(required=True)
    uplift = DecimalString(required=True)
    since = ma.fields.Date(required=True)
    until = ma.fields.Date(required=True, allow_none=True)


class ContractMembersOut(Schema):
    """Members the caller may read by name, and the sums of all."""

    items = ma.fields.List(ma.fields.Nested(ContractMemberOut), required=True, attribute="members")
    member_count = ma.fields.Integer(required=True)
    committed = ma.fields.Integer(required=True)
    pooled = ma.fields.Integer(required=True)


class ContractDecisionOut(Schema):
    """What was decided, when and on which evidence (others' parts of it are the centre's alone)."""

    number = ma.fields.Integer(required=True)
    kind = ma.fields.String(required=True, validate=ONE_OF(words.DECISIONS))
    reason = ma.fields.String(required=True, allow_none=True)
    decided_at = ma.fields.AwareDateTime(required=True)
    evidence = ma.fields.Dict(required=True)


class ContractDecisionsOut(Schema):
    """Decisions of a contract, the first first."""

    items = ma.fields.List(ma.fields.Nested(ContractDecisionOut), required=True)
