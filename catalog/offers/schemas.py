"""Shapes of offers and of what they cost."""
from decimal import Decimal

import marshmallow as ma

from catalog.offers.rules import MOST_BRACKETS, PRICINGS, SERVICE_HOURS, VISIBILITIES
from catalog.providers.words import DELIVERY_MODES
from marketplace.categories.units import PRICE_PERIODS, UNITS
from marketplace.platform.api import DecimalString, Identifier, Quantity, Schema
from marketplace.platform.pagination import PageArgs

LENGTH, ONE_OF = ma.validate.Length, ma.validate.OneOf
HOURS = ma.validate.Range(min=1, max=720)
STATUSES = ("draft", "published", "superseded", "withdrawn")


class BracketIn(Schema):
    """A bracket, both ends included; ends may be left out everywhere: each then ends where the next begins."""

    from_quantity = Quantity(required=True)
    to_quantity = Quantity(load_default=None, allow_none=True)
    unit_price = DecimalString(required=True)


class OfferIn(Schema):
    """An offer to write; unit and price period default to the category's."""

    category = ma.fields.String(required=True, validate=LENGTH(max=60))
    title = ma.fields.String(required=True, validate=LENGTH(min=1, max=200))
    description = ma.fields.String(load_default="", validate=LENGTH(max=4000))
    unit = ma.fields.String(load_default=None, allow_none=True, validate=ONE_OF(list(UNITS)))
    price_period = ma.fields.String(load_default=None, allow_none=True, validate=ONE_OF(PRICE_PERIODS))
    pricing = ma.fields.String(load_default="all_units", validate=ONE_OF(PRICINGS))
    mobilisation_amount = DecimalString(load_default=Decimal(0))
    minimum_quantity = Quantity(minimum=1, load_default=1)
    capacity = Quantity(load_default=None, allow_none=True)
    regional_uplifts = ma.fields.Dict(
        keys=ma.fields.String(validate=LENGTH(max=3)), values=DecimalString(), load_default=dict,
        metadata={"description": "INSEE region code → euros per unit and period"},
    )  # fmt: skip
    delivery_modes = ma.fields.List(ma.fields.String(validate=ONE_OF(DELIVERY_MODES)), validate=LENGTH(max=4))
    response_hours = ma.fields.Integer(
        load_default=None, allow_none=True, strict=True, validate=HOURS, metadata={"description": "until somebody answers"}
    )
    restoration_hours = ma.fields.Integer(
        load_default=None, allow_none=True, strict=True, validate=HOURS, metadata={"description": "until it works again"}
    )
    service_hours = ma.fields.String(load_default=None, allow_none=True, validate=ONE_OF(SERVICE_HOURS))
    commitment_months = ma.fields.Integer(
        load_default=None, allow_none=True, strict=True, validate=ma.validate.Range(min=1, max=120)
    )
    indexation = ma.fields.String(load_default="", validate=LENGTH(max=1000))
    visibility = ma.fields.String(load_default="buyers", validate=ONE_OF(VISIBILITIES))
    brackets = ma.fields.List(ma.fields.Nested(BracketIn), load_default=list, validate=LENGTH(max=MOST_BRACKETS))


class OfferChangesIn(OfferIn):
    """What changes in a draft; what is left out stays. Category, unit and period are those it was begun with."""

    class Meta(Schema.Meta):
        """Everything but what a draft is about."""

        exclude = ("category", "unit", "price_period")


OFFER_CHANGES = OfferChangesIn(partial=True)


class OfferArgs(PageArgs):
    """Filters of the offers."""

    category = ma.fields.String(load_default=None)
    provider_id = Identifier(load_default=None)


class BracketOut(Schema):
    """A bracket, both ends included."""

    from_quantity = ma.fields.Integer(required=True)
    to_quantity = ma.fields.Integer(required=True, allow_none=True)
    unit_price = DecimalString(required=True)


class OfferOut(Schema):
    """An offer; what concerns prices is null when they are not for the caller."""

    id = Identifier(required=True)
    provider_id = Identifier(required=True)
    category = ma.fields.String(required=True, attribute="category_code")
    title = ma.fields.String(required=True)
    description = ma.fields.String(required=True)
    unit = ma.fields.String(required=True)
    price_period = ma.fields.String(required=True)
    minimum_quantity = ma.fields.Integer(required=True)
    capacity = ma.fields.Integer(allow_none=True, required=True)
    delivery_modes = ma.fields.List(ma.fields.String(), required=True)
    response_hours = ma.fields.Integer(allow_none=True, required=True)
    restoration_hours = ma.fields.Integer(allow_none=True, required=True)
    service_hours = ma.fields.String(allow_none=True, required=True)
    commitment_months = ma.fields.Integer(allow_none=True, required=True)
    indexation = ma.fields.String(required=True)
    visibility = ma.fields.String(required=True)
    status = ma.fields.String(required=True, validate=ONE_OF(STATUSES))
    supersedes_id = Identifier(allow_none=True, required=True)
    published_at = ma.fields.AwareDateTime(allow_none=True, required=True)
    version = ma.fields.Integer(required=True)
    prices_visible = ma.fields.Boolean(required=True)
    pricing = ma.fields.String(allow_none=True, required=True)
    mobilisation_amount = DecimalString(allow_none=True, required=True)
    regional_uplifts = ma.fields.Dict(keys=ma.fields.String(), values=ma.fields.String(), allow_none=True, required=True)
    brackets = ma.fields.List(ma.fields.Nested(BracketOut), allow_none=True, required=True)


class OffersOut(Schema):
    """A page of offers."""

    items = ma.fields.List(ma.fields.Nested(OfferOut), required=True)
    next = ma.fields.String(allow_none=True, required=True)


class PriceArgs(Schema):
    """How much is bought together, where, and over how many price periods (mobilisation is spread on them)."""

    quantity = ma.fields.Integer(required=True, validate=ma.validate.Range(min=1, max=10**12))
    region = ma.fields.String(load_default=None, validate=LENGTH(max=3))
    periods = ma.fields.Integer(load_default=1, validate=ma.validate.Range(min=1, max=600))


class PriceOut(Schema):
    """What a quantity costs, euros excluding VAT: `amount` for one period without mobilisation, `unit_price` with it."""

    quantity = ma.fields.Integer(required=True)
    price_period = ma.fields.String(required=True)
    amount = DecimalString(required=True)
    unit_price = DecimalString(required=True)
    mobilisation_amount = DecimalString(required=True)
