"""Shapes of amendments and of the law's thresholds; euros excluding VAT, Paris days."""
from decimal import Decimal
from typing import Any

import marshmallow as ma

from marketplace.platform.api import DecimalString, Identifier, Quantity, Schema
from tenders.contracts.amendments import words
from tenders.contracts.indexation.schemas import FormulaIn
from tenders.contracts.schemas import ContractFeeIn, ContractGridIn

LENGTH, ONE_OF = ma.validate.Length, ma.validate.OneOf


class SignedDecimal(DecimalString):
    """An amount that may be taken off: a minus before the figure."""

    def __init__(self, **options: Any) -> None:
        super().__init__(metadata={"pattern": r"^-?\d{1,14}(\.\d{1,4})?$"}, **options)

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Decimal:
        below = isinstance(value, str) and value.startswith("-")
        amount = super()._deserialize(value[1:] if below else value, attr, data, **kwargs)
        return -amount if below else amount


class ContractAmendmentIn(Schema):
    """A draft: its kind says which of the other fields are read.

    prices: `grid`; maximum: `maximum_quantity`, `maximum_amount` or both; minimum: `minimum_quantity` (0: none any more);
    term: `ends_on`, `duration_reason`; members: `added`, `removed` (establishments); indexation: `formula`; fee: `fee`
    (kind `none`: no fee any more); other: `text`. `effective_on` left out: the day of the signature. `value_change` left
    out: what the contract's value formula gives.
    """

    kind = ma.fields.String(required=True, validate=ONE_OF(words.KINDS))
    reason = ma.fields.String(required=True, validate=LENGTH(min=1, max=2000))
    legal_basis = ma.fields.String(required=True, validate=ONE_OF(words.BASES))
    effective_on = ma.fields.Date(load_default=None, allow_none=True)
    value_change = SignedDecimal(load_default=None, allow_none=True)
    grid = ma.fields.Nested(ContractGridIn, load_default=None, allow_none=True)
    maximum_quantity = Quantity(load_default=None, allow_none=True)
    maximum_amount = DecimalString(load_default=None, allow_none=True)
    minimum_quantity = Quantity(load_default=None, allow_none=True)
    ends_on = ma.fields.Date(load_default=None, allow_none=True)
    duration_reason = ma.fields.String(load_default=None, allow_none=True, validate=LENGTH(max=2000))
    added = ma.fields.List(Identifier(), load_default=list, validate=LENGTH(max=200))
    removed = ma.fields.List(Identifier(), load_default=list, validate=LENGTH(max=200))
    formula = ma.fields.Nested(FormulaIn, load_default=None, allow_none=True)
    fee = ma.fields.Nested(ContractFeeIn, load_default=None, allow_none=True)
    text = ma.fields.String(load_default=None, allow_none=True, validate=LENGTH(max=4000))


class ContractAmendmentSignatureIn(Schema):
    """The day it was signed, and why it is signed although a threshold is reached (`amendment_needs_acknowledgement`)."""

    class Meta:
        """The file travels beside it in the same form."""

        unknown = ma.EXCLUDE

    signed_on = ma.fields.Date(required=True)
    acknowledgement = ma.fields.String(load_default=None, allow_none=True, validate=LENGTH(max=2000))


class ContractAmendmentOut(Schema):
    """An amendment: `draft`, `withdrawn`, `signed` (its day is to come), `in_force`, or `stopped` (the
    contract is terminated before its day).

    `changes`: field → `before` and `after`, as the reader may see them. `warnings`: thresholds it reached when it was
    signed, for the centre with its `acknowledgement`.
    """

    id = Identifier(required=True)
    contract_id = Identifier(required=True)
    status = ma.fields.String(required=True, validate=ONE_OF(("draft", "withdrawn", "signed", "in_force", "stopped")))
    number = ma.fields.Integer(required=True, allow_none=True)
    kind = ma.fields.String(required=True, validate=ONE_OF(words.KINDS))
    changes = ma.fields.Dict(required=True)
    value_change = SignedDecimal(required=True)
    reason = ma.fields.String(required=True)
    legal_basis = ma.fields.String(required=True, validate=ONE_OF(words.BASES))
    effective_on = ma.fields.Date(required=True, allow_none=True)
    signed_on = ma.fields.Date(required=True, allow_none=True)
    signed_sha256 = ma.fields.String(required=True, allow_none=True)
    warnings = ma.fields.List(ma.fields.String(), required=True)
    acknowledgement = ma.fields.String(required=True, allow_none=True)
    drafted_at = ma.fields.AwareDateTime(required=True)


class ContractAmendmentsOut(Schema):
    """Versions of a contract, the first first, then its drafts (for the centre); and the value they are held against.

    `initial_value` in euros excluding VAT, found by `initial_value_how`; `value_changes` of all signed versions, those
    stopped by a termination left out.
    """

    items = ma.fields.List(ma.fields.Nested(ContractAmendmentOut), required=True)
    initial_value = DecimalString(required=True)
    initial_value_how = ma.fields.String(required=True, validate=ONE_OF(words.WORTHS))
    value_changes = SignedDecimal(required=True)


class AmendmentThresholdIn(Schema):
    """A threshold of the law from a day on: per cent of the initial value, or euros excluding VAT."""

    code = ma.fields.String(required=True, validate=ONE_OF(words.THRESHOLDS))
    value = DecimalString(required=True)
    article = ma.fields.String(required=True, validate=LENGTH(min=1, max=60))
    since = ma.fields.Date(required=True)
    source = ma.fields.String(required=True, validate=LENGTH(min=1, max=500))


class AmendmentThresholdOut(AmendmentThresholdIn):
    """A threshold as it was entered; a later entry of the same day corrects it."""

    id = Identifier(required=True)
    entered_at = ma.fields.AwareDateTime(required=True)


class AmendmentThresholdsOut(Schema):
    """Every threshold entered, by code, the latest first."""

    items = ma.fields.List(ma.fields.Nested(AmendmentThresholdOut), required=True)
