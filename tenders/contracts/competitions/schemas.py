"""Shapes of mini-competitions over HTTP; prices are decimal strings in euros excluding VAT."""
from decimal import Decimal

import marshmallow as ma

from marketplace.platform.api import DecimalString, Identifier, Quantity, Schema
from marketplace.platform.pagination import PageArgs
from tenders.contracts.competitions.rules.criteria import MOST_ANSWER_DAYS, MOST_QUALITIES
from tenders.contracts.competitions.rules.states import STATUSES

TEXT = ma.validate.Length(max=2000)
REASON = ma.validate.Length(min=1, max=2000)
LABEL = ma.validate.Length(min=1, max=80)


class CompetitionFrameworkIn(Schema):
    """What a lot's framework allows: full days to answer, the least the price weighs, the criteria of quality."""

    answer_days = ma.fields.Integer(required=True, validate=ma.validate.Range(min=1, max=MOST_ANSWER_DAYS))
    least_price_percent = ma.fields.Integer(load_default=100, validate=ma.validate.Range(min=1, max=100))
    qualities = ma.fields.List(
        ma.fields.String(validate=LABEL), load_default=list, validate=ma.validate.Length(max=MOST_QUALITIES)
    )


class CompetitionFrameworkOut(Schema):
    """The framework of a lot; without qualities the price is the only criterion."""

    answer_days = ma.fields.Integer(required=True)
    least_price_percent = ma.fields.Integer(required=True)
    qualities = ma.fields.List(ma.fields.String(), required=True)


class QualityWeightIn(Schema):
    """How much a criterion of the framework weighs, in per cent; the price takes what they leave."""

    label = ma.fields.String(required=True, validate=LABEL)
    weight = ma.fields.Integer(required=True, validate=ma.validate.Range(min=0, max=99))


class CompetitionIn(Schema):
    """What is asked of the holders of a lot, and until when they may answer."""

    establishment_id = Identifier(required=True)
    lot_id = Identifier(required=True)
    quantity = Quantity(minimum=1, required=True)
    starts_on = ma.fields.Date(required=True)
    closes_at = ma.fields.AwareDateTime(required=True)
    qualities = ma.fields.List(ma.fields.Nested(QualityWeightIn), load_default=list, validate=ma.validate.Length(max=20))
    places = ma.fields.String(load_default=None, allow_none=True, validate=TEXT)
    remarks = ma.fields.String(load_default=None, allow_none=True, validate=TEXT)
    purchase_order_reference = ma.fields.String(load_default=None, allow_none=True, validate=ma.validate.Length(max=100))


class CriterionOut(Schema):
    """A criterion; `label` null: the price."""

    code = ma.fields.String(required=True)
    weight = ma.fields.Integer(required=True)
    label = ma.fields.String(required=True, allow_none=True)


class CompetitionOut(Schema):
    """A competition. Its offers are no part of it: they are read at `/offers`, once they may be."""

    id = Identifier(required=True)
    reference = ma.fields.String(required=True)
    lot_id = Identifier(required=True)
    lot = ma.fields.String(required=True)
    establishment_id = Identifier(required=True)
    establishment = ma.fields.String(required=True)
    organisation_id = Identifier(required=True)
    status = ma.fields.String(required=True, validate=ma.validate.OneOf(STATUSES))
    is_sealed = ma.fields.Boolean(required=True)
    quantity = ma.fields.Integer(required=True)
    unit = ma.fields.String(required=True)
    price_period = ma.fields.String(required=True)
    starts_on = ma.fields.Date(required=True)
    places = ma.fields.String(required=True, allow_none=True)
    remarks = ma.fields.String(required=True, allow_none=True)
    purchase_order_reference = ma.fields.String(required=True, allow_none=True)
    criteria = ma.fields.List(ma.fields.Nested(CriterionOut), required=True)
    round = ma.fields.Integer(required=True)
    opened_at = ma.fields.AwareDateTime(required=True)
    closes_at = ma.fields.AwareDateTime(required=True)
    ended_at = ma.fields.AwareDateTime(required=True, allow_none=True)
    end_reason = ma.fields.String(required=True, allow_none=True)
    awarded_at = ma.fields.AwareDateTime(required=True, allow_none=True)
    call_off_id = Identifier(required=True, allow_none=True)
    cancelled_at = ma.fields.AwareDateTime(required=True, allow_none=True)
    cancel_reason = ma.fields.String(required=True, allow_none=True)
    version = ma.fields.Integer(required=True)


class CompetitionsOut(Schema):
    """A page of competitions."""

    items = ma.fields.List(ma.fields.Nested(CompetitionOut), required=True)
    next = ma.fields.String(allow_none=True)


class CompetitionsArgs(PageArgs):
    """Filters of the list."""

    status = ma.fields.String(load_default=None, validate=ma.validate.OneOf(STATUSES))
    lot_id = Identifier(load_default=None)


class CompetitionReopeningIn(Schema):
    """Until when holders may answer now."""

    closes_at = ma.fields.AwareDateTime(required=True)


class CompetitionReasonIn(Schema):
    """Why."""

    reason = ma.fields.String(required=True, validate=REASON)


class CompetitionOfferIn(Schema):
    """A holder's price per unit and period, and its mobilisation, paid once."""

    unit_price = DecimalString(required=True)
    mobilisation = DecimalString(load_default=Decimal(0))
    remarks = ma.fields.String(load_default=None, allow_none=True, validate=TEXT)


class GivenScoreOut(Schema):
    """A score of the buyer, 0 to 20, with its reason."""

    criterion = ma.fields.String(required=True)
    score = DecimalString(required=True)
    reason = ma.fields.String(required=True)


class CompetitionOfferOut(Schema):
    """A holder that was asked. Everything from `answered_at` on is null while it is sealed for the reader.

    `whole_price` is per unit and period, mobilisation included: what is ranked, and ordered. `points` are on 100.
    """

    contract_id = Identifier(required=True)
    holder = ma.fields.String(required=True)
    answered_at = ma.fields.AwareDateTime(required=True, allow_none=True)
    unit_price = DecimalString(required=True, allow_none=True)
    mobilisation = DecimalString(required=True, allow_none=True)
    whole_price = DecimalString(required=True, allow_none=True)
    amount = DecimalString(required=True, allow_none=True)
    remarks = ma.fields.String(required=True, allow_none=True)
    decline_reason = ma.fields.String(required=True, allow_none=True)
    scores = ma.fields.List(ma.fields.Nested(GivenScoreOut), required=True)
    position = ma.fields.Integer(required=True, allow_none=True)
    points = DecimalString(required=True, allow_none=True)
    reason = ma.fields.String(required=True, allow_none=True)


class CompetitionOffersOut(Schema):
    """The holders asked, the best first once they are ranked; `no_ranking` says why they are not."""

    items = ma.fields.List(ma.fields.Nested(CompetitionOfferOut), required=True)
    no_ranking = ma.fields.String(required=True, allow_none=True)


class ScoreIn(Schema):
    """What an offer is worth on a criterion of quality: 0 to 20, and why."""

    contract_id = Identifier(required=True)
    criterion = ma.fields.String(required=True)
    score = DecimalString(required=True)
    reason = ma.fields.String(required=True, validate=REASON)


class ScoresIn(Schema):
    """Scores given together."""

    scores = ma.fields.List(ma.fields.Nested(ScoreIn), required=True, validate=ma.validate.Length(min=1, max=100))


class CompetitionAwardIn(Schema):
    """The first of the ranking as it was read, and what the buyer adds for the record."""

    contract_id = Identifier(required=True)
    note = ma.fields.String(load_default=None, allow_none=True, validate=TEXT)
