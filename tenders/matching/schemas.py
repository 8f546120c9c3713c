"""Shape of GET /lots/{id}/matches (formats/core-api.md)."""
import marshmallow as ma

from marketplace.platform.api import DecimalString, Identifier, Schema
from marketplace.platform.i18n import sentence
from tenders.demand import words
from tenders.demand.joining.schemas import FeeOut
from tenders.demand.rules import deadlines
from tenders.demand.schemas import POSITIVE, ExposureOut, PoolOut


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


UNITS = ma.validate.Range(min=0, max=10**9)


class WhatIfArgs(Schema):
    """What is supposed, in the lot's unit. `establishment_id` is a site of the caller's.

    `quantity` of its need (0: none; left out: as it is), `firmness` (left out: as it is, or firm). Somebody else joins
    or leaves: an anonymous quantity of firm units, or by a need the caller may see. `merging_grappe_id`: a grappe whose
    volume the caller may know counts with one's own, from this lot or from `merging_lot_id`. `extension`: the round is
    extended; the pool then counts what nobody is asked again for, and `extension` tells the rest. `closes_on`: the
    collection closes on another day (Paris), and `deadline` tells what that would be.
    """

    establishment_id = Identifier(required=True)
    quantity = ma.fields.Integer(load_default=None, validate=ma.validate.Range(min=0, max=10**12))
    firmness = ma.fields.String(load_default=None, validate=ma.validate.OneOf(words.FIRMNESS))
    joining_quantity = ma.fields.Integer(load_default=0, validate=UNITS)
    joining_establishment_id = Identifier(load_default=None)
    leaving_quantity = ma.fields.Integer(load_default=0, validate=UNITS)
    leaving_establishment_id = Identifier(load_default=None)
    merging_grappe_id = Identifier(load_default=None)
    merging_lot_id = Identifier(load_default=None)
    extension = ma.fields.Boolean(load_default=False)
    closes_on = ma.fields.Date(load_default=None)


class PriceStepOut(Schema):
    """The step of a price grid: from and to in units, both included; `to_quantity` null has no end."""

    from_quantity = ma.fields.Integer(required=True)
    to_quantity = ma.fields.Integer(required=True, allow_none=True)


class AskedAgainOut(Schema):
    """Needs that an extension asks again, and their units."""

    needs = ma.fields.Integer(required=True)
    conditional = ma.fields.Integer(required=True)
    indicative = ma.fields.Integer(required=True)
    waitlisted = ma.fields.Integer(required=True)


class IfConfirmedOut(Schema):
    """The pool if everybody who is asked again confirms; `conditions_open`: some of their conditions would not hold."""

    firm = ma.fields.Integer(required=True)
    conditional = ma.fields.Integer(required=True)
    missing = ma.fields.Integer(required=True)
    is_met = ma.fields.Boolean(required=True)
    conditions_open = ma.fields.Boolean(required=True)


class ExtensionOut(Schema):
    """An extension: until when, whether one's own need stays or is asked again, and what depends on the others."""

    until = ma.fields.AwareDateTime(required=True)
    own = ma.fields.String(required=True, allow_none=True, validate=ma.validate.OneOf(("stays", "asked_again", None)))
    asked_again = ma.fields.Nested(AskedAgainOut, required=True)
    if_confirmed = ma.fields.Nested(IfConfirmedOut, required=True)


class DeadlineOut(Schema):
    """Another deadline: earlier, same or later than the published one. `could_close`: before it, only with the minimum.

    `departures`: needs of the caller's grappes whose sites will have left by then, and their counted units; `own_leaves`:
    the site asked about is one. `providers_…`: how many can answer, certificates looked at today and on that day.
    """

    closes_on = ma.fields.Date(required=True)
    kind = ma.fields.String(required=True, validate=ma.validate.OneOf(deadlines.KINDS))
    could_close = ma.fields.Boolean(required=True)
    departures = ma.fields.Integer(required=True)
    departing = ma.fields.Integer(required=True, metadata={"description": "in the lot's unit"})
    own_leaves = ma.fields.Boolean(required=True)
    providers_before = ma.fields.Integer(required=True)
    providers_after = ma.fields.Integer(required=True)


class WhatIfOut(PoolOut):
    """The pool as it would be. Unit prices in euros excluding VAT, the lowest published that can answer; null: none.

    `bracket_…`: the step of that grid. With an extension, prices are those of the pool that all confirm.
    """

    unit_price_before = DecimalString(required=True, allow_none=True)
    unit_price_after = DecimalString(required=True, allow_none=True)
    bracket_before = ma.fields.Nested(PriceStepOut, required=True, allow_none=True)
    bracket_after = ma.fields.Nested(PriceStepOut, required=True, allow_none=True)
    extension = ma.fields.Nested(ExtensionOut, required=True, allow_none=True)
    deadline = ma.fields.Nested(DeadlineOut, required=True, allow_none=True)
    need_status = ma.fields.String(
        required=True, allow_none=True, validate=ma.validate.OneOf((*words.STATUSES, None)),
        metadata={"description": "what the need would be: counted, waitlisted, not_counted; null without one"},
    )  # fmt: skip


class LateJoiningArgs(Schema):
    """Joining a closed lot with so many units; `price_ceiling`: what a signature would bind up to (the reference)."""

    establishment_id = Identifier(required=True)
    quantity = ma.fields.Integer(required=True, validate=ma.validate.Range(min=1, max=10**9))
    price_ceiling = DecimalString(load_default=None, validate=POSITIVE)


class ContractFeeOut(Schema):
    """What a member organisation pays on a contract of the lot: `value` in euros excluding VAT once (`entry`) or a year
    (`flat_yearly`), or in per cent of its orders (`percent_of_call_offs`)."""

    reference = ma.fields.String(required=True)
    kind = ma.fields.String(required=True, attribute="fee_kind")
    value = DecimalString(required=True, attribute="fee_value")


class LateQuoteOut(Schema):
    """What joining would be: `months` until `ends_on`, `exposure` over them, the `fee` once, the fees of its contracts
    besides, units `remaining` (null: no maximum), and the best published price with its bracket before and after."""

    months = ma.fields.Integer(required=True)
    ends_on = ma.fields.Date(required=True)
    engaged = ma.fields.Integer(required=True)
    remaining = ma.fields.Integer(required=True, allow_none=True)
    remaining_after = ma.fields.Integer(required=True, allow_none=True)
    exposure = ma.fields.Nested(ExposureOut, required=True)
    fee = ma.fields.Nested(FeeOut, required=True, allow_none=True)
    contract_fees = ma.fields.List(ma.fields.Nested(ContractFeeOut), required=True)
    unit_price_before = DecimalString(required=True, allow_none=True)
    unit_price_after = DecimalString(required=True, allow_none=True)
    bracket_before = ma.fields.Nested(PriceStepOut, required=True, allow_none=True)
    bracket_after = ma.fields.Nested(PriceStepOut, required=True, allow_none=True)
