"""Invoices, payments and refunds: drafts, lines, finalising, paying at once or by direct debit, giving back."""
from typing import Any

from tests.stripe_simulator.books import Books, Fault, Object, invalid
from tests.stripe_simulator.routes import route


@route("POST", "/v1/invoices")
def create_invoice(books: Books, params: Object) -> Object:
    books.get(params["customer"], "customer")
    return new_invoice(books, params["customer"], params)


def new_invoice(books: Books, customer: str, params: Object) -> Object:
    """A draft without lines."""
    now = books.now()
    invoice = books.add(
        "invoice", customer=customer, status="draft", currency="eur", auto_advance=params.get("auto_advance") == "true",
        collection_method="charge_automatically", description=params.get("description"), metadata=params.get("metadata"),
        paid=False, paid_out_of_band=False, attempted=False, attempt_count=0, period_start=now, period_end=now,
        subscription=params.get("subscription"), payment_intent=None, hosted_invoice_url=None, number=None,
        automatic_tax={"enabled": False, "status": None}, payment_settings={"payment_method_types": None,
        "default_mandate": None, "payment_method_options": None}, starting_balance=0,
        status_transitions={"finalized_at": None, "marked_uncollectible_at": None, "paid_at": None, "voided_at": None},
        lines={"object": "list", "data": [], "has_more": False, "url": "/v1/invoices/lines"},
    )  # fmt: skip
    return add_up(invoice)


def add_up(invoice: Object) -> Object:
    """Totals from the lines."""
    total = sum(line["amount"] for line in invoice["lines"]["data"])
    paid = total if invoice["paid"] else 0
    invoice.update(
        subtotal=total, total=total, amount_due=total, amount_paid=paid, amount_remaining=total - paid, amount_shipping=0,
        pre_payment_credit_notes_amount=0, post_payment_credit_notes_amount=0,
    )  # fmt: skip
    return invoice


@route("GET", "/v1/invoices")
def list_invoices(books: Books, params: Object) -> Object:
    wanted = {name: params[name] for name in ("customer", "status", "subscription") if name in params}
    return books.page("/v1/invoices", books.all("invoice", **wanted), params)


@route("GET", "/v1/invoices/{id}")
def get_invoice(books: Books, params: Object, invoice_id: str) -> Object:
    return expanded(books, books.get(invoice_id, "invoice"), params)


def expanded(books: Books, invoice: Object, params: Object) -> Object:
    """The invoice with its payment in full when asked for."""
    if "payment_intent" in params.get("expand", []) and invoice["payment_intent"]:
        return {**invoice, "payment_intent": books.objects[invoice["payment_intent"]]}
    return invoice


@route("POST", "/v1/invoiceitems")
def create_line(books: Books, params: Object) -> Object:
    invoice = books.get(params["invoice"], "invoice")
    if invoice["status"] != "draft":
        raise invalid("This invoice is no longer editable", "invoice_not_editable")
    now, amount = books.now(), int(params["amount"])
    common = {
        "amount": amount, "currency": "eur", "description": params.get("description"), "discountable": True,
        "period": {"start": now, "end": now}, "proration": False, "quantity": 1, "metadata": params.get("metadata") or {},
    }  # fmt: skip
    item = books.add("invoiceitem", customer=params["customer"], invoice=invoice["id"], date=now, **common)
    line = books.add("line_item", type="invoiceitem", invoice_item=item["id"], **common)
    invoice["lines"]["data"].append(line)
    add_up(invoice)
    return item


@route("GET", "/v1/invoiceitems")
def list_lines(books: Books, params: Object) -> Object:
    wanted = {name: params[name] for name in ("customer", "invoice") if name in params}
    return books.page("/v1/invoiceitems", books.all("invoiceitem", **wanted), params)


@route("POST", "/v1/invoices/{id}/finalize")
def finalise(books: Books, params: Object, invoice_id: str) -> Object:
    invoice = books.get(invoice_id, "invoice")
    if invoice["status"] != "draft":
        raise invalid("This invoice is already finalized", "invoice_not_editable")
    intent = new_intent(books, invoice["customer"], invoice["total"], invoice["id"])
    invoice.update(
        status="open", payment_intent=intent["id"], number=f"SIM-{len(books.all('invoice')):04}",
        hosted_invoice_url=f"{books.url}/invoice/{invoice_id}",
    )  # fmt: skip
    invoice["status_transitions"]["finalized_at"] = books.now()
    books.emit("invoice.finalized", invoice)
    return invoice


def new_intent(books: Books, customer: str | None, amount: int, invoice: str | None, **values: Any) -> Object:
    """A payment not yet tried."""
    return books.add(
        "payment_intent", customer=customer, amount=amount, currency="eur", invoice=invoice, amount_received=0,
        capture_method="automatic", confirmation_method="automatic", payment_method_types=["card", "sepa_debit"],
        status="requires_payment_method", last_payment_error=None, payment_method=None, **values,
    )  # fmt: skip


@route("POST", "/v1/invoices/{id}/pay")
def pay(books: Books, params: Object, invoice_id: str) -> Object:
    invoice = books.get(invoice_id, "invoice")
    if invoice["status"] == "paid":
        raise invalid("Invoice is already paid", "invoice_already_paid")
    if invoice["status"] != "open":
        raise invalid(f"Invoice is {invoice['status']}", "invoice_not_open")
    if params.get("paid_out_of_band", "").lower() == "true":
        return mark_paid(books, invoice, out_of_band=True)
    customer = books.get(invoice["customer"], "customer")
    method = params.get("payment_method") or customer["invoice_settings"]["default_payment_method"]
    if method is None:
        raise invalid("There is no default payment method", "payment_intent_authentication_failure")
    attempt(books, invoice, books.get(method, "payment_method"))
    return expanded(books, invoice, params)


def attempt(books: Books, invoice: Object, method: Object) -> None:
    """Try to pay an open invoice: a card answers at once, a debit days later."""
    intent = books.get(invoice["payment_intent"], "payment_intent")
    if intent["status"] == "processing":
        raise invalid("A payment is already processing", "payment_intent_unexpected_state")
    invoice.update(attempted=True, attempt_count=invoice["attempt_count"] + 1)
    intent.update(payment_method=method["id"])
    if books.declines:
        fail(books, invoice, books.declines.pop(0))
        raise Fault(402, "card_error", "Your card was declined.", code=intent["last_payment_error"]["code"])
    if method["type"] == "sepa_debit":
        intent["status"] = "processing"
        books.emit("payment_intent.processing", intent)
    else:
        mark_paid(books, invoice)


def fail(books: Books, invoice: Object, code: str) -> None:
    """A payment that came to nothing."""
    intent = books.objects[invoice["payment_intent"]]
    intent.update(status="requires_payment_method", last_payment_error={"type": "card_error", "code": code})
    books.emit("payment_intent.payment_failed", intent)
    books.emit("invoice.payment_failed", invoice)


def mark_paid(books: Books, invoice: Object, *, out_of_band: bool = False) -> Object:
    """The invoice is paid: money moved, unless it moved elsewhere."""
    invoice.update(status="paid", paid=True, paid_out_of_band=out_of_band, attempted=True)
    invoice["status_transitions"]["paid_at"] = books.now()
    add_up(invoice)
    intent = books.objects[invoice["payment_intent"]]
    if out_of_band:
        intent["status"] = "canceled"
    else:
        intent.update(status="succeeded", amount_received=invoice["total"])
        books.payments.append({
            "customer": invoice["customer"], "amount": invoice["total"], "invoice": invoice["id"], "intent": intent["id"],
        })  # fmt: skip
        books.emit("payment_intent.succeeded", intent)
    books.emit("invoice.paid", invoice)
    return invoice


def settle_debits(books: Books) -> int:
    """Days later: every pending debit succeeds, or fails for the reason set."""
    pending = [each for each in books.all("invoice", status="open") if _is_processing(books, each)]
    for invoice in pending:
        if books.debit_failure:
            fail(books, invoice, books.debit_failure)
        else:
            mark_paid(books, invoice)
    return len(pending)


def _is_processing(books: Books, invoice: Object) -> bool:
    intent = books.objects.get(invoice["payment_intent"] or "")
    return intent is not None and intent["status"] == "processing"


@route("POST", "/v1/invoices/{id}/void")
def void(books: Books, params: Object, invoice_id: str) -> Object:
    invoice = books.get(invoice_id, "invoice")
    if invoice["status"] != "open":
        raise invalid("Only an open invoice can be voided", "invoice_not_open")
    invoice["status"] = "void"
    invoice["status_transitions"]["voided_at"] = books.now()
    books.emit("invoice.voided", invoice)
    return invoice


@route("POST", "/v1/refunds")
def create_refund(books: Books, params: Object) -> Object:
    intent = books.get(params["payment_intent"], "payment_intent")
    given = sum(each["amount"] for each in books.all("refund", payment_intent=intent["id"]))
    amount = int(params.get("amount", intent["amount_received"] - given))
    if intent["status"] != "succeeded" or amount > intent["amount_received"] - given:
        raise invalid("Refund amount is greater than unrefunded amount on charge", "amount_too_large")
    refund = books.add(
        "refund", payment_intent=intent["id"], amount=amount, currency="eur", status="succeeded", reason=None,
        metadata=params.get("metadata"),
    )  # fmt: skip
    books.emit("charge.refund.updated", refund)
    return refund


@route("GET", "/v1/refunds")
def list_refunds(books: Books, params: Object) -> Object:
    wanted = {name: params[name] for name in ("payment_intent",) if name in params}
    return books.page("/v1/refunds", books.all("refund", **wanted), params)


@route("GET", "/v1/refunds/{id}")
def get_refund(books: Books, params: Object, refund_id: str) -> Object:
    return books.get(refund_id, "refund")


@route("POST", "/v1/payment_intents")
def create_intent(books: Books, params: Object) -> Object:
    return new_intent(books, params.get("customer"), int(params["amount"]), None, metadata=params.get("metadata"))


@route("GET", "/v1/payment_intents/{id}")
def get_intent(books: Books, params: Object, intent_id: str) -> Object:
    return books.get(intent_id, "payment_intent")


@route("POST", "/v1/transfers")
def create_transfer(books: Books, params: Object) -> Object:
    account = books.get(params["destination"], "account")
    return books.add(
        "transfer", amount=int(params["amount"]), currency=params["currency"], destination=account["id"],
        amount_reversed=0, reversed=False, metadata=params.get("metadata"),
        reversals={"object": "list", "data": [], "has_more": False, "url": "/v1/transfers/reversals"},
    )  # fmt: skip


@route("POST", "/v1/accounts")
def create_account(books: Books, params: Object) -> Object:
    made = books.add("account", type=params.get("type", "standard"), country="FR", metadata=params.get("metadata"))
    made.pop("livemode")
    return made
