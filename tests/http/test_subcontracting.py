"""Subcontractors and hosting sites: declared, named on certificates, and counted by union for HDS activities alone."""
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import update
from sqlalchemy.orm import Session

from catalog.certifications.models import Certificate
from marketplace.platform import clock
from tests.factories import accounts
from tests.factories import catalog as make
from tests.factories.vehicles import VehicleFactory, open_lot

SIREN = "732829320"


@pytest.fixture
def provider(session: Session) -> Any:
    return make.ProviderFactory()


@pytest.fixture
def vendor(provider: Any, api: Callable) -> Any:
    return api(make.person_of(provider))


def dates() -> dict[str, str]:
    today = clock.today()
    return {"valid_from": str(today - timedelta(days=1)), "valid_until": str(today + timedelta(days=1000))}


def hds(**fields: Any) -> dict[str, Any]:
    known = {"scheme": "hds", "version": "v2", "number": "FICTIF-1", "body": "Organisme fictif", "activities": [5]}
    return {**known, **dates(), **fields}


def iso(**fields: Any) -> dict[str, Any]:
    return {**hds(scheme="iso27001", version="2022", activities=[]), **fields}


def test_a_french_subcontractor_has_a_true_siren_and_countries_are_known(vendor: Any, provider: Any) -> None:
    path = f"/api/v1/providers/{provider.id}/subcontractors"
    assert "siren" in vendor.post(path, json={"name": "Sans"}).json["errors"]
    assert "siren" in vendor.post(path, json={"name": "Faux", "siren": "732829321"}).json["errors"]
    assert "country" in vendor.post(path, json={"name": "Loin", "country": "XX"}).json["errors"]
    assert vendor.post(path, json={"name": "Zweite", "country": "DE"}).status_code == 201
    made = vendor.post(path, json={"name": "Bis", "siren": "732 829 320"})
    assert (made.status_code, made.json["siren"]) == (201, SIREN)
    assert [one["name"] for one in vendor.get(path).json["items"]] == ["Bis", "Zweite"]


def test_an_hds_certificate_names_its_sites_in_the_european_economic_area(vendor: Any, provider: Any) -> None:
    path = f"/api/v1/providers/{provider.id}"
    inside = vendor.post(f"{path}/hosting-sites", json={"name": "Lyon 1", "address": "1 rue Fictive"}).json["id"]
    far = {"name": "Far", "address": "1 Fake St", "country": "US"}
    outside = vendor.post(f"{path}/hosting-sites", json=far).json["id"]
    refused = vendor.post(f"{path}/certificates", json=hds(site_ids=[inside, outside]))
    assert (refused.json["code"], refused.json["countries"]) == ("hosting_outside_eea", "États-Unis")
    assert vendor.post(f"{path}/certificates", json=iso(site_ids=[inside])).json["code"] == "certificate_names_no_site"
    made = vendor.post(f"{path}/certificates", json=hds(site_ids=[inside]))
    assert [site["name"] for site in made.json["sites"]] == ["Lyon 1"]
    assert vendor.delete(f"{path}/hosting-sites/{inside}").status_code == 204
    assert vendor.post(f"{path}/certificates", json=hds(site_ids=[inside])).status_code == 404
    assert [len(one["sites"]) for one in vendor.get(f"{path}/certificates").json["items"]] == [1]


def test_somebody_else_s_subcontractor_and_site_are_not_found(vendor: Any, provider: Any, api: Callable) -> None:
    other = make.ProviderFactory()
    rival = api(make.person_of(other))
    foreign = rival.post(f"/api/v1/providers/{other.id}/subcontractors", json={"name": "X", "siren": SIREN}).json["id"]
    site = rival.post(f"/api/v1/providers/{other.id}/hosting-sites", json={"name": "X", "address": "Y"}).json["id"]
    path = f"/api/v1/providers/{provider.id}"
    assert vendor.post(f"{path}/certificates", json=hds(subcontractor_id=foreign)).status_code == 404
    assert vendor.post(f"{path}/certificates", json=hds(site_ids=[site])).status_code == 404
    assert vendor.delete(f"{path}/subcontractors/{foreign}").status_code == 404
    assert vendor.delete(f"/api/v1/providers/{other.id}/subcontractors/{foreign}").status_code == 403
    assert rival.post(f"{path}/hosting-sites", json={"name": "X", "address": "Y"}).status_code == 403


def test_hds_activities_are_covered_by_the_union_and_what_is_left_is_named(
    session: Session, vendor: Any, provider: Any, api: Callable
) -> None:
    centre = accounts.OrganisationFactory(kind="purchasing_centre")
    buyer = api(accounts.user_in(centre))
    vehicle = VehicleFactory(organisation_id=centre.id, opened_at=clock.now(), ends_on=clock.today() + timedelta(days=500))
    lot = open_lot(vehicle_id=vehicle.id, requirements={"certificates": ["iso27001"], "hds_activities": [3, 5]})
    make.published_offer(provider_id=provider.id)
    make.hds_certificates(provider.id, activities=[3])

    def failed() -> list[str]:
        excluded = buyer.get(f"/api/v1/lots/{lot.id}/matches").json["excluded"]
        return [criterion["detail"] for row in excluded for criterion in row["failed"] if "HDS" in criterion["detail"]]

    path = f"/api/v1/providers/{provider.id}"
    assert failed()[0].startswith("L'activité HDS 5 ")
    helper = vendor.post(f"{path}/subcontractors", json={"name": "Appui", "siren": SIREN}).json["id"]
    vendor.post(f"{path}/certificates", json=hds(subcontractor_id=helper))
    verified = update(Certificate).where(Certificate.subcontractor_id.is_not(None)).values(verified_at=clock.now())
    session.execute(verified)
    session.commit()
    # An HDS certificate lies inside its own holder's ISO/IEC 27001: the prime's does not do.
    assert "ne vaut rien sans un certificat" in failed()[0]
    shown = vendor.post(f"{path}/certificates", json=iso(subcontractor_id=helper)).json
    assert shown["subcontractor"] == "Appui"
    session.execute(verified)
    session.commit()
    matches = buyer.get(f"/api/v1/lots/{lot.id}/matches").json
    assert [row["provider_id"] for row in matches["eligible"]] == [str(provider.id)]
    assert vendor.delete(f"{path}/subcontractors/{helper}").status_code == 204
    assert failed()[0].startswith("L'activité HDS 5 ")


def test_a_certificate_required_as_such_is_the_provider_s_own(
    session: Session, vendor: Any, provider: Any, api: Callable
) -> None:
    centre = accounts.OrganisationFactory(kind="purchasing_centre")
    vehicle = VehicleFactory(organisation_id=centre.id, opened_at=clock.now(), ends_on=clock.today() + timedelta(days=500))
    lot = open_lot(vehicle_id=vehicle.id, requirements={"certificates": ["iso27001"]})
    make.published_offer(provider_id=provider.id)
    path = f"/api/v1/providers/{provider.id}"
    helper = vendor.post(f"{path}/subcontractors", json={"name": "Appui", "siren": SIREN}).json["id"]
    vendor.post(f"{path}/certificates", json=iso(subcontractor_id=helper))
    session.execute(update(Certificate).values(verified_at=clock.now()))
    session.commit()
    matches = api(accounts.user_in(centre)).get(f"/api/v1/lots/{lot.id}/matches").json
    assert matches["eligible"] == []
    listed = api(accounts.user_in(centre)).get("/api/v1/providers").json["items"]
    assert [one["certificates"] for one in listed] == [[]]


def test_the_page_declares_names_and_ends_them(sign_in: Callable, provider: Any) -> None:
    browser, path = sign_in(make.person_of(provider)), f"/prestataires/{provider.id}"
    assert browser.post(f"{path}/sous-traitants/nouveau", data={"name": "Appui", "country": "FR"}).status_code == 422
    sent = {"name": "Appui", "country": "FR", "siren": SIREN}
    assert browser.post(f"{path}/sous-traitants/nouveau", data=sent).status_code == 302
    sent = {"name": "Lyon 1", "country": "FR", "address": "1 rue Fictive"}
    assert browser.post(f"{path}/sites/nouveau", data=sent).status_code == 302
    page = browser.get(f"{path}/sous-traitance").text
    assert "Appui" in page and "Lyon 1" in page
    form = browser.get(f"{path}/certificats/nouveau").text
    assert "nous-mêmes" in form and "Lyon 1, 1 rue Fictive" in form
    rival = sign_in(make.person_of(make.ProviderFactory()))
    assert rival.get(f"{path}/sous-traitance").status_code == 403
    ended = next(part for part in page.split('"') if part.endswith("/fin") and "/sites/" in part)
    assert browser.post(ended).status_code == 302
    assert "Aucun site déclaré" in browser.get(f"{path}/sous-traitance").text


def test_fifty_at_most_run_at_once(monkeypatch: pytest.MonkeyPatch, vendor: Any, provider: Any) -> None:
    monkeypatch.setattr("catalog.providers.rules.MOST_DECLARED", 1)
    path = f"/api/v1/providers/{provider.id}/hosting-sites"
    assert vendor.post(path, json={"name": "Un", "address": "Ici"}).status_code == 201
    assert vendor.post(path, json={"name": "Deux", "address": "Là"}).json["code"] == "declared_too_many"
