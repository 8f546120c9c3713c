"""Shapes of true-ups: units of the lot, decimal strings in euros excluding VAT."""
import marshmallow as ma

from marketplace.platform.api import DecimalString, Identifier, Schema
from tenders.contracts.settlement.rules import SHARING_RULES


class ShareOut(Schema):
    """One establishment's line."""

    establishment_id = Identifier(required=True)
    establishment = ma.fields.String(required=True)
    organisation_id = Identifier(required=True)
    grappe_id = Identifier(required=True, allow_none=True)
    rule = ma.fields.String(required=True, validate=ma.validate.OneOf(SHARING_RULES))
    committed = ma.fields.Integer(required=True)
    consumed = ma.fields.Integer(required=True)
    owed = ma.fields.Integer(required=True, metadata={"description": "units of the shortfall that it owes"})
    relieved = ma.fields.Integer(
        required=True,
        metadata={"description": "units of its own shortfall that others' consumption, or the minimum, spares it"},
    )  # fmt: skip
    amount = DecimalString(required=True)


class SettlementOut(Schema):
    """A contract's true-up; a member reads its own lines and the totals."""

    contract_id = Identifier(required=True)
    unit = ma.fields.String(required=True)
    minimum = ma.fields.Integer(required=True)
    committed = ma.fields.Integer(required=True)
    consumed = ma.fields.Integer(required=True)
    lacking = ma.fields.Integer(required=True)
    unattributed = ma.fields.Integer(required=True)
    amount = DecimalString(required=True)
    currency = ma.fields.Constant("EUR")
    decided_at = ma.fields.AwareDateTime(required=True)
    shares = ma.fields.List(ma.fields.Nested(ShareOut), required=True)
