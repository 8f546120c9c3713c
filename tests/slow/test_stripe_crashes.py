"""A process killed at any point between our books and Stripe's: once another takes over, money is right to the cent.

The points: right before every commit and every call to Stripe, which is also right after the one before it. Each story
is played once per point, killed there, and taken up again by a fresh process; the simulator counts what was really
charged. Webhooks arrive late, shuffled and twice. With "forgotten" keys, Stripe no longer knows the idempotency keys when
the second process asks.
"""
import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app import create_app
from marketplace.accounts import queries as accounts_queries
from marketplace.billing import gathering, services, subscribing
from marketplace.billing.gateway import OUR_ID, StripeGateway
from marketplace.billing.models import BillingPayee, Checkout, FeeInvoice, ListingSubscription, Refund
from marketplace.billing.webhook import receive_event
from marketplace.platform import clock, outbox
from marketplace.platform.database import db
from marketplace.platform.outbox.dispatching import LEASE
from marketplace.platform.outbox.models import OutboxRow
from tests.conftest import test_settings
from tests.factories.accounts import OrganisationFactory, user_in
from tests.factories.base import use_session
from tests.factories.billing import ChargeFactory

START = datetime(2027, 3, 1, 9, tzinfo=UTC)
CHECKS = (gathering.gather_due_charges, gathering.hand_to_stripe, gathering.announce_payments, gathering.collect_due)
MOST_POINTS = 200


class Killed(BaseException):
    """The process is gone: nothing catches this, nothing after it runs."""


class Killer:
    """Counts the points that a process passes and kills it at one of them, once."""

    def __init__(self, at: int) -> None:
        self.at, self.passed, self.fired = at, [], None

    def point(self, name: str) -> None:
        self.passed.append(name)
        if self.fired is None and len(self.passed) > self.at:
            self.fired = name
            raise Killed(name)


@contextmanager
def watched(app: Flask, monkeypatch: pytest.MonkeyPatch, killer: Killer) -> Iterator[None]:
    """Every commit and every call passes by the killer."""
    real_call, real_commit = StripeGateway._call, Session.commit

    def call(self: StripeGateway, operation: Callable[..., Any], *arguments: Any, key: str | None = None) -> Any:
        name = f"{type(operation.__self__).__name__}.{operation.__name__}"  # type: ignore[attr-defined]
        killer.point(f"before {name}")
        return real_call(self, operation, *arguments, key=key)

    def commit(self: Session) -> None:
        killer.point("before a commit")
        real_commit(self)

    with monkeypatch.context() as patch, app.app_context():
        patch.setattr(StripeGateway, "_call", call)
        patch.setattr(Session, "commit", commit)
        yield


class Story:
    """One payer, one payee, and time; `act` is what people do, again and again until it is done."""

    def __init__(self, app: Flask, stripe: Any, place: int) -> None:
        self.app, self.stripe, self.shuffle = app, stripe, random.Random(place)
        self.now = START
        stripe.clock = lambda: self.now.timestamp()
        stripe.outgoing.clear()
        with app.app_context(), Session(db.engine, expire_on_commit=False) as session:
            use_session(session)
            centre = OrganisationFactory(kind="purchasing_centre")
            self.payer_organisation = OrganisationFactory(kind=self.payer_kind)
            session.add(BillingPayee(organisation_id=centre.id, gathering="at_once"))
            self.payer, self.payee = user_in(self.payer_organisation).id, user_in(centre).id
            if self.payer_kind == "care_operator":
                ChargeFactory(
                    payer_organisation_id=self.payer_organisation.id, payee_organisation_id=centre.id, due_on=START.date()
                )
            session.commit()
            use_session(None)

    payer_kind = "care_operator"
    method = "card"

    def act(self) -> None:
        """The payer leaves a means of payment."""
        page = self.find(Checkout)
        if page is None:
            subscribing.leave_method(self.actor(self.payer), self.payer_organisation.id)

    def over_there(self) -> None:
        """What happens at Stripe: pages are filled in, debits are settled."""
        for page in self.stripe.all("checkout.session", status="open"):
            if page["metadata"][OUR_ID] == str(self.id_of(Checkout)):
                self.stripe.complete_checkout(page["id"], self.method)
        self.stripe.settle_debits()

    def goal(self) -> bool:
        invoice = self.find(FeeInvoice)
        return invoice is not None and invoice.paid_at is not None

    def check(self) -> None:
        assert self.charged() == [72000]
        self.once("invoice")

    def actor(self, user_id: Any) -> Any:
        return accounts_queries.get_actor(db.session(), user_id)

    def find(self, table: Any) -> Any:
        db.session.remove()
        column = {FeeInvoice: "payer_organisation_id"}.get(table, "organisation_id")
        return db.session.scalars(
            select(table).where(getattr(table, column) == self.payer_organisation.id).order_by(table.id.desc())
        ).first()

    def id_of(self, table: Any) -> Any:
        row = self.find(table)
        return row and row.id

    def customers(self) -> list[str]:
        mine = str(self.payer_organisation.id)
        return [each["id"] for each in self.stripe.all("customer") if each["metadata"].get(OUR_ID) == mine]

    def charged(self) -> list[int]:
        return [each["amount"] for each in self.stripe.payments if each["customer"] in self.customers()]

    def once(self, kind: str) -> None:
        assert len(self.customers()) == 1
        assert len(self.stripe.all(kind, customer=self.customers()[0])) == 1

    def work(self) -> None:
        """A worker's minute: checks, dispatcher, webhooks late, shuffled and twice."""
        with clock.frozen_at(self.now):
            self.act()
            for check in CHECKS:
                check(self.now)
            outbox.dispatch_due()
            self.over_there()
            events = self.stripe.outgoing * 2
            self.shuffle.shuffle(events)
            for each in events:
                receive_event(each)
            self.stripe.outgoing.clear()
            outbox.dispatch_due()


def undelivered() -> list[Any]:
    """What still waits for Stripe, and why."""
    ours = OutboxRow.done_at.is_(None), OutboxRow.kind.like("billing.%")
    rows = db.session.execute(select(OutboxRow.kind, OutboxRow.attempts, OutboxRow.last_error).where(*ours))
    return [tuple(row) for row in rows]


class ByDebit(Story):
    method = "sepa_debit"


class GivenBack(Story):
    def act(self) -> None:
        super().act()
        invoice = self.find(FeeInvoice)
        if invoice is not None and invoice.paid_at is not None and not invoice.refunded_amount:
            services.refund_invoice(self.actor(self.payee), invoice.id, amount=Decimal("20.00"), reason="Annulée")

    def goal(self) -> bool:
        done = select(func.count()).select_from(Refund).where(
            Refund.fee_invoice_id == self.id_of(FeeInvoice), Refund.done_at.is_not(None)
        )
        return bool(super().goal() and db.session.scalar(done))

    def check(self) -> None:
        super().check()
        intent = self.find(FeeInvoice).payment_intent
        assert [each["amount"] for each in self.stripe.all("refund", payment_intent=intent)] == [2000]


class ByTransfer(Story):
    def act(self) -> None:
        invoice = self.find(FeeInvoice)
        if invoice is not None and invoice.paid_at is None:
            services.note_paid_outside(self.actor(self.payee), invoice.id)

    def check(self) -> None:
        assert self.charged() == []
        there = [each for customer in self.customers() for each in self.stripe.all("invoice", customer=customer)]
        assert [each["status"] for each in there] in ([], ["paid"])


class Subscribing(Story):
    payer_kind = "provider"

    def act(self) -> None:
        if self.find(Checkout) is None:
            subscribing.choose_plan(self.actor(self.payer), self.payer_organisation.id, "supporter")
        running = self.find(ListingSubscription)
        if running is not None and running.plan_code == "supporter" and running.wanted_plan is None:
            subscribing.choose_plan(self.actor(self.payer), self.payer_organisation.id, "partner")

    def goal(self) -> bool:
        running = self.find(ListingSubscription)
        return running is not None and running.plan_code == "partner" and running.wanted_plan is None

    def check(self) -> None:
        assert self.charged() == [5880]
        self.once("subscription")
        self.once("checkout.session")
        assert self.find(ListingSubscription).unpaid_since is None


@pytest.mark.slow
@pytest.mark.parametrize(
    ("story", "keys"),
    [(each, "forgotten") for each in (Story, ByDebit, GivenBack, ByTransfer, Subscribing)]
    + [(Story, "known"), (Subscribing, "known")],
    ids=lambda each: each if isinstance(each, str) else each.__name__,
)
def test_a_kill_at_any_point_charges_once_and_converges(fresh_database, stripe, monkeypatch, story, keys):
    app = create_app(stripe.settings_for(test_settings(fresh_database)))
    points: list[str] = []
    for place in range(MOST_POINTS):
        killer, told = Killer(place), story(app, stripe, place)
        for _minute in range(14):
            was_alive = killer.fired is None
            with watched(app, monkeypatch, killer):
                try:
                    told.work()
                except Killed:
                    db.session.remove()
            if was_alive and killer.fired and keys == "forgotten":
                stripe.forget_keys()
            with app.app_context():
                is_done = told.goal() and killer.fired is None
                if is_done:
                    break
            told.now += max(LEASE + timedelta(minutes=1), timedelta(days=2 if told.method == "sepa_debit" else 0))
        with app.app_context():
            waiting = undelivered()
            assert told.goal(), f"killed {killer.fired} (point {place}), still not there: {waiting}"
            told.check()
            assert waiting == [], f"killed {killer.fired} (point {place})"
            db.session.remove()
        if killer.fired is None:
            break
        points.append(killer.fired)
    else:
        pytest.fail("the story has no end")
    assert len(points) > 12
    with app.app_context():
        db.engine.dispose()
