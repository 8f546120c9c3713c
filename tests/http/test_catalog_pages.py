"""The catalogue's pages: readable by everybody, written by their owner, decided by the operator; prices only for buyers."""
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from catalog.certifications.models import Certificate
from catalog.offers.models import Offer
from catalog.providers.models import Provider
from marketplace.platform import clock
from tests.factories import accounts
from tests.factories import catalog as make
from tests.factories.base import refreshed

GRID = {
    "brackets-0-from_quantity": "1", "brackets-0-unit_price": "6,00",
    "brackets-1-from_quantity": "2 000", "brackets-1-unit_price": "4,10 €",
    "brackets-2-from_quantity": "", "brackets-2-unit_price": "",
}  # fmt: skip
OFFER = {
    "category": "edr", "title": "EDR fictif", "unit": "", "price_period": "", "pricing": "all_units",
    "mobilisation_amount": "1 500", "minimum_quantity": "500", "capacity": "", "regional_uplifts": "02 : 0,35",
    "delivery_modes": "remote", "visibility": "buyers", **GRID,
}  # fmt: skip


@pytest.fixture
def provider(session: Session) -> Any:
    return make.ProviderFactory(name="Bastion Fictif", search_text="bastion fictif")


@pytest.fixture
def vendor(provider: Any, sign_in: Callable) -> Any:
    return sign_in(make.person_of(provider))


def test_anybody_reads_the_directory_and_a_provider_s_page_without_prices(client: Any, provider: Any) -> None:
    offer = make.published_offer(provider_id=provider.id)
    yesterday = clock.today() - timedelta(days=1)
    make.CertificateFactory(provider_id=provider.id, valid_until=yesterday, valid_from=yesterday - timedelta(days=90))
    listed = client.get("/prestataires?category=edr&q=bastion")
    assert "Bastion Fictif" in listed.text
    assert client.get("/prestataires?certificate=iso27001").text.count("Bastion Fictif") == 0
    page = client.get(f"/prestataires/{provider.id}")
    assert "Expiré" in page.text
    assert "réservé aux acheteurs" in page.text
    assert "4,10" not in page.text
    assert client.get(f"/offres/{offer.id}").status_code == 302


def test_a_buyer_reads_prices_and_what_a_quantity_costs(sign_in: Callable, provider: Any) -> None:
    offer = make.published_offer(provider_id=provider.id, regional_uplifts={"02": "0.3500"})
    browser = sign_in(accounts.user_in())
    page = browser.get(f"/offres/{offer.id}?quantity=3000").text
    assert "4,10\u00a0€" in page
    assert "12\u202f300\u00a0€" in page
    assert "Martinique : + 0,35" in page
    rival = sign_in(make.person_of(make.ProviderFactory()))
    assert "4,10" not in rival.get(f"/offres/{offer.id}?quantity=3000").text


def test_a_draft_is_written_corrected_and_published_by_form(session: Session, vendor: Any, provider: Any) -> None:
    path = f"/prestataires/{provider.id}/fiches/nouvelle"
    assert vendor.get(path).status_code == 200
    refused = vendor.post(path, data={**OFFER, "brackets-1-from_quantity": "1"})
    assert refused.status_code == 422
    assert "les tranches vont en croissant" in refused.text
    assert vendor.post(path, data={**OFFER, "regional_uplifts": "02 0,35"}).status_code == 422
    assert vendor.post(path, data={**OFFER, "capacity": "beaucoup"}).status_code == 422
    made = vendor.post(path, data=OFFER)
    assert made.status_code == 302
    offer = session.scalars(select(Offer)).one()
    assert [(b.from_quantity, b.to_quantity, str(b.unit_price)) for b in offer.brackets] == [
        (1, 1999, "6.0000"), (2000, None, "4.1000"),
    ]  # fmt: skip
    edit = f"/offres/{offer.id}/modifier"
    assert 'value="2000"' in vendor.get(edit).text
    assert vendor.post(edit, data={**OFFER, "title": "EDR renommé"}).status_code == 302
    assert "coûte moins que" in vendor.get(f"/offres/{offer.id}").text
    assert vendor.post(f"/offres/{offer.id}/publication").status_code == 302
    assert (refreshed(offer).status, offer.title) == ("published", "EDR renommé")
    assert "Publiée" in vendor.get("/mon-catalogue").text


def test_a_published_offer_gets_a_new_version_or_is_withdrawn(session: Session, vendor: Any, provider: Any) -> None:
    offer = make.published_offer(provider_id=provider.id)
    revised = vendor.post(f"/offres/{offer.id}/version")
    revision = session.scalars(select(Offer).where(Offer.supersedes_id == offer.id)).one()
    assert revised.headers["Location"].endswith(str(revision.id))
    assert vendor.post(f"/offres/{revision.id}/suppression").status_code == 302
    vendor.post(f"/offres/{offer.id}/retrait")
    assert refreshed(offer).status == "withdrawn"
    again = vendor.post(f"/offres/{offer.id}/retrait", follow_redirects=True)
    assert "pas publiée" in again.text


def test_a_certificate_goes_from_the_form_to_the_operator_s_queue_and_back(
    session: Session, vendor: Any, provider: Any, sign_in: Callable
) -> None:
    path = f"/prestataires/{provider.id}/certificats/nouveau"
    written = {
        "scheme": "hds:v2", "number": "H-42", "body": "Organisme fictif", "scope": "hébergement",
        "activities": ["hds:1", "hds:2", "passi:1"], "valid_from": "2026-01-01", "valid_until": "2028-12-31",
    }  # fmt: skip
    assert vendor.get(path).status_code == 200
    refused = vendor.post(path, data={**written, "valid_until": "2025-01-01"})
    assert (refused.status_code, "avant de commencer" in refused.text) == (422, True)
    assert vendor.post(path, data=written).status_code == 302
    certificate = session.scalars(select(Certificate)).one()
    assert (certificate.version, certificate.activities) == ("v2", [1, 2])
    assert "à vérifier" in vendor.get("/certificats").text
    assert vendor.get("/a-verifier").status_code == 403
    operator = sign_in(accounts.operator())
    assert "H-42" in operator.get("/certificats", follow_redirects=True).text
    decide = f"/certificats/{certificate.id}/decision"
    assert operator.get(decide).status_code == 200
    without_reason = operator.post(decide, data={"decision": "reject", "reason": ""})
    assert (without_reason.status_code, "Écrivez la raison" in without_reason.text) == (422, True)
    assert operator.post(decide, data={"decision": "verify", "reason": "vu au registre"}).status_code == 302
    assert "H-42" not in operator.get("/a-verifier").text
    assert "Vérifié" in vendor.get("/certificats").text


def test_a_profile_is_opened_by_form_and_verified_by_the_operator(session: Session, sign_in: Callable) -> None:
    newcomer = sign_in(accounts.user_in(kind="provider", roles=("admin",)))
    assert newcomer.get("/ma-fiche").headers["Location"].endswith("/ma-fiche/nouvelle")
    assert newcomer.get("/mon-catalogue").status_code == 200
    assert newcomer.get("/certificats").status_code == 200
    made = newcomer.post("/ma-fiche/nouvelle", data={"description": "Nous", "regions": ["84"], "delivery_modes": ["remote"]})
    assert made.status_code == 302
    row = session.scalars(select(Provider)).one()
    assert "attend la vérification" in newcomer.get(f"/prestataires/{row.id}").text
    edited = newcomer.post(f"/prestataires/{row.id}/modifier", data={"description": "", "regions": ["84", "11"]})
    assert (edited.status_code, refreshed(row).regions) == (302, ["11", "84"])
    assert newcomer.get(f"/prestataires/{row.id}/decision").status_code == 403
    operator = sign_in(accounts.operator())
    assert row.name in operator.get("/a-verifier").text
    assert operator.post(f"/prestataires/{row.id}/decision", data={"decision": "verify"}).status_code == 302
    until = str(clock.today() + timedelta(days=5))
    assert operator.get(f"/prestataires/{row.id}/suspension").status_code == 200
    operator.post(f"/prestataires/{row.id}/suspension", data={"until": until, "reason": "enquête"})
    assert "n'est proposé sur aucun nouveau lot" in operator.get(f"/prestataires/{row.id}").text.replace("&#39;", "'")
    operator.post(f"/prestataires/{row.id}/suspension/levee")
    assert refreshed(row).suspended_until is None


def test_somebody_else_s_forms_are_refused_before_anything_is_typed(sign_in: Callable, provider: Any) -> None:
    rival = sign_in(make.person_of(make.ProviderFactory()))
    for path in ("modifier", "fiches/nouvelle", "certificats/nouveau", "decision"):
        assert rival.get(f"/prestataires/{provider.id}/{path}").status_code == 403
    assert rival.get(f"/offres/{make.OfferFactory(provider_id=provider.id).id}").status_code == 404
    assert sign_in(accounts.user_in()).get("/mon-catalogue").status_code == 404


def test_the_directory_page_asks_as_many_queries_for_thirty_providers_as_for_three(
    client: Any, session: Session, count_queries: Callable
) -> None:
    def cost() -> int:
        with count_queries() as statements:
            assert client.get("/prestataires").status_code == 200
        return len(statements)

    for _ in range(3):
        make.published_offer(provider_id=make.ProviderFactory().id)
    cost()
    few = cost()
    for _ in range(27):
        make.published_offer(provider_id=make.ProviderFactory().id)
    assert cost() == few <= 9
