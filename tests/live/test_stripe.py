"""Stripe's own test mode, by hand only: `STRIPE_TEST_KEY=sk_test_… pytest -m stripe_live`. Never run where it was written."""
import os
from decimal import Decimal

import pytest

from marketplace.billing.gateway import StripeGateway
from marketplace.platform.config import STRIPE
from marketplace.platform.database import new_id

pytestmark = pytest.mark.stripe_live


@pytest.fixture
def gateway():
    key = os.environ.get("STRIPE_TEST_KEY", "")
    if not key.startswith("sk_test_"):
        pytest.fail("set STRIPE_TEST_KEY to a key that begins with sk_test_")
    return StripeGateway(key, "whsec_unused", STRIPE)


def test_an_invoice_is_made_paid_and_given_back_as_on_the_simulator(gateway):
    organisation, invoice_id, refund_id = new_id(), new_id(), new_id()
    customer = gateway.create_customer(organisation, "Clinique fictive")["id"]
    assert gateway.create_customer(organisation, "Clinique fictive")["id"] == customer
    method = gateway._client.payment_methods.attach("pm_card_visa", {"customer": customer}).id
    gateway.choose_method(customer, method)
    invoice = gateway.create_invoice(invoice_id, customer, "Frais")["id"]
    gateway.add_line("a", customer, invoice, Decimal("12.00"), "Adhésion (HT)")
    assert gateway.lines_on(invoice) == {"a"}
    open_invoice = gateway.finalise_invoice(invoice_id, invoice)
    assert (open_invoice["status"], open_invoice["amount_due"]) == ("open", 1200)
    paid = gateway.pay_invoice(invoice_id, invoice, method, 1)
    assert paid["status"] == "paid"
    refund = gateway.create_refund(refund_id, paid["payment_intent"]["id"], Decimal("2.00"))
    assert gateway.find_refund(refund_id, paid["payment_intent"]["id"])["id"] == refund["id"]
