"""Customers, prices, payment pages, means of payment and subscriptions, with proration and unpaid months."""
from typing import Any

from tests.stripe_simulator.books import MONTH, Books, Object, invalid
from tests.stripe_simulator.invoicing import add_up, fail, finalise, mark_paid, new_invoice
from tests.stripe_simulator.routes import route


@route("POST", "/v1/customers")
def create_customer(books: Books, params: Object) -> Object:
    return books.add(
        "customer", name=params.get("name"), email=params.get("email"), metadata=params.get("metadata"),
        invoice_settings={"custom_fields": None, "default_payment_method": None, "footer": None, "rendering_options": None},
    )  # fmt: skip


@route("GET", "/v1/customers")
def list_customers(books: Books, params: Object) -> Object:
    return books.page("/v1/customers", books.all("customer"), params)


@route("POST", "/v1/customers/{id}")
def change_customer(books: Books, params: Object, customer_id: str) -> Object:
    customer = books.get(customer_id, "customer")
    customer["invoice_settings"].update(params.get("invoice_settings", {}))
    return customer


@route("POST", "/v1/prices")
def create_price(books: Books, params: Object) -> Object:
    if books.all("price", lookup_key=params.get("lookup_key")):
        raise invalid("A price with this lookup_key already exists", "resource_already_exists")
    product = books.add(
        "product", name=params["product_data"]["name"], active=True, images=[], updated=books.now(), metadata={}
    )
    return books.add(
        "price", product=product["id"], active=True, billing_scheme="per_unit", currency="eur", type="recurring",
        unit_amount=int(params["unit_amount"]), lookup_key=params.get("lookup_key"), metadata=params.get("metadata"),
        tax_behavior=params.get("tax_behavior"),
        recurring={"interval": "month", "interval_count": 1, "usage_type": "licensed", "aggregate_usage": None},
    )  # fmt: skip


@route("GET", "/v1/prices")
def list_prices(books: Books, params: Object) -> Object:
    keys = params.get("lookup_keys")
    found = [each for each in books.all("price") if keys is None or each["lookup_key"] in keys]
    return books.page("/v1/prices", found, params)


@route("POST", "/v1/checkout/sessions")
def create_checkout(books: Books, params: Object) -> Object:
    page = books.add(
        "checkout.session", mode=params["mode"], customer=params["customer"], status="open", payment_status="unpaid",
        client_reference_id=params.get("client_reference_id"), success_url=params["success_url"], subscription=None,
        cancel_url=params.get("cancel_url"), expires_at=books.now() + 24 * 3600, setup_intent=None,
        payment_method_types=params.get("payment_method_types", ["card"]), metadata=params.get("metadata"),
        custom_fields=[], shipping_options=[],
        custom_text={"shipping_address": None, "submit": None}, automatic_tax={"enabled": False, "status": None},
    )  # fmt: skip
    page["url"] = f"{books.url}/checkout/{page['id']}"
    asked = {"lines": params.get("line_items", []), "data": params.get("subscription_data", {})}
    books.objects[f"asked:{page['id']}"] = {"object": "asked", "created": 0, **asked}
    return page


@route("GET", "/v1/checkout/sessions")
def list_checkouts(books: Books, params: Object) -> Object:
    wanted = {name: params[name] for name in ("customer",) if name in params}
    return books.page("/v1/checkout/sessions", books.all("checkout.session", **wanted), params)


@route("GET", "/v1/checkout/sessions/{id}")
def get_checkout(books: Books, params: Object, page_id: str) -> Object:
    return books.get(page_id, "checkout.session")


@route("POST", "/v1/checkout/sessions/{id}/expire")
def expire_checkout(books: Books, params: Object, page_id: str) -> Object:
    page = books.get(page_id, "checkout.session")
    if page["status"] != "open":
        raise invalid("Only open sessions can be expired")
    page.update(status="expired", url=None)
    books.emit("checkout.session.expired", page)
    return page


def complete_checkout(books: Books, page_id: str, method_type: str = "card") -> Object:
    """What happens when the customer fills in the page and confirms."""
    page = books.get(page_id, "checkout.session")
    if page["status"] != "open":
        raise invalid("This page is closed")
    method = new_method(books, page["customer"], method_type)
    page.update(status="complete", url=None)
    if page["mode"] == "setup":
        page["setup_intent"] = new_setup(books, page["customer"], method)["id"]
        page["payment_status"] = "no_payment_required"
    else:
        asked = books.objects[f"asked:{page_id}"]
        started = start_subscription(books, page["customer"], asked["lines"][0]["price"], method, asked["data"])
        page.update(subscription=started["id"], payment_status="paid")
    books.emit("checkout.session.completed", page)
    return page


def new_method(books: Books, customer: str, kind: str = "card") -> Object:
    """A card, or an account to debit, that belongs to the customer."""
    details: dict[str, Any] = {
        "card": {"brand": "visa", "exp_month": 12, "exp_year": 2032, "funding": "credit", "last4": "4242", "checks": None,
                 "country": "FR", "fingerprint": None, "generated_from": None, "networks": None,
                 "three_d_secure_usage": None, "wallet": None},
        "sepa_debit": {"last4": "3000", "bank_code": "20041", "branch_code": "01005", "country": "FR", "fingerprint": None,
                       "generated_from": None},
    }  # fmt: skip
    billing = {"address": None, "email": "compta@exemple.test", "name": "Clinique", "phone": None}
    return books.add(
        "payment_method", customer=customer, type=kind, billing_details=billing, **{kind: details[kind]}
    )


def new_setup(books: Books, customer: str, method: Object) -> Object:
    """A means of payment left for later, with its mandate when it is an account."""
    mandate = None
    if method["type"] == "sepa_debit":
        number = len(books.all("mandate")) + 1
        made = books.add(
            "mandate", payment_method=method["id"], status="active", type="multi_use", multi_use={},
            customer_acceptance={"type": "online", "accepted_at": books.now(),
                                 "online": {"ip_address": None, "user_agent": None}},
            payment_method_details={"type": "sepa_debit",
                                    "sepa_debit": {"reference": f"SIMREF{number:06}", "url": f"{books.url}/mandate"}},
        )  # fmt: skip
        mandate = made["id"]
    return books.add(
        "setup_intent", customer=customer, payment_method=method["id"], mandate=mandate, status="succeeded",
        usage="off_session", payment_method_types=["card", "sepa_debit"],
    )  # fmt: skip


@route("GET", "/v1/setup_intents")
def list_setups(books: Books, params: Object) -> Object:
    wanted = {name: params[name] for name in ("customer",) if name in params}
    return books.page("/v1/setup_intents", books.all("setup_intent", **wanted), params)


@route("GET", "/v1/payment_methods/{id}")
def get_method(books: Books, params: Object, method_id: str) -> Object:
    return books.get(method_id, "payment_method")


@route("GET", "/v1/mandates/{id}")
def get_mandate(books: Books, params: Object, mandate_id: str) -> Object:
    return books.get(mandate_id, "mandate")


def start_subscription(books: Books, customer: str, price: str, method: Object, data: Object) -> Object:
    """The first month is paid, the subscription runs."""
    now = books.now()
    started = books.add(
        "subscription", customer=customer, status="active", currency="eur", start_date=now, billing_cycle_anchor=now,
        current_period_start=now, current_period_end=now + MONTH, cancel_at_period_end=False, cancel_at=None,
        canceled_at=None, ended_at=None, collection_method="charge_automatically", default_payment_method=method["id"],
        metadata=data.get("metadata"), automatic_tax={"enabled": False}, latest_invoice=None,
    )  # fmt: skip
    item = books.add("subscription_item", price=books.get(price, "price"), subscription=started["id"], quantity=1)
    started["items"] = {"object": "list", "data": [item], "has_more": False, "url": "/v1/subscription_items"}
    mark_paid(books, _month_invoice(books, started))
    books.emit("customer.subscription.created", started)
    return started


def _month_invoice(books: Books, subscription: Object, extra: int = 0) -> Object:
    price = subscription["items"]["data"][0]["price"]
    invoice = new_invoice(books, subscription["customer"], {"subscription": subscription["id"]})
    invoice["billing_reason"] = "subscription_cycle"
    for amount, proration in ((price["unit_amount"], False), (extra, True)):
        if amount:
            line = books.add(
                "line_item", type="subscription", amount=amount, currency="eur", description=None, discountable=True,
                period={"start": books.now(), "end": books.now() + MONTH}, proration=proration, quantity=1,
            )  # fmt: skip
            invoice["lines"]["data"].append(line)
    add_up(invoice)
    subscription["latest_invoice"] = invoice["id"]
    return finalise(books, {}, invoice["id"])


def renew(books: Books, subscription_id: str, *, pays: bool = True) -> Object:
    """A month later: the next invoice is paid, or it is not and the subscription is past due."""
    subscription = books.get(subscription_id, "subscription")
    invoice = _month_invoice(books, subscription, subscription.pop("prorated", 0))
    start = subscription["current_period_end"]
    subscription.update(current_period_start=start, current_period_end=start + MONTH)
    if pays:
        mark_paid(books, invoice)
        subscription["status"] = "active"
    else:
        fail(books, invoice, "insufficient_funds")
        subscription["status"] = "past_due"
    books.emit("customer.subscription.updated", subscription)
    return subscription


def catch_up(books: Books, subscription_id: str) -> Object:
    """The customer pays what is open on the subscription."""
    subscription = books.get(subscription_id, "subscription")
    for invoice in books.all("invoice", subscription=subscription_id, status="open"):
        mark_paid(books, invoice)
    if subscription["status"] != "canceled":
        subscription["status"] = "active"
        books.emit("customer.subscription.updated", subscription)
    return subscription


def end_subscription(books: Books, subscription_id: str) -> Object:
    """It is over, paid or not."""
    subscription = books.get(subscription_id, "subscription")
    subscription.update(status="canceled", canceled_at=books.now(), ended_at=books.now())
    books.emit("customer.subscription.deleted", subscription)
    return subscription


@route("GET", "/v1/subscriptions")
def list_subscriptions(books: Books, params: Object) -> Object:
    found = books.all("subscription", **({"customer": params["customer"]} if "customer" in params else {}))
    wanted = params.get("status")
    return books.page("/v1/subscriptions", [each for each in found if wanted in ("all", each["status"])], params)


@route("GET", "/v1/subscriptions/{id}")
def get_subscription(books: Books, params: Object, subscription_id: str) -> Object:
    return books.get(subscription_id, "subscription")


@route("POST", "/v1/subscriptions/{id}")
def change_subscription(books: Books, params: Object, subscription_id: str) -> Object:
    subscription = books.get(subscription_id, "subscription")
    for change in params.get("items", []):
        item = books.get(change["id"], "subscription_item")
        before, after = item["price"], books.get(change["price"], "price")
        if params.get("proration_behavior") == "create_prorations" and before["id"] != after["id"]:
            left = max(0, subscription["current_period_end"] - books.now()) / MONTH
            owed = round((after["unit_amount"] - before["unit_amount"]) * left)
            subscription["prorated"] = subscription.get("prorated", 0) + owed
        item["price"] = after
    if "cancel_at_period_end" in params:
        subscription["cancel_at_period_end"] = params["cancel_at_period_end"] == "true"
    books.emit("customer.subscription.updated", {name: v for name, v in subscription.items() if name != "prorated"})
    return {name: value for name, value in subscription.items() if name != "prorated"}


@route("POST", "/v1/billing_portal/sessions")
def open_portal(books: Books, params: Object) -> Object:
    books.get(params["customer"], "customer")
    opened = books.add(
        "billing_portal.session", customer=params["customer"], return_url=params.get("return_url"), url=f"{books.url}/portal",
        configuration="bpc_simulated",
    )  # fmt: skip
    opened.pop("metadata")
    return opened
