"""The gateway and the simulator agree, and both with Stripe's own description (the fixture looks at every request)."""
from datetime import timedelta
from decimal import Decimal

import pytest
import stripe as sdk

from marketplace.billing.gateway import OUR_ID, BadSignature, Declined, StripeGateway, from_cents, to_cents
from marketplace.platform import clock
from marketplace.platform.database import new_id
from tests.stripe_simulator.books import WEBHOOK_SECRET
from tests.stripe_simulator.server import KEY

BACK = {"success_url": "http://localhost/retour", "cancel_url": "http://localhost/retour"}


@pytest.fixture
def gateway(stripe):
    return StripeGateway(KEY, WEBHOOK_SECRET, stripe.url)


def _open_invoice(gateway, invoice_id, method="card"):
    customer = gateway.create_customer(new_id(), "Clinique fictive")["id"]
    page = gateway.open_method_page(new_id(), customer, BACK)["id"]
    invoice = gateway.create_invoice(invoice_id, customer, "Frais")["id"]
    gateway.add_line("a", customer, invoice, Decimal("600.00"), "Adhésion")
    gateway.finalise_invoice(invoice_id, invoice)
    return customer, page, invoice


def test_a_fee_invoice_is_paid_by_card_and_partly_given_back(stripe, gateway):
    own = new_id()
    customer, page, invoice = _open_invoice(gateway, own)
    setup = stripe.complete_checkout(page)["setup_intent"]
    left = gateway.left_method(customer, setup)
    assert (left["type"], left["digits"], left["mandate"]) == ("card", "4242", None)
    gateway.choose_method(customer, left["id"])
    paid = gateway.pay_invoice(own, invoice, left["id"], 1)
    assert (paid["status"], paid["payment_intent"]["status"]) == ("paid", "succeeded")
    refund = gateway.create_refund(new_id(), paid["payment_intent"]["id"], Decimal("100.00"))
    assert from_cents(refund["amount"]) == Decimal("100.00")
    assert [each["amount"] for each in stripe.payments] == [60000]


def test_a_direct_debit_has_its_mandate_and_fails_days_later(stripe, gateway):
    own = new_id()
    customer, page, invoice = _open_invoice(gateway, own)
    left = gateway.left_method(customer, stripe.complete_checkout(page, "sepa_debit")["setup_intent"])
    assert left["reference"] == "SIMREF000001"
    assert gateway.pay_invoice(own, invoice, left["id"], 1)["payment_intent"]["status"] == "processing"
    stripe.debits_fail("insufficient_funds")
    stripe.settle_debits()
    found = gateway.get_invoice(invoice)
    assert (found["status"], found["payment_intent"]["last_payment_error"]["code"]) == ("open", "insufficient_funds")
    assert stripe.payments == []


def test_a_key_replays_its_first_answer_even_a_refusal(stripe, gateway):
    own = new_id()
    customer, page, invoice = _open_invoice(gateway, own)
    left = gateway.left_method(customer, stripe.complete_checkout(page)["setup_intent"])
    stripe.decline_next("card_declined")
    for _twice in range(2):
        with pytest.raises(Declined, match="card_declined"):
            gateway.pay_invoice(own, invoice, left["id"], 1)
    assert gateway.pay_invoice(own, invoice, left["id"], 2)["status"] == "paid"


def test_a_key_with_other_parameters_is_refused(stripe, gateway):
    own = new_id()
    gateway.create_customer(own, "Clinique fictive")
    with pytest.raises(sdk.IdempotencyError):
        gateway.create_customer(own, "Un autre nom")
    assert len(stripe.all("customer")) == 1


def test_what_an_earlier_call_left_is_found_without_its_key(stripe, gateway):
    organisation, own, since = new_id(), new_id(), clock.now()
    customer = gateway.create_customer(organisation, "Clinique fictive")["id"]
    assert gateway.find_customer(organisation, since)["id"] == customer
    assert gateway.find_customer(new_id(), since) is None
    invoice = gateway.create_invoice(own, customer, "Frais")["id"]
    gateway.add_line("a", customer, invoice, Decimal(1), "Ligne")
    assert gateway.find_invoice(own, customer)["id"] == invoice
    assert gateway.lines_on(invoice) == {"a"}


def test_lists_are_read_to_their_end(stripe, gateway):
    for _each in range(103):
        stripe.add("customer", name="x")
    wanted = stripe.add("customer", name="y", metadata={OUR_ID: "wanted"})
    for _each in range(103):
        stripe.add("customer", name="z")
    found = list(gateway.list_all(gateway._client.customers.list))
    assert len(found) == 207 and wanted["id"] in [each["id"] for each in found]


def test_a_subscription_is_paid_changed_with_proration_and_closed_pages_stay_closed(stripe, gateway):
    customer = gateway.create_customer(new_id(), "Éditeur fictif")["id"]
    cheap, dear = (gateway.ensure_price(code, code, Decimal(price)) for code, price in (("a", 60), ("b", 180)))
    assert gateway.ensure_price("a", "a", Decimal(60)) == cheap
    own = new_id()
    page = gateway.open_plan_page(own, new_id(), customer, cheap, BACK)
    assert gateway.find_checkout(own, customer)["id"] == page["id"]
    started = stripe.complete_checkout(page["id"])["subscription"]
    assert gateway.close_checkout(own, page["id"])["status"] == "complete"
    changed = gateway.change_plan(new_id(), 1, gateway.get_subscription(started), dear)
    assert changed["items"]["data"][0]["price"]["id"] == dear
    stripe.renew(started)
    assert [each["amount"] for each in stripe.payments] == [6000, 18000 + 12000]
    assert [each["id"] for each in gateway.subscriptions()] == [started]
    assert gateway.open_portal(customer, "http://localhost").startswith(stripe.url)
    other = gateway.open_plan_page(new_id(), new_id(), customer, cheap, BACK)
    assert gateway.close_checkout(new_id(), other["id"])["status"] == "expired"


def test_transfers_and_accounts_answer_as_described(stripe, gateway):
    account = gateway._client.accounts.create({"type": "express", "country": "FR"})
    sent = gateway._client.transfers.create({"amount": 100, "currency": "eur", "destination": account.id})
    assert sent.destination == account.id


@pytest.mark.parametrize("late", [-301, 301])
def test_a_webhook_signed_at_another_time_or_by_another_is_refused(stripe, gateway, late):
    event = stripe.emit("customer.created", stripe.add("customer", name="x"))
    body, headers = stripe.signed(event)
    assert gateway.read_event(body, headers["Stripe-Signature"])["id"] == event["id"]
    _body, headers = stripe.signed(event, at=stripe.now() + late)
    with pytest.raises(BadSignature):
        gateway.read_event(body, headers["Stripe-Signature"])
    _body, headers = stripe.signed(event, secret="whsec_other")
    for wrong in (headers["Stripe-Signature"], None, "nonsense"):
        with pytest.raises(BadSignature):
            gateway.read_event(body, wrong)
    with pytest.raises(BadSignature):
        gateway.read_event(body.replace(b"evt", b"evx"), stripe.signed(event)[1]["Stripe-Signature"])


def test_an_answer_that_got_lost_can_be_asked_for_again(stripe, gateway):
    own = new_id()
    stripe.lose_next_answer("/v1/customers")
    with pytest.raises(sdk.APIConnectionError):
        gateway.create_customer(own, "Clinique fictive")
    assert gateway.create_customer(own, "Clinique fictive")["id"] == stripe.all("customer")[0]["id"]


@pytest.mark.parametrize(("amount", "cents"), [("0.01", 1), ("720.00", 72000)])
def test_euros_are_whole_cents_and_back(amount, cents):
    assert to_cents(Decimal(amount)) == cents
    assert from_cents(cents) == Decimal(amount)


def test_parts_of_a_cent_are_refused():
    with pytest.raises(ValueError, match="cents"):
        to_cents(Decimal("0.005"))


def test_time_passes_over_there_as_the_test_says(stripe, gateway):
    moment = clock.now() + timedelta(days=40)
    stripe.clock = moment.timestamp
    assert gateway.create_customer(new_id(), "Clinique fictive")["created"] == int(moment.timestamp())
