"""The one door to Stripe: each method is one call, with an idempotency key made of our ids; amounts in euros, never cents.

Called outside any transaction, by outbox handlers, which may call again: Stripe answers a known key with what it did the
first time, for a day at least; afterwards the `find_*` methods look for what an earlier call left. Stripe's own network
retries are off: the outbox tries again. Objects come back as plain dictionaries of the pinned version of the API.
"""
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import stripe
from flask import Flask, current_app
from stripe import StripeClient

from marketplace.platform import clock
from marketplace.platform.config import Settings

API_VERSION = "2022-11-15"
"""The version whose description our requests are tested against; Stripe keeps answering in it."""
TIMEOUT = (4, 8)
"""Seconds to connect, seconds to wait for an answer: a batch of the outbox ends within its lease."""
TOLERANCE = 300
"""Seconds between a webhook's signature and its arrival, either way."""
OUR_ID = "grappe_id"
"""Under which metadata key our id stands on every object that we make."""
MOST_PAGES = 50

Object = dict[str, Any]


class PaymentIsOff(Exception):
    """No keys: nothing can be asked of Stripe."""


class Declined(Exception):
    """The payer's bank or card said no; `code` is Stripe's."""

    def __init__(self, code: str) -> None:
        super().__init__(f"declined: {code}")
        self.code = code


class BadSignature(Exception):
    """A webhook that Stripe did not sign, or signed too long ago."""


def to_cents(amount: Decimal) -> int:
    """Euros as whole cents; ValueError when the amount has parts of a cent."""
    cents = amount * 100
    if cents != cents.to_integral_value():
        raise ValueError(f"{amount} € is not a whole number of cents")
    return int(cents)


def from_cents(cents: int) -> Decimal:
    """Whole cents as euros."""
    return Decimal(cents).scaleb(-2)


def moment_of(seconds: int | None) -> datetime | None:
    """Stripe's seconds as a moment."""
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC)


class StripeGateway:
    """Stripe, as much of it as the product uses."""

    def __init__(self, key: str, webhook_secret: str, api_base: str) -> None:
        self._webhook_secret = webhook_secret
        self._client = StripeClient(
            key, stripe_version=API_VERSION, max_network_retries=0, base_addresses={"api": api_base},
            http_client=stripe.RequestsClient(timeout=TIMEOUT),
        ).v1  # fmt: skip

    def create_customer(self, organisation_id: UUID, name: str) -> Object:
        """An organisation as Stripe's customer."""
        params = {"name": name[:150], "metadata": _ours(organisation_id)}
        return self._call(self._client.customers.create, params, key=f"customer-{organisation_id}")

    def find_customer(self, organisation_id: UUID, since: datetime) -> Object | None:
        """The customer that an earlier call made."""
        return _with_id(self.list_all(self._client.customers.list, created={"gte": _seconds(since)}), organisation_id)

    def choose_method(self, customer: str, payment_method: str) -> None:
        """Make a means of payment the customer's usual one; repeatable."""
        params = {"invoice_settings": {"default_payment_method": payment_method}}
        self._call(self._client.customers.update, customer, params)

    def create_invoice(self, invoice_id: UUID, customer: str, description: str) -> Object:
        """An empty draft that Stripe neither finalises nor charges by itself."""
        params = {
            "customer": customer, "auto_advance": False, "collection_method": "charge_automatically", "currency": "eur",
            "pending_invoice_items_behavior": "exclude", "description": description, "metadata": _ours(invoice_id),
        }  # fmt: skip
        return self._call(self._client.invoices.create, params, key=f"invoice-{invoice_id}")

    def find_invoice(self, invoice_id: UUID, customer: str) -> Object | None:
        """The invoice that an earlier call made."""
        return _with_id(self.list_all(self._client.invoices.list, customer=customer), invoice_id)

    def add_line(self, line_id: str, customer: str, invoice: str, amount: Decimal, label: str) -> Object:
        """A line on a draft, in euros; `line_id` is ours."""
        params = {
            "customer": customer, "invoice": invoice, "amount": to_cents(amount), "currency": "eur",
            "description": label[:250], "metadata": {OUR_ID: line_id},
        }  # fmt: skip
        return self._call(self._client.invoice_items.create, params, key=f"line-{line_id}")

    def lines_on(self, invoice: str) -> set[str]:
        """Our ids of the lines already on a draft."""
        return {line["metadata"].get(OUR_ID, "") for line in self.list_all(self._client.invoice_items.list, invoice=invoice)}

    def finalise_invoice(self, invoice_id: UUID, invoice: str) -> Object:
        """A draft becomes due; Stripe still charges nothing by itself."""
        params = {"auto_advance": False}
        return self._call(self._client.invoices.finalize_invoice, invoice, params, key=f"finalise-{invoice_id}")

    def get_invoice(self, invoice: str) -> Object:
        """The invoice as it is now, with its payment."""
        return self._call(self._client.invoices.retrieve, invoice, {"expand": ["payment_intent"]})

    def pay_invoice(self, invoice_id: UUID, invoice: str, payment_method: str, attempt: int) -> Object:
        """Charge an open invoice to a means of payment that was left for it; Declined when the bank refuses at once."""
        params = {"payment_method": payment_method, "off_session": True, "expand": ["payment_intent"]}
        return self._call(self._client.invoices.pay, invoice, params, key=f"pay-{invoice_id}-{attempt}")

    def settle_invoice(self, invoice_id: UUID, invoice: str) -> Object:
        """Say that an open invoice was paid elsewhere: nothing is charged."""
        return self._call(self._client.invoices.pay, invoice, {"paid_out_of_band": True}, key=f"settle-{invoice_id}")

    def create_refund(self, refund_id: UUID, payment_intent: str, amount: Decimal) -> Object:
        """Give money back on a payment, in euros; Declined when Stripe refuses it for good."""
        params = {"payment_intent": payment_intent, "amount": to_cents(amount), "metadata": _ours(refund_id)}
        try:
            return self._call(self._client.refunds.create, params, key=f"refund-{refund_id}")
        except stripe.InvalidRequestError as refused:
            raise Declined(refused.code or "refund_refused") from refused

    def find_refund(self, refund_id: UUID, payment_intent: str) -> Object | None:
        """The refund that an earlier call made."""
        return _with_id(self.list_all(self._client.refunds.list, payment_intent=payment_intent), refund_id)

    def ensure_price(self, plan_code: str, name: str, monthly_incl_vat: Decimal) -> str:
        """The id of the monthly price of a plan, in euros including VAT; made when it is not there. Repeatable."""
        lookup = f"grappe_{plan_code}"
        for price in self.list_all(self._client.prices.list, lookup_keys=[lookup]):
            return str(price["id"])
        params = {
            "currency": "eur", "unit_amount": to_cents(monthly_incl_vat), "recurring": {"interval": "month"},
            "lookup_key": lookup, "product_data": {"name": name}, "tax_behavior": "inclusive", "metadata": {OUR_ID: plan_code},
        }  # fmt: skip
        return str(self._call(self._client.prices.create, params, key=f"price-{plan_code}")["id"])

    def open_plan_page(
        self, checkout_id: UUID, organisation_id: UUID, customer: str, price: str, back: Mapping[str, str]
    ) -> Object:
        """A page where the customer subscribes; `back` holds success_url and cancel_url."""
        params = {
            "mode": "subscription", "customer": customer, "client_reference_id": str(checkout_id), **back,
            "line_items": [{"price": price, "quantity": 1}], "payment_method_types": ["card", "sepa_debit"],
            "subscription_data": {"metadata": _ours(organisation_id)}, "metadata": _ours(checkout_id),
        }  # fmt: skip
        return self._call(self._client.checkout.sessions.create, params, key=f"checkout-{checkout_id}")

    def open_method_page(self, checkout_id: UUID, customer: str, back: Mapping[str, str]) -> Object:
        """A page where the customer leaves a card, or signs a mandate for direct debits."""
        params = {
            "mode": "setup", "customer": customer, "client_reference_id": str(checkout_id), **back,
            "payment_method_types": ["card", "sepa_debit"], "metadata": _ours(checkout_id),
        }  # fmt: skip
        return self._call(self._client.checkout.sessions.create, params, key=f"checkout-{checkout_id}")

    def find_checkout(self, checkout_id: UUID, customer: str) -> Object | None:
        """The page that an earlier call made."""
        return _with_id(self.list_all(self._client.checkout.sessions.list, customer=customer), checkout_id)

    def get_checkout(self, session: str) -> Object:
        """The page as it is now."""
        return self._call(self._client.checkout.sessions.retrieve, session)

    def close_checkout(self, checkout_id: UUID, session: str) -> Object:
        """Close a page so that nobody pays on it any more; answers how it ended (complete, when somebody was faster)."""
        found = self.get_checkout(session)
        if found["status"] != "open":
            return found
        try:
            return self._call(self._client.checkout.sessions.expire, session, key=f"expire-{checkout_id}")
        except stripe.InvalidRequestError:
            return self.get_checkout(session)

    def left_method(self, customer: str, setup_intent: str) -> Object:
        """What a customer left on the page: {type, id, digits, mandate, reference}."""
        intents = self.list_all(self._client.setup_intents.list, customer=customer)
        intent = next(each for each in intents if each["id"] == setup_intent)
        method = self._call(self._client.payment_methods.retrieve, intent["payment_method"])
        mandate = self._call(self._client.mandates.retrieve, intent["mandate"]) if intent.get("mandate") else None
        details = (mandate or {}).get("payment_method_details", {}).get("sepa_debit", {})
        return {
            "type": method["type"], "id": method["id"], "digits": method.get(method["type"], {}).get("last4"),
            "mandate": mandate and mandate["id"], "reference": details.get("reference"),
        }  # fmt: skip

    def get_subscription(self, subscription: str) -> Object:
        """The subscription as it is now."""
        return self._call(self._client.subscriptions.retrieve, subscription)

    def change_plan(self, subscription_id: UUID, number: int, subscription: Object, price: str) -> Object:
        """Another price from now on; what is left of the paid month is counted on the next invoice."""
        item = subscription["items"]["data"][0]["id"]
        params = {"items": [{"id": item, "price": price}], "proration_behavior": "create_prorations"}
        return self._call(
            self._client.subscriptions.update, subscription["id"], params, key=f"change-{subscription_id}-{number}"
        )

    def open_portal(self, customer: str, return_url: str) -> str:
        """The address of Stripe's own page for invoices, cards and leaving; good for a few minutes."""
        params = {"customer": customer, "return_url": return_url}
        return str(self._call(self._client.billing_portal.sessions.create, params)["url"])

    def invoices_since(self, since: datetime) -> Iterator[Object]:
        """Every invoice made since."""
        return self.list_all(self._client.invoices.list, created={"gte": _seconds(since)})

    def refunds_since(self, since: datetime) -> Iterator[Object]:
        """Every refund made since."""
        return self.list_all(self._client.refunds.list, created={"gte": _seconds(since)})

    def subscriptions(self) -> Iterator[Object]:
        """Every subscription, ended ones too."""
        return self.list_all(self._client.subscriptions.list, status="all")

    def read_event(self, body: bytes, signature: str | None) -> Object:
        """The event of a webhook; BadSignature unless Stripe signed this very body within the last minutes."""
        try:
            event = stripe.Webhook.construct_event(body, signature, self._webhook_secret, 0).to_dict()
            signed_at = int(dict(part.split("=", 1) for part in (signature or "").split(","))["t"])
        except (stripe.SignatureVerificationError, ValueError, KeyError) as bad:
            raise BadSignature(type(bad).__name__) from bad
        if abs(clock.now().timestamp() - signed_at) > TOLERANCE:
            raise BadSignature("too old")
        return event

    def list_all(self, listing: Callable[..., Any], **filters: Any) -> Iterator[Object]:
        """Every object of a list, page after page."""
        after: dict[str, str] = {}
        for _page in range(MOST_PAGES):
            page = self._call(listing, {"limit": 100, **filters, **after})
            yield from page["data"]
            if not page["has_more"]:
                return
            after = {"starting_after": page["data"][-1]["id"]}
        raise RuntimeError("a list of Stripe's does not end")

    def _call(self, operation: Callable[..., Any], *arguments: Any, key: str | None = None) -> Object:
        """The one place where something leaves for Stripe."""
        options: Any = {"idempotency_key": key} if key else {}
        try:
            answer = operation(*arguments, options=options)
        except stripe.CardError as declined:
            raise Declined(declined.code or "declined") from declined
        return dict(answer.to_dict())


def _ours(own_id: UUID) -> dict[str, str]:
    return {OUR_ID: str(own_id)}


def _seconds(moment: datetime) -> int:
    return int(moment.timestamp()) - 3600  # clocks differ a little


def _with_id(objects: Iterator[Object], own_id: UUID) -> Object | None:
    return next((each for each in objects if (each["metadata"] or {}).get(OUR_ID) == str(own_id)), None)


def init_app(app: Flask, settings: Settings) -> None:
    """Open the door when the settings hold its keys."""
    if settings.stripe_secret_key and settings.stripe_webhook_secret:
        app.extensions["stripe"] = StripeGateway(
            settings.stripe_secret_key, settings.stripe_webhook_secret, settings.stripe_api_base
        )


def payment_is_on() -> bool:
    """Whether Stripe can be asked for anything."""
    return "stripe" in current_app.extensions


def stripe_gateway() -> StripeGateway:
    """The door; PaymentIsOff without keys."""
    if not payment_is_on():
        raise PaymentIsOff("STRIPE_SECRET_KEY is not set")
    gateway: StripeGateway = current_app.extensions["stripe"]
    return gateway


