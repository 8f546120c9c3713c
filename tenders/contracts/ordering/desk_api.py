"""JSON: what may be ordered, carts, approval limits, consumption, and commitments handed on."""
from typing import Any
from uuid import UUID

from marketplace.platform.api import blueprint, current_actor, guard
from marketplace.platform.database import db
from marketplace.platform.i18n import sentence
from marketplace.platform.idempotency import HEADER_PARAMETER, request_key
from marketplace.platform.permissions import require
from tenders.contracts.ordering import answers
from tenders.contracts.ordering.models import CartLine, CommitmentTransfer
from tenders.contracts.ordering.queries import consumption, orders
from tenders.contracts.ordering.queries.desk import list_desk
from tenders.contracts.ordering.queries.ground import find_limits
from tenders.contracts.ordering.schemas import (
    CallOffsOut,
    CartLineOut,
    CartOut,
    CommitmentTransferIn,
    CommitmentTransferOut,
    CommitmentTransfersOut,
    ConsumptionOut,
    DeskOut,
    OrderLimitsIn,
    OrderLimitsOut,
    OrderLineIn,
)
from tenders.contracts.ordering.services import approving, cart, placing, transferring
from tenders.demand.envelopes.queries import forecast_of
from tenders.demand.envelopes.rules import say_forecast

bp = blueprint("order_desk", __name__)


@bp.get("/order-desk")
@guard("call_off.read")
@bp.response(200, DeskOut)
def list_what_may_be_ordered() -> dict[str, Any]:
    """Every lot on which the caller's sites may order, with what is left."""
    return {"items": [answers.desk_line(line) for line in list_desk(db.session(), current_actor())]}


@bp.get("/order-cart")
@guard("call_off.read")
@bp.response(200, CartOut)
def list_cart() -> dict[str, Any]:
    """The lines prepared and not yet ordered."""
    return {"items": orders.list_cart(db.session(), current_actor())}


@bp.put("/order-cart")
@guard("call_off.place")
@bp.arguments(OrderLineIn)
@bp.response(200, CartLineOut)
def put_in_cart(body: dict[str, Any]) -> CartLine:
    """Prepare an order of a site on a lot; the line it has there already is replaced."""
    site, lot = body.pop("establishment_id"), body.pop("lot_id")
    return cart.put_in_cart(current_actor(), site, lot, **body)


@bp.delete("/order-cart/<uuid:line_id>")
@guard("call_off.place")
@bp.response(204)
def take_from_cart(line_id: UUID) -> None:
    """Give up a line."""
    cart.take_from_cart(current_actor(), line_id)


@bp.post("/organisations/<uuid:organisation_id>/order-cart/placing")
@guard("call_off.place")
@bp.response(201, CallOffsOut)
@bp.doc(parameters=[HEADER_PARAMETER])
def place_cart(organisation_id: UUID) -> dict[str, Any]:
    """Order the whole cart of an organisation, all or none. Send an Idempotency-Key."""
    placed = placing.place_cart(current_actor(), organisation_id, key=request_key())
    return {"items": [answers.call_off(order) for order in placed], "next": None}


@bp.get("/organisations/<uuid:organisation_id>/order-limits")
@guard("call_off.place")
@bp.response(200, OrderLimitsOut)
def list_limits(organisation_id: UUID) -> dict[str, Any]:
    """How much each role approves at once in an organisation."""
    require(current_actor(), "call_off.place", own=organisation_id)
    return _limits(organisation_id)


@bp.put("/organisations/<uuid:organisation_id>/order-limits")
@guard("call_off.limit")
@bp.arguments(OrderLimitsIn)
@bp.response(200, OrderLimitsOut)
def set_limits(body: dict[str, Any], organisation_id: UUID) -> dict[str, Any]:
    """Decide how much each role approves at once."""
    limits = {each["role"]: each["limit_amount"] for each in body["limits"]}
    approving.set_limits(current_actor(), organisation_id, limits)
    return _limits(organisation_id)


def _limits(organisation_id: UUID) -> dict[str, Any]:
    limits = find_limits(db.session(), organisation_id)
    return {"items": [{"role": role, "limit_amount": limit} for role, limit in limits.items()]}


@bp.get("/contracts/<uuid:contract_id>/consumption")
@guard("consumption.read")
@bp.response(200, ConsumptionOut)
def get_consumption(contract_id: UUID) -> dict[str, Any]:
    """What is consumed of one of the centre's contracts, in all and per member, with the forecast of its lot."""
    session, actor = db.session(), current_actor()
    seen, envelope = consumption.get_consumption(session, actor, contract_id)
    said = say_forecast(forecast_of(session, envelope), seen.contract.ends_on)
    return {
        "contract_id": contract_id, "unit": seen.contract.unit, "maximum": seen.contract.maximum_quantity,
        "committed": seen.committed, "ordered": seen.contract.ordered_quantity, "certified": seen.certified,
        "left": seen.left, "forecast": " ".join(sentence(each) for each in said),
        "members": consumption.list_member_consumption(session, contract_id),
    }  # fmt: skip


@bp.get("/commitment-transfers")
@guard("call_off.read")
@bp.response(200, CommitmentTransfersOut)
def list_transfers() -> dict[str, Any]:
    """Transfers the caller gives, is asked to take, or whose contract it runs; the newest first."""
    return {"items": orders.list_transfers(db.session(), current_actor())}


@bp.post("/contracts/<uuid:contract_id>/commitment-transfers")
@guard("commitment.transfer")
@bp.arguments(CommitmentTransferIn)
@bp.response(201, CommitmentTransferOut)
def offer_transfer(body: dict[str, Any], contract_id: UUID) -> CommitmentTransfer:
    """Offer units of a commitment to another member of the contract."""
    return transferring.offer_transfer(
        current_actor(), contract_id, from_id=body["from_establishment_id"], to_id=body["to_establishment_id"],
        quantity=body["quantity"], reason=body["reason"],
    )  # fmt: skip


@bp.post("/commitment-transfers/<uuid:transfer_id>/acceptance")
@guard("commitment.transfer")
@bp.response(200, CommitmentTransferOut)
def accept_transfer(transfer_id: UUID) -> CommitmentTransfer:
    """Take what is offered: both commitments change by as much."""
    return transferring.accept_transfer(current_actor(), transfer_id)


@bp.post("/commitment-transfers/<uuid:transfer_id>/refusal")
@guard("commitment.transfer")
@bp.response(200, CommitmentTransferOut)
def decline_transfer(transfer_id: UUID) -> CommitmentTransfer:
    """Say no."""
    return transferring.decline_transfer(current_actor(), transfer_id)


@bp.post("/commitment-transfers/<uuid:transfer_id>/withdrawal")
@guard("commitment.transfer")
@bp.response(200, CommitmentTransferOut)
def withdraw_transfer(transfer_id: UUID) -> CommitmentTransfer:
    """Take an offer back before it is answered."""
    return transferring.withdraw_transfer(current_actor(), transfer_id)
