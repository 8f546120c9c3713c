"""The table « who sees what » of ux.md, walked role by role over HTTP; where it differs from domain §4b, §4b wins."""
from typing import Any

import pytest

from tests.factories import accounts as make
from tests.factories.demand import centre_user, open_pool
from tests.factories.grappes import grappe_of, site_and_user

ROLES = ("member", "clinic", "provider", "centre", "other_centre", "authority", "operator")


@pytest.fixture
def scene(api: Any) -> dict[str, Any]:
    """A lot on which one grappe of two organisations pools, and a reader of every kind."""
    lot = open_pool(minimum=50, maximum=900)
    site, user = site_and_user()
    other, other_user = site_and_user()
    grappe = grappe_of(site, other)
    body = {"grappe_id": str(grappe.id), "quantity": 20, "firmness": "firm"}
    for place, who in ((site, user), (other, other_user)):
        assert api(who).put(f"/api/v1/lots/{lot.id}/needs/{place.id}", json=body).status_code == 201
    readers = {
        "member": user, "clinic": make.user_in(), "provider": make.user_in(kind="provider"), "centre": centre_user(lot),
        "other_centre": make.user_in(kind="purchasing_centre"), "authority": make.user_in(kind="authority"),
        "operator": make.operator(),
    }  # fmt: skip
    return {"lot": lot, "grappe": grappe, "site": site, "readers": readers}


@pytest.mark.parametrize("role", ROLES)
def test_volumes(role: str, scene: dict[str, Any], api: Any) -> None:
    answer = api(scene["readers"][role]).get(f"/api/v1/lots/{scene['lot'].id}/pool")
    if role == "operator":  # no business content by default
        assert (answer.status_code, answer.json["code"]) == (403, "not_allowed")
        return
    assert answer.json["firm"] == 40  # the lot's totals: §4b.15, also for a provider once the lot is open
    names = [row["name"] for row in answer.json["grappes"] if row["name"]]
    # Two organisations only: outsiders do not see this grappe's volume.
    assert names == ([scene["grappe"].name] if role in ("member", "centre") else [])


@pytest.mark.parametrize("role", ROLES)
def test_needs_of_an_establishment(role: str, scene: dict[str, Any], api: Any) -> None:
    path = f"/api/v1/lots/{scene['lot'].id}/needs/{scene['site'].id}"
    expected = 200 if role in ("member", "centre") else 404
    assert api(scene["readers"][role]).get(path).status_code == expected


@pytest.mark.parametrize("role", ROLES)
def test_names_in_a_grappe(role: str, scene: dict[str, Any], api: Any) -> None:
    answer = api(scene["readers"][role]).get(f"/api/v1/grappes/{scene['grappe'].id}")
    named = answer.status_code == 200 and bool(answer.json["members"])
    assert named == (role in ("member", "centre", "operator"))


@pytest.mark.parametrize("role", ROLES)
def test_matches(role: str, scene: dict[str, Any], api: Any) -> None:
    status = api(scene["readers"][role]).get(f"/api/v1/lots/{scene['lot'].id}/matches").status_code
    assert status == (200 if role in ("member", "centre", "provider") else 403)


@pytest.mark.parametrize("role", ROLES)
def test_closings_name_nobody_to_strangers(role: str, scene: dict[str, Any], api: Any) -> None:
    lot = scene["lot"]
    closed = api(scene["readers"]["centre"]).post(f"/api/v1/lots/{lot.id}/closing", json={"reason": "essai"})
    assert (closed.status_code, closed.json["code"]) == (409, "minimum_not_reached_yet")
    answer = api(scene["readers"][role]).get(f"/api/v1/lots/{lot.id}/closings")
    assert answer.status_code in (200, 403) and not (answer.json.get("items") or [])


@pytest.mark.parametrize("role", ["clinic", "provider", "other_centre", "authority", "operator"])
def test_drafts_belong_to_their_centre(role: str, scene: dict[str, Any], api: Any) -> None:
    owner = make.OrganisationFactory(kind="purchasing_centre")
    body = {
        "name": "Brouillon", "technique": "listing", "regime": "private", "starts_on": "2027-01-01", "ends_on": "2028-01-01",
    }  # fmt: skip
    draft = api(make.user_in(owner, ("admin", "buyer"))).post("/api/v1/vehicles", json=body)
    assert draft.status_code == 201
    assert api(scene["readers"][role]).get(f"/api/v1/vehicles/{draft.json['id']}").status_code == 404
