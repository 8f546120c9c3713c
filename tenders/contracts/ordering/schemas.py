"""Shapes of call-offs, carts, approval limits, desks, consumption and transfers over HTTP."""
import marshmallow as ma

from marketplace.platform.api import DecimalString, Identifier, Quantity, Schema
from marketplace.platform.pagination import PageArgs
from tenders.contracts.ordering import words
from tenders.contracts.ordering.rules.approving import APPROVING_ROLES
from tenders.contracts.ordering.rules.states import STATUSES

TEXT = ma.validate.Length(max=2000)
REASON = ma.validate.Length(min=1, max=2000)


class OrderLineIn(Schema):
    """One order: which site, on which lot, how many in the lot's unit. `starts_on`: delivery asked for, today by default."""

    establishment_id = Identifier(required=True)
    lot_id = Identifier(required=True)
    quantity = Quantity(minimum=1, required=True)
    starts_on = ma.fields.Date(load_default=None, allow_none=True)
    purchase_order_reference = ma.fields.String(load_default=None, allow_none=True, validate=ma.validate.Length(max=100))
    note = ma.fields.String(load_default=None, allow_none=True, validate=TEXT)


class CallOffsIn(Schema):
    """Orders to place together: all of them or none. Sites of one organisation."""

    lines = ma.fields.List(ma.fields.Nested(OrderLineIn), required=True, validate=ma.validate.Length(min=1, max=50))


class CallOffOut(Schema):
    """A call-off. `amount` is excluding VAT, of what stands: the quantity ordered, then the accepted one."""

    id = Identifier(required=True)
    reference = ma.fields.String(required=True)
    number = ma.fields.Integer(required=True)
    contract_id = Identifier(required=True)
    lot_id = Identifier(required=True)
    establishment_id = Identifier(required=True)
    organisation_id = Identifier(required=True)
    holder = ma.fields.String(required=True)
    chosen_because = ma.fields.String(required=True)
    status = ma.fields.String(required=True, validate=ma.validate.OneOf(STATUSES))
    quantity = ma.fields.Integer(required=True)
    accepted_quantity = ma.fields.Integer(required=True, allow_none=True)
    unit = ma.fields.String(required=True)
    unit_price = DecimalString(required=True)
    price_period = ma.fields.String(required=True)
    periods = ma.fields.Integer(required=True)
    amount = DecimalString(required=True)
    vat_rate = DecimalString(required=True)
    amount_incl_vat = DecimalString(required=True)
    currency = ma.fields.String(required=True)
    starts_on = ma.fields.Date(required=True)
    delivered_on = ma.fields.Date(required=True, allow_none=True)
    purchase_order_reference = ma.fields.String(required=True, allow_none=True)
    note = ma.fields.String(required=True, allow_none=True)
    replaces_id = Identifier(required=True, allow_none=True)
    placed_at = ma.fields.AwareDateTime(required=True)
    approved_at = ma.fields.AwareDateTime(required=True, allow_none=True)
    sent_at = ma.fields.AwareDateTime(required=True, allow_none=True)
    answered_at = ma.fields.AwareDateTime(required=True, allow_none=True)
    answer_reason = ma.fields.String(required=True, allow_none=True)
    delivered_at = ma.fields.AwareDateTime(required=True, allow_none=True)
    certified_at = ma.fields.AwareDateTime(required=True, allow_none=True)
    disputed_at = ma.fields.AwareDateTime(required=True, allow_none=True)
    dispute_reason = ma.fields.String(required=True, allow_none=True)
    resolved_at = ma.fields.AwareDateTime(required=True, allow_none=True)
    cancelled_at = ma.fields.AwareDateTime(required=True, allow_none=True)
    version = ma.fields.Integer(required=True)


class CallOffsOut(Schema):
    """A page of call-offs."""

    items = ma.fields.List(ma.fields.Nested(CallOffOut), required=True)
    next = ma.fields.String(allow_none=True)


class CallOffsArgs(PageArgs):
    """Filters of the list."""

    status = ma.fields.String(load_default=None, validate=ma.validate.OneOf(STATUSES))
    contract_id = Identifier(load_default=None)
    lot_id = Identifier(load_default=None)
    organisation_id = Identifier(load_default=None)


class CallOffReasonIn(Schema):
    """Why."""

    reason = ma.fields.String(required=True, validate=REASON)


class CallOffAnswerIn(Schema):
    """What the holder takes of the order; a reason when it is not the whole."""

    accepted_quantity = Quantity(required=True)
    reason = ma.fields.String(load_default=None, allow_none=True, validate=TEXT)


class CallOffDeliveryIn(Schema):
    """The Paris day of the delivery; today by default."""

    delivered_on = ma.fields.Date(load_default=None, allow_none=True)


class DisputeResolutionIn(Schema):
    """How a dispute ends."""

    how = ma.fields.String(required=True, validate=ma.validate.OneOf(words.RESOLUTIONS))
    resolution = ma.fields.String(required=True, validate=REASON)


class CartLineOut(Schema):
    """A line of a cart: nothing is reserved yet."""

    id = Identifier(required=True)
    establishment_id = Identifier(required=True)
    lot_id = Identifier(required=True)
    quantity = ma.fields.Integer(required=True)
    starts_on = ma.fields.Date(required=True)
    purchase_order_reference = ma.fields.String(required=True, allow_none=True)
    note = ma.fields.String(required=True, allow_none=True)


class CartOut(Schema):
    """The lines of one's organisations' carts."""

    items = ma.fields.List(ma.fields.Nested(CartLineOut), required=True)


class OrderLimitOut(Schema):
    """The most a role approves at once, euros excluding VAT; null: no limit, 0: nothing."""

    role = ma.fields.String(required=True)
    limit_amount = DecimalString(required=True, allow_none=True)


class OrderLimitIn(Schema):
    """A limit to set."""

    role = ma.fields.String(required=True, validate=ma.validate.OneOf(APPROVING_ROLES))
    limit_amount = DecimalString(required=True, allow_none=True)


class OrderLimitsIn(Schema):
    """Limits to set together; roles left out keep theirs."""

    limits = ma.fields.List(ma.fields.Nested(OrderLimitIn), required=True, validate=ma.validate.Length(min=1))


class OrderLimitsOut(Schema):
    """Every role's limit, defaults included."""

    items = ma.fields.List(ma.fields.Nested(OrderLimitOut), required=True)


class DeskLineOut(Schema):
    """A lot on which a site may order. `available`: the largest order still possible, null without a maximum."""

    establishment_id = Identifier(required=True)
    lot_id = Identifier(required=True)
    lot = ma.fields.String(required=True)
    contract_ids = ma.fields.List(Identifier(), required=True)
    unit = ma.fields.String(required=True)
    unit_price = DecimalString(required=True)
    price_period = ma.fields.String(required=True)
    order_multiple = ma.fields.Integer(required=True)
    committed = ma.fields.Integer(required=True)
    ordered = ma.fields.Integer(required=True)
    commitment_left = ma.fields.Integer(required=True)
    available = ma.fields.Integer(required=True, allow_none=True)
    ends_on = ma.fields.Date(required=True)


class DeskOut(Schema):
    """Everything the caller's sites may order."""

    items = ma.fields.List(ma.fields.Nested(DeskLineOut), required=True)


class MemberConsumptionOut(Schema):
    """What one member committed to, ordered and certified, in the lot's unit; `amount` ordered, excluding VAT."""

    establishment_id = Identifier(required=True, attribute="id")
    establishment = ma.fields.String(required=True, attribute="name")
    committed = ma.fields.Integer(required=True)
    ordered = ma.fields.Integer(required=True)
    certified = ma.fields.Integer(required=True)
    amount = DecimalString(required=True)


class ConsumptionOut(Schema):
    """A contract's consumption. `left` null: no maximum."""

    contract_id = Identifier(required=True)
    unit = ma.fields.String(required=True)
    maximum = ma.fields.Integer(required=True, allow_none=True)
    committed = ma.fields.Integer(required=True)
    ordered = ma.fields.Integer(required=True)
    certified = ma.fields.Integer(required=True)
    left = ma.fields.Integer(required=True, allow_none=True)
    forecast = ma.fields.String(required=True)
    members = ma.fields.List(ma.fields.Nested(MemberConsumptionOut), required=True)


class CommitmentTransferIn(Schema):
    """Units of a site's commitment offered to another member of the contract."""

    from_establishment_id = Identifier(required=True)
    to_establishment_id = Identifier(required=True)
    quantity = Quantity(minimum=1, required=True)
    reason = ma.fields.String(load_default=None, allow_none=True, validate=TEXT)


class CommitmentTransferOut(Schema):
    """A transfer; at most one of the three last dates is set."""

    id = Identifier(required=True)
    contract_id = Identifier(required=True)
    from_establishment_id = Identifier(required=True)
    to_establishment_id = Identifier(required=True)
    quantity = ma.fields.Integer(required=True)
    reason = ma.fields.String(required=True, allow_none=True)
    offered_at = ma.fields.AwareDateTime(required=True)
    accepted_at = ma.fields.AwareDateTime(required=True, allow_none=True)
    declined_at = ma.fields.AwareDateTime(required=True, allow_none=True)
    withdrawn_at = ma.fields.AwareDateTime(required=True, allow_none=True)


class CommitmentTransfersOut(Schema):
    """The newest first."""

    items = ma.fields.List(ma.fields.Nested(CommitmentTransferOut), required=True)
