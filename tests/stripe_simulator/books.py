"""What the simulator remembers: objects by id, money that moved, events that wait; the base of every resource."""
import hashlib
import hmac
import json
import threading
import time
from collections.abc import Callable
from typing import Any

from tests.stripe_simulator import documents

WEBHOOK_SECRET = "whsec_simulated"
MONTH = 30 * 24 * 3600
PREFIXES = {
    "customer": "cus", "product": "prod", "price": "price", "checkout.session": "cs_test", "subscription": "sub",
    "subscription_item": "si", "invoice": "in", "invoiceitem": "ii", "payment_intent": "pi", "setup_intent": "seti",
    "payment_method": "pm", "mandate": "mandate", "refund": "re", "account": "acct", "transfer": "tr", "event": "evt",
    "billing_portal.session": "bps", "line_item": "il", "webhook_endpoint": "we",
}  # fmt: skip

Object = dict[str, Any]


class Fault(Exception):
    """An answer that is an error of Stripe's."""

    def __init__(self, status: int, kind: str, message: str, *, code: str | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.body = {"error": {"type": kind, "message": message, **({"code": code} if code else {})}}


def invalid(message: str, code: str | None = None) -> Fault:
    """A request that makes no sense in the present state."""
    return Fault(400, "invalid_request_error", message, code=code)


class Books:
    """Memory of one simulated account."""

    def __init__(self) -> None:
        self.documents = documents.load()
        self.lock = threading.RLock()
        self.clock: Callable[[], float] = time.time
        self.objects: dict[str, Object] = {}
        self.payments: list[Object] = []
        self.outgoing: list[Object] = []
        self.requests: list[tuple[str, str, Object, str | None]] = []
        self.problems: list[str] = []
        self.url = ""
        self.declines: list[str] = []
        self.debit_failure: str | None = None
        self.portals: list[Object] = []

    def now(self) -> int:
        """Seconds, as Stripe counts."""
        return int(self.clock())

    def add(self, kind: str, **values: Any) -> Object:
        """A new object of a kind, complete as the description wants it."""
        made: Object = {"object": kind, "livemode": False, "created": self.now(), **values}
        made.setdefault("id", f"{PREFIXES[kind]}_{len(self.objects) + 1:06}")
        made["metadata"] = made.get("metadata") or {}
        self.objects[made["id"]] = made
        if self.documents is not None:
            self.documents.fill(kind, made)
        return made

    def get(self, object_id: str, kind: str) -> Object:
        """An object by id, or Stripe's 404."""
        found = self.objects.get(object_id)
        if found is None or found["object"] != kind:
            raise Fault(404, "invalid_request_error", f"No such {kind}: '{object_id}'", code="resource_missing")
        return found

    def all(self, kind: str, **wanted: Any) -> list[Object]:
        """Every object of a kind whose properties are as wanted, oldest first."""
        return [
            each
            for each in self.objects.values()
            if each["object"] == kind and all(each.get(name) == value for name, value in wanted.items())
        ]

    def page(self, path: str, found: list[Object], params: Object) -> Object:
        """A page of a list, newest first, as Stripe cuts it."""
        after = int(params.get("created", {}).get("gte", 0)) if isinstance(params.get("created"), dict) else 0
        rows = [each for each in reversed(found) if each["created"] >= after]
        start = params.get("starting_after")
        if start:
            rows = rows[[each["id"] for each in rows].index(start) + 1 :]
        limit = int(params.get("limit", 10))
        return {"object": "list", "url": path, "has_more": len(rows) > limit, "data": rows[:limit]}

    def emit(self, kind: str, about: Object) -> Object:
        """An event: a snapshot of the object at this moment, waiting to be sent."""
        snapshot = json.loads(json.dumps(about))
        event = self.add("event", type=kind, data={"object": snapshot}, api_version="2022-11-15", pending_webhooks=1)
        self.check("event", event)
        self.outgoing.append(event)
        return event

    def check(self, kind: str, value: Object) -> None:
        """Note what the description does not allow."""
        if self.documents is not None:
            self.problems += self.documents.problems_of_object(kind, value)

    def signed(self, event: Object, *, at: int | None = None, secret: str = WEBHOOK_SECRET) -> tuple[bytes, dict[str, str]]:
        """The body and headers of a webhook, signed at a moment (seconds; now by default)."""
        body = json.dumps({name: value for name, value in event.items() if name != "metadata"})
        moment = self.now() if at is None else at
        seal = hmac.new(secret.encode(), f"{moment}.{body}".encode(), hashlib.sha256).hexdigest()
        return body.encode(), {"Stripe-Signature": f"t={moment},v1={seal}", "Content-Type": "application/json"}

    def decline_next(self, code: str = "card_declined") -> None:
        """The next payment is refused at once."""
        self.declines.append(code)

    def debits_fail(self, code: str | None) -> None:
        """Direct debits fail for this reason when they are settled; None: they succeed."""
        self.debit_failure = code
