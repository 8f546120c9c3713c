"""Shapes of needs, pools and closings over HTTP (formats/core-api.md)."""
from decimal import Decimal

import marshmallow as ma

from marketplace.platform.api import DecimalString, Identifier, Quantity, Schema
from marketplace.platform.pagination import PageArgs
from tenders.demand import words
from tenders.demand.rules.phases import MOST_YEARS
from tenders.vehicles.words import MINIMUM_KINDS, MINIMUM_SCOPES

POSITIVE = ma.validate.Range(min=Decimal(0), min_inclusive=False)


class ConditionIn(Schema):
    """What a conditional need asks for: a pool large enough, a price low enough, or both."""

    minimum_pool_quantity = Quantity(minimum=1, load_default=None, allow_none=True)
    maximum_unit_price = DecimalString(load_default=None, allow_none=True, validate=POSITIVE)


class NeedIn(Schema):
    """A need, in the lot's unit. `price_ceiling`: what a signature binds up to (default: the reference price).

    `phases`: how `quantity`, which is what is pooled, is spread over the years of the lot, one number a year: the largest
    is the quantity, or their sum where the price is paid once. Null: the same every year.
    """

    grappe_id = Identifier(load_default=None, allow_none=True)
    quantity = Quantity(minimum=1, required=True)
    firmness = ma.fields.String(required=True, validate=ma.validate.OneOf(words.FIRMNESS))
    tolerance = Quantity(load_default=0)
    condition = ma.fields.Nested(ConditionIn, load_default=None, allow_none=True)
    accept_waitlist = ma.fields.Boolean(load_default=False)
    price_ceiling = DecimalString(load_default=None, allow_none=True, validate=POSITIVE)
    phases = ma.fields.List(
        Quantity(), load_default=None, allow_none=True, validate=ma.validate.Length(min=2, max=MOST_YEARS)
    )


class SignatureIn(Schema):
    """Signing a firm need proposed by somebody else."""

    price_ceiling = DecimalString(load_default=None, allow_none=True, validate=POSITIVE)
    accept_waitlist = ma.fields.Boolean(load_default=False)


class ExposureOut(Schema):
    """Euros over `months` for the quantity; null without any price."""

    excl_vat = DecimalString(required=True, allow_none=True)
    incl_vat = DecimalString(required=True, allow_none=True)
    months = ma.fields.Integer(required=True)


class AtMostOut(Schema):
    """Euros over the term when the whole tolerance is ordered too: what a signature binds to at most."""

    excl_vat = DecimalString(required=True, allow_none=True, attribute="at_most_excl_vat")
    incl_vat = DecimalString(required=True, allow_none=True, attribute="at_most_incl_vat")


class ConditionOut(Schema):
    """The condition of a conditional need."""

    minimum_pool_quantity = ma.fields.Integer(required=True, allow_none=True)
    maximum_unit_price = DecimalString(required=True, allow_none=True)


class NeedOut(Schema):
    """A need as it stands. `rank` only on the waiting list; `ordered_quantity` only after a closing."""

    lot_id = Identifier(required=True)
    establishment_id = Identifier(required=True)
    establishment_name = ma.fields.String()
    grappe_id = Identifier(required=True, allow_none=True)
    quantity = ma.fields.Integer(required=True)
    tolerance = ma.fields.Integer(required=True)
    firmness = ma.fields.String(required=True, validate=ma.validate.OneOf(words.FIRMNESS))
    condition = ma.fields.Nested(ConditionOut, required=True, allow_none=True)
    phases = ma.fields.List(ma.fields.Integer(), required=True, allow_none=True)
    status = ma.fields.String(required=True, validate=ma.validate.OneOf(words.STATUSES))
    rank = ma.fields.Integer()
    price_ceiling = DecimalString(required=True, allow_none=True)
    signed_at = ma.fields.AwareDateTime(required=True, allow_none=True)
    ordered_quantity = ma.fields.Integer()
    exposure = ma.fields.Nested(ExposureOut)
    exposure_at_most = ma.fields.Nested(AtMostOut)
    version = ma.fields.Integer(required=True)


class NeedAskedOut(Schema):
    """What a need was: asked for, and its status then."""

    status = ma.fields.String(required=True, validate=ma.validate.OneOf((*words.STATUSES, words.WITHDRAWN)))
    grappe_id = Identifier(required=True, allow_none=True)
    quantity = ma.fields.Integer(required=True)
    tolerance = ma.fields.Integer(required=True)
    firmness = ma.fields.String(required=True, validate=ma.validate.OneOf(words.FIRMNESS))
    condition = ma.fields.Nested(ConditionOut, required=True, allow_none=True)
    phases = ma.fields.List(ma.fields.Integer(), required=True, allow_none=True)
    price_ceiling = DecimalString(required=True, allow_none=True)


class NeedChangeOut(Schema):
    """One change. `before` null: there was no need; `after` null: it was withdrawn.

    `changed_by` is a person's name, null for a closing, a place freed or a membership ended, and for the centre.
    """

    changed_at = ma.fields.AwareDateTime(required=True)
    changed_by = ma.fields.String(required=True, allow_none=True)
    before = ma.fields.Nested(NeedAskedOut, required=True, allow_none=True)
    after = ma.fields.Nested(NeedAskedOut, required=True, allow_none=True)


class NeedChangesOut(Schema):
    """Every change of a need, oldest first."""

    items = ma.fields.List(ma.fields.Nested(NeedChangeOut), required=True)


class NeedsArgs(PageArgs):
    """Filters of a lot's needs."""

    status = ma.fields.String(load_default=None, validate=ma.validate.OneOf(words.STATUSES))


class NeedsOut(Schema):
    """A page of needs."""

    items = ma.fields.List(ma.fields.Nested(NeedOut), required=True)
    next = ma.fields.String(required=True, allow_none=True)


class PoolMinimumOut(Schema):
    """The minimum as published (`value`), and in units (`quantity`)."""

    kind = ma.fields.String(required=True, validate=ma.validate.OneOf(MINIMUM_KINDS))
    basis = ma.fields.String(required=True, allow_none=True)
    scope = ma.fields.String(required=True, validate=ma.validate.OneOf(MINIMUM_SCOPES))
    value = ma.fields.Raw(
        required=True,
        allow_none=True,
        metadata={"type": ["integer", "string", "null"], "description": "units, or euros excluding VAT as a string"},
    )
    quantity = ma.fields.Integer(required=True, allow_none=True)


class GrappeRowOut(Schema):
    """What one grappe brings; a null `grappe_id` is the smaller grappes put together (domain §4b.15)."""

    grappe_id = Identifier(required=True, allow_none=True)
    name = ma.fields.String(required=True, allow_none=True)
    firm = ma.fields.Integer(required=True)
    conditional = ma.fields.Integer(required=True)
    indicative = ma.fields.Integer(required=True)
    members = ma.fields.Integer(required=True)
    awaiting_signature = ma.fields.Integer()
    waitlisted = ma.fields.Integer()
    tolerance = ma.fields.Integer()


class PoolOut(Schema):
    """A lot's pool, in its unit, cut to what the caller may see.

    `missing`: fewest units still to be engaged firmly to order the minimum, in whole packs, of which tolerances would
    give `covered_by_tolerance`. `is_met`: closing now would order it. `conditions_open`: conditional needs would leave.
    With a minimum per grappe both add up the grappes, those of three organisations and more alone when others are masked
    from the caller; `is_met` is of all.
    """

    lot_id = Identifier(required=True)
    status = ma.fields.String(required=True)
    round = ma.fields.Integer(required=True)
    unit = ma.fields.String(required=True)
    firm = ma.fields.Integer(required=True)
    conditional = ma.fields.Integer(required=True)
    awaiting_signature = ma.fields.Integer(required=True)
    waitlisted = ma.fields.Integer(required=True)
    indicative = ma.fields.Integer(required=True)
    tolerance = ma.fields.Integer(required=True)
    members = ma.fields.Integer(required=True)
    minimum = ma.fields.Nested(PoolMinimumOut, required=True)
    maximum = ma.fields.Integer(required=True, allow_none=True)
    missing = ma.fields.Integer(required=True)
    covered_by_tolerance = ma.fields.Integer(required=True)
    is_met = ma.fields.Boolean(required=True)
    conditions_open = ma.fields.Boolean(required=True)
    grappes = ma.fields.List(ma.fields.Nested(GrappeRowOut), required=True)
    masked_grappes = ma.fields.Integer(required=True)


class ClosingIn(Schema):
    """Why a lot is closed before its date; everybody reads it."""

    reason = ma.fields.String(load_default=None, allow_none=True, validate=ma.validate.Length(max=2000))


class UndoingIn(Schema):
    """Why a closing is taken back (everybody reads it), and until when needs are collected again."""

    reason = ma.fields.String(required=True, validate=ma.validate.Length(max=2000))
    needs_close_at = ma.fields.AwareDateTime(load_default=None, allow_none=True)


class GroupOut(Schema):
    """What became of one grappe's needs (null: needs without a grappe, for outsiders with the small grappes)."""

    grappe_id = Identifier(required=True, allow_none=True)
    outcome = ma.fields.String(required=True, validate=ma.validate.OneOf(words.OUTCOMES))
    ordered_quantity = ma.fields.Integer(required=True)


class ExcludedOut(Schema):
    """A member that gets nothing, and why."""

    establishment_id = Identifier(required=True)
    code = ma.fields.String(required=True)
    detail = ma.fields.String(required=True)


class IncludedOut(ExcludedOut):
    """A member that gets `quantity` units."""

    quantity = ma.fields.Integer(required=True)


class SkippedOut(Schema):
    """A step of the policy that did not apply."""

    step = ma.fields.String(required=True)
    code = ma.fields.String(required=True)
    detail = ma.fields.String(required=True)


class WarningOut(Schema):
    """Something to know that blocks nothing."""

    code = ma.fields.String(required=True)
    detail = ma.fields.String(required=True)


class ClosingOut(Schema):
    """A round's decision. `tested_quantity` was held against the minimum; `ordered_quantity` is what binds."""

    lot_id = Identifier(required=True)
    round = ma.fields.Integer(required=True)
    outcome = ma.fields.String(required=True, validate=ma.validate.OneOf(words.OUTCOMES))
    ordered_quantity = ma.fields.Integer(required=True)
    tested_quantity = ma.fields.Integer(required=True)
    policy_applied = ma.fields.String(
        required=True, allow_none=True, validate=ma.validate.OneOf((*words.POLICY_STEPS, None))
    )
    policy_skipped = ma.fields.List(ma.fields.Nested(SkippedOut), required=True)
    reason = ma.fields.String(required=True, allow_none=True)
    decided_at = ma.fields.AwareDateTime(required=True)
    undone_at = ma.fields.AwareDateTime(required=True, allow_none=True)
    undo_reason = ma.fields.String(required=True, allow_none=True)
    groups = ma.fields.List(ma.fields.Nested(GroupOut), required=True)
    included = ma.fields.List(ma.fields.Nested(IncludedOut), required=True)
    excluded = ma.fields.List(ma.fields.Nested(ExcludedOut), required=True)
    warnings = ma.fields.List(ma.fields.Nested(WarningOut), required=True)


class ClosingsOut(Schema):
    """Every decision on a lot, first round first."""

    items = ma.fields.List(ma.fields.Nested(ClosingOut), required=True)
