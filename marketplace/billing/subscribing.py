"""Payment pages, means of payment and plans: the acts of people, and the outbox handlers that ask Stripe for them.

A page is prepared right after the act and again by the dispatcher, whichever comes first: handlers may run twice.
"""
import logging
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import stripe
from flask import current_app
from sqlalchemy import exists, select
from sqlalchemy.orm import Session

from marketplace.accounts.models import Organisation
from marketplace.billing import applying
from marketplace.billing.collecting import ensure_customer
from marketplace.billing.gateway import Object, payment_is_on, stripe_gateway
from marketplace.billing.models import BillingCustomer, Checkout, ListingPlan, ListingSubscription, locked
from marketplace.billing.rules import check_plan_choice
from marketplace.platform import audit, clock
from marketplace.platform.database import let_go, new_id, transaction
from marketplace.platform.errors import N_, NotFound, RuleBroken
from marketplace.platform.money import incl_vat
from marketplace.platform.outbox import enqueue
from marketplace.platform.permissions import Actor, require

log = logging.getLogger(__name__)

CHECKOUT = "billing.open_checkout"
CHANGE = "billing.change_plan"
BACK = {"plan": "/facturation/formule", "method": "/facturation/a-payer"}


def check_payment_is_on() -> None:
    """RuleBroken while the installation has no keys of Stripe's."""
    if not payment_is_on():
        raise RuleBroken(
            "payment_off",
            N_("Le paiement en ligne n'est pas activé sur cette plateforme : payez par virement, ou écrivez à l'exploitant."),
        )


def choose_plan(actor: Actor, organisation_id: UUID, plan_code: str) -> Checkout | None:
    """A provider asks for a paid plan: the page to pay on, or None when its running subscription changes plan."""
    check_payment_is_on()
    with transaction() as session:
        organisation = _organisation(session, actor, organisation_id, "plan.choose")
        plan = session.get(ListingPlan, plan_code)
        running = find_running(session, organisation.id, lock=True)
        check_plan_choice(
            is_paid=plan is not None and plan.monthly_amount > 0,
            retired=plan is not None and plan.retired_on is not None and plan.retired_on < clock.today(),
            current=running.wanted_plan or running.plan_code if running is not None else None, wanted=plan_code,
        )  # fmt: skip
        if running is None:
            check_not_being_started(session, organisation.id)
            return _new_page(session, actor, organisation.id, "plan", plan_code)
        running.wanted_plan, running.change_asked_at = plan_code, clock.now()
        running.changes += 1
        payload = {"subscription_id": running.id, "number": running.changes}
        enqueue(session, CHANGE, payload, dedupe_key=f"{CHANGE}:{running.id}:{running.changes}")
        audit.record(
            session, actor, "subscription.change_asked", "subscription", running.id, organisation_id=organisation.id,
            before={"plan": running.plan_code}, after={"plan": plan_code},
        )  # fmt: skip
    return None


def leave_method(actor: Actor, organisation_id: UUID) -> Checkout:
    """An organisation wants to leave a card or sign a mandate: the page to do it on."""
    check_payment_is_on()
    with transaction() as session:
        organisation = _organisation(session, actor, organisation_id, "fee.pay")
        return _new_page(session, actor, organisation.id, "method", None)


def _organisation(session: Session, actor: Actor, organisation_id: UUID, action: str) -> Organisation:
    """One of the actor's own organisations, held: two people of it take turns. NotFound for any other."""
    if organisation_id not in actor.organisation_ids():
        raise NotFound("organisation")
    require(actor, action, own=organisation_id)
    return locked(session, Organisation, organisation_id)


def find_running(session: Session, organisation_id: UUID, *, lock: bool = False) -> ListingSubscription | None:
    """The paid plan that runs, if any."""
    statement = select(ListingSubscription).where(
        ListingSubscription.organisation_id == organisation_id, ListingSubscription.ended_at.is_(None)
    )
    return session.scalars(statement.with_for_update() if lock else statement).one_or_none()


def check_not_being_started(session: Session, organisation_id: UUID) -> None:
    """Step: RuleBroken while a page was paid on whose plan has not arrived yet: another page would be paid too."""
    paid = exists().where(
        Checkout.organisation_id == organisation_id, Checkout.purpose == "plan", Checkout.ended_how == "completed",
        Checkout.ended_at > clock.now() - timedelta(days=1),
        ~exists().where(
            ListingSubscription.organisation_id == organisation_id, ListingSubscription.started_at > Checkout.asked_at
        ),
    )  # fmt: skip
    if session.scalar(select(paid)):
        raise RuleBroken(
            "plan_being_started",
            N_("Votre paiement est arrivé et votre formule se met en place : revenez sur cette page dans une minute."),
        )


def _new_page(session: Session, actor: Actor, organisation_id: UUID, purpose: str, plan_code: str | None) -> Checkout:
    """Step: the open page of this purpose, or a new one in its place when another plan is wanted."""
    now = clock.now()
    statement = select(Checkout).where(
        Checkout.organisation_id == organisation_id, Checkout.purpose == purpose, Checkout.ended_at.is_(None)
    )
    current = session.scalars(statement.with_for_update()).one_or_none()
    if current is not None and current.plan_code == plan_code and now - current.asked_at < timedelta(hours=23):
        return current
    if current is not None:
        current.ended_at, current.ended_how = now, "replaced"
        session.flush()
    page = Checkout(
        id=new_id(), organisation_id=organisation_id, purpose=purpose, plan_code=plan_code, asked_at=now, asked_by=actor.user_id
    )
    session.add(page)
    session.flush()
    enqueue(session, CHECKOUT, {"checkout_id": page.id}, dedupe_key=f"{CHECKOUT}:{page.id}")
    audit.record(
        session, actor, "checkout.asked", "checkout", page.id, organisation_id=organisation_id,
        after={"purpose": purpose, "plan": plan_code},
    )  # fmt: skip
    return page


def try_now(page: Checkout) -> None:
    """Prepare a page without waiting for the dispatcher; when Stripe does not answer, the dispatcher will."""
    let_go()
    try:
        open_checkout({"checkout_id": str(page.id)})
    except stripe.StripeError as away:
        log.warning("payment page not ready yet", extra={"error": type(away).__name__})


def open_checkout(payload: dict[str, Any]) -> None:
    """Outbox handler: Stripe has the page, and no older one on which the same could be paid."""
    checkout_id = UUID(payload["checkout_id"])
    with transaction() as session:
        page = locked(session, Checkout, checkout_id)
        asked_before, organisation_id, purpose = page.requested_at is not None, page.organisation_id, page.purpose
        if page.url is not None or page.ended_at is not None:
            return
        page.requested_at = page.requested_at or clock.now()
        plan_code = page.plan_code
        older = _older_pages(session, page)
    customer = ensure_customer(organisation_id)
    if not _close(older):
        return
    made = _make_page(checkout_id, organisation_id, customer, purpose, plan_code, asked_before=asked_before)
    with transaction() as session:
        page = locked(session, Checkout, checkout_id)
        page.stripe_id = made["id"]
        page.url = made.get("url") if page.ended_at is None else None


def _make_page(
    checkout_id: UUID, organisation_id: UUID, customer: str, purpose: str, plan_code: str | None, *, asked_before: bool
) -> Object:
    gateway = stripe_gateway()
    found = gateway.find_checkout(checkout_id, customer) if asked_before else None
    if found is not None:
        return found
    address = current_app.config["BASE_URL"] + BACK[purpose]
    back = {"success_url": f"{address}?retour=paye", "cancel_url": f"{address}?retour=abandon"}
    if plan_code is None:
        return gateway.open_method_page(checkout_id, customer, back)
    return gateway.open_plan_page(checkout_id, organisation_id, customer, ensure_price(plan_code), back)


def _older_pages(session: Session, page: Checkout) -> list[tuple[UUID, str]]:
    """Pages that this one replaces and that Stripe may still show."""
    rows = session.execute(
        select(Checkout.id, Checkout.stripe_id).where(
            Checkout.organisation_id == page.organisation_id, Checkout.purpose == page.purpose, Checkout.id != page.id,
            Checkout.ended_how == "replaced", Checkout.stripe_id.is_not(None),
            Checkout.ended_at > clock.now() - timedelta(days=2),
        )
    )  # fmt: skip
    return [(row[0], str(row[1])) for row in rows]


def _close(older: list[tuple[UUID, str]]) -> bool:
    """Close replaced pages; False when somebody paid on one meanwhile: then no other is opened."""
    for checkout_id, stripe_id in older:
        found = stripe_gateway().close_checkout(checkout_id, stripe_id)
        if found["status"] == "complete":
            with transaction() as session:
                applying.apply_checkout(session, found)
            return False
    return True


def ensure_price(plan_code: str) -> str:
    """Stripe's id of a plan's price, made there when it is not yet; outside any transaction."""
    with transaction() as session:
        plan = session.get_one(ListingPlan, plan_code, populate_existing=True)
        known, name, amount = plan.stripe_price_id, plan.name_fr, plan.monthly_amount
    if known is not None:
        return known
    price = stripe_gateway().ensure_price(plan_code, name, incl_vat(amount))
    with transaction() as session:
        locked(session, ListingPlan, plan_code).stripe_price_id = price
    return price


def change_plan(payload: dict[str, Any]) -> None:
    """Outbox handler: Stripe bills the plan that is wanted now; the last wish counts."""
    subscription_id, number = UUID(payload["subscription_id"]), int(payload["number"])
    with transaction() as session:
        row = locked(session, ListingSubscription, subscription_id)
        if row.changes != number or row.wanted_plan is None or row.ended_at is not None:
            return
        stripe_id, wanted = row.stripe_id, row.wanted_plan
    price = ensure_price(wanted)
    gateway, started = stripe_gateway(), _second()
    found = gateway.get_subscription(stripe_id)
    if found["items"]["data"][0]["price"]["id"] != price:
        found = gateway.change_plan(subscription_id, number, found, price)
    with transaction() as session:
        applying.apply_subscription(session, found, started, asked=True)


def sync_subscription(payload: dict[str, Any]) -> None:
    """Outbox handler: read a subscription from Stripe itself."""
    started = _second()
    found = stripe_gateway().get_subscription(payload["stripe_id"])
    with transaction() as session:
        applying.apply_subscription(session, found, started, asked=True)


def _second() -> datetime:
    """The present second, as Stripe dates its events: one of the same second is still news afterwards."""
    return datetime.fromtimestamp(int(clock.now().timestamp()), UTC)


def read_method(payload: dict[str, Any]) -> None:
    """Outbox handler: the card or mandate that an organisation left becomes its usual means of payment."""
    organisation_id = UUID(payload["organisation_id"])
    customer, gateway = ensure_customer(organisation_id), stripe_gateway()
    left = gateway.left_method(customer, payload["setup_intent"])
    gateway.choose_method(customer, left["id"])
    with transaction() as session:
        row = locked(session, BillingCustomer, organisation_id)
        if row.method_stripe_id == left["id"]:
            return
        row.method, row.method_stripe_id, row.method_digits = left["type"], left["id"], left["digits"]
        row.method_at, row.mandate_stripe_id, row.mandate_reference = clock.now(), left["mandate"], left["reference"]
        session.flush()
        audit.record(
            session, applying.SYSTEM, "payment_method.left", "organisation", organisation_id,
            organisation_id=organisation_id, after={"method": left["type"], "mandate": left["reference"]},
        )  # fmt: skip
