"""Shapes of studies, of stand-alone prices, and of « quel achat groupé pour moi »."""
from typing import Any

import marshmallow as ma

from marketplace.platform.api import DecimalString, Identifier, Quantity, Schema
from marketplace.platform.facts import unpack
from marketplace.platform.i18n import sentence
from marketplace.platform.pagination import PageArgs
from tenders.composition.studies import words
from tenders.composition.studies.rules.parameters import LONGEST, LONGEST_TERM, SHORTEST


def _said(packed: Any) -> str | None:
    return None if packed is None else sentence(unpack(packed))


class StudyIn(Schema):
    """What is asked. Without `grappe_id`: by a purchasing centre, on its own open lots."""

    title = ma.fields.String(load_default="", validate=ma.validate.Length(max=200))
    organisation_id = Identifier(load_default=None, allow_none=True)
    grappe_id = Identifier(load_default=None, allow_none=True)
    categories = ma.fields.List(
        ma.fields.String(validate=ma.validate.Length(max=60)), required=True, validate=ma.validate.Length(min=1, max=100)
    )
    regions = ma.fields.List(
        ma.fields.String(validate=ma.validate.Length(max=10)), load_default=list, validate=ma.validate.Length(max=100)
    )
    least_members = ma.fields.Integer(load_default=1, strict=True, validate=ma.validate.Range(min=1, max=10**6))
    most_members = ma.fields.Integer(
        load_default=None, allow_none=True, strict=True, validate=ma.validate.Range(min=1, max=10**6)
    )
    keep_grappes_together = ma.fields.Boolean(load_default=False)
    time_limit = ma.fields.Integer(
        load_default=60, strict=True, validate=ma.validate.Range(min=SHORTEST, max=LONGEST), metadata={"description": "seconds"}
    )
    term_months = ma.fields.Integer(load_default=36, strict=True, validate=ma.validate.Range(min=1, max=LONGEST_TERM))


class StudyShareIn(Schema):
    """To which purchasing centre a coordinator shows its study."""

    centre_id = Identifier(required=True)


class StudyAcceptanceIn(Schema):
    """Which purchases become lots of which vehicle in preparation, and until when their needs are collected."""

    purchases = ma.fields.List(
        ma.fields.Integer(strict=True, validate=ma.validate.Range(min=1)), required=True,
        validate=ma.validate.Length(min=1, max=500),
    )  # fmt: skip
    vehicle_id = Identifier(required=True)
    needs_close_at = ma.fields.AwareDateTime(required=True, format="iso")


class StudyLotOut(Schema):
    """The lot that a purchase became."""

    purchase = ma.fields.Integer(required=True)
    lot_id = Identifier(required=True)


class StudyAcceptanceOut(Schema):
    """What was written and who is invited."""

    lots = ma.fields.List(ma.fields.Nested(StudyLotOut), required=True)
    invited = ma.fields.Integer(required=True, metadata={"description": "establishments"})


class StudyStepOut(Schema):
    """Where the search stood: seconds since its start, euros, and the gap as a share of the cost."""

    seconds = ma.fields.String(required=True)
    step = ma.fields.String(required=True)
    cost = ma.fields.String(required=True)
    bound = ma.fields.String(required=True)
    gap = ma.fields.String(required=True)


class StudyEffectOut(Schema):
    """What a shock changes for those who stay, in euros over the term, excluding VAT."""

    kind = ma.fields.String(required=True, validate=ma.validate.OneOf(words.SHOCKS))
    subject = ma.fields.String(required=True, allow_none=True)
    difference = ma.fields.String(required=True)
    purchases = ma.fields.Integer(required=True)
    more_outside = ma.fields.Integer(required=True)


class StudyPurchaseOut(Schema):
    """A proposed pooled purchase; unit prices per unit and period, amounts over the term, excluding VAT."""

    number = ma.fields.Integer(required=True)
    offer_id = Identifier(required=True)
    provider_id = Identifier(required=True)
    provider_name = ma.fields.String(required=True)
    category = ma.fields.String(required=True)
    members = ma.fields.Integer(required=True)
    quantity = Quantity(required=True)
    bracket_from = Quantity(required=True)
    bracket_to = Quantity(required=True)
    unit_price = DecimalString(required=True)
    minimum = Quantity(required=True)
    margin = ma.fields.Integer(required=True, metadata={"description": "units above the offer's minimum"})
    next_from = Quantity(required=True, allow_none=True)
    next_unit_price = DecimalString(required=True, allow_none=True)
    amount = DecimalString(required=True)
    saving = ma.fields.String(required=True, metadata={"description": "of members with a stated stand-alone price only"})
    lot_id = Identifier(required=True, allow_none=True)


class StudyOut(Schema):
    """A study in a list. `gap`: at most this share of the cost could be saved by another proposal."""

    id = Identifier(required=True)
    title = ma.fields.String(required=True)
    organisation_id = Identifier(required=True)
    grappe_id = Identifier(required=True, allow_none=True)
    follows_id = Identifier(required=True, allow_none=True)
    status = ma.fields.String(required=True, validate=ma.validate.OneOf(words.STATUSES))
    asked_at = ma.fields.AwareDateTime(required=True)
    finished_at = ma.fields.AwareDateTime(required=True, allow_none=True)
    cost = DecimalString(required=True, allow_none=True)
    bound = DecimalString(required=True, allow_none=True)
    gap = ma.fields.String(required=True, allow_none=True)
    saving = ma.fields.String(required=True, allow_none=True)


class StudiesOut(Schema):
    """Studies, the newest first."""

    items = ma.fields.List(ma.fields.Nested(StudyOut), required=True)


class StudyDetailOut(StudyOut):
    """A study with everything it found but its places."""

    parameters = ma.fields.Dict(required=True)
    progress = ma.fields.List(ma.fields.Nested(StudyStepOut), required=True)
    purchases = ma.fields.List(ma.fields.Nested(StudyPurchaseOut), required=True)
    needs = ma.fields.Integer(required=True)
    outside = ma.fields.Integer(required=True)
    without_price = ma.fields.Integer(required=True)
    sensitivity = ma.fields.List(ma.fields.Nested(StudyEffectOut), required=True)


class StudyPlacesArgs(PageArgs):
    """Of one purchase, or of those outside; everybody unless told."""

    purchase = ma.fields.Integer(load_default=None, validate=ma.validate.Range(min=1))
    outside = ma.fields.Boolean(load_default=False)


class StudyPlaceOut(Schema):
    """One establishment's need in the study: what it pays and saves over the term, or why it stays outside."""

    establishment_id = Identifier(required=True)
    establishment_name = ma.fields.String(required=True)
    category = ma.fields.String(required=True)
    quantity = Quantity(required=True)
    purchase = ma.fields.Integer(required=True, allow_none=True)
    amount = DecimalString(required=True, allow_none=True)
    alone_amount = DecimalString(required=True, allow_none=True)
    outside = ma.fields.Function(lambda row: _said(row["outside"]), required=True, metadata={"type": ["string", "null"]})


class StudyPlacesOut(Schema):
    """A page of places."""

    items = ma.fields.List(ma.fields.Nested(StudyPlaceOut), required=True)
    next = ma.fields.String(required=True, allow_none=True)


class StandAlonePriceIn(Schema):
    """What a unit costs alone, per period of the category, excluding VAT."""

    unit_price = DecimalString(required=True)


class StandAlonePriceOut(Schema):
    """The price as stated."""

    establishment_id = Identifier(required=True)
    category = ma.fields.String(required=True, attribute="category_code")
    unit_price = DecimalString(required=True)
    stated_at = ma.fields.AwareDateTime(required=True)


class SeekArgs(Schema):
    """A category and how many units one needs."""

    category = ma.fields.String(required=True, validate=ma.validate.Length(max=60))
    quantity = ma.fields.Integer(required=True, validate=ma.validate.Range(min=1, max=10**12))


class PossibleOut(Schema):
    """An open lot for one's quantity, best first."""

    lot_id = Identifier(required=True, attribute="lot.id")
    title = ma.fields.String(required=True, attribute="lot.title")
    unit_price_now = DecimalString(required=True, allow_none=True, attribute="price_now")
    unit_price_with = DecimalString(required=True, allow_none=True, attribute="price_with")
    missing = ma.fields.Integer(required=True, allow_none=True)
    fits = ma.fields.Boolean(required=True)
    saving = ma.fields.Function(
        lambda row: None if row.saving is None else f"{row.saving:f}", required=True, metadata={"type": ["string", "null"]}
    )
    reason = ma.fields.Function(lambda row: sentence(row.why), required=True, metadata={"type": "string"})


class SoughtOut(Schema):
    """Where an establishment could buy."""

    stand_alone_unit_price = DecimalString(required=True, allow_none=True, attribute="stated")
    items = ma.fields.List(ma.fields.Nested(PossibleOut), required=True, attribute="possible")
