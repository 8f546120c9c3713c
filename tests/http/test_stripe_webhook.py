"""What Stripe writes is taken once, in any order, only when Stripe signed it, and unknown things change nothing."""
import itertools
import time

import pytest
from sqlalchemy import func, select

from marketplace.billing.gateway import OUR_ID
from marketplace.billing.models import ListingPlan, ListingSubscription, StripeEvent
from marketplace.billing.webhook import PATH
from tests.factories.accounts import OrganisationFactory
from tests.factories.base import refreshed
from tests.factories.billing import FeeInvoiceFactory
from tests.stripe_simulator import invoicing, subscribing


def _send(client, stripe, event, **signing):
    body, headers = stripe.signed(event, **signing)
    return client.post(PATH, data=body, headers=headers)


def _paid_invoice(stripe, row):
    customer = stripe.add("customer", name="Clinique fictive")["id"]
    invoice = invoicing.new_invoice(stripe, customer, {"metadata": {OUR_ID: str(row.id)}})
    invoicing.finalise(stripe, {}, invoice["id"])
    invoicing.fail(stripe, invoice, "card_declined")
    invoicing.mark_paid(stripe, invoice)
    return [each for each in stripe.outgoing if each["type"].startswith("invoice.")]


def test_a_repeat_answers_200_and_changes_nothing(client, session, payment_on):
    row = FeeInvoiceFactory()
    event = _paid_invoice(payment_on, row)[-1]
    assert _send(client, payment_on, event).text == "applied\n"
    first = refreshed(row).paid_at
    again = _send(client, payment_on, event)
    assert (again.status_code, again.text) == (200, "repeated\n")
    assert refreshed(row).paid_at == first
    assert session.scalar(select(func.count()).select_from(StripeEvent)) == 1


@pytest.mark.parametrize("order", list(itertools.permutations(range(3))))
def test_an_invoice_ends_paid_in_whatever_order_it_is_told(client, payment_on, order):
    row = FeeInvoiceFactory()
    told = _paid_invoice(payment_on, row)
    for place in order:
        assert _send(client, payment_on, told[place]).status_code == 200
    row = refreshed(row)
    assert (row.paid_how, row.failed_at) == ("stripe", None)
    assert row.hosted_url is not None and row.finalised_at is not None


@pytest.mark.parametrize("signing", [{"secret": "whsec_other"}, {"at": 1_000_000_000}])
def test_what_stripe_did_not_sign_lately_is_refused_and_not_noted(client, session, payment_on, signing):
    event = _paid_invoice(payment_on, FeeInvoiceFactory())[-1]
    assert _send(client, payment_on, event, **signing).status_code == 400
    assert client.post(PATH, data=b"{}").status_code == 400
    assert session.scalar(select(func.count()).select_from(StripeEvent)) == 0


@pytest.mark.parametrize("changes", [{"type": "customer.created"}, {"api_version": "2030-01-01"}])
def test_what_we_do_not_know_is_noted_and_ignored(client, session, payment_on, changes):
    row = FeeInvoiceFactory()
    event = {**_paid_invoice(payment_on, row)[-1], **changes}
    assert _send(client, payment_on, event).text == "ignored\n"
    assert session.scalars(select(StripeEvent)).one().outcome == "ignored"
    assert refreshed(row).paid_at is None


def test_an_invoice_of_somebody_elses_is_ignored(client, session, payment_on):
    customer = payment_on.add("customer", name="x")["id"]
    invoice = invoicing.new_invoice(payment_on, customer, {})
    invoicing.finalise(payment_on, {}, invoice["id"])
    assert _send(client, payment_on, payment_on.outgoing[-1]).text == "ignored\n"


def test_with_payment_off_nobody_is_listened_to(client):
    assert client.post(PATH, data=b"{}").status_code == 404


@pytest.fixture
def told(session, payment_on):
    """A provider's subscription and what Stripe told of it: started, unpaid, paid again; a second between each."""
    provider = OrganisationFactory(kind="provider")
    moments = itertools.count(1_800_000_000)
    customer = payment_on.add("customer", name="Éditeur fictif")["id"]
    price = payment_on.add(
        "price", product="prod_1", active=True, billing_scheme="per_unit", currency="eur", type="recurring",
        unit_amount=5880, lookup_key="grappe_supporter",
    )  # fmt: skip
    session.get_one(ListingPlan, "supporter").stripe_price_id = price["id"]
    session.commit()
    method = subscribing.new_method(payment_on, customer)
    payment_on.clock = lambda: next(moments)
    data = {"metadata": {OUR_ID: str(provider.id)}}
    started = subscribing.start_subscription(payment_on, customer, price["id"], method, data)
    subscribing.renew(payment_on, started["id"], pays=False)
    subscribing.catch_up(payment_on, started["id"])
    payment_on.clock = time.time
    return [each for each in payment_on.outgoing if each["type"].startswith("customer.subscription")]


@pytest.mark.parametrize("order", list(itertools.permutations(range(3))))
def test_a_subscription_ends_as_its_youngest_event_says(client, session, payment_on, told, order):
    for place in order:
        assert _send(client, payment_on, told[place]).status_code == 200
    row = session.scalars(select(ListingSubscription)).one()
    assert (row.stripe_status, row.unpaid_since, row.hidden_from) == ("active", None, None)


def test_an_unpaid_month_starts_the_grace_period(client, session, payment_on, told):
    for event in told[:2]:
        _send(client, payment_on, event)
    row = session.scalars(select(ListingSubscription)).one()
    assert (row.hidden_from - row.unpaid_since).days == 14

