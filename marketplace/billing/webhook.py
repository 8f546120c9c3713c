"""The one address that Stripe writes to: signed, taken once, applied in the same transaction, never trusted for order."""
import logging
from collections.abc import Callable
from datetime import datetime

from flask import request
from sqlalchemy import update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from marketplace.billing import applying
from marketplace.billing.gateway import API_VERSION, BadSignature, Object, moment_of, payment_is_on, stripe_gateway
from marketplace.billing.models import StripeEvent
from marketplace.platform import clock
from marketplace.platform.api import called_by_machines, page_blueprint
from marketplace.platform.database import transaction

log = logging.getLogger(__name__)
bp = page_blueprint("stripe", __name__)

PUBLIC_ENDPOINTS = ("stripe_pages.take_event",)
PATH = "/stripe/webhook"
LONGEST_BODY = 1024 * 1024

Step = Callable[[Session, Object, datetime], str]


def _invoice(session: Session, found: Object, _as_of: datetime) -> str:
    return applying.apply_invoice(session, found)


def _failed_invoice(session: Session, found: Object, _as_of: datetime) -> str:
    error = ((found.get("last_finalization_error") or {}).get("code")) or "payment_failed"
    return applying.apply_invoice(session, found, failure=error)


def _refund(session: Session, found: Object, _as_of: datetime) -> str:
    return applying.apply_refund(session, found)


def _checkout(session: Session, found: Object, _as_of: datetime) -> str:
    return applying.apply_checkout(session, found)


STEPS: dict[str, Step] = {
    "invoice.finalized": _invoice,
    "invoice.paid": _invoice,
    "invoice.voided": _invoice,
    "invoice.payment_failed": _failed_invoice,
    "charge.refund.updated": _refund,
    "refund.updated": _refund,
    "refund.failed": _refund,
    "checkout.session.completed": _checkout,
    "checkout.session.expired": _checkout,
    "customer.subscription.created": applying.apply_subscription,
    "customer.subscription.updated": applying.apply_subscription,
    "customer.subscription.deleted": applying.apply_subscription,
}
"""Event type → what it changes. Every other type is noted, logged and answered with 200."""


@bp.post(PATH)
@called_by_machines
def take_event() -> Response:
    """Stripe tells of something: 200 once it is in our books, 400 when Stripe did not write it, 404 with payment off."""
    if not payment_is_on():
        return Response("payment is off\n", 404, mimetype="text/plain")
    request.max_content_length = LONGEST_BODY
    try:
        event = stripe_gateway().read_event(request.get_data(cache=False), request.headers.get("Stripe-Signature"))
    except BadSignature as bad:
        log.warning("webhook refused", extra={"reason": str(bad)})
        return Response("bad signature\n", 400, mimetype="text/plain")
    return Response(receive_event(event) + "\n", 200, mimetype="text/plain")


def receive_event(event: Object) -> str:
    """Use case: note an event and apply it, both or neither; a repeat changes nothing. What became of it."""
    found = event["data"]["object"]
    noted = {
        "id": event["id"], "type": event["type"], "object_id": found.get("id"), "received_at": clock.now(),
        "created_at": moment_of(event["created"]), "outcome": applying.IGNORED,
    }  # fmt: skip
    with transaction() as session:
        new = insert(StripeEvent).values(noted).on_conflict_do_nothing().returning(StripeEvent.id)
        if session.execute(new).first() is None:
            return "repeated"
        outcome = _apply(session, event)
        if outcome != applying.IGNORED:
            session.execute(update(StripeEvent).where(StripeEvent.id == event["id"]).values(outcome=outcome))
    return outcome


def _apply(session: Session, event: Object) -> str:
    step = STEPS.get(event["type"])
    if step is None or event.get("api_version") != API_VERSION:
        reason = "unknown type" if step is None else "another version of the API"
        log.info("webhook ignored", extra={"type": event["type"], "reason": reason})
        return applying.IGNORED
    return step(session, event["data"]["object"], moment_of(event["created"]) or clock.now())
