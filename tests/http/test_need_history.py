"""The history of a need over HTTP, as JSON and as a page."""
from typing import Any

from tests.factories.demand import open_pool
from tests.factories.grappes import site_and_user


def test_the_versions_of_a_need_tell_before_and_after(api: Any) -> None:
    lot = open_pool()
    site, user = site_and_user()
    address = f"/api/v1/lots/{lot.id}/needs/{site.id}"
    conditional = {"quantity": 120, "firmness": "conditional", "condition": {"maximum_unit_price": "4.10"}}
    assert api(user).put(address, json=conditional).status_code == 201
    assert api(user).put(address, json={"quantity": 90, "firmness": "indicative"}).status_code == 200
    assert api(user).delete(address).status_code == 204
    first, second, third = api(user).get(f"{address}/versions").get_json()["items"]
    assert (first["before"], first["after"]["quantity"], first["changed_by"]) == (None, 120, user.full_name)
    assert first["after"]["condition"] == {"minimum_pool_quantity": None, "maximum_unit_price": "4.1000"}
    assert (second["before"], second["after"]["status"]) == (first["after"], "not_counted")
    assert (third["before"], third["after"]) == (second["after"], None)


def test_strangers_read_no_history(api: Any, sign_in: Any) -> None:
    lot = open_pool()
    site, user = site_and_user()
    api(user).put(f"/api/v1/lots/{lot.id}/needs/{site.id}", json={"quantity": 5, "firmness": "indicative"})
    _, stranger = site_and_user()
    assert api(stranger).get(f"/api/v1/lots/{lot.id}/needs/{site.id}/versions").status_code == 404
    assert sign_in(stranger).get(f"/lots/{lot.id}/besoin/{site.id}/historique").status_code == 404
    assert api(None).get(f"/api/v1/lots/{lot.id}/needs/{site.id}/versions").status_code == 401


def test_the_page_shows_each_change_and_the_need_leads_to_it(api: Any, sign_in: Any) -> None:
    lot = open_pool()
    site, user = site_and_user()
    api(user).put(f"/api/v1/lots/{lot.id}/needs/{site.id}", json={"quantity": 300, "firmness": "firm"})
    page = f"/lots/{lot.id}/besoin/{site.id}"
    assert f"{page}/historique" in sign_in(user).get(page).get_data(as_text=True)
    shown = sign_in(user).get(f"{page}/historique").get_data(as_text=True)
    assert "aucun besoin" in shown and "300 postes" in shown and user.full_name in shown
