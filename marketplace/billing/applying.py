"""Steps: what Stripe says becomes our facts, in whatever order and however often it is said.

Facts of invoices, refunds and pages never go back (paid stays paid), so their order does not matter. A subscription goes
to and fro: a snapshot counts when it is younger than what we hold; one of the same second is settled by asking Stripe.
Every step answers what became of the news: applied, stale (known already, or overtaken), ignored (not ours).
"""
import logging
from datetime import datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from marketplace.billing.events import FeeInvoicePaid
from marketplace.billing.gateway import OUR_ID, Object, moment_of
from marketplace.billing.gathering import names_of
from marketplace.billing.messages import reason_of
from marketplace.billing.models import (
    Charge,
    Checkout,
    FeeInvoice,
    ListingPlan,
    ListingSubscription,
    Refund,
    Row,
    locked,
)
from marketplace.billing.rules import OVER, Known, hidden_from, is_news, unpaid_after
from marketplace.notifications.services import Telling, tell_many
from marketplace.platform import audit, clock, events
from marketplace.platform.api import identifier
from marketplace.platform.database import new_id
from marketplace.platform.outbox import enqueue
from marketplace.platform.permissions import SYSTEM

log = logging.getLogger(__name__)

APPLIED, STALE, IGNORED = "applied", "stale", "ignored"
SETTLE = "billing.settle_invoice"
SYNC = "billing.sync_subscription"
METHOD = "billing.read_method"


def own_id(found: Object) -> UUID | None:
    """Our id on an object of Stripe's; None when it is not one of ours."""
    return identifier((found.get("metadata") or {}).get(OUR_ID, ""))


def _own(session: Session, table: type[Row], found: Object) -> Row | None:
    """Our row behind an object of Stripe's, as it is now and held; None when it is not one of ours."""
    key = own_id(found)
    return None if key is None else session.get(table, key, with_for_update=True, populate_existing=True)


def apply_invoice(session: Session, found: Object, *, failure: str | None = None) -> str:
    """Step: an invoice as Stripe shows it; `failure` is why its payment was refused, when it was."""
    invoice = _own(session, FeeInvoice, found)
    if invoice is None:
        return _apply_plan_invoice(session, found)
    if invoice.stripe_id not in (None, found["id"]):
        log.error("a second invoice at Stripe", extra={"invoice": str(invoice.id), "stripe_id": found["id"]})
        return STALE
    intent = found.get("payment_intent")
    invoice.stripe_id = found["id"]
    invoice.payment_intent = invoice.payment_intent or (intent["id"] if isinstance(intent, dict) else intent)
    invoice.hosted_url = found.get("hosted_invoice_url") or invoice.hosted_url
    moments = found["status_transitions"]
    invoice.finalised_at = invoice.finalised_at or moment_of(moments["finalized_at"])
    if found["status"] == "paid":
        return _note_paid(session, invoice, moment_of(moments["paid_at"]) or clock.now(), bool(found["paid_out_of_band"]))
    if invoice.paid_at is not None or invoice.voided_at is not None:
        if found["status"] == "open" and failure is not None and invoice.paid_how == "outside":
            enqueue(session, SETTLE, {"invoice_id": invoice.id}, dedupe_key=f"{SETTLE}:{invoice.id}:{found['attempt_count']}")
        return STALE
    if found["status"] == "void":
        invoice.voided_at = moment_of(moments["voided_at"]) or clock.now()
        _record(session, invoice, "fee_invoice.voided")
    elif failure is not None and invoice.failed_at is None:
        invoice.failed_at, invoice.failure_code = clock.now(), failure
        _record(session, invoice, "fee_invoice.payment_failed", reason=failure)
        _tell_failure(session, invoice)
    return APPLIED


def _note_paid(session: Session, invoice: FeeInvoice, paid_at: datetime, outside: bool) -> str:
    if invoice.paid_at is not None:
        return STALE
    invoice.paid_at, invoice.paid_how = paid_at, "outside" if outside else "stripe"
    invoice.failed_at = invoice.failure_code = None
    announce_paid(session, invoice)
    _record(session, invoice, "fee_invoice.paid", how=invoice.paid_how)
    return APPLIED


def announce_paid(session: Session, invoice: FeeInvoice) -> None:
    """Step: tell the rooms above that the charges of an invoice are settled."""
    session.flush()
    charges = session.scalars(select(Charge.id).where(Charge.fee_invoice_id == invoice.id).order_by(Charge.id))
    events.announce(session, FeeInvoicePaid(invoice.id, tuple(charges), invoice.paid_at or clock.now()))


def _record(session: Session, invoice: FeeInvoice, action: str, **facts: str | None) -> None:
    session.flush()
    audit.record(
        session, SYSTEM, action, "fee_invoice", invoice.id, organisation_id=invoice.payer_organisation_id,
        after={"stripe_id": invoice.stripe_id, **facts},
    )  # fmt: skip


def _tell_failure(session: Session, invoice: FeeInvoice) -> None:
    names = names_of(session, {invoice.payer_organisation_id, invoice.payee_organisation_id})
    values = {
        "amount": invoice.amount_incl_vat, "reason": reason_of(invoice.failure_code),
        "payer": names[invoice.payer_organisation_id], "payee": names[invoice.payee_organisation_id],
    }  # fmt: skip
    tell_many(session, [
        Telling("fee_payment_failed", values, organisation_ids=[invoice.payer_organisation_id]),
        Telling("fee_payment_missed", values, organisation_ids=[invoice.payee_organisation_id]),
    ])  # fmt: skip


def _apply_plan_invoice(session: Session, found: Object) -> str:
    """An invoice of a subscription: what was owed on an ended one is settled by it (running ones say so themselves)."""
    ended = session.scalars(
        select(ListingSubscription)
        .where(ListingSubscription.stripe_id == (found.get("subscription") or ""), ListingSubscription.ended_at.is_not(None))
        .with_for_update()
    ).one_or_none()
    if ended is None:
        return IGNORED
    if found["status"] != "paid" or ended.unpaid_since is None:
        return STALE
    ended.unpaid_since = ended.hidden_from = None
    _tell_plan(session, ended, "plan_paid_again")
    return APPLIED


def apply_refund(session: Session, found: Object) -> str:
    """Step: a refund as Stripe shows it; a failure may come after a success, and is the last word."""
    refund = _own(session, Refund, found)
    if refund is None:
        return IGNORED
    refund.stripe_id = found["id"]
    if refund.failed_at is not None:
        return STALE
    if found.get("status") in ("failed", "canceled"):
        fail_refund(session, refund, found.get("failure_reason") or str(found["status"]))
    elif found.get("status") == "succeeded":
        refund.done_at = refund.done_at or clock.now()
    return APPLIED


def fail_refund(session: Session, refund: Refund, reason: str) -> None:
    """Step: nothing is given back after all; the payee is told."""
    if refund.failed_at is not None:
        return
    refund.done_at, refund.failed_at, refund.failure_code = None, clock.now(), reason
    invoice = locked(session, FeeInvoice, refund.fee_invoice_id)
    invoice.refunded_amount -= refund.amount
    _record(session, invoice, "refund.failed", reason=reason)
    payer = names_of(session, {invoice.payer_organisation_id})[invoice.payer_organisation_id]
    values = {"amount": refund.amount, "payer": payer, "reason": reason_of(reason)}
    tell_many(session, [Telling("refund_failed", values, organisation_ids=[invoice.payee_organisation_id])])


def apply_checkout(session: Session, found: Object) -> str:
    """Step: a payment page that was filled in, or closed; what was left on it is read from Stripe afterwards."""
    page = _own(session, Checkout, found)
    if page is None:
        return IGNORED
    page.stripe_id = found["id"]
    if page.ended_how == "completed" or found["status"] == "open":
        return STALE
    page.ended_at, page.url = page.ended_at or clock.now(), None
    page.ended_how = "completed" if found["status"] == "complete" else page.ended_how or "expired"
    if found["status"] == "complete" and found["mode"] == "setup":
        payload = {"organisation_id": page.organisation_id, "setup_intent": found["setup_intent"]}
        enqueue(session, METHOD, payload, dedupe_key=f"{METHOD}:{found['setup_intent']}")
    elif found["status"] == "complete":
        enqueue(session, SYNC, {"stripe_id": found["subscription"]}, dedupe_key=f"{SYNC}:{found['id']}")
    audit.record(
        session, SYSTEM, "checkout.ended", "checkout", page.id, organisation_id=page.organisation_id,
        after={"how": page.ended_how, "purpose": page.purpose},
    )  # fmt: skip
    return APPLIED


def apply_subscription(session: Session, found: Object, as_of: datetime, *, asked: bool = False) -> str:
    """Step: a subscription as it was at `as_of`; `asked` when Stripe answered us itself, which settles ties."""
    row = session.scalars(
        select(ListingSubscription).where(ListingSubscription.stripe_id == found["id"]).with_for_update(),
        execution_options={"populate_existing": True},
    ).one_or_none()
    known = Known(row.stripe_as_of, row.unpaid_since) if row is not None else None
    if not is_news(known, as_of) and not (asked and known is not None and known.as_of <= as_of):
        if known is not None and known.as_of == as_of:
            enqueue(session, SYNC, {"stripe_id": found["id"]}, dedupe_key=f"{SYNC}:{found['id']}:{as_of.isoformat()}")
        return STALE
    plan = _plan_of(session, found)
    row = row or _first_sight(session, found, plan, as_of)
    if row is None:
        return IGNORED
    was_unpaid = row.unpaid_since is not None
    row.stripe_as_of, row.stripe_status = as_of, found["status"]
    if plan is not None:
        row.plan_code = plan.code
        if row.wanted_plan == plan.code:
            row.wanted_plan = row.change_asked_at = None
    row.paid_until = moment_of(found["current_period_end"])
    row.ends_at = moment_of(found.get("cancel_at")) or (row.paid_until if found["cancel_at_period_end"] else None)
    row.ended_at = (moment_of(found.get("ended_at")) or as_of) if found["status"] in OVER else None
    row.unpaid_since = unpaid_after(known, found["status"], as_of)
    grace = session.get_one(ListingPlan, row.plan_code).grace_days
    row.hidden_from = hidden_from(row.unpaid_since, grace) if row.unpaid_since else None
    session.flush()
    _tell_change(session, row, was_unpaid)
    return APPLIED


def _plan_of(session: Session, found: Object) -> ListingPlan | None:
    price = found["items"]["data"][0]["price"]["id"]
    return session.scalars(select(ListingPlan).where(ListingPlan.stripe_price_id == price)).one_or_none()


def _first_sight(
    session: Session, found: Object, plan: ListingPlan | None, as_of: datetime
) -> ListingSubscription | None:
    """A row for a subscription seen for the first time; None when it is not ours, or a second one beside a running one."""
    organisation_id = own_id(found)
    if organisation_id is None or plan is None:
        return None
    running = select(ListingSubscription.id).where(
        ListingSubscription.organisation_id == organisation_id, ListingSubscription.ended_at.is_(None)
    )
    if found["status"] not in OVER and session.execute(running).first() is not None:
        log.error("a second subscription at Stripe", extra={"stripe_id": found["id"]})
        return None
    row = ListingSubscription(
        id=new_id(), organisation_id=organisation_id, plan_code=plan.code, stripe_id=found["id"],
        stripe_status=found["status"], stripe_as_of=as_of, started_at=moment_of(found["start_date"]) or as_of,
    )  # fmt: skip
    session.add(row)
    audit.record(
        session, SYSTEM, "subscription.started", "subscription", row.id, organisation_id=organisation_id,
        after={"plan": plan.code, "stripe_id": found["id"]},
    )  # fmt: skip
    return row


def _tell_change(session: Session, row: ListingSubscription, was_unpaid: bool) -> None:
    is_unpaid = row.unpaid_since is not None
    if is_unpaid == was_unpaid:
        return
    audit.record(
        session, SYSTEM, "subscription.unpaid" if is_unpaid else "subscription.paid", "subscription", row.id,
        organisation_id=row.organisation_id, after={"status": row.stripe_status, "hidden_from": row.hidden_from},
    )  # fmt: skip
    _tell_plan(session, row, "plan_unpaid" if is_unpaid else "plan_paid_again")


def _tell_plan(session: Session, row: ListingSubscription, template: str) -> None:
    values = {"plan": session.get_one(ListingPlan, row.plan_code).name_fr}
    if row.hidden_from is not None:
        values["hidden_on"] = clock.paris(row.hidden_from).date()  # type: ignore[assignment]
    tell_many(session, [Telling(template, values, organisation_ids=[row.organisation_id])])
