"""The core flow of the contract, over real HTTP, with the tokens that `grappe demo --tokens` writes."""
import json
import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from datetime import timedelta
from pathlib import Path

import pytest

from marketplace.platform import clock
from marketplace.platform.embedded import EmbeddedPostgres

ROOT = Path(__file__).resolve().parents[2]
GRAPPE = [sys.executable, "-c", "from app import main; main()"]
ROLES = {"platform", "purchasing_centre", "authority", "clinic_a", "clinic_b", "provider_a", "provider_b"}


class Caller:
    """A program with a token that speaks JSON to a running server."""

    def __init__(self, base: str, token: str | None) -> None:
        self.base, self.token = base, token

    def __call__(self, method: str, path: str, body=None):
        headers = {"Content-Type": "application/json"} | ({"Authorization": f"Bearer {self.token}"} if self.token else {})
        data = None if body is None else json.dumps(body).encode()
        asked = urllib.request.Request(f"{self.base}/api/v1{path}", data, headers, method=method)
        try:
            with urllib.request.urlopen(asked, timeout=30) as answer:
                text = answer.read()
                return answer.status, json.loads(text) if text else None
        except urllib.error.HTTPError as refused:
            assert refused.headers["Content-Type"] == "application/problem+json"
            return refused.code, json.loads(refused.read())


@pytest.fixture(scope="module")
def demo(tmp_path_factory):
    """The demo, prepared by its command, then served by its command: base address and tokens."""
    folder = tmp_path_factory.mktemp("demo")
    tokens = folder / "tokens.json"
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = str(probe.getsockname()[1])
    environ = {**os.environ, "GRAPPE_DATA": str(folder / "data"), "PORT": port}
    for name in ("DATABASE_URL", "SECRET_KEY", "GRAPPE_ENV"):
        environ.pop(name, None)
    prepared = subprocess.run(
        [*GRAPPE, "demo", "--no-serve", "--tokens", str(tokens)], cwd=ROOT, env=environ, capture_output=True, text=True
    )
    assert prepared.returncode == 0, prepared.stderr
    assert tokens.stat().st_mode & 0o777 == 0o600
    serving = subprocess.Popen([*GRAPPE, "demo"], cwd=ROOT, env=environ, stdout=subprocess.DEVNULL)
    base = f"http://127.0.0.1:{port}"
    try:
        wait_until_ready(base, serving)
        yield base, json.loads(tokens.read_text())
    finally:
        serving.terminate()
        serving.wait(40)
        EmbeddedPostgres(folder / "data").stop()


def wait_until_ready(base, process):
    for _ in range(300):
        assert process.poll() is None, "the demo ended"
        try:
            with urllib.request.urlopen(f"{base}/readyz", timeout=5) as answer:
                if answer.status == 200:
                    return
        except OSError:
            time.sleep(0.2)
    raise AssertionError("the demo did not get ready")


def free_sites(call):
    """Sites of the caller's own organisations, as the API lists them."""
    status, listed = call("GET", "/establishments?mine=true&limit=100")
    assert status == 200
    return [row["id"] for row in listed["items"]]


def test_from_free_sites_to_a_decided_lot_and_its_matches(demo):
    base, tokens = demo
    assert set(tokens) == ROLES
    clinic_a, clinic_b = Caller(base, tokens["clinic_a"]), Caller(base, tokens["clinic_b"])
    centre, provider = Caller(base, tokens["purchasing_centre"]), Caller(base, tokens["provider_a"])
    site_a, site_a2 = free_sites(clinic_a)[:2]
    site_b = free_sites(clinic_b)[0]

    status, grappe = clinic_a("POST", "/grappes", {
        "name": "Grappe d'essai", "coordinator_establishment_id": site_a, "legal_form": "none",
        "categories": ["mfa", "pcra"],
    })  # fmt: skip
    assert (status, grappe["status"]) == (201, "forming")
    status, refused = clinic_a("POST", f"/grappes/{grappe['id']}/activation")
    assert (status, refused["code"]) == (409, "grappe_below_quorum")
    assert clinic_a("POST", f"/grappes/{grappe['id']}/invitations", {"establishment_id": site_b})[0] == 201
    status, refused = clinic_a("POST", f"/grappes/{grappe['id']}/memberships/{site_b}/acceptance")
    assert (status, refused["code"]) == (403, "not_allowed")
    status, member = clinic_b(
        "POST", f"/grappes/{grappe['id']}/memberships/{site_b}/acceptance", {"charter_hash": grappe["charter_hash"]}
    )
    assert (status, member["status"]) == (200, "member")
    status, active = clinic_a("POST", f"/grappes/{grappe['id']}/activation")
    assert (status, active["status"]) == (200, "active")
    status, shown = clinic_b("GET", f"/grappes/{grappe['id']}")
    assert {m["establishment_id"] for m in shown["members"] if m["status"] == "member"} == {site_a, site_b}

    lot = open_lot(centre, minimum=500, maximum=900)
    put = f"/lots/{lot}/needs"
    status, need = clinic_a("PUT", f"{put}/{site_a}", {"grappe_id": grappe["id"], "quantity": 300, "firmness": "firm"})
    assert (status, need["status"]) == (201, "counted")
    exposure = need["exposure"]
    assert (exposure["excl_vat"], exposure["incl_vat"], exposure["months"]) == ("21600.00", "25920.00", 24)
    status, again = clinic_a("PUT", f"{put}/{site_a}", {"grappe_id": grappe["id"], "quantity": 300, "firmness": "firm"})
    assert (status, again["version"]) == (200, need["version"])
    status, pool = clinic_a("GET", f"/lots/{lot}/pool")
    assert (pool["firm"], pool["missing"], pool["is_met"]) == (300, 200, False)
    status, refused = clinic_b("PUT", f"{put}/{site_b}", {"grappe_id": grappe["id"], "quantity": 700, "firmness": "firm"})
    assert (status, refused["code"], refused["available"]) == (409, "lot_maximum_reached", 600)
    status, waiting = clinic_b(
        "PUT", f"{put}/{site_b}",
        {"grappe_id": grappe["id"], "quantity": 700, "firmness": "firm", "accept_waitlist": True},
    )  # fmt: skip
    assert (waiting["status"], waiting["rank"]) == ("waitlisted", 1)
    status, refused = centre("POST", f"/lots/{lot}/closing", {"reason": "trop tôt"})
    assert (status, refused["code"]) == (409, "minimum_not_reached_yet")
    status, need = clinic_b("PUT", f"{put}/{site_b}", {
        "grappe_id": grappe["id"], "quantity": 250, "firmness": "conditional", "condition": {"minimum_pool_quantity": 500},
    })  # fmt: skip
    assert need["status"] == "counted"
    status, refused = clinic_a("PUT", f"{put}/{site_a2}", {"grappe_id": grappe["id"], "quantity": 5, "firmness": "firm"})
    assert (status, refused["code"]) == (409, "not_a_member")
    assert clinic_a("GET", f"/lots/{lot}/pool")[1]["is_met"] is True

    status, decided = centre("POST", f"/lots/{lot}/closing", {"reason": "minimum atteint, calendrier serré"})
    assert (status, decided["outcome"], decided["ordered_quantity"], decided["round"]) == (201, "met", 550, 1)
    assert {row["establishment_id"]: row["quantity"] for row in decided["included"]} == {site_a: 300, site_b: 250}
    assert all(row["code"] and row["detail"] for row in decided["included"])
    status, repeated = centre("POST", f"/lots/{lot}/closing", {"reason": "encore"})
    assert (status, repeated) == (200, decided)
    status, refused = clinic_a("PUT", f"{put}/{site_a}", {"grappe_id": grappe["id"], "quantity": 10, "firmness": "firm"})
    assert (status, refused["code"]) == (409, "needs_closed")

    status, matches = centre("GET", f"/lots/{lot}/matches")
    assert status == 200 and matches["eligible"] and matches["excluded"]
    prices = [row["amount"] for row in matches["eligible"]]
    assert prices == sorted(prices, key=float)
    assert all(c["code"] and isinstance(c["passed"], bool) and c["detail"] for c in matches["eligible"][0]["criteria"])
    status, own = provider("GET", f"/lots/{lot}/matches")
    assert status == 200 and len({row["provider_id"] for row in own["eligible"] + own["excluded"]}) <= 1


def open_lot(centre, *, minimum, maximum):
    today = clock.today()
    status, vehicle = centre("POST", "/vehicles", {
        "name": "Vecteur d'essai", "technique": "framework_call_offs", "regime": "private",
        "starts_on": str(today + timedelta(days=60)), "ends_on": str(today + timedelta(days=60 + 720)),
    })  # fmt: skip
    assert status == 201
    status, lot = centre("POST", f"/vehicles/{vehicle['id']}/lots", {
        "code": "1", "category": "mfa", "kind": "service", "unit": "user", "price_period": "month", "term_months": 24,
        "reference_unit_price": "3.00", "minimum": {"kind": "contractual", "basis": "quantity", "value": str(minimum)},
        "maximum": {"basis": "quantity", "value": str(maximum)}, "requirements": {"certificates": ["iso27001"]},
        "needs_close_at": (clock.now() + timedelta(days=20)).isoformat(), "minimum_policy": ["extend", "release"],
    })  # fmt: skip
    assert status == 201
    assert centre("POST", f"/vehicles/{vehicle['id']}/opening")[0] in (200, 201)
    return lot["id"]


def test_anonymous_and_strangers_stay_outside(demo):
    base, tokens = demo
    assert Caller(base, None)("GET", "/me")[0] == 401
    status, me = Caller(base, tokens["platform"])("GET", "/me")
    assert status == 200 and me["organisations"][0]["kind"] == "platform"
    status, lots = Caller(base, tokens["clinic_a"])("GET", "/lots?status=open&limit=100")
    assert status == 200 and len(lots["items"]) >= 8
