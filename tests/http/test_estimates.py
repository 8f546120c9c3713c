"""The estimate of a need over HTTP: proposed on the form and by the API, never written; its ratios are the operator's."""
import html
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from tenders.demand.models import Need
from tests.factories.accounts import operator
from tests.factories.demand import open_pool
from tests.factories.grappes import site_and_user

EDR = "/api/v1/estimate-ratios/edr"


def test_the_estate_proposes_and_nothing_is_written(api: Any, sign_in: Any, session: Session) -> None:
    lot = open_pool()
    site, user = site_and_user(endpoints=320)
    found = api(user).get(f"/api/v1/lots/{lot.id}/needs/{site.id}/estimate")
    assert found.get_json() == {"quantity": 320, "basis": "endpoints", "amount": 320, "ratio": "1.0000"}
    page = html.unescape(sign_in(user).get(f"/lots/{lot.id}/besoin/{site.id}").get_data(as_text=True))
    assert "Proposition d'après votre parc : 320 postes (Postes de travail : 320, × 1)" in page
    assert 'value="320"' not in page
    assert session.scalar(select(func.count()).select_from(Need).where(Need.lot_id == lot.id)) == 0


def test_without_an_estate_nothing_is_proposed(api: Any, sign_in: Any) -> None:
    lot = open_pool()
    site, user = site_and_user()
    assert api(user).get(f"/api/v1/lots/{lot.id}/needs/{site.id}/estimate").get_json()["quantity"] is None
    assert "Proposition d'après" not in sign_in(user).get(f"/lots/{lot.id}/besoin/{site.id}").get_data(as_text=True)


def test_it_is_told_to_the_site_alone(api: Any) -> None:
    lot = open_pool()
    site, _ = site_and_user(endpoints=320)
    _, stranger = site_and_user()
    assert api(stranger).get(f"/api/v1/lots/{lot.id}/needs/{site.id}/estimate").status_code == 403
    assert api(stranger).get(f"/api/v1/lots/{site.id}/needs/{site.id}/estimate").status_code == 404


def test_the_operator_says_the_ratio_of_a_profile_and_takes_it_back(api: Any) -> None:
    lot, chief = open_pool(), operator()
    site, user = site_and_user(endpoints=100, size_band="under_50")
    estimate = f"/api/v1/lots/{lot.id}/needs/{site.id}/estimate"
    said = api(chief).put(f"{EDR}/under_50/any", json={"basis": "endpoints", "ratio": "1.255"})
    assert (said.status_code, said.get_json()["version"], said.headers["ETag"]) == (200, 1, '"v1"')
    assert api(user).get(estimate).get_json()["quantity"] == 126
    again = api(chief).put(f"{EDR}/under_50/any", json={"basis": "endpoints", "ratio": "1.255"})
    assert again.get_json()["version"] == 1
    stale = api(chief).put(f"{EDR}/under_50/any", json={"basis": "servers", "ratio": "1"}, headers={"If-Match": '"v7"'})
    assert stale.status_code == 412
    listed = api(user).get("/api/v1/estimate-ratios").get_json()["items"]
    assert {("edr", "any"), ("edr", "under_50")} <= {(each["category"], each["size_band"]) for each in listed}
    assert api(chief).delete(f"{EDR}/under_50/any").status_code == 204
    assert api(user).get(estimate).get_json()["quantity"] == 100
    assert api(chief).delete(f"{EDR}/under_50/any").status_code == 404


def test_a_ratio_is_the_operators_and_must_make_sense(api: Any) -> None:
    chief, (_, user) = operator(), site_and_user()
    right = {"basis": "endpoints", "ratio": "2"}
    assert api(user).put(f"{EDR}/any/any", json=right).status_code == 403
    assert api(chief).put(f"{EDR}/huge/any", json=right).status_code == 404
    assert api(chief).put("/api/v1/estimate-ratios/nothing/any/any", json=right).status_code == 404
    for wrong in ({"basis": "cats", "ratio": "2"}, {"basis": "endpoints", "ratio": "0"}, {"basis": "endpoints"}):
        assert api(chief).put(f"{EDR}/any/any", json=wrong).status_code == 422
