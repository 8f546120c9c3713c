"""The grappe calls of the contract over HTTP, and who sees what."""
import hashlib
import json
from uuid import uuid4

import pytest

from tests.factories import accounts as make
from tests.factories.establishments import EstablishmentFactory
from tests.factories.grappes import grappe_of, site_and_user

GRAPPES = "/api/v1/grappes"


@pytest.fixture
def two_clinics(session, api):
    """Two establishments of two organisations, each with a client whose token may sign."""
    (first, first_user), (second, second_user) = site_and_user(), site_and_user()
    return first, api(first_user), second, api(second_user)


def found(client, site, **changes):
    body = {"name": "Les Alpes", "legal_form": "none", "categories": ["edr"], **changes}
    return client.post(GRAPPES, json={"coordinator_establishment_id": str(site.id), **body})


def code_of(answer, status):
    assert answer.status_code == status, answer.get_json()
    assert answer.mimetype == "application/problem+json"
    return answer.get_json()["code"]


def test_two_clinics_found_invite_accept_and_activate(two_clinics):
    first, coordinator, second, guest = two_clinics
    made = found(coordinator, first)
    assert made.status_code == 201
    grappe = made.get_json()
    assert grappe["status"] == "forming"
    here = f"{GRAPPES}/{grappe['id']}"
    assert code_of(coordinator.post(f"{here}/activation"), 409) == "grappe_below_quorum"

    invited = coordinator.post(f"{here}/invitations", json={"establishment_id": str(second.id)})
    assert (invited.status_code, invited.get_json()["status"]) == (201, "invited")
    acceptance = f"{here}/memberships/{second.id}/acceptance"
    assert code_of(coordinator.post(acceptance), 403) == "not_allowed"
    assert code_of(guest.post(acceptance, json={"charter_hash": "0" * 64}), 409) == "charter_changed"
    signed = guest.post(acceptance, json={"charter_hash": grappe["charter_hash"]})
    assert (signed.status_code, signed.get_json()["status"]) == (200, "member")
    assert guest.post(acceptance).get_json()["status"] == "member"

    active = coordinator.post(f"{here}/activation")
    assert (active.status_code, active.get_json()["status"]) == (200, "active")
    shown = guest.get(here).get_json()
    assert shown["coordinator_establishment_id"] == str(first.id)
    assert {m["establishment_id"]: m["status"] for m in shown["members"]} == {
        str(first.id): "member", str(second.id): "member",
    }  # fmt: skip


def test_second_grappe_for_the_same_category_names_the_first(two_clinics):
    first, coordinator, *_ = two_clinics
    grappe = found(coordinator, first).get_json()
    again = found(coordinator, first, name="Les Cimes")
    assert code_of(again, 409) == "already_pooled_elsewhere"
    assert again.get_json()["label"] == "Les Alpes"
    assert again.get_json()["subject_id"] == grappe["id"]


def test_charter_can_be_checked_by_anybody_who_signed_it(two_clinics):
    first, coordinator, *_ = two_clinics
    grappe = found(coordinator, first, quorum=3, territory=["84"]).get_json()
    charter = coordinator.get(f"{GRAPPES}/{grappe['id']}/charter").get_json()
    canonical = json.dumps(charter["terms"], sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    recomputed = hashlib.sha256(f"{canonical}\n{charter['text']}".encode()).hexdigest()
    assert recomputed == charter["charter_hash"] == grappe["charter_hash"]
    assert (charter["version"], charter["terms"]["quorum"]) == (1, 3)


def test_public_hospital_is_refused_neutrally(session, api):
    hospital, user = site_and_user(sector="public", legal_status="14")
    answer = found(api(user), hospital)
    assert code_of(answer, 409) == "public_establishment"
    assert "groupement de commandes" in answer.get_json()["title"]


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"legal_form": "sarl"}, "legal_form"),
        ({"categories": []}, "categories"),
        ({"categories": ["moon"]}, "categories"),
        ({"name": "   "}, "name"),
        ({"quorum": "two"}, "quorum"),
        ({"territory": ["99"]}, "territory"),
        ({"moon": 1}, "moon"),
    ],
)
def test_wrong_fields_are_named(two_clinics, changes, field):
    first, coordinator, *_ = two_clinics
    answer = found(coordinator, first, **changes)
    assert answer.status_code == 422
    assert field in answer.get_json()["errors"]


def test_token_that_may_not_sign_neither_founds_nor_accepts(session, api):
    first, user = site_and_user()
    writer = api(user, scopes=("read", "write"))
    assert code_of(found(writer, first), 403) == "not_allowed"
    grappe = grappe_of(first)
    path = f"{GRAPPES}/{grappe.id}/memberships/{first.id}/acceptance"
    assert code_of(writer.post(path), 403) == "not_allowed"


def test_without_token_nothing_is_open(session, api):
    nobody = api(None)
    grappe = grappe_of(EstablishmentFactory())
    for answer in (nobody.get(GRAPPES), nobody.get(f"{GRAPPES}/{grappe.id}"), nobody.post(GRAPPES, json={})):
        assert answer.status_code == 401


def test_outsider_sees_the_grappe_but_not_who_is_in_it(session, api):
    first, second = EstablishmentFactory(), EstablishmentFactory()
    grappe = grappe_of(first, second)
    _, outsider = site_and_user()
    shown = api(outsider).get(f"{GRAPPES}/{grappe.id}").get_json()
    assert (shown["name"], shown["members_count"], shown["categories"]) == (grappe.name, 2, ["edr"])
    assert shown["members_visible"] is False
    assert shown["members"] == []
    assert shown["coordinator_establishment_id"] is shown["charter_hash"] is None
    assert shown["terms"]["quorum"] == 2
    assert str(first.id) not in json.dumps(shown)
    assert code_of(api(outsider).get(f"{GRAPPES}/{grappe.id}/charter"), 404) == "not_found"


def test_the_operator_sees_names_a_centre_only_once_the_grappe_pools_with_it(session, api):
    grappe = grappe_of(EstablishmentFactory())
    for user, seen in ((make.user_in(kind="purchasing_centre"), 0), (make.operator(), 1)):
        assert len(api(user).get(f"{GRAPPES}/{grappe.id}").get_json()["members"]) == seen


def test_invited_establishment_sees_the_members_before_it_signs(session, api):
    first, coordinator = site_and_user()
    guest, guest_user = site_and_user()
    grappe = grappe_of(first)
    api(coordinator).post(f"{GRAPPES}/{grappe.id}/invitations", json={"establishment_id": str(guest.id)})
    shown = api(guest_user).get(f"{GRAPPES}/{grappe.id}").get_json()
    assert {m["establishment_id"] for m in shown["members"]} == {str(first.id), str(guest.id)}


def test_establishment_that_asked_sees_its_own_request_only(session, api):
    grappe = grappe_of(EstablishmentFactory())
    guest, user = site_and_user()
    client = api(user)
    asked = client.post(f"{GRAPPES}/{grappe.id}/requests", json={"establishment_id": str(guest.id)})
    assert asked.status_code == 201
    shown = client.get(f"{GRAPPES}/{grappe.id}").get_json()
    assert [m["status"] for m in shown["members"]] == ["requested"]
    assert shown["members_visible"] is False


def test_forming_grappe_shows_to_those_who_could_join_it_only(session, api):
    grappe = grappe_of(EstablishmentFactory(), is_active=False)
    path = f"{GRAPPES}/{grappe.id}"
    assert api(make.user_in(kind="care_operator")).get(path).status_code == 200
    assert code_of(api(make.user_in(kind="provider")).get(path), 404) == "not_found"


def test_dissolved_grappe_shows_to_its_former_members_only(session, api):
    first, coordinator = site_and_user()
    second, member = site_and_user()
    grappe = grappe_of(first, second)
    path = f"{GRAPPES}/{grappe.id}"
    ended = api(coordinator).post(f"{path}/dissolution", json={"reason": "Plus d'activité."})
    assert ended.get_json()["status"] == "dissolved"
    assert api(member).get(path).get_json()["status"] == "dissolved"
    assert code_of(api(make.user_in()).get(path), 404) == "not_found"


def test_unknown_grappe_or_establishment_is_not_found(two_clinics):
    first, coordinator, *_ = two_clinics
    assert code_of(coordinator.get(f"{GRAPPES}/{uuid4()}"), 404) == "not_found"
    assert code_of(coordinator.post(f"{GRAPPES}/{uuid4()}/activation"), 404) == "not_found"
    grappe = grappe_of(first)
    invited = coordinator.post(f"{GRAPPES}/{grappe.id}/invitations", json={"establishment_id": str(uuid4())})
    assert code_of(invited, 404) == "not_found"


def test_amendment_follows_if_match(two_clinics):
    first, coordinator, *_ = two_clinics
    grappe = found(coordinator, first).get_json()
    here = f"{GRAPPES}/{grappe['id']}"
    tag = coordinator.get(here).headers["ETag"]
    amended = coordinator.patch(f"{here}/charter", json={"exit_notice_days": 10}, headers={"If-Match": tag})
    assert (amended.status_code, amended.get_json()["version"]) == (200, 2)
    stale = coordinator.patch(f"{here}/charter", json={"exit_notice_days": 20}, headers={"If-Match": tag})
    assert code_of(stale, 412) == "stale_version"
    first_version = coordinator.get(f"{here}/charter?version=1").get_json()
    assert first_version["charter_hash"] == grappe["charter_hash"]


def test_invitation_declined_withdrawn_and_request_refused_leave_no_trace_in_the_list(session, api):
    first, user = site_and_user()
    coordinator, grappe = api(user), grappe_of(first)
    here = f"{GRAPPES}/{grappe.id}"
    guest, guest_user = site_and_user()
    body = {"establishment_id": str(guest.id)}
    coordinator.post(f"{here}/invitations", json=body)
    assert api(guest_user).delete(f"{here}/invitations/{guest.id}").status_code == 204
    coordinator.post(f"{here}/invitations", json=body)
    assert coordinator.delete(f"{here}/invitations/{guest.id}").status_code == 204
    api(guest_user).post(f"{here}/requests", json=body)
    assert coordinator.delete(f"{here}/requests/{guest.id}").status_code == 204
    assert code_of(coordinator.delete(f"{here}/requests/{guest.id}"), 404) == "not_found"
    assert [m["establishment_id"] for m in coordinator.get(here).get_json()["members"]] == [str(first.id)]


def test_request_approval_leaving_staying_excluding_and_handing_over(session, api):
    first, user = site_and_user()
    second, second_user = site_and_user()
    third, third_user = site_and_user()
    coordinator, member, newcomer = api(user), api(second_user), api(third_user)
    here = f"{GRAPPES}/{grappe_of(first, second).id}"

    newcomer.post(f"{here}/requests", json={"establishment_id": str(third.id)})
    assert coordinator.post(f"{here}/requests/{third.id}/approval").get_json()["status"] == "invited"
    assert newcomer.post(f"{here}/memberships/{third.id}/acceptance").get_json()["status"] == "member"

    preview = member.get(f"{here}/memberships/{second.id}/notice").get_json()
    assert (preview["notice_days"], preview["effects"]) == (30, [])
    leaving = member.post(f"{here}/memberships/{second.id}/notice").get_json()
    assert (leaving["status"], leaving["leaves_on"]) == ("leaving", preview["leaves_on"])
    assert member.delete(f"{here}/memberships/{second.id}/notice").get_json()["status"] == "member"

    out = coordinator.post(f"{here}/memberships/{third.id}/exclusion", json={"reason": "Hors sujet."})
    assert out.get_json()["status"] == "excluded"
    heir = coordinator.put(f"{here}/coordination", json={"establishment_id": str(second.id)})
    assert heir.get_json()["coordinator_establishment_id"] == str(second.id)


def test_list_filters_by_mine_category_status_and_name_without_accents(session, api):
    mine, user = site_and_user()
    grappe_of(mine, name="Cliniques de l'Hérault", categories=("soc",))
    grappe_of(EstablishmentFactory(), name="Les Alpes", is_active=False)
    grappe_of(EstablishmentFactory(), name="Bretagne")
    client = api(user)

    def names(query):
        return [item["name"] for item in client.get(f"{GRAPPES}?{query}").get_json()["items"]]

    assert names("") == ["Bretagne", "Cliniques de l'Hérault", "Les Alpes"]
    assert names("mine=true") == ["Cliniques de l'Hérault"]
    assert names("category=edr") == ["Bretagne", "Les Alpes"]
    assert names("status=forming") == ["Les Alpes"]
    assert names("q=herault") == ["Cliniques de l'Hérault"]
    assert client.get(f"{GRAPPES}?status=asleep").status_code == 422


def test_list_comes_in_pages_and_costs_the_same_number_of_queries_whatever_its_size(session, api, count_queries):
    client = api(make.user_in())
    for _ in range(3):
        grappe_of(EstablishmentFactory(), EstablishmentFactory())
    with count_queries() as few:
        client.get(GRAPPES)
    for _ in range(6):
        grappe_of(EstablishmentFactory(), EstablishmentFactory(), EstablishmentFactory())
    with count_queries() as many:
        seen = client.get(GRAPPES).get_json()["items"]
    assert len(seen) == 9
    assert len(many) == len(few) <= 3

    page, collected = client.get(f"{GRAPPES}?limit=4").get_json(), []
    collected += page["items"]
    while page["next"]:
        page = client.get(f"{GRAPPES}?limit=4&cursor={page['next']}").get_json()
        collected += page["items"]
    assert [item["id"] for item in collected] == [item["id"] for item in seen]


def test_page_of_a_grappe_costs_the_same_number_of_queries_whatever_its_size(session, api, count_queries):
    first, user = site_and_user()
    small = grappe_of(first, categories=("edr",))
    large = grappe_of(first, *EstablishmentFactory.create_batch(8), categories=("soc",))
    client = api(user)
    client.get(f"{GRAPPES}/{small.id}")
    with count_queries() as few:
        client.get(f"{GRAPPES}/{small.id}")
    with count_queries() as many:
        assert len(client.get(f"{GRAPPES}/{large.id}").get_json()["members"]) == 9
    assert len(many) == len(few) <= 6


def test_categories_and_domains_are_served(session, api):
    client = api(make.user_in())
    categories = client.get("/api/v1/categories").get_json()["items"]
    domains = {item["code"] for item in client.get("/api/v1/domains").get_json()["items"]}
    assert len(categories) == 15 and len(domains) == 5
    assert {item["domain"] for item in categories} == domains
    edr = client.get("/api/v1/categories/edr").get_json()
    assert (edr["unit"], edr["price_period"], edr["cpv"]) == ("endpoint", "month", "48730000-4")
    assert code_of(client.get("/api/v1/categories/moon"), 404) == "not_found"
    assert code_of(client.patch("/api/v1/categories/edr", json={"name_fr": "x"}), 403) == "not_allowed"
    revised = api(make.operator()).patch("/api/v1/categories/edr", json={"name_en": "EDR"})
    assert (revised.status_code, revised.get_json()["version"]) == (200, 2)
