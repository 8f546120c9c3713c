"""Shapes of joining a closed lot over HTTP."""
import marshmallow as ma

from marketplace.platform.api import DecimalString, Identifier, Quantity, Schema
from tenders.demand.schemas import POSITIVE, ExposureOut


class JoiningIn(Schema):
    """Joining with so many units, in the lot's unit; `price_ceiling`: what the signature binds up to (the reference)."""

    quantity = Quantity(minimum=1, required=True)
    grappe_id = Identifier(load_default=None, allow_none=True)
    price_ceiling = DecimalString(load_default=None, allow_none=True, validate=POSITIVE)


class FeeOut(Schema):
    """What the centre asks once for joining late, in euros."""

    excl_vat = DecimalString(required=True)
    incl_vat = DecimalString(required=True)


class JoiningOut(Schema):
    """A joining as signed, for the `months` that were left; `envelope_entry` is its number in the lot's ledger."""

    lot_id = Identifier(required=True)
    establishment_id = Identifier(required=True)
    grappe_id = Identifier(required=True, allow_none=True)
    quantity = ma.fields.Integer(required=True)
    price_ceiling = DecimalString(required=True)
    exposure = ma.fields.Nested(ExposureOut, required=True)
    fee = ma.fields.Nested(FeeOut, required=True, allow_none=True)
    envelope_entry = ma.fields.Integer(required=True)
    signed_at = ma.fields.AwareDateTime(required=True)
