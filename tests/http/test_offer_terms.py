"""Terms of offers and grids pasted from a spreadsheet, by form and over JSON."""
from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from catalog.offers.models import Offer
from tests.factories import catalog as make
from tests.http.test_catalog import EDR
from tests.http.test_catalog_pages import OFFER

TERMS = {
    "response_hours": 4, "restoration_hours": 24, "service_hours": "always", "commitment_months": 36,
    "indexation": "Indice Syntec, une fois par an",
}  # fmt: skip


@pytest.fixture
def provider(session: Session) -> Any:
    return make.ProviderFactory()


def test_terms_are_written_kept_by_the_next_version_and_shown(api: Callable, provider: Any, sign_in: Callable) -> None:
    person = make.person_of(provider)
    vendor = api(person)
    made = vendor.post(f"/api/v1/providers/{provider.id}/offers", json={**EDR, **TERMS})
    assert {name: made.json[name] for name in TERMS} == TERMS
    offer = f"/api/v1/offers/{made.json['id']}"
    vendor.post(f"{offer}/publication")
    assert {name: vendor.post(f"{offer}/revision").json[name] for name in ("response_hours",)} == {"response_hours": 4}
    page = sign_in(person).get(f"/offres/{made.json['id']}").text
    for words in ("en 4 h", "24 h sur 24", "36 mois", "Indice Syntec"):
        assert words in page, words


def test_nothing_is_restored_before_somebody_answered(api: Callable, provider: Any) -> None:
    vendor = api(make.person_of(provider))
    path = f"/api/v1/providers/{provider.id}/offers"
    refused = vendor.post(path, json={**EDR, **TERMS, "restoration_hours": 2})
    assert (refused.status_code, refused.json["code"]) == (409, "offer_restored_before_answered")
    assert vendor.post(path, json={**EDR, "response_hours": 0}).status_code == 422
    assert vendor.post(path, json={**EDR, "service_hours": "sometimes"}).status_code == 422


def test_a_pasted_grid_replaces_the_lines_and_wrong_cells_are_named(
    session: Session, provider: Any, sign_in: Callable
) -> None:
    vendor, path = sign_in(make.person_of(provider)), f"/prestataires/{provider.id}/fiches/nouvelle"
    refused = vendor.post(path, data={**OFFER, "pasted_grid": "1;6\n{beaucoup};5"})
    assert refused.status_code == 422
    assert "Ligne 2, colonne 1 : « {beaucoup} »" in refused.text
    assert session.scalars(select(Offer)).all() == []
    pasted = {"pasted_grid": "de\tprix\n1\t7,00\n1 000\t3,50", "response_hours": "4", "service_hours": "business"}
    assert vendor.post(path, data={**OFFER, **pasted}).status_code == 302
    offer = session.scalars(select(Offer)).one()
    assert [(b.from_quantity, str(b.unit_price)) for b in offer.brackets] == [(1, "7.0000"), (1000, "3.5000")]
    assert (offer.response_hours, offer.service_hours, offer.commitment_months) == (4, "business", None)
    assert vendor.get(f"/offres/{offer.id}/modifier").status_code == 200
