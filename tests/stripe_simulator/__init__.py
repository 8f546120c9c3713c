"""A stateful double of Stripe on loopback: the part of its API that the product uses, with memory, money and webhooks.

    with StripeSimulator() as stripe:                      # a real HTTP server on a free port
        settings = stripe.settings_for(test_settings(url)) # keys and STRIPE_API_BASE of an application that pays here
        …                                                  # the application calls, the simulator remembers

What a test may look at
    stripe.payments          money that moved, oldest first: [{"customer", "amount", "invoice", "intent"}] in cents
    stripe.all("invoice")    every object of a kind, by Stripe's names (customer, subscription, refund …)
    stripe.requests          (method, path, parameters, idempotency key) of every request
    stripe.problems          requests and objects that Stripe's description does not allow (empty is right)

What a test may cause
    stripe.decline_next("card_declined")    the next payment is refused at once
    stripe.debits_fail("insufficient_funds")  direct debits fail when they are settled (None: they succeed)
    stripe.settle_debits()                  days later: pending direct debits succeed or fail
    stripe.lose_next_answer("/v1/invoices") the request takes effect, its answer never arrives
    stripe.forget_keys()                    idempotency keys are older than a day
    stripe.complete_checkout(id, method)    the customer fills in the page ("card" or "sepa_debit")
    stripe.renew(subscription, pays=False)  a month later: the subscription's next invoice is paid, or is not
    stripe.clock = lambda: seconds          what time it is over there

Webhooks wait in `stripe.outgoing` until a test sends them, in any order, twice or late:
    for event in stripe.outgoing: body, headers = stripe.signed(event); client.post("/stripe/webhook", …)
    stripe.deliver_to(url)                  or all of them over HTTP, oldest first
    stripe.webhook_url = url                or each as soon as it happens (browser journeys)

A fee invoice paid in a browser journey: set `webhook_url` to the site's `/stripe/webhook`, let the dispatcher run, visit
the invoice's `hosted_url` (a page of the simulator with one button), then read the product's page again.

Idempotency keys replay the first answer and refuse other parameters under the same key. Every request and every object
is checked against Stripe's description when it is beside the project (tests/stripe_simulator/documents.py).
"""
from tests.stripe_simulator.server import StripeSimulator

__all__ = ["StripeSimulator"]
