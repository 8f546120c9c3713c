"""A charge becomes an invoice, is announced, paid once, failed, settled elsewhere, given back."""
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
import stripe
from sqlalchemy import select

from marketplace.billing import gathering, services, subscribing
from marketplace.billing.events import FeeInvoicePaid
from marketplace.billing.gateway import StripeGateway
from marketplace.billing.models import BillingCustomer, BillingPayee, Charge, FeeInvoice, Refund
from marketplace.billing.webhook import receive_event
from marketplace.notifications.models import Notification
from marketplace.platform import clock, events, outbox
from marketplace.platform.errors import RuleBroken
from tests.factories.accounts import OrganisationFactory, user_in
from tests.factories.base import refreshed
from tests.factories.billing import ChargeFactory

START = datetime(2027, 3, 1, 9, tzinfo=UTC)
CHECKS = (gathering.gather_due_charges, gathering.hand_to_stripe, gathering.announce_payments, gathering.collect_due)


@pytest.fixture
def world(app, session, payment_on):
    """One payer of one centre, and time that the test moves."""

    class World:
        stripe = payment_on
        centre = OrganisationFactory(kind="purchasing_centre")
        clinic = OrganisationFactory()
        now = START

        def __init__(self):
            self.payer, self.payee = user_in(self.clinic), user_in(self.centre)
            self.stripe.clock = lambda: self.now.timestamp()

        def owe(self, **facts):
            return ChargeFactory(
                payer_organisation_id=self.clinic.id, payee_organisation_id=self.centre.id,
                **{"due_on": self.now.date(), **facts},
            )  # fmt: skip

        def run(self, **later):
            """Some time passes; the worker does everything due, and Stripe's events arrive."""
            self.now += timedelta(**later)
            with clock.frozen_at(self.now):
                for _round in range(3):
                    for check in CHECKS:
                        check(self.now)
                    outbox.dispatch_due()
                    while self.stripe.outgoing:
                        receive_event(self.stripe.outgoing.pop(0))
            session.expire_all()

        def leaves(self, actor, method):
            """The payer leaves a card or an account on Stripe's page."""
            with clock.frozen_at(self.now):
                page = subscribing.leave_method(actor, self.clinic.id)
            self.run()
            self.stripe.complete_checkout(refreshed(page).stripe_id, method)
            self.run()

        @property
        def invoice(self):
            return session.scalars(select(FeeInvoice)).one()

        def told(self, organisation_user):
            rows = session.scalars(select(Notification).where(Notification.user_id == organisation_user.id))
            return sorted(row.template for row in rows)

    made = World()
    session.add(BillingPayee(organisation_id=made.centre.id, gathering="at_once"))
    session.commit()
    return made


def test_charges_of_a_month_are_gathered_on_the_first_of_the_next(app, session):
    charge = ChargeFactory(due_on=START.date())
    with clock.frozen_at(START + timedelta(days=30)):
        assert gathering.gather_due_charges(clock.now()) == 0
    with clock.frozen_at(START + timedelta(days=31)):
        assert gathering.gather_due_charges(clock.now()) == 1
        assert gathering.gather_due_charges(clock.now()) == 0
    invoice = session.get_one(FeeInvoice, refreshed(charge).fee_invoice_id)
    assert (invoice.amount_excl_vat, invoice.vat_amount, invoice.amount_incl_vat) == (600, 120, 720)


def test_sums_too_small_for_stripe_wait(world, session):
    world.owe(amount=Decimal("0.20"))
    world.run()
    assert session.scalars(select(FeeInvoice)).all() == []
    world.owe(amount=Decimal("0.30"))
    world.run()
    assert world.invoice.amount_incl_vat == Decimal("0.60")


def test_with_a_card_an_invoice_is_paid_on_its_day(monkeypatch, world, actor_for):
    paid = []
    monkeypatch.setitem(events._listeners, FeeInvoicePaid, [lambda _session, event: paid.append(event)])
    world.leaves(actor_for(world.payer), "card")
    charges = [world.owe(), world.owe(amount=Decimal("99.99"))]
    world.run()
    assert world.invoice.paid_how == "stripe"
    assert [each["amount"] for each in world.stripe.payments] == [83999]
    assert {charge for event in paid for charge in event.charge_ids} == {charge.id for charge in charges}
    assert len(paid) == 1
    assert world.told(world.payer) == ["card_charge_announced", "fee_invoice_made"]


def test_a_debit_is_announced_fourteen_days_before_with_amount_day_and_mandate(world, session, actor_for):
    world.leaves(actor_for(world.payer), "sepa_debit")
    world.owe()
    world.run()
    row = session.scalars(select(Notification).where(Notification.template == "debit_announced")).one()
    assert row.values["amount"] == {"$decimal": "720.00"}
    assert row.values["charge_on"] == {"$day": "2027-03-15"}
    assert row.values["mandate"] == "SIMREF000001"
    world.run(days=13)
    assert world.invoice.attempts == 0
    world.run(days=1)
    assert world.invoice.attempts == 1 and world.invoice.paid_at is None
    world.stripe.settle_debits()
    world.run(days=5)
    assert world.invoice.paid_how == "stripe"
    assert [each["amount"] for each in world.stripe.payments] == [72000]


def test_a_debit_that_fails_days_later_is_told_and_not_tried_again(world, actor_for):
    world.leaves(actor_for(world.payer), "sepa_debit")
    world.owe()
    world.run()
    world.run(days=14)
    world.stripe.debits_fail("insufficient_funds")
    world.stripe.settle_debits()
    world.run(days=6)
    world.run(days=30)
    assert world.invoice.failed_at is not None and world.invoice.attempts == 1
    assert world.stripe.payments == []
    assert "fee_payment_failed" in world.told(world.payer)
    assert world.told(world.payee) == ["fee_payment_missed"]
    world.stripe.pay_page(world.invoice.stripe_id)
    world.run()
    assert world.invoice.paid_how == "stripe" and world.invoice.failed_at is None


def test_a_declined_card_is_told_and_paid_on_the_page_instead(world, actor_for):
    world.leaves(actor_for(world.payer), "card")
    world.stripe.decline_next("card_declined")
    world.owe()
    world.run()
    assert world.invoice.failure_code == "card_declined"
    world.run(days=3)
    assert world.stripe.payments == []


def test_without_a_means_of_payment_nothing_is_taken_and_the_page_is_offered(world):
    world.owe()
    world.run(days=20)
    assert world.invoice.hosted_url.startswith(world.stripe.url) and world.invoice.attempts == 0
    world.stripe.pay_page(world.invoice.stripe_id)
    world.run()
    assert world.invoice.paid_how == "stripe"


def test_a_card_left_after_a_debit_was_announced_is_announced_anew(world, actor_for):
    world.leaves(actor_for(world.payer), "sepa_debit")
    world.owe()
    world.run()
    world.leaves(actor_for(world.payer), "card")
    assert world.invoice.method == "card"
    assert [each["amount"] for each in world.stripe.payments] == [72000]
    customer = refreshed(world.invoice)
    assert customer.charge_on == customer.announced_on


def test_an_account_left_after_a_card_was_announced_has_its_fourteen_days(world, session, actor_for):
    world.leaves(actor_for(world.payer), "card")
    world.owe(due_on=START.date() + timedelta(days=1))
    with clock.frozen_at(START + timedelta(days=1)):
        gathering.gather_due_charges(clock.now())
        gathering.hand_to_stripe(clock.now())
        outbox.dispatch_due()
        gathering.announce_payments(clock.now())
        gathering.collect_due(clock.now())
        row = session.get_one(BillingCustomer, world.clinic.id)
        row.method, row.mandate_reference = "sepa_debit", "X"
        session.commit()
        outbox.dispatch_due()
    session.expire_all()
    assert world.stripe.payments == []
    assert world.invoice.failure_code == "method_changed_since_announced"


def test_a_transfer_received_settles_the_invoice_and_closes_it_at_stripe(world, actor_for):
    world.owe()
    world.run()
    payee = actor_for(world.payee)
    services.note_paid_outside(payee, world.invoice.id)
    world.run()
    assert world.invoice.paid_how == "outside" and world.stripe.payments == []
    assert [each["paid_out_of_band"] for each in world.stripe.all("invoice")] == [True]
    with pytest.raises(RuleBroken, match="déjà payée"):
        services.note_paid_outside(payee, world.invoice.id)


def test_a_transfer_is_not_noted_while_a_debit_is_under_way(world, actor_for):
    world.leaves(actor_for(world.payer), "sepa_debit")
    world.owe()
    world.run()
    world.run(days=14)
    with pytest.raises(RuleBroken) as refused:
        services.note_paid_outside(actor_for(world.payee), world.invoice.id)
    assert refused.value.code == "fee_payment_under_way"


def test_a_transfer_is_not_noted_while_a_debit_begun_on_stripes_page_waits_for_its_bank(world, actor_for):
    world.owe()
    world.run()
    payee = actor_for(world.payee)
    world.stripe.pay_page(world.invoice.stripe_id, "sepa_debit")
    assert world.invoice.attempts == 0
    with pytest.raises(RuleBroken) as refused:
        services.note_paid_outside(payee, world.invoice.id)
    assert refused.value.code == "fee_payment_under_way" and refreshed(world.invoice).paid_at is None
    world.stripe.debits_fail("insufficient_funds")
    world.stripe.settle_debits()
    world.run(days=6)
    services.note_paid_outside(payee, world.invoice.id)
    world.run()
    assert world.invoice.paid_how == "outside" and world.stripe.payments == []


def test_a_card_just_taken_on_stripes_page_is_known_before_any_event(world, actor_for):
    world.owe()
    world.run()
    world.stripe.pay_page(world.invoice.stripe_id)
    with pytest.raises(RuleBroken) as refused:
        services.note_paid_outside(actor_for(world.payee), world.invoice.id)
    assert refused.value.code == "fee_already_paid" and refreshed(world.invoice).paid_how == "stripe"


def test_while_stripe_does_not_answer_no_transfer_is_noted(monkeypatch, world, actor_for):
    world.owe()
    world.run()
    payee = actor_for(world.payee)
    monkeypatch.setattr(StripeGateway, "get_invoice", silent)
    with pytest.raises(RuleBroken) as refused:
        services.note_paid_outside(payee, world.invoice.id)
    assert refused.value.code == "stripe_does_not_answer" and refreshed(world.invoice).paid_at is None


def silent(_gateway, _invoice):
    raise stripe.APIConnectionError("no answer")


def test_a_debit_that_slipped_in_before_the_transfer_was_told_is_closed_once_it_failed(world, actor_for):
    world.owe()
    world.run()
    services.note_paid_outside(actor_for(world.payee), world.invoice.id)
    world.stripe.pay_page(world.invoice.stripe_id, "sepa_debit")
    world.run()
    assert [each["status"] for each in world.stripe.all("invoice")] == ["open"]
    world.stripe.debits_fail("insufficient_funds")
    world.stripe.settle_debits()
    world.run(days=6)
    assert [each["paid_out_of_band"] for each in world.stripe.all("invoice")] == [True]
    assert world.stripe.payments == [] and "fee_payment_failed" not in world.told(world.payer)


def test_money_is_given_back_once_and_never_more_than_was_paid(world, session, actor_for):
    world.leaves(actor_for(world.payer), "card")
    world.owe()
    world.run()
    payee = actor_for(world.payee)
    services.refund_invoice(payee, world.invoice.id, amount=Decimal("20.00"), reason="Commande annulée")
    with pytest.raises(RuleBroken) as refused:
        services.refund_invoice(payee, world.invoice.id, amount=Decimal("700.01"), reason="trop")
    assert refused.value.details["left"] == Decimal("700.00")
    world.run()
    assert [each["amount"] for each in world.stripe.all("refund")] == [2000]
    assert session.scalars(select(Refund)).one().done_at is not None


def test_a_refund_that_stripe_refuses_is_told_and_can_be_decided_again(world, actor_for):
    world.leaves(actor_for(world.payer), "card")
    world.owe()
    world.run()
    intent = world.stripe.all("payment_intent")[-1]
    intent["amount_received"] = 0
    services.refund_invoice(actor_for(world.payee), world.invoice.id, amount=Decimal("20.00"), reason="Erreur")
    world.run()
    assert world.invoice.refunded_amount == 0
    assert "refund_failed" in world.told(world.payee)


def test_with_payment_off_invoices_are_made_and_paid_by_transfer(app, session, actor_for):
    payee = user_in(OrganisationFactory(kind="purchasing_centre"))
    centre = actor_for(payee).seats[0].organisation_id
    session.add(BillingPayee(organisation_id=centre, gathering="at_once"))
    session.commit()
    charge = ChargeFactory(payee_organisation_id=centre)
    for check in CHECKS:
        check(clock.now())
    services.note_paid_outside(actor_for(payee), refreshed(charge).fee_invoice_id)
    outbox.dispatch_due()
    assert session.scalars(select(FeeInvoice)).one().requested_at is None
    with pytest.raises(RuleBroken) as refused:
        subscribing.leave_method(actor_for(payee), centre)
    assert refused.value.code == "payment_off"
    assert session.scalars(select(Charge)).one().fee_invoice_id is not None
