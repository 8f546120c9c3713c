"""The establishments API: who sees what, filters, pages, and what one may change."""
from decimal import Decimal

import pytest

from marketplace.establishments.models import Establishment
from tests.factories.accounts import OrganisationFactory, operator, user_in
from tests.factories.base import refreshed
from tests.factories.establishments import EstablishmentFactory, finess, sites_of

LIST = "/api/v1/establishments"


def names(answer) -> list[str]:
    assert answer.status_code == 200, answer.text
    return [item["name"] for item in answer.json["items"]]


def test_without_a_token_nothing_is_shown(api) -> None:
    assert api(None).get(LIST).status_code == 401


def test_the_list_has_the_fields_of_the_contract(api) -> None:
    site = EstablishmentFactory()
    (item,) = api(user_in()).get(LIST).json["items"]
    assert item | {
        "id": str(site.id), "finess": site.finess, "name": site.name, "finess_category": "365",
        "sector": "private_for_profit", "region": "84", "department": "01", "organisation_id": str(site.organisation_id),
        "profile": {"size_band": "50_249", "activity_level": None},
    } == item  # fmt: skip
    assert not {"staff", "endpoints", "estate"} & set(item)


@pytest.mark.parametrize(
    "query", ["q=hopital", "q=HÔPITAL étienne", "q=st etienne", "q=firminy", "q=Ôpit", "q=990000", "region=84",
              "department=42", "sector=public", "finess_category=355", "size_band=250_plus"],
)  # fmt: skip
def test_filters_find_what_they_should(api, query: str) -> None:
    EstablishmentFactory(
        finess=finess(7), name="Hôpital Saint-Étienne", town="FIRMINY", department="42", sector="public",
        legal_status="13", finess_category="355", size_band="250_plus",
    )  # fmt: skip
    EstablishmentFactory(
        finess=finess(1, "88"), name="Clinique Autre", town="LYON", region="11", department="75",
    )  # fmt: skip
    assert names(api(user_in()).get(f"{LIST}?{query}")) == ["Hôpital Saint-Étienne"]


def test_signs_special_to_sql_are_only_punctuation(api) -> None:
    EstablishmentFactory(name="Clinique A")
    assert names(api(user_in()).get(f"{LIST}?q=%25_'\\")) == ["Clinique A"]


def test_mine_is_what_the_caller_may_act_for_a_group_s_operators_included(api) -> None:
    head = OrganisationFactory()
    daughter = OrganisationFactory(head_organisation_id=head.id)
    EstablishmentFactory(name="A", organisation_id=head.id)
    EstablishmentFactory(name="B", organisation_id=daughter.id)
    EstablishmentFactory(name="C")
    client = api(user_in(head))
    assert names(client.get(f"{LIST}?mine=true")) == ["A", "B"]
    assert names(client.get(LIST)) == ["A", "B", "C"]


def test_closed_sites_show_when_asked_for_or_by_number(api) -> None:
    closed = EstablishmentFactory(closed_on="2020-01-01")
    client = api(user_in())
    assert names(client.get(LIST)) == []
    assert names(client.get(f"{LIST}?closed=true")) == names(client.get(f"{LIST}?finess={closed.finess}")) == [closed.name]


def test_pages_follow_each_other_without_gaps(api) -> None:
    sites_of(OrganisationFactory(), 7)
    client, seen, cursor = api(user_in()), [], ""
    while cursor is not None:
        answer = client.get(f"{LIST}?limit=3" + (f"&cursor={cursor}" if cursor else ""))
        seen += names(answer)
        cursor = answer.json["next"]
    assert len(seen) == len(set(seen)) == 7 and seen == sorted(seen)


@pytest.mark.parametrize("query", ["sector=autre", "size_band=42", "limit=101", "cursor=xyz"])
def test_a_filter_that_means_nothing_is_refused(api, query: str) -> None:
    assert api(user_in()).get(f"{LIST}?{query}").status_code == 422


def test_the_list_takes_the_same_number_of_queries_however_long(api, count_queries) -> None:
    client, home = api(user_in()), OrganisationFactory()
    sites_of(home, 2)
    with count_queries() as few:
        client.get(LIST)
    sites_of(home, 30)
    with count_queries() as many:
        client.get(LIST)
    assert len(many) == len(few) <= 3


def test_staff_and_it_estate_are_for_one_s_own_and_the_operator(api) -> None:
    site = EstablishmentFactory(organisation_id=OrganisationFactory().id, endpoints=300)
    home = api(user_in()).get(LIST)
    assert home.status_code == 200
    path = f"{LIST}/{site.id}"
    assert api(user_in()).get(path).json["estate"] is None
    assert api(user_in(kind="provider", roles=("admin",))).get(path).json["estate"] is None
    assert api(operator()).get(path).json["estate"]["endpoints"] == 300


def test_an_unknown_establishment_is_not_found(api) -> None:
    assert api(user_in()).get(f"{LIST}/01900000-0000-7000-8000-000000000000").status_code == 404


@pytest.fixture
def own() -> tuple[Establishment, str]:
    site = EstablishmentFactory(organisation_id=OrganisationFactory().id)
    return site, f"{LIST}/{site.id}/estate"


def owner_of(site: Establishment, *roles: str):
    return user_in(_organisation(site), roles=roles or ("buyer",))


def _organisation(site: Establishment):
    class Home:
        id = site.organisation_id

    return Home


def test_a_buyer_declares_the_estate_and_the_band_follows_the_staff(api, session, own) -> None:
    site, path = own
    client = api(owner_of(site))
    etag = client.get(f"{LIST}/{site.id}").headers["ETag"]
    answer = client.patch(path, json={"endpoints": 300, "staff": 400}, headers={"If-Match": etag})
    assert answer.status_code == 200 and answer.headers["ETag"] != etag
    assert answer.json["profile"]["size_band"] == "250_plus"
    changed = refreshed(site)
    assert (changed.endpoints, changed.servers, changed.staff, changed.version) == (300, None, Decimal(400), 2)
    assert client.patch(path, json={"endpoints": 1}, headers={"If-Match": etag}).status_code == 412


def test_declaring_the_same_again_changes_nothing(api, session, own) -> None:
    site, path = own
    client = api(owner_of(site))
    client.patch(path, json={"endpoints": 300})
    client.patch(path, json={"endpoints": 300})
    assert refreshed(site).version == 2


@pytest.mark.parametrize("roles", [("viewer",), ("contributor",), ("signatory",)])
def test_other_roles_only_read(api, session, own, roles) -> None:
    site, path = own
    answer = api(owner_of(site, *roles)).patch(path, json={"endpoints": 1})
    assert (answer.status_code, answer.json["code"]) == (403, "not_allowed")


def test_another_organisation_and_the_operator_do_not_change_it(api, session, own) -> None:
    _site, path = own
    for stranger in (user_in(), operator()):
        assert api(stranger).patch(path, json={"endpoints": 1}).status_code == 403


@pytest.mark.parametrize(
    "body", [{"endpoints": -1}, {"endpoints": 1.5}, {"servers": 10_000_001}, {"colour": "red"}, {"staff": "many"}]
)
def test_impossible_figures_are_refused_by_field(api, session, own, body) -> None:
    site, path = own
    answer = api(owner_of(site)).patch(path, json=body)
    assert answer.status_code == 422 and set(answer.json["errors"]) == set(body)


def test_the_operator_moves_a_band_and_the_levels_follow(api, session) -> None:
    site = EstablishmentFactory(mco_stays=4000, activity_level="medium")
    client = api(operator())
    body = {"measure": "mco_stays", "medium_from": 5000, "high_from": 9000}
    assert client.put("/api/v1/activity-bands/365", json=body).status_code == 200
    assert refreshed(site).activity_level == "low"
    bands = {band["finess_category"]: band for band in client.get("/api/v1/activity-bands").json["items"]}
    assert bands["365"]["medium_from"] == 5000
    assert client.put("/api/v1/activity-bands/365", json={**body, "high_from": 10}).status_code == 422
    assert client.put("/api/v1/activity-bands/000", json=body).status_code == 404
    assert api(user_in()).put("/api/v1/activity-bands/365", json=body).status_code == 403


def test_the_operator_accepts_a_finess_with_a_reason(api, session) -> None:
    client = api(operator())
    path = "/api/v1/accepted-finess/010000025"
    assert client.put(path, json={"reason": "Vérifié auprès de l'ARS"}).json["finess"] == "010000025"
    assert client.put(path, json={"reason": "  "}).status_code == 422
    right = client.put("/api/v1/accepted-finess/010000024", json={"reason": "?"})
    assert (right.status_code, right.json["code"]) == (409, "finess_needs_no_exception")
    shapeless = client.put("/api/v1/accepted-finess/12", json={"reason": "?"})
    assert (shapeless.status_code, shapeless.json["code"]) == (409, "finess_malformed")
    assert api(user_in()).put(path, json={"reason": "x"}).status_code == 403
