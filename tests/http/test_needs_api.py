"""Needs, pools and closings over HTTP: the contract's fields, codes and statuses."""
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy.orm import Session

from marketplace.accounts.models import Organisation
from marketplace.platform import clock
from tenders.demand import answers
from tenders.demand.schemas import PoolOut
from tests.factories.accounts import OrganisationFactory, user_in
from tests.factories.demand import centre_user, open_pool
from tests.factories.grappes import grappe_of, site_and_user
from tests.factories.vehicles import LotFactory

FIRM = {"grappe_id": None, "quantity": 300, "firmness": "firm"}


def put(api: Any, user: Any, lot: Any, site: Any, body: dict[str, Any], **options: Any) -> Any:
    return api(user).put(f"/api/v1/lots/{lot.id}/needs/{site.id}", json=body, **options)


def test_a_signatorys_token_signs_a_firm_need_by_sending_it(api: Any) -> None:
    lot = open_pool()
    site, user = site_and_user()
    answer = put(api, user, lot, site, FIRM)
    assert answer.status_code == 201
    body = answer.get_json()
    assert body["exposure"] == {"excl_vat": "44280.00", "incl_vat": "53136.00", "months": 36}
    assert (body["status"], body["version"], body["price_ceiling"]) == ("counted", 1, "4.1000")
    assert "rank" not in body
    assert answer.headers["ETag"] == '"v1"'
    again = put(api, user, lot, site, FIRM)
    assert (again.status_code, again.get_json()["version"]) == (200, 1)
    read = api(user).get(f"/api/v1/lots/{lot.id}/needs/{site.id}")
    assert (read.status_code, read.get_json()["quantity"]) == (200, 300)


def test_the_pool_has_the_contracts_fields(api: Any) -> None:
    lot = open_pool(minimum=500, maximum=900)
    site, user = site_and_user()
    grappe = grappe_of(site, site_and_user()[0])
    put(api, user, lot, site, {**FIRM, "grappe_id": str(grappe.id), "tolerance": 20})
    pool = api(user).get(f"/api/v1/lots/{lot.id}/pool").get_json()
    assert pool["minimum"] == {"kind": "contractual", "basis": "quantity", "scope": "lot", "value": 500, "quantity": 500}
    assert {name: pool[name] for name in (
        "unit", "firm", "conditional", "awaiting_signature", "waitlisted", "indicative", "tolerance", "members",
        "maximum", "missing", "covered_by_tolerance", "is_met",
    )} == {
        "unit": "endpoint", "firm": 300, "conditional": 0, "awaiting_signature": 0, "waitlisted": 0, "indicative": 0,
        "tolerance": 20, "members": 1, "maximum": 900, "missing": 200, "covered_by_tolerance": 0, "is_met": False,
    }  # fmt: skip
    (row,) = pool["grappes"]
    assert (row["grappe_id"], row["name"], row["firm"], row["members"]) == (str(grappe.id), grappe.name, 300, 1)
    assert PoolOut().validate(pool) == {}
    assert set(pool) == set(PoolOut().fields)


def test_a_need_beyond_the_maximum_is_refused_with_what_is_left_or_waits(api: Any) -> None:
    lot = open_pool(minimum=None, maximum=400)
    first, user = site_and_user()
    put(api, user, lot, first, FIRM)
    site, user = site_and_user()
    refused = put(api, user, lot, site, FIRM)
    assert refused.content_type == "application/problem+json"
    assert (refused.status_code, refused.get_json()["code"], refused.get_json()["available"]) == (
        409, "lot_maximum_reached", 100,
    )  # fmt: skip
    assert "Il reste 100 postes sur les 400 de ce lot ; vous en demandez 300." in refused.get_json()["title"]
    waiting = put(api, user, lot, site, {**FIRM, "accept_waitlist": True})
    assert (waiting.status_code, waiting.get_json()["status"], waiting.get_json()["rank"]) == (201, "waitlisted", 1)


def test_withdrawing_answers_204_and_then_404(api: Any) -> None:
    lot = open_pool()
    site, user = site_and_user()
    put(api, user, lot, site, FIRM)
    address = f"/api/v1/lots/{lot.id}/needs/{site.id}"
    assert api(user).delete(address).status_code == 204
    assert api(user).delete(address).status_code == 404
    assert api(user).get(address).status_code == 404


def test_a_stale_version_is_412(api: Any) -> None:
    lot = open_pool()
    site, user = site_and_user()
    put(api, user, lot, site, FIRM)
    put(api, user, lot, site, {**FIRM, "quantity": 200})
    stale = put(api, user, lot, site, {**FIRM, "quantity": 100}, headers={"If-Match": '"v1"'})
    assert (stale.status_code, stale.get_json()["code"]) == (412, "stale_version")
    assert put(api, user, lot, site, {**FIRM, "quantity": 100}, headers={"If-Match": '"v2"'}).status_code == 200


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"quantity": 5, "firmness": "conditional"}, "condition"),
        ({"quantity": 5, "firmness": "firm", "condition": {"minimum_pool_quantity": 3}}, "condition"),
        ({"quantity": 0, "firmness": "firm"}, "quantity"),
        ({"quantity": 5, "firmness": "maybe"}, "firmness"),
        ({"quantity": 5, "firmness": "firm", "tolerance": -1}, "tolerance"),
        ({"quantity": 5, "firmness": "firm", "colour": "red"}, "colour"),
        ({"quantity": 5, "firmness": "firm", "price_ceiling": "0"}, "price_ceiling"),
    ],
)
def test_what_makes_no_sense_is_said_field_by_field(api: Any, body: dict[str, Any], field: str) -> None:
    lot = open_pool()
    site, user = site_and_user()
    answer = put(api, user, lot, site, body)
    assert (answer.status_code, list(answer.get_json()["errors"])) == (422, [field])


def test_who_may_not_place_is_told_so_and_a_draft_is_not_found(api: Any) -> None:
    lot = open_pool()
    site, _ = site_and_user()
    _, stranger = site_and_user()
    assert put(api, stranger, lot, site, FIRM).status_code == 403
    assert put(api, None, lot, site, FIRM).status_code == 401
    site, user = site_and_user()
    assert put(api, user, LotFactory(), site, FIRM).status_code == 404
    reading = api(user, scopes=("read",))
    assert reading.put(f"/api/v1/lots/{lot.id}/needs/{site.id}", json=FIRM).status_code == 403


def test_a_proposal_is_signed_by_the_signatory(api: Any, session: Session) -> None:
    lot = open_pool()
    site, signatory = site_and_user()
    buyer = user_in(session.get_one(Organisation, site.organisation_id), ("buyer",))
    assert put(api, buyer, lot, site, FIRM).get_json()["status"] == "awaiting_signature"
    address = f"/api/v1/lots/{lot.id}/needs/{site.id}/signature"
    assert api(buyer).post(address, json={}).status_code == 403
    signed = api(signatory).post(address, json={"price_ceiling": "5.00"})
    assert (signed.status_code, signed.get_json()["status"], signed.get_json()["price_ceiling"]) == (200, "counted", "5.00")


def test_a_strangers_need_is_not_found(api: Any) -> None:
    lot = open_pool()
    site, user = site_and_user()
    put(api, user, lot, site, FIRM)
    _, stranger = site_and_user()
    assert api(stranger).get(f"/api/v1/lots/{lot.id}/needs/{site.id}").status_code == 404
    assert api(stranger).get(f"/api/v1/lots/{lot.id}/needs").get_json()["items"] == []
    centre = api(centre_user(lot))
    assert [row["quantity"] for row in centre.get(f"/api/v1/lots/{lot.id}/needs").get_json()["items"]] == [300]


def test_members_of_a_grappe_see_its_needs_by_name(api: Any) -> None:
    lot = open_pool()
    (site, user), (other, other_user) = site_and_user(), site_and_user()
    grappe = grappe_of(site, other)
    put(api, user, lot, site, {**FIRM, "grappe_id": str(grappe.id)})
    (row,) = api(other_user).get(f"/api/v1/lots/{lot.id}/needs").get_json()["items"]
    assert (row["establishment_name"], row["quantity"]) == (site.name, 300)


def test_closing_answers_201_then_200_with_the_same_body(api: Any) -> None:
    lot = open_pool(minimum=500)
    (one, user), (two, other_user) = site_and_user(), site_and_user()
    put(api, user, lot, one, FIRM)
    centre = api(centre_user(lot))
    address = f"/api/v1/lots/{lot.id}/closing"
    assert api(user).post(address, json={"reason": "x"}).status_code == 403
    assert centre.post(address, json={}).status_code == 422
    early = centre.post(address, json={"reason": "trop tôt"})
    assert (early.status_code, early.get_json()["code"]) == (409, "minimum_not_reached_yet")
    put(api, other_user, lot, two, {
        "quantity": 250, "firmness": "conditional", "condition": {"minimum_pool_quantity": 500},
    })  # fmt: skip
    first = centre.post(address, json={"reason": "minimum atteint"})
    assert first.status_code == 201
    body = first.get_json()
    assert (body["round"], body["outcome"], body["ordered_quantity"], body["policy_applied"]) == (1, "met", 550, None)
    assert {line["establishment_id"]: (line["quantity"], line["code"]) for line in body["included"]} == {
        str(one.id): (300, "included"), str(two.id): (250, "condition_met"),
    }  # fmt: skip
    assert body["groups"] == [{"grappe_id": None, "outcome": "met", "ordered_quantity": 550}]
    again = centre.post(address, json={"reason": "encore"})
    assert (again.status_code, again.get_json()) == (200, body)
    assert put(api, user, lot, one, {**FIRM, "quantity": 10}).get_json()["code"] == "needs_closed"
    english = centre.post(address, json={}, headers={"Accept-Language": "en"}).get_json()
    assert english["ordered_quantity"] == 550


def test_a_member_reads_its_own_decision_and_not_the_others(api: Any) -> None:
    lot = open_pool(minimum=None)
    (one, user), (two, other_user) = site_and_user(), site_and_user()
    put(api, user, lot, one, FIRM)
    put(api, other_user, lot, two, FIRM)
    with clock.frozen_at(lot.needs_close_at + timedelta(minutes=1)):
        assert api(centre_user(lot)).post(f"/api/v1/lots/{lot.id}/closing").status_code == 201
    (closing,) = api(user).get(f"/api/v1/lots/{lot.id}/closings").get_json()["items"]
    assert [line["establishment_id"] for line in closing["included"]] == [str(one.id)]
    assert closing["ordered_quantity"] == 600


def test_a_provider_sees_the_totals_of_an_open_lot(api: Any) -> None:
    lot = open_pool()
    site, user = site_and_user()
    put(api, user, lot, site, FIRM)
    provider = api(user_in(OrganisationFactory(kind="provider"), ("admin",)))
    pool = provider.get(f"/api/v1/lots/{lot.id}/pool").get_json()
    assert (pool["firm"], pool["grappes"]) == (300, [])
    assert provider.get(f"/api/v1/lots/{LotFactory().id}/pool").status_code == 404
    assert provider.get(f"/api/v1/lots/{lot.id}/needs").get_json()["items"] == []


def test_the_written_pool_and_its_schema_agree() -> None:
    named = set(answers.pool.__code__.co_consts) | {
        name for const in answers.pool.__code__.co_consts if isinstance(const, tuple) for name in const
    }
    assert set(PoolOut().fields) <= named
