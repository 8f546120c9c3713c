"""Who am I, tokens and members, over HTTP with real tokens."""
from datetime import timedelta
from uuid import UUID

import pytest

from marketplace.accounts.models import ApiToken, Membership
from marketplace.platform import clock
from tests.factories import accounts as make
from tests.factories.base import refreshed


def test_me_names_the_group_operators_one_may_act_for(api):
    head = make.OrganisationFactory(name="Groupe fictif")
    clinic = make.OrganisationFactory(
        name="Clinique fictive", head_organisation_id=head.id, delegated_roles=["buyer", "signatory"]
    )
    stranger = make.OrganisationFactory(name="Autre clinique")
    user = make.user_in(head, roles=("admin", "signatory"))
    body = api(user).get("/api/v1/me").json
    seats = {seat["name"]: seat for seat in body["organisations"]}
    assert body["user"]["email"] == user.email
    assert seats["Groupe fictif"]["roles"] == ["admin", "signatory"]
    assert seats["Clinique fictive"]["roles"] == ["signatory"] and seats["Clinique fictive"]["delegated"]
    assert stranger.name not in seats and clinic.name in seats


def test_without_a_token_the_door_is_closed_and_says_how_to_open_it(api):
    response = api(None).get("/api/v1/me")
    assert (response.status_code, response.json["code"]) == (401, "sign_in_required")
    assert response.content_type == "application/problem+json" and response.headers["WWW-Authenticate"].startswith("Bearer")


def test_a_wrong_token_is_refused_and_never_repeated(client):
    response = client.get("/api/v1/me", headers={"Authorization": "Bearer grp_wrong"})
    assert (response.status_code, response.json["code"]) == (401, "invalid_token")
    assert "grp_wrong" not in response.text


def test_a_wrong_token_is_not_excused_by_a_signed_in_browser(sign_in):
    browser = sign_in(make.user_in())
    assert browser.get("/api/v1/me").status_code == 200
    assert browser.get("/api/v1/me", headers={"Authorization": "Bearer grp_wrong"}).status_code == 401


def test_a_token_is_shown_once_and_kept_as_a_hash(api, session):
    user = make.user_in()
    made = api(user).post("/api/v1/me/tokens", json={"name": "export", "scopes": ["read"], "days": 30})
    assert made.status_code == 201
    secret = made.json["secret"]
    assert "secret" not in api(user).get("/api/v1/me/tokens").json["items"][0]
    assert secret not in session.get(ApiToken, UUID(made.json["id"])).token_hash


def test_an_expired_or_revoked_token_opens_nothing(api, session):
    user = make.user_in()
    client = api(user)
    token = session.query(ApiToken).filter_by(user_id=user.id).one()
    assert client.delete(f"/api/v1/me/tokens/{token.id}").status_code == 204
    assert client.get("/api/v1/me").status_code == 401
    other = api(user)
    with clock.frozen_at(clock.now() + timedelta(days=2)):
        assert other.get("/api/v1/me").status_code == 401


def test_a_read_token_does_not_write(api):
    response = api(make.user_in(), scopes=("read",)).post("/api/v1/me/tokens", json={"name": "x", "scopes": ["read"]})
    assert (response.status_code, response.json["code"]) == (403, "not_allowed")


def test_somebody_elses_token_is_not_found(api, session):
    mine, theirs = make.user_in(), make.user_in()
    token = make.ApiTokenFactory(user_id=theirs.id)
    assert api(mine).delete(f"/api/v1/me/tokens/{token.id}").status_code == 404
    assert refreshed(token).revoked_at is None


def test_a_disabled_user_is_nobody(api, session):
    user = make.user_in()
    client = api(user)
    user.disabled_at = clock.now()
    session.commit()
    assert client.get("/api/v1/me").status_code == 401


def test_an_administrator_brings_somebody_in_and_changes_their_rights(api, session):
    clinic = make.OrganisationFactory()
    boss = make.user_in(clinic, roles=("admin",))
    client = api(boss)
    path = f"/api/v1/organisations/{clinic.id}/members"
    made = client.post(path, json={"email": "Nina@Exemple.test", "full_name": "Nina Fictive", "roles": ["buyer"]})
    assert made.status_code == 201 and made.json["roles"] == ["buyer"]
    changed = client.put(f"{path}/{made.json['id']}", json={"roles": ["viewer", "signatory"]})
    assert changed.json["roles"] == ["signatory", "viewer"]
    again = client.post(path, json={"email": "nina@exemple.test", "full_name": "N", "roles": ["buyer"]})
    assert again.json["code"] == "already_a_member"
    assert client.delete(f"{path}/{made.json['id']}").status_code == 204
    assert [m["email"] for m in client.get(path).json["items"]] == [boss.email]


def test_the_last_administrator_cannot_step_down(api, session):
    clinic = make.OrganisationFactory()
    boss = make.user_in(clinic, roles=("admin",))
    membership = session.query(Membership).filter_by(user_id=boss.id).one()
    path = f"/api/v1/organisations/{clinic.id}/members/{membership.id}"
    refused = api(boss).put(path, json={"roles": ["viewer"]})
    assert (refused.status_code, refused.json["code"]) == (409, "last_administrator")
    assert refreshed(membership).roles == ["admin"]


def test_a_buyer_does_not_manage_members(api):
    clinic = make.OrganisationFactory()
    response = api(make.user_in(clinic, roles=("buyer",))).post(
        f"/api/v1/organisations/{clinic.id}/members", json={"email": "a@b.fr", "full_name": "A", "roles": ["buyer"]}
    )
    assert (response.status_code, response.json["code"]) == (403, "not_allowed")


def test_another_organisation_is_not_found(api):
    other = make.OrganisationFactory()
    assert api(make.user_in()).get(f"/api/v1/organisations/{other.id}/members").status_code == 404


def test_errors_name_the_field_in_the_callers_language(api):
    client = api(make.user_in())
    french = client.post("/api/v1/me/tokens", json={"scopes": ["fly"], "colour": 1})
    assert french.status_code == 422 and french.json["code"] == "invalid_input"
    assert french.json["errors"]["name"] == ["Ce champ est obligatoire."]
    assert set(french.json["errors"]) == {"name", "scopes.0", "colour"}
    english = client.post("/api/v1/me/tokens", json={}, headers={"Accept-Language": "en"})
    assert english.json["errors"]["name"] == ["This field is required."]


def test_bounds_and_moments_are_said_in_full(api):
    client = api(make.user_in())
    wrong = client.get("/api/v1/establishments?limit=101").json
    assert wrong["errors"]["limit"] == ["Donnez de 1 à 100."]
    english = client.get("/api/v1/establishments?limit=101", headers={"Accept-Language": "en"}).json
    assert english["errors"]["limit"] == ["Give 1 to 100."]
    broken = client.post("/api/v1/me/tokens", data=b"{", headers={"Content-Type": "application/json"})
    assert broken.status_code in (400, 422) and "JSON" in str(broken.json)
    assert "Invalid" not in str(broken.json)


def test_a_token_without_a_scope_names_the_scope_it_lacks(api):
    refused = api(make.user_in(), scopes=("read",)).post("/api/v1/me/tokens", json={"name": "x", "scopes": ["read"]})
    assert (refused.json["code"], refused.json["scope"]) == ("not_allowed", "write")


@pytest.mark.parametrize(("tag", "status"), [('"v1"', 200), ('"1"', 200), ("1", 200), ('"v9"', 412), ('"9"', 412), ("x", 412)])
def test_a_stale_or_foreign_tag_is_412(api, tag, status):
    category = "/api/v1/categories/edr"
    answer = api(make.operator()).patch(category, json={"name_en": "Managed EDR"}, headers={"If-Match": tag})
    assert answer.status_code == status
