"""Vehicles and lots over HTTP: the contract of formats/core-api.md, statuses, ETags, lists."""
import json
from datetime import timedelta

import pytest

from marketplace.platform import clock
from tests.factories.accounts import OrganisationFactory, user_in
from tests.factories.vehicles import LotFactory, VehicleFactory, open_lot

V1 = "/api/v1"
LOT_FIELDS = {
    "code", "category", "kind", "unit", "price_period", "term_months", "order_multiple", "reference_unit_price",
    "minimum", "maximum", "requirements", "needs_close_at", "minimum_policy",
}  # fmt: skip


@pytest.fixture
def centre(session):
    return OrganisationFactory(kind="purchasing_centre")


@pytest.fixture
def buyer(api, centre):
    return api(user_in(centre, roles=("buyer",)))


@pytest.fixture
def clinic(api, session):
    return api(user_in(kind="care_operator"))


def vehicle_body(**changes):
    return {
        "name": "Sécurité 2027",
        "technique": "framework_call_offs",
        "regime": "public_code",
        "starts_on": str(clock.today() + timedelta(days=60)),
        "ends_on": str(clock.today() + timedelta(days=900)),
        **changes,
    }


def lot_body(**changes):
    return {
        "code": "1",
        "category": "edr",
        "kind": "support",
        "unit": "endpoint",
        "price_period": "month",
        "term_months": 36,
        "order_multiple": 1,
        "reference_unit_price": "4.10",
        "minimum": {"kind": "contractual", "basis": "quantity", "scope": "lot", "value": 5000},
        "maximum": {"basis": "amount", "value": "1180800.00"},
        "requirements": {"certificates": ["iso27001"], "hds_activities": [5], "regions": ["84"], "delivery_modes": []},
        "needs_close_at": (clock.now() + timedelta(days=30)).isoformat(),
        "minimum_policy": ["extend", "release"],
        **changes,
    }


def make_vehicle(buyer, *lots, **changes):
    vehicle = buyer.post(f"{V1}/vehicles", json=vehicle_body(**changes)).json
    for lot in lots:
        assert buyer.post(f"{V1}/vehicles/{vehicle['id']}/lots", json=lot).status_code == 201
    return vehicle["id"]


def test_a_centre_prepares_opens_and_everybody_reads(buyer, clinic):
    made = buyer.post(f"{V1}/vehicles", json=vehicle_body())
    assert (made.status_code, made.json["status"]) == (201, "draft")
    assert made.json["maximum_required"] is True
    path = f"{V1}/vehicles/{made.json['id']}"
    lot = buyer.post(f"{path}/lots", json=lot_body())
    assert lot.status_code == 201
    assert set(lot.json) >= LOT_FIELDS
    assert clinic.get(f"{V1}/lots/{lot.json['id']}").status_code == 404
    opened = buyer.post(f"{path}/opening")
    assert (opened.status_code, opened.json["status"]) == (200, "open")
    seen = clinic.get(f"{V1}/lots/{lot.json['id']}").json
    sent = lot_body()
    assert {name: seen[name] for name in LOT_FIELDS - {"needs_close_at"}} == {
        **{name: sent[name] for name in LOT_FIELDS - {"needs_close_at"}},
        "reference_unit_price": "4.1000",
    }
    assert (seen["status"], seen["minimum_quantity"], seen["maximum_quantity"]) == ("open", 5000, 8000)


def test_bounds_are_written_back_as_they_were_sent(buyer):
    vehicle = make_vehicle(buyer, lot_body(kind="service", minimum={"kind": "none"}, maximum=None))
    lot = buyer.get(f"{V1}/vehicles/{vehicle}").json["lots"][0]
    assert lot["minimum"] == {"kind": "none", "basis": None, "scope": "lot", "value": None}
    assert lot["maximum"] is None


def test_a_refused_opening_names_its_code_its_lot_and_its_field(buyer):
    vehicle = make_vehicle(buyer, lot_body(maximum=None))
    refused = buyer.post(f"{V1}/vehicles/{vehicle}/opening")
    assert (refused.status_code, refused.json["code"]) == (409, "maximum_required")
    assert (refused.json["lot"], refused.json["field"]) == ("1", "maximum")
    assert refused.json["title"].startswith("Lot 1 : ")


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"minimum": {"kind": "contractual", "basis": "quantity", "value": "4.5"}}, "minimum.value"),
        ({"minimum": {"kind": "contractual", "basis": "quantity"}}, "minimum.value"),
        ({"minimum": {"kind": "contractual", "value": "5"}}, "minimum.basis"),
        ({"minimum": {"kind": "none", "basis": "quantity", "value": "5"}}, "minimum.value"),
        ({"minimum": {"basis": "quantity", "value": "5"}}, "minimum.kind"),
        ({"maximum": {"basis": "amount", "value": "0.001"}}, "maximum.value"),
        ({"maximum": {"basis": "amount", "value": 4.5}}, "maximum.value"),
        ({"unit": "parsec"}, "unit"),
        ({"category": "potions"}, "category"),
        ({"term_months": 0}, "term_months"),
        ({"needs_close_at": "2027-06-12T10:00:00"}, "needs_close_at"),
        ({"reference_unit_price": "0"}, "reference_unit_price"),
        ({"code": "  "}, "code"),
        ({"order_multiple": 10**12}, "order_multiple"),
        ({"needs_close_at": "9999-12-31T23:59:59-12:00"}, "needs_close_at"),
        ({"colour": "blue"}, "colour"),
    ],
)
def test_a_malformed_lot_says_which_field(buyer, changes, field):
    vehicle = make_vehicle(buyer)
    refused = buyer.post(f"{V1}/vehicles/{vehicle}/lots", json=lot_body(**changes))
    assert (refused.status_code, refused.json["code"]) == (422, "invalid_input")
    assert list(refused.json["errors"]) == [field]


def test_half_a_character_is_the_callers_mistake(buyer):
    written = json.dumps(vehicle_body(name="a\ud800"))
    refused = buyer.post(f"{V1}/vehicles", data=written, content_type="application/json")
    assert (refused.status_code, list(refused.json["errors"])) == (422, ["body"])


def test_a_draft_is_patched_field_by_field_with_its_etag(buyer):
    path = f"{V1}/vehicles/{make_vehicle(buyer, lot_body())}"
    etag = buyer.get(path).headers["ETag"]
    patched = buyer.patch(path, json={"name": "Autre nom"}, headers={"If-Match": etag})
    assert (patched.status_code, patched.json["name"], patched.json["regime"]) == (200, "Autre nom", "public_code")
    assert patched.headers["ETag"] != etag
    assert buyer.patch(path, json={"name": "Encore"}, headers={"If-Match": etag}).status_code == 412
    lot = f"{V1}/lots/{patched.json['lots'][0]['id']}"
    edited = buyer.patch(lot, json={"term_months": 24})
    assert (edited.status_code, edited.json["term_months"], edited.json["minimum"]["value"]) == (200, 24, 5000)
    assert buyer.patch(lot, json={"minimum": {"basis": "quantity"}}).json["errors"].keys() == {"minimum.kind"}
    assert buyer.delete(lot).status_code == 204
    assert buyer.get(lot).status_code == 404


def test_another_centre_gets_404_on_drafts_and_403_on_open_vehicles(api, buyer):
    stranger = api(user_in(kind="purchasing_centre"))
    vehicle = make_vehicle(buyer, lot_body())
    path = f"{V1}/vehicles/{vehicle}"
    assert stranger.get(path).status_code == 404
    assert stranger.patch(path, json={"name": "À moi"}).status_code == 404
    assert stranger.post(f"{path}/opening").status_code == 404
    buyer.post(f"{path}/opening")
    refused = stranger.post(f"{path}/cancellation", json={"reason": "Concurrence"})
    assert (refused.status_code, refused.json["code"]) == (403, "not_allowed")


def test_a_viewer_of_the_centre_reads_drafts_and_changes_nothing(api, centre, buyer):
    viewer = api(user_in(centre, roles=("viewer",)))
    path = f"{V1}/vehicles/{make_vehicle(buyer, lot_body())}"
    assert viewer.get(path).status_code == 200
    assert viewer.post(f"{path}/opening").status_code == 403
    assert viewer.post(f"{V1}/vehicles", json=vehicle_body()).status_code == 403


def test_a_clinic_prepares_no_vehicle_and_nobody_reads_without_a_token(api, clinic):
    assert clinic.post(f"{V1}/vehicles", json=vehicle_body()).status_code == 403
    assert api(None).get(f"{V1}/lots").status_code == 401


def test_a_read_token_opens_nothing(api, centre, buyer):
    reader = api(user_in(centre, roles=("buyer",)), scopes=("read",))
    path = f"{V1}/vehicles/{make_vehicle(buyer, lot_body())}"
    assert reader.get(path).status_code == 200
    assert reader.post(f"{path}/opening").status_code == 403


def test_a_cancellation_needs_its_reason(buyer):
    path = f"{V1}/vehicles/{make_vehicle(buyer, lot_body())}"
    assert buyer.post(f"{path}/cancellation", json={}).status_code == 422
    assert buyer.post(f"{path}/cancellation", json={"reason": " "}).status_code == 422
    done = buyer.post(f"{path}/cancellation", json={"reason": "Doublon"})
    assert (done.json["status"], done.json["cancellation_reason"]) == ("cancelled", "Doublon")
    assert [lot["status"] for lot in done.json["lots"]] == ["cancelled"]


def test_lots_are_listed_by_closing_date_page_by_page(clinic):
    vehicle = VehicleFactory(opened_at=clock.now())
    days = [7, 3, 5, 1, 9]
    for day in days:
        open_lot(vehicle_id=vehicle.id, code=str(day), needs_close_at=clock.now() + timedelta(days=day))
    seen, cursor = [], None
    for _ in range(3):
        page = clinic.get(f"{V1}/lots", query_string={"limit": 2, **({"cursor": cursor} if cursor else {})}).json
        seen += [lot["code"] for lot in page["items"]]
        cursor = page["next"]
    assert (seen, cursor) == (["1", "3", "5", "7", "9"], None)


def test_lots_are_found_by_status_category_and_words_without_accents(clinic):
    vehicle = VehicleFactory(opened_at=clock.now(), name="Sécurité", search_text="securite")
    open_lot(vehicle_id=vehicle.id, code="edr", search_text="edr detection")
    open_lot(vehicle_id=vehicle.id, code="soc", category_code="soc", search_text="soc supervision")
    open_lot(vehicle_id=vehicle.id, code="clos", search_text="clos", closed_at=clock.now())

    def codes(**filters):
        return {lot["code"] for lot in clinic.get(f"{V1}/lots", query_string=filters).json["items"]}

    assert codes() == {"edr", "soc", "clos"}
    assert codes(status="open") == {"edr", "soc"}
    assert codes(status="closed") == {"clos"}
    assert codes(category="soc") == {"soc"}
    assert codes(q="Détection") == {"edr"}
    assert codes(q="sécurité supervision") == {"soc"}
    assert codes(q="%") == {"edr", "soc", "clos"}
    assert clinic.get(f"{V1}/lots?status=lost").status_code == 422
    assert clinic.get(f"{V1}/lots?cursor=x").status_code == 422


def test_vehicles_are_listed_for_who_may_see_them(buyer, clinic, centre):
    VehicleFactory(organisation_id=centre.id, name="Brouillon", search_text="brouillon")
    VehicleFactory(opened_at=clock.now(), name="Ouvert", search_text="ouvert")

    def names(who, **filters):
        return {vehicle["name"] for vehicle in who.get(f"{V1}/vehicles", query_string=filters).json["items"]}

    assert names(buyer) == {"Brouillon", "Ouvert"}
    assert names(clinic) == {"Ouvert"}
    assert names(buyer, q="brouillon") == {"Brouillon"}
    assert names(buyer, status="draft") == {"Brouillon"}


@pytest.mark.parametrize("path", ["/lots", "/vehicles"])
def test_lists_take_the_same_number_of_queries_whatever_their_length(clinic, count_queries, path):
    def cost():
        with count_queries() as statements:
            assert clinic.get(f"{V1}{path}").status_code == 200
        return len(statements)

    open_lot()
    cost()
    one = cost()
    for _ in range(6):
        vehicle = VehicleFactory(opened_at=clock.now())
        LotFactory(opened=True, vehicle_id=vehicle.id)
        LotFactory(opened=True, vehicle_id=vehicle.id)
    assert cost() == one <= 5
