"""The simulator as a server: reads forms, checks and remembers requests, replays idempotency keys, serves two pages."""
import base64
import json
import re
import threading
import urllib.request
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from marketplace.platform.config import Settings
from tests.stripe_simulator import invoicing, subscribing
from tests.stripe_simulator.books import WEBHOOK_SECRET, Books, Fault, Object
from tests.stripe_simulator.routes import find

KEY = "sk_test_simulated"
PAGE = (
    '<!doctype html><html lang="fr"><head><title>{title}</title><meta name="viewport" content="width=device-width">'
    '</head><body><main><h1>{title}</h1>{body}</main></body></html>'
)


class StripeSimulator(Books):
    """See the package's docstring."""

    def __init__(self) -> None:
        super().__init__()
        self.webhook_url: str | None = None
        self._answers: dict[str, tuple[Any, int, bytes]] = {}
        self._lost: list[str] = []
        simulator = self

        class Handler(_Handler):
            stripe = simulator

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02})

    def __enter__(self) -> "StripeSimulator":
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def settings_for(self, settings: Settings) -> Settings:
        """The same settings with payment on, through this simulator."""
        return replace(
            settings, stripe_secret_key=KEY, stripe_webhook_secret=WEBHOOK_SECRET, stripe_api_base=self.url
        )

    def lose_next_answer(self, path: str) -> None:
        """The next POST to this path takes effect, its answer never arrives."""
        self._lost.append(path)

    def forget_keys(self) -> None:
        """More than a day later no idempotency key is known."""
        self._answers.clear()

    def settle_debits(self) -> int:
        """Days later; how many direct debits were settled."""
        with self.lock:
            return self._then(invoicing.settle_debits(self))

    def complete_checkout(self, page_id: str, method: str = "card") -> Object:
        """The customer fills in a payment page."""
        with self.lock:
            return self._then(subscribing.complete_checkout(self, page_id, method))

    def renew(self, subscription_id: str, *, pays: bool = True) -> Object:
        """A month later."""
        with self.lock:
            return self._then(subscribing.renew(self, subscription_id, pays=pays))

    def catch_up(self, subscription_id: str) -> Object:
        """The customer pays what is open on the subscription."""
        with self.lock:
            return self._then(subscribing.catch_up(self, subscription_id))

    def end_subscription(self, subscription_id: str) -> Object:
        """It is over."""
        with self.lock:
            return self._then(subscribing.end_subscription(self, subscription_id))

    def pay_page(self, invoice_id: str, method: str = "card") -> None:
        """The customer pays an open invoice on Stripe's own page."""
        with self.lock:
            invoice = self.get(invoice_id, "invoice")
            invoicing.attempt(self, invoice, subscribing.new_method(self, invoice["customer"], method))
            self._then(None)

    def deliver_to(self, url: str) -> int:
        """Send every waiting webhook over HTTP, oldest first; how many were taken."""
        taken = 0
        while self.outgoing:
            body, headers = self.signed(self.outgoing.pop(0))
            with urllib.request.urlopen(urllib.request.Request(url, body, headers), timeout=10) as answer:
                taken += answer.status == 200
        return taken

    def _then(self, answer: Any) -> Any:
        if self.webhook_url:
            threading.Thread(target=self.deliver_to, args=(self.webhook_url,)).start()
        return answer

    def answer(self, method: str, path: str, params: Object, key: str | None) -> tuple[int, bytes, bool]:
        """Status and body of a call, and whether its answer gets lost."""
        with self.lock:
            self.requests.append((method, path, params, key))
            if self.documents is not None:
                self.problems += self.documents.problems_of_request(method, path, params)
            if key is not None and key in self._answers:
                first, status, body = self._answers[key]
                if first != (method, path, params):
                    fault = Fault(400, "idempotency_error", "Keys for idempotent requests can only be used with the same")
                    return fault.status, json.dumps(fault.body).encode(), False
                return status, body, False
            status, body = self._act(method, path, params)
            if key is not None:
                self._answers[key] = ((method, path, params), status, body)
            lost = method == "POST" and path in self._lost
            if lost:
                self._lost.remove(path)
            return status, self._then(body), lost

    def _act(self, method: str, path: str, params: Object) -> tuple[int, bytes]:
        found = find(method, path)
        if found is None:
            return 404, json.dumps({"error": {"type": "invalid_request_error", "message": f"Unrecognized: {path}"}}).encode()
        function, ids = found
        try:
            answer = function(self, params, *ids)
        except Fault as fault:
            return fault.status, json.dumps(fault.body).encode()
        for each in answer["data"] if answer["object"] == "list" else [answer]:
            self.check(each["object"], each)
        return 200, json.dumps(answer).encode()


class _Handler(BaseHTTPRequestHandler):
    stripe: StripeSimulator
    protocol_version = "HTTP/1.1"

    def log_message(self, format: str, *args: Any) -> None:
        """Silent."""

    def do_GET(self) -> None:
        parts = urlsplit(self.path)
        if parts.path.startswith("/v1/"):
            self._answer("GET", parts.path, read_form(parts.query))
        else:
            self._page(parts.path)

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()
        path = urlsplit(self.path).path
        if path.startswith("/v1/"):
            self._answer("POST", path, read_form(body))
        else:
            self._press(path, dict(parse_qsl(body)))

    def _answer(self, method: str, path: str, params: Object) -> None:
        if not self._knows_key():
            self._send(401, b'{"error": {"type": "invalid_request_error", "message": "Invalid API Key provided"}}')
            return
        status, body, lost = self.stripe.answer(method, path, params, self.headers.get("Idempotency-Key"))
        if lost:
            self.close_connection = True
            self.connection.close()
        else:
            self._send(status, body)

    def _knows_key(self) -> bool:
        kind, _, secret = self.headers.get("Authorization", "").partition(" ")
        if kind == "Basic":
            secret = base64.b64decode(secret).decode().rstrip(":")
        return secret == KEY

    def _page(self, path: str) -> None:
        """The pages that a customer sees: one button each."""
        kind, _, object_id = path.strip("/").partition("/")
        if kind == "portal":
            self._send(200, PAGE.format(title="Portail simulé", body="<p>Factures et cartes.</p>").encode(), "text/html")
        elif object_id in self.stripe.objects and kind in ("checkout", "invoice"):
            choices = "".join(f'<button name="method" value="{name}">{name}</button>' for name in ("card", "sepa_debit"))
            button = '<button name="method" value="card">Payer</button>' if kind == "invoice" else choices
            body = f'<form method="post">{button}</form>'
            self._send(200, PAGE.format(title="Paiement simulé", body=body).encode(), "text/html; charset=utf-8")
        else:
            self._send(204 if kind == "favicon.ico" else 404, b"")

    def _press(self, path: str, form: dict[str, str]) -> None:
        kind, _, object_id = path.strip("/").partition("/")
        if kind == "checkout":
            page = self.stripe.complete_checkout(object_id, form.get("method", "card"))
            self.send_response(303)
            self.send_header("Location", page["success_url"])
            self.send_header("Content-Length", "0")
            self.end_headers()
        else:
            self.stripe.pay_page(object_id)
            self._send(200, PAGE.format(title="Payé", body="<p>Merci.</p>").encode(), "text/html; charset=utf-8")

    def _send(self, status: int, body: bytes, kind: str = "application/json") -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


def read_form(text: str) -> Object:
    """`a[b]=1&c[0][d]=2` as {"a": {"b": "1"}, "c": [{"d": "2"}]}: every value stays text."""
    tree: Object = {}
    for name, value in parse_qsl(text, keep_blank_values=True):
        first, *rest = re.findall(r"[^\[\]]+", name)
        place, step = tree, first
        for following in rest:
            place = place.setdefault(step, {})
            step = following
        place[step] = value
    return {name: _lists(value) for name, value in tree.items()}


def _lists(value: Any) -> Any:
    if not isinstance(value, dict):
        return value
    inner = {name: _lists(each) for name, each in value.items()}
    if inner and all(name.isdigit() for name in inner):
        return [inner[name] for name in sorted(inner, key=int)]
    return inner
