"""Shape of GET /lots/{id}/matches (formats/core-api.md)."""
import marshmallow as ma

from marketplace.platform.api import DecimalString, Identifier, Schema
from marketplace.platform.i18n import sentence
from tenders.demand import words
from tenders.demand.schemas import PoolOut


def _detail(criterion: object) -> str:
    return sentence(criterion.detail)  # type: ignore[attr-defined]


class MatchCriterionOut(Schema):
    """A requirement, whether it is met, and the reason in the caller's language."""

    code = ma.fields.String(required=True)
    passed = ma.fields.Boolean(required=True)
    detail = ma.fields.Function(_detail, required=True, metadata={"type": "string"})


class FailedCriterionOut(Schema):
    """A requirement that is not met, and why."""

    code = ma.fields.String(required=True)
    detail = ma.fields.Function(_detail, required=True, metadata={"type": "string"})


class EligibleProviderOut(Schema):
    """A provider that can answer, by its best offer; euros excluding VAT."""

    provider_id = Identifier(required=True)
    provider_name = ma.fields.String(required=True)
    offer_id = Identifier(required=True)
    unit_price = DecimalString(required=True)
    amount = DecimalString(required=True, metadata={"description": "over the lot's whole term"})
    priced_quantity = ma.fields.Integer(
        required=True, metadata={"description": "the offer's own minimum while nothing is pooled"}
    )
    score = ma.fields.Float(
        required=True, allow_none=True,
        metadata={"description": "100 × lowest unit price / own; null for a provider, whom it would tell a rival's price"},
    )  # fmt: skip
    criteria = ma.fields.List(ma.fields.Nested(MatchCriterionOut), required=True)


class ExcludedProviderOut(Schema):
    """A provider that cannot answer, by the offer that lacks least."""

    provider_id = Identifier(required=True)
    provider_name = ma.fields.String(required=True)
    offer_id = Identifier(required=True, allow_none=True)
    failed = ma.fields.List(ma.fields.Nested(FailedCriterionOut), required=True)
    criteria = ma.fields.List(ma.fields.Nested(MatchCriterionOut), required=True)


class MatchesOut(Schema):
    """Who can answer a lot: eligible best first."""

    quantity = ma.fields.Integer(required=True, metadata={"description": "in the lot's unit"})
    basis = ma.fields.String(required=True, validate=ma.validate.OneOf(["ordered", "pooled", "none"]))
    eligible = ma.fields.List(ma.fields.Nested(EligibleProviderOut), required=True)
    excluded = ma.fields.List(ma.fields.Nested(ExcludedProviderOut), required=True)


class WhatIfArgs(Schema):
    """Another quantity of a site, in the lot's unit; 0: no need. Without `firmness`: as it is, or firm."""

    establishment_id = Identifier(required=True)
    quantity = ma.fields.Integer(required=True, validate=ma.validate.Range(min=0, max=10**12))
    firmness = ma.fields.String(load_default=None, validate=ma.validate.OneOf(words.FIRMNESS))


class WhatIfOut(PoolOut):
    """The pool as it would be. Unit prices in euros excluding VAT, the lowest published that can answer; null: none."""

    unit_price_before = DecimalString(required=True, allow_none=True)
    unit_price_after = DecimalString(required=True, allow_none=True)
    need_status = ma.fields.String(
        required=True, allow_none=True, validate=ma.validate.OneOf((*words.STATUSES, None)),
        metadata={"description": "what the need would be: counted, waitlisted, not_counted; null without one"},
    )  # fmt: skip
