"""Shapes of the search and of the comparison."""
from datetime import date

import marshmallow as ma

from catalog.offers.search.queries import PAGE, USUAL_TERM
from catalog.offers.search.sql import SORTS
from catalog.providers.words import DELIVERY_MODES
from marketplace.categories.units import PRICE_PERIODS
from marketplace.platform.api import DecimalString, Identifier, Schema
from marketplace.platform.pagination import PageArgs

LENGTH, ONE_OF, RANGE = ma.validate.Length, ma.validate.OneOf, ma.validate.Range
MOST_ASKED = 1_000_000_000
MOST_COMPARED = 5
FIRST_DAY, LAST_DAY = date(2000, 1, 1), date(2100, 12, 31)


class PricedArgs(Schema):
    """How much is bought together, for how long, where."""

    quantity = ma.fields.Integer(
        load_default=None, validate=RANGE(min=1, max=MOST_ASKED),
        metadata={"description": "units of the category; within the offer's own minimum and capacity"},
    )  # fmt: skip
    term_months = ma.fields.Integer(load_default=USUAL_TERM, validate=RANGE(min=1, max=120))
    region = ma.fields.String(
        load_default=None, validate=LENGTH(max=3), metadata={"description": "INSEE code: served, and whose uplift is added"}
    )
    valid_on = ma.fields.Date(
        load_default=None, validate=RANGE(min=FIRST_DAY, max=LAST_DAY),
        metadata={"description": "day on which certificates must be valid; today when left out"},
    )  # fmt: skip


class SearchArgs(PageArgs, PricedArgs):
    """What is looked for."""

    q = ma.fields.String(
        load_default=None, validate=LENGTH(max=200),
        metadata={"description": "words in French: accents, endings and slips of the keyboard are forgiven"},
    )  # fmt: skip
    category = ma.fields.String(load_default=None, validate=LENGTH(max=60))
    certificate = ma.fields.String(
        load_default=None, validate=LENGTH(max=60),
        metadata={"description": "scheme that the provider itself holds on the day, with its prerequisite"},
    )  # fmt: skip
    hds_activities = ma.fields.List(
        ma.fields.Integer(validate=RANGE(min=1, max=99)), load_default=list, validate=LENGTH(max=12),
        metadata={"description": "all covered on the day, by the provider and its declared subcontractors together"},
    )  # fmt: skip
    delivery_mode = ma.fields.String(load_default=None, validate=ONE_OF(DELIVERY_MODES))
    maximum_unit_price = DecimalString(
        load_default=None,
        metadata={"description": "at the quantity, mobilisation and uplift included, per unit and the category's usual period"},
    )
    sort = ma.fields.String(
        load_default=None, validate=ONE_OF(SORTS),
        metadata={"description": "price needs a quantity and a category; relevance, or name without words, otherwise"},
    )  # fmt: skip
    limit = ma.fields.Integer(load_default=PAGE, validate=RANGE(min=1, max=100))


class FoundOut(Schema):
    """An offer among the answers; prices are null without a quantity, or when they are not for the caller."""

    id = Identifier(required=True)
    title = ma.fields.String(required=True)
    provider_id = Identifier(required=True)
    provider_name = ma.fields.String(required=True)
    category = ma.fields.String(required=True)
    unit = ma.fields.String(required=True)
    price_period = ma.fields.String(required=True, validate=ONE_OF(PRICE_PERIODS))
    minimum_quantity = ma.fields.Integer(required=True)
    capacity = ma.fields.Integer(allow_none=True, required=True)
    delivery_modes = ma.fields.List(ma.fields.String(), required=True)
    response_hours = ma.fields.Integer(allow_none=True, required=True)
    prices_visible = ma.fields.Boolean(required=True)
    amount = DecimalString(allow_none=True, required=True)
    unit_price = DecimalString(allow_none=True, required=True)
    certificates = ma.fields.List(ma.fields.String(), required=True)
    hds_activities = ma.fields.List(ma.fields.Integer(), required=True)


class SearchOut(Schema):
    """A page of answers with the figures of every facet."""

    items = ma.fields.List(ma.fields.Nested(FoundOut), required=True)
    next = ma.fields.String(allow_none=True, required=True)
    total = ma.fields.Integer(required=True)
    facets = ma.fields.Dict(
        keys=ma.fields.String(), values=ma.fields.Dict(keys=ma.fields.String(), values=ma.fields.Integer()), required=True,
        metadata={"description": "facet → value → offers, whatever was chosen in that facet"},
    )  # fmt: skip
    sort = ma.fields.String(required=True, validate=ONE_OF(SORTS))
    valid_on = ma.fields.Date(required=True)
    prices = ma.fields.String(
        required=True, validate=ONE_OF(("all", "public", "own")),
        metadata={"description": "whose prices are compared: others are never bounded, never ordered"},
    )  # fmt: skip
    read_as = ma.fields.Dict(
        keys=ma.fields.String(), values=ma.fields.List(ma.fields.String()), required=True,
        metadata={"description": "mistyped word → what it was taken for"},
    )  # fmt: skip
    loosened = ma.fields.Dict(
        keys=ma.fields.String(), values=ma.fields.Integer(), required=True,
        metadata={"description": "when nothing is found: filter → how many offers without it"},
    )  # fmt: skip


class ComparisonArgs(PricedArgs):
    """Which offers, at which quantity."""

    offer_id = ma.fields.List(Identifier(), required=True, validate=LENGTH(min=1, max=MOST_COMPARED))


class ProofOut(Schema):
    """Something proved on the day: a scheme, or an HDS activity as `hds:3`, and the last day it still is."""

    proof = ma.fields.String(required=True)
    until = ma.fields.Date(required=True)


class ComparedBracketOut(Schema):
    """A bracket, both ends included."""

    from_quantity = ma.fields.Integer(required=True)
    to_quantity = ma.fields.Integer(required=True, allow_none=True)
    unit_price = DecimalString(required=True)


class ComparedOut(Schema):
    """An offer in its column. `best`: criteria on which it is the lowest of those compared."""

    offer_id = Identifier(required=True)
    title = ma.fields.String(required=True)
    provider_id = Identifier(required=True)
    provider_name = ma.fields.String(required=True)
    status = ma.fields.String(required=True)
    category = ma.fields.String(required=True)
    unit = ma.fields.String(required=True)
    price_period = ma.fields.String(required=True)
    periods = ma.fields.Integer(required=True)
    fits_quantity = ma.fields.Boolean(required=True)
    minimum_quantity = ma.fields.Integer(required=True)
    capacity = ma.fields.Integer(allow_none=True, required=True)
    prices_visible = ma.fields.Boolean(required=True)
    pricing = ma.fields.String(allow_none=True, required=True)
    unit_price = DecimalString(allow_none=True, required=True)
    amount = DecimalString(allow_none=True, required=True)
    mobilisation_amount = DecimalString(allow_none=True, required=True)
    uplift = DecimalString(allow_none=True, required=True)
    brackets = ma.fields.List(ma.fields.Nested(ComparedBracketOut), allow_none=True, required=True)
    delivery_modes = ma.fields.List(ma.fields.String(), required=True)
    response_hours = ma.fields.Integer(allow_none=True, required=True)
    restoration_hours = ma.fields.Integer(allow_none=True, required=True)
    service_hours = ma.fields.String(allow_none=True, required=True)
    commitment_months = ma.fields.Integer(allow_none=True, required=True)
    indexation = ma.fields.String(required=True)
    proofs = ma.fields.List(ma.fields.Nested(ProofOut), required=True)
    best = ma.fields.List(ma.fields.String(), required=True)


class ComparisonOut(Schema):
    """Up to five offers side by side."""

    quantity = ma.fields.Integer(required=True)
    term_months = ma.fields.Integer(required=True)
    valid_on = ma.fields.Date(required=True)
    comparable = ma.fields.Boolean(
        required=True, metadata={"description": "whether all count in the same unit: amounts are compared only then"}
    )
    columns = ma.fields.List(ma.fields.Nested(ComparedOut), required=True)
