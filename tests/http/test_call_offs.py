"""Call-offs over HTTP: placed once per key, refused with what is left, each party its part, a constant number of queries."""
from decimal import Decimal

import pytest

from marketplace.accounts.models import User
from tests.factories.contracts import active_contract
from tests.factories.demand import clinic
from tests.factories.ordering import colleague, order, shared_lot

CALL_OFFS = "/api/v1/call-offs"


@pytest.fixture
def in_app(app, session):
    """Use cases need an application; each block is a context of its own, so that no sign-in leaks."""
    return app.app_context


@pytest.fixture
def people(session):
    """The user behind an actor."""
    return lambda actor: session.get_one(User, actor.user_id)


def line(site, lot, quantity: int, **more) -> dict:
    return {"establishment_id": str(site.id), "lot_id": str(lot.id), "quantity": quantity, **more}


def test_an_order_goes_from_placing_to_certification(api, people, in_app):
    with in_app():
        running = active_contract()
    site, actor = running.members[0]
    member, holder = api(people(actor)), api(people(running.holder))
    placed = member.post(CALL_OFFS, json={"lines": [line(site, running.lot, 100, purchase_order_reference="BC-7")]})
    assert placed.status_code == 201
    (one,) = placed.json["items"]
    assert (one["status"], one["quantity"], one["unit_price"], one["periods"], one["currency"]) == (
        "sent", 100, "5.0000", 36, "EUR"
    )  # fmt: skip
    assert (one["amount"], one["vat_rate"], one["amount_incl_vat"]) == ("18000.00", "0.20", "21600.00")
    assert one["purchase_order_reference"] == "BC-7" and "seul titulaire" in one["chosen_because"]
    here = f"{CALL_OFFS}/{one['id']}"
    assert holder.post(f"{here}/answer", json={"accepted_quantity": 60}).json["code"] == "answer_without_reason"
    answered = holder.post(f"{here}/answer", json={"accepted_quantity": 60, "reason": "Stock limité"})
    assert (answered.json["status"], answered.json["amount"]) == ("partly_accepted", "10800.00")
    assert answered.headers["ETag"] == '"v2"'
    assert holder.post(f"{here}/delivery", json={}).json["status"] == "delivered"
    disputed = member.post(f"{here}/dispute", json={"reason": "Postes manquants"})
    assert disputed.json["status"] == "disputed"
    settled = member.post(f"{here}/dispute-resolution", json={"how": "goes_on", "resolution": "Livrés depuis"})
    assert settled.json["status"] == "delivered"
    assert member.post(f"{here}/certification").json["status"] == "certified"
    assert member.post(f"{here}/cancellation", json={"reason": "Trop tard"}).json["code"] == "call_off_not_possible_now"
    assert [each["id"] for each in holder.get(f"{CALL_OFFS}?status=certified").json["items"]] == [one["id"]]


def test_what_is_left_is_said_and_nothing_of_the_cart_is_ordered(api, people, in_app):
    with in_app():
        running = active_contract(maximum_quantity=1000)
        site, actor = running.members[0]
        order(site, actor, running.lot.id, 988)
    refused = api(people(actor)).post(CALL_OFFS, json={"lines": [line(site, running.lot, 40)]})
    assert refused.status_code == 409
    assert (refused.json["code"], refused.json["available"], refused.json["asked"]) == ("envelope_exhausted", 12, 40)
    assert refused.json["refusals"] == [{"line": "1", "code": "envelope_exhausted", "available": 12, "asked": 40}]
    assert refused.json["title"] == "Commande impossible : il reste 12 postes ; vous en demandez 40."


def test_the_same_key_orders_once_and_another_content_is_refused(api, people, in_app):
    with in_app():
        running = active_contract()
    site, actor = running.members[0]
    member = api(people(actor))
    key = {"Idempotency-Key": "bc-2027-001"}
    body = {"lines": [line(site, running.lot, 10), line(site, running.lot, 20)]}
    first, again = (member.post(CALL_OFFS, json=body, headers=key) for _ in range(2))
    assert first.status_code == again.status_code == 201
    assert [one["id"] for one in first.json["items"]] == [one["id"] for one in again.json["items"]]
    assert len(member.get(CALL_OFFS).json["items"]) == 2
    other = member.post(CALL_OFFS, json={"lines": [line(site, running.lot, 11)]}, headers=key)
    assert (other.status_code, other.json["code"]) == (409, "idempotency_key_reused")
    assert member.post(CALL_OFFS, json=body, headers={"Idempotency-Key": "x" * 201}).status_code == 422


def test_above_the_limit_an_order_waits_and_the_holder_does_not_see_it(api, people, in_app):
    with in_app():
        running = active_contract()
        site, signatory = running.members[0]
        buyer = colleague(site, "buyer")
    limits = f"/api/v1/organisations/{site.organisation_id}/order-limits"
    admin = api(people(signatory))
    body = {"limits": [{"role": "buyer", "limit_amount": "500"}]}
    assert {each["role"]: each["limit_amount"] for each in admin.put(limits, json=body).json["items"]}["buyer"] == "500.00"
    assert api(people(buyer)).put(limits, json=body).status_code == 403
    (waiting,) = api(people(buyer)).post(CALL_OFFS, json={"lines": [line(site, running.lot, 100)]}).json["items"]
    assert waiting["status"] == "awaiting_approval"
    assert api(people(running.holder)).get(f"{CALL_OFFS}/{waiting['id']}").status_code == 404
    assert api(people(buyer)).post(f"{CALL_OFFS}/{waiting['id']}/approval").json["code"] == "approval_by_another"
    assert admin.post(f"{CALL_OFFS}/{waiting['id']}/approval").json["status"] == "sent"
    rejected = api(people(buyer)).post(CALL_OFFS, json={"lines": [line(site, running.lot, 100)]}).json["items"][0]
    answer = admin.post(f"{CALL_OFFS}/{rejected['id']}/rejection", json={"reason": "Budget"})
    assert answer.json["status"] == "rejected"


def test_a_token_without_the_right_to_sign_approves_nothing(api, people, in_app):
    with in_app():
        running = active_contract()
    site, actor = running.members[0]
    machine = api(people(actor), scopes=("read", "write"))
    (placed,) = machine.post(CALL_OFFS, json={"lines": [line(site, running.lot, 1)]}).json["items"]
    assert placed["status"] == "awaiting_approval"


def test_the_desk_and_the_cart_say_what_may_be_ordered(api, people, in_app):
    with in_app():
        running = active_contract(maximum_quantity=1000)
        site, actor = running.members[0]
        order(site, actor, running.lot.id, 100)
    member = api(people(actor))
    (desk,) = member.get("/api/v1/order-desk").json["items"]
    assert (desk["committed"], desk["ordered"], desk["commitment_left"], desk["available"]) == (600, 100, 500, 900)
    for quantity in (5, 7):
        put = member.put("/api/v1/order-cart", json=line(site, running.lot, quantity))
        assert put.status_code == 200
    (kept,) = member.get("/api/v1/order-cart").json["items"]
    assert kept["quantity"] == 7
    placing = f"/api/v1/organisations/{site.organisation_id}/order-cart/placing"
    key = {"Idempotency-Key": "panier-1"}
    first, again = (member.post(placing, headers=key) for _ in range(2))
    assert first.json["items"][0]["id"] == again.json["items"][0]["id"]
    assert member.post(placing).json["code"] == "cart_is_empty"
    gone = member.put("/api/v1/order-cart", json=line(site, running.lot, 3)).json
    assert member.delete(f"/api/v1/order-cart/{gone['id']}").status_code == 204
    assert member.get("/api/v1/order-cart").json["items"] == []
    with in_app():
        _other_site, stranger = clinic()
    refused = api(people(stranger)).put("/api/v1/order-cart", json=line(site, running.lot, 1))
    assert refused.status_code == 403
    assert api(people(stranger)).delete(f"/api/v1/order-cart/{gone['id']}").status_code == 404


def test_a_centre_reads_the_consumption_of_its_own_contracts(api, people, in_app):
    with in_app():
        running, other = active_contract(maximum_quantity=1000), active_contract()
        site, actor = running.members[0]
        order(site, actor, running.lot.id, 100)
    centre = api(people(running.centre))
    seen = centre.get(f"/api/v1/contracts/{running.contract.id}/consumption").json
    assert (seen["committed"], seen["ordered"], seen["left"], seen["certified"]) == (1000, 100, 900, 0)
    assert sorted((each["committed"], each["ordered"]) for each in seen["members"]) == [(400, 0), (600, 100)]
    assert "Pas de prévision" in seen["forecast"]
    assert centre.get(f"/api/v1/contracts/{other.contract.id}/consumption").status_code == 404
    assert api(people(actor)).get(f"/api/v1/contracts/{running.contract.id}/consumption").status_code == 404


def test_a_commitment_is_offered_and_taken_over_http(api, people, in_app):
    with in_app():
        running = active_contract()
    (giver, actor), (taker, other) = running.members
    giving, taking = api(people(actor)), api(people(other))
    body = {"from_establishment_id": str(giver.id), "to_establishment_id": str(taker.id), "quantity": 50}
    path = f"/api/v1/contracts/{running.contract.id}/commitment-transfers"
    ids = [giving.post(path, json=body).json["id"] for _ in range(3)]
    assert len(taking.get("/api/v1/commitment-transfers").json["items"]) == 3
    assert taking.post(f"/api/v1/commitment-transfers/{ids[0]}/acceptance").json["accepted_at"]
    assert taking.post(f"/api/v1/commitment-transfers/{ids[1]}/refusal").json["declined_at"]
    assert giving.post(f"/api/v1/commitment-transfers/{ids[2]}/withdrawal").json["withdrawn_at"]
    assert giving.get("/api/v1/order-desk").json["items"][0]["committed"] == 550


def test_lists_ask_as_many_statements_for_many_orders_as_for_few(api, people, in_app, count_queries):
    with in_app():
        shared = shared_lot("rotation")
        site, actor = shared.members[0]
        order(site, actor, shared.lot.id, 1)
    member, centre = api(people(actor)), api(people(shared.centre))
    paths = [(member, CALL_OFFS), (member, "/api/v1/order-desk"),
             (centre, f"/api/v1/contracts/{shared.contracts[0].id}/consumption")]  # fmt: skip

    def statements() -> list[int]:
        counts = []
        for client, path in paths:
            with count_queries() as sent:
                assert client.get(path).status_code == 200
            counts.append(len(sent))
        return counts

    statements()
    few = statements()
    with in_app():
        for _ in range(6):
            order(site, actor, shared.lot.id, 2)
    assert statements() == few
    assert Decimal(member.get(CALL_OFFS).json["items"][0]["amount"]) > 0
