"""JSON: call-offs from placing to certification."""
from typing import Any
from uuid import UUID

from marketplace.platform import clock
from marketplace.platform.api import blueprint, current_actor, etag_of, guard
from marketplace.platform.database import db
from marketplace.platform.idempotency import HEADER_PARAMETER, request_key
from tenders.contracts.ordering import answers
from tenders.contracts.ordering.models import CallOff
from tenders.contracts.ordering.queries import orders
from tenders.contracts.ordering.schemas import (
    CallOffAnswerIn,
    CallOffDeliveryIn,
    CallOffOut,
    CallOffReasonIn,
    CallOffsArgs,
    CallOffsIn,
    CallOffsOut,
    DisputeResolutionIn,
)
from tenders.contracts.ordering.services import answering, approving, certifying, placing
from tenders.contracts.ordering.steps import Ask

bp = blueprint("ordering", __name__)


def _answer(order: CallOff) -> Any:
    return answers.call_off(order), 200, {"ETag": f'"{etag_of(order.version)}"'}


def ask_of(number: int, line: dict[str, Any]) -> Ask:
    """A line as it came, as the steps read it; named by its place, from 1."""
    return Ask(str(number), **{**line, "starts_on": line["starts_on"] or clock.today()})


@bp.post("/call-offs")
@guard("call_off.place")
@bp.arguments(CallOffsIn)
@bp.response(201, CallOffsOut)
@bp.doc(parameters=[HEADER_PARAMETER])
def place_call_offs(body: dict[str, Any]) -> dict[str, Any]:
    """Place orders, all or none. Send an Idempotency-Key: the same request sent again orders nothing more."""
    asks = [ask_of(number, line) for number, line in enumerate(body["lines"], 1)]
    placed = placing.place_call_offs(current_actor(), asks, key=request_key())
    return {"items": [answers.call_off(order) for order in placed], "next": None}


@bp.get("/call-offs")
@guard("call_off.read")
@bp.arguments(CallOffsArgs, location="query")
@bp.response(200, CallOffsOut)
def list_call_offs(filters: dict[str, Any]) -> dict[str, Any]:
    """The orders the caller may see: a member's own, a holder's received, those on a centre's contracts."""
    page = orders.list_call_offs(db.session(), current_actor(), **filters)
    return {"items": [answers.call_off(order) for order in page["items"]], "next": page["next"]}


@bp.get("/call-offs/<uuid:call_off_id>")
@guard("call_off.read")
@bp.response(200, CallOffOut)
def get_call_off(call_off_id: UUID) -> Any:
    """One order."""
    return _answer(orders.get_call_off(db.session(), current_actor(), call_off_id))


@bp.post("/call-offs/<uuid:call_off_id>/approval")
@guard("call_off.approve")
@bp.response(200, CallOffOut)
def approve_call_off(call_off_id: UUID) -> Any:
    """Approve an order within one's limit; it is sent to its holder."""
    return _answer(approving.approve_call_off(current_actor(), call_off_id))


@bp.post("/call-offs/<uuid:call_off_id>/rejection")
@guard("call_off.approve")
@bp.arguments(CallOffReasonIn)
@bp.response(200, CallOffOut)
def reject_call_off(body: dict[str, Any], call_off_id: UUID) -> Any:
    """Turn an order down inside the organisation; its units return to the envelope."""
    return _answer(approving.reject_call_off(current_actor(), call_off_id, body["reason"]))


@bp.post("/call-offs/<uuid:call_off_id>/cancellation")
@guard("call_off.cancel")
@bp.arguments(CallOffReasonIn)
@bp.response(200, CallOffOut)
def cancel_call_off(body: dict[str, Any], call_off_id: UUID) -> Any:
    """Take an order back before its holder accepted it."""
    return _answer(approving.cancel_call_off(current_actor(), call_off_id, body["reason"]))


@bp.post("/call-offs/<uuid:call_off_id>/answer")
@guard("call_off.answer")
@bp.arguments(CallOffAnswerIn)
@bp.response(200, CallOffOut)
def answer_call_off(body: dict[str, Any], call_off_id: UUID) -> Any:
    """The holder accepts whole, in part, or refuses (0), with its reason."""
    accepted, reason = body["accepted_quantity"], body["reason"]
    return _answer(answering.answer_call_off(current_actor(), call_off_id, accepted, reason))


@bp.post("/call-offs/<uuid:call_off_id>/delivery")
@guard("call_off.answer")
@bp.arguments(CallOffDeliveryIn)
@bp.response(200, CallOffOut)
def declare_delivery(body: dict[str, Any], call_off_id: UUID) -> Any:
    """The holder says that it delivered."""
    return _answer(answering.declare_delivery(current_actor(), call_off_id, body["delivered_on"]))


@bp.post("/call-offs/<uuid:call_off_id>/certification")
@guard("call_off.certify")
@bp.response(200, CallOffOut)
def certify_call_off(call_off_id: UUID) -> Any:
    """The member certifies the service (service fait)."""
    return _answer(certifying.certify_call_off(current_actor(), call_off_id))


@bp.post("/call-offs/<uuid:call_off_id>/dispute")
@guard("call_off.dispute")
@bp.arguments(CallOffReasonIn)
@bp.response(200, CallOffOut)
def dispute_call_off(body: dict[str, Any], call_off_id: UUID) -> Any:
    """The member contests what was, or was not, delivered."""
    return _answer(certifying.dispute_call_off(current_actor(), call_off_id, body["reason"]))


@bp.post("/call-offs/<uuid:call_off_id>/dispute-resolution")
@guard("call_off.resolve")
@bp.arguments(DisputeResolutionIn)
@bp.response(200, CallOffOut)
def resolve_dispute(body: dict[str, Any], call_off_id: UUID) -> Any:
    """Settle a dispute: the order goes on, or (the centre) it is given up."""
    return _answer(certifying.resolve_dispute(current_actor(), call_off_id, body["how"], body["resolution"]))
