"""The catalogue over HTTP: directory, certificates with their states, offers, prices for buyers only."""
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy.orm import Session

from marketplace.platform import clock
from tests.factories import accounts as accounts
from tests.factories import catalog as make

NOBODY = "019b0000-0000-7000-8000-000000000000"
EDR = {
    "category": "edr",
    "title": "EDR fictif",
    "minimum_quantity": 500,
    "capacity": 20000,
    "mobilisation_amount": "3600.00",
    "regional_uplifts": {"02": "0.35"},
    "delivery_modes": ["remote"],
    "brackets": [{"from_quantity": 1, "unit_price": "6.00"}, {"from_quantity": 2000, "unit_price": "4.10"}],
}


@pytest.fixture
def buyer(session: Session) -> Any:
    return accounts.user_in()


def test_the_directory_lists_verified_providers_with_what_they_sell_and_prove(api: Callable, buyer: Any) -> None:
    known = make.ProviderFactory(name="Bastion Fictif", search_text="bastion fictif")
    make.ProviderFactory(verified_at=None)
    make.published_offer(provider_id=known.id)
    make.CertificateFactory(provider_id=known.id)
    make.CertificateFactory(provider_id=known.id, scheme="passi", version=None, valid_until=clock.today() - timedelta(days=1))
    answer = api(buyer).get("/api/v1/providers").json
    assert [(p["name"], p["categories"], p["certificates"], p["state"]) for p in answer["items"]] == [
        ("Bastion Fictif", ["edr"], ["iso27001"], "verified")
    ]


def test_the_directory_is_filtered_by_category_certificate_region_and_words(api: Callable, buyer: Any) -> None:
    one = make.ProviderFactory(name="Éclair", search_text="eclair detection", regions=["02"])
    make.published_offer(provider_id=one.id)
    make.hds_certificates(one.id)
    other = make.ProviderFactory(name="Autre", search_text="autre")
    make.OfferFactory(provider_id=other.id)
    make.CertificateFactory(provider_id=other.id, verified_at=None)
    for asked in ("category=edr", "certificate=hds", "certificate=iso27001", "region=02", "q=Éclair", "q=détection ecl"):
        answer = api(buyer).get(f"/api/v1/providers?{asked}").json
        assert [p["name"] for p in answer["items"]] == ["Éclair"], asked
    assert api(buyer).get("/api/v1/providers?category=soc").json["items"] == []


def test_the_directory_asks_as_many_queries_for_three_providers_as_for_thirty(
    api: Callable, buyer: Any, count_queries: Callable
) -> None:
    def cost() -> int:
        with count_queries() as statements:
            assert api(buyer).get("/api/v1/providers?limit=100").status_code == 200
        return len(statements)

    for _ in range(3):
        make.published_offer(provider_id=make.ProviderFactory().id)
    cost()
    few = cost()
    for _ in range(27):
        make.published_offer(provider_id=make.ProviderFactory().id)
    assert cost() == few <= 6


def test_the_directory_goes_on_by_cursor_without_loss_or_repeat(api: Callable, buyer: Any) -> None:
    made = {str(make.ProviderFactory(name="Même nom").id) for _ in range(5)}
    seen: list[str] = []
    cursor = ""
    while cursor is not None:
        page = api(buyer).get(f"/api/v1/providers?limit=2{cursor and '&cursor=' + cursor}").json
        seen += [p["id"] for p in page["items"]]
        cursor = page["next"]
    assert sorted(seen) == sorted(made)


def test_every_certificate_is_listed_with_its_state_past_ones_included(api: Callable, buyer: Any) -> None:
    provider = make.ProviderFactory()
    states = {
        "verified": {},
        "declared": {"verified_at": None},
        "suspended": {"suspended_at": clock.now(), "reason": "audit manqué"},
        "withdrawn": {"withdrawn_at": clock.now(), "reason": "retiré"},
        "rejected": {"verified_at": None, "rejected_at": clock.now(), "reason": "numéro inconnu"},
        "expired": {"version": "2013", "valid_from": clock.today() - timedelta(days=900)},
    }
    for fields in states.values():
        make.CertificateFactory(provider_id=provider.id, **fields)
    items = api(buyer).get(f"/api/v1/providers/{provider.id}/certificates").json["items"]
    assert sorted(item["state"] for item in items) == sorted(states)
    assert {"scheme", "version", "number", "body", "scope", "activities", "valid_from", "valid_until", "state"} <= set(items[0])
    assert all(item["reason"] is None for item in items)
    own = api(make.person_of(provider)).get(f"/api/v1/providers/{provider.id}/certificates").json["items"]
    assert {item["reason"] for item in own} == {None, "audit manqué", "retiré", "numéro inconnu"}


def test_an_unverified_provider_is_seen_by_its_own_people_and_the_operator_only(api: Callable, buyer: Any) -> None:
    provider = make.ProviderFactory(verified_at=None)
    path = f"/api/v1/providers/{provider.id}"
    assert api(buyer).get(path).status_code == 404
    assert api(make.person_of(make.ProviderFactory())).get(f"{path}/certificates").status_code == 404
    assert api(make.person_of(provider)).get(path).json["state"] == "waiting"
    assert api(accounts.operator()).get(path).json["state"] == "waiting"
    assert api(buyer).get(f"/api/v1/providers/{NOBODY}").status_code == 404
    assert api(None).get("/api/v1/providers").status_code == 401


def test_from_a_profile_to_a_published_price(api: Callable, buyer: Any) -> None:
    vendor = accounts.user_in(kind="provider", roles=("admin", "signatory"))
    home = api(vendor).get("/api/v1/me").json["organisations"][0]["id"]
    body = {"organisation_id": home, "regions": ["84"], "delivery_modes": ["remote"]}
    made = api(vendor).post("/api/v1/providers", json=body)
    assert made.status_code == 201
    path = f"/api/v1/providers/{made.json['id']}"
    assert api(vendor).post("/api/v1/providers", json=body).json["code"] == "provider_already_registered"
    assert api(buyer).post(f"{path}/decisions", json={"decision": "verify"}).status_code == 404
    assert api(vendor).post(f"{path}/decisions", json={"decision": "verify"}).status_code == 403
    assert api(accounts.operator()).post(f"{path}/decisions", json={"decision": "verify"}).json["state"] == "verified"
    draft = api(vendor).post(f"{path}/offers", json=EDR)
    assert (draft.status_code, draft.json["status"], draft.json["unit"]) == (201, "draft", "endpoint")
    offer = f"/api/v1/offers/{draft.json['id']}"
    assert api(buyer).get(offer).status_code == 404
    assert api(vendor).post(f"{offer}/publication").json["status"] == "published"
    price = api(buyer).get(f"{offer}/price?quantity=3000&region=02&periods=36").json
    assert (price["amount"], price["unit_price"]) == ("12300.0000", "4.4833")


def test_an_edit_by_a_stale_version_is_refused(api: Callable) -> None:
    provider = make.ProviderFactory()
    client = api(make.person_of(provider))
    path = f"/api/v1/providers/{provider.id}"
    first = client.patch(path, json={"regions": ["93"]}, headers={"If-Match": '"v1"'})
    assert (first.status_code, first.json["regions"], first.headers["ETag"]) == (200, ["93"], '"v2"')
    assert client.patch(path, json={"regions": ["84"]}, headers={"If-Match": '"v1"'}).status_code == 412
    assert client.patch(path, json={"regions": ["999"]}).json["code"] == "region_unknown"


def test_prices_are_for_buyers_and_never_for_another_provider(api: Callable, buyer: Any) -> None:
    offer = make.published_offer()
    path = f"/api/v1/offers/{offer.id}"
    centre = accounts.user_in(kind="purchasing_centre")
    rival = make.person_of(make.ProviderFactory())
    authority = accounts.user_in(kind="authority", roles=("viewer",))
    for reader, sees in ((buyer, True), (centre, True), (rival, False), (authority, False), (accounts.operator(), False)):
        shown = api(reader).get(path).json
        assert shown["prices_visible"] is sees
        assert (shown["brackets"] is not None) is sees
        assert (shown["mobilisation_amount"] is not None) is sees
        assert api(reader).get(f"{path}/price?quantity=10").status_code == (200 if sees else 403)
        assert "6.0000" not in api(rival).get("/api/v1/offers?category=edr").text


def test_a_certificate_is_declared_verified_and_suspended_with_a_reason(api: Callable) -> None:
    provider = make.ProviderFactory()
    vendor, operator = api(make.person_of(provider)), api(accounts.operator())
    declared = {
        "scheme": "hds", "version": "v2", "number": "H-1", "body": "Organisme fictif", "activities": [1, 2],
        "valid_from": "2026-01-01", "valid_until": "2028-12-31",
    }  # fmt: skip
    path = f"/api/v1/providers/{provider.id}/certificates"
    made = vendor.post(path, json=declared)
    assert (made.status_code, made.json["state"]) == (201, "declared")
    assert vendor.post(path, json={**declared, "valid_until": "2026-01-01"}).json["code"] == "certificate_ends_before_it_starts"
    assert vendor.post(path, json={**declared, "scheme": "iso9001"}).json["code"] == "certificate_scheme_unknown"
    decisions = f"/api/v1/certificates/{made.json['id']}/decisions"
    assert vendor.post(decisions, json={"decision": "verify"}).status_code == 403
    assert operator.post(decisions, json={"decision": "verify"}).json["code"] == "certificate_without_evidence"
    seen = {"decision": "verify", "reason": "vu au registre de l'organisme"}
    assert operator.post(decisions, json=seen).json["state"] == "verified"
    assert operator.post(decisions, json={"decision": "suspend"}).json["code"] == "certificate_reason_missing"
    assert operator.post(decisions, json={"decision": "suspend", "reason": "audit manqué"}).json["state"] == "suspended"
    assert operator.post(decisions, json={"decision": "verify"}).json["code"] == "certificate_decision_impossible"
    assert operator.post(decisions, json={"decision": "reinstate"}).json["state"] == "verified"


def test_grids_with_a_gap_an_overlap_or_a_negative_price_are_refused(api: Callable) -> None:
    provider = make.ProviderFactory()
    client = api(make.person_of(provider))

    def refused(brackets: list[dict[str, Any]]) -> str:
        return client.post(f"/api/v1/providers/{provider.id}/offers", json={**EDR, "brackets": brackets}).json["code"]

    first = {"from_quantity": 1, "to_quantity": 10, "unit_price": "2"}
    assert refused([first, {"from_quantity": 12, "unit_price": "1"}]) == "grid_gap"
    assert refused([first, {"from_quantity": 10, "unit_price": "1"}]) == "grid_overlap"
    assert refused([{**first, "unit_price": "-1"}]) == "invalid_input"
    assert client.get(f"/api/v1/offers?provider_id={provider.id}").json["items"] == []


@pytest.mark.parametrize(
    ("written", "status"),
    [
        ({}, 201),
        ({"minimum_quantity": 10**12, "capacity": 10**12}, 201),
        ({"brackets": [{"from_quantity": 1, "unit_price": "99999999999999.9999"}]}, 201),
        ({"regional_uplifts": {"84": "99999999999999.9999"}}, 201),
        ({"capacity": 0}, 409),
        ({"regional_uplifts": {"\ud800": "1"}}, 409),
        ({"title": "\ud800"}, 422),
    ],
)
def test_a_draft_takes_little_and_nothing_extreme_breaks_it(api: Callable, written: dict[str, Any], status: int) -> None:
    provider = make.ProviderFactory()
    body = {"category": "edr", "title": "Brouillon", **written}
    answer = api(make.person_of(provider)).post(f"/api/v1/providers/{provider.id}/offers", json=body)
    assert answer.status_code == status, answer.json


def test_schemes_are_served_with_versions_and_activities(api: Callable, buyer: Any) -> None:
    schemes = {s["code"]: s for s in api(buyer).get("/api/v1/certificate-schemes").json["items"]}
    assert list(schemes)[:2] == ["iso27001", "hds"]
    assert schemes["hds"]["prerequisite"] == "iso27001"
    assert [a["number"] for a in schemes["hds"]["activities"]] == [1, 2, 3, 4, 5, 6]
    assert schemes["iso27001"]["versions"][0] == {"code": "2013", "usable_from": None, "void_after": "2025-10-31"}
