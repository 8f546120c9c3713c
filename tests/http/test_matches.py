"""GET /lots/{id}/matches: all rows for members and the centre, one's own for a provider, nothing for the others."""
from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from types import SimpleNamespace
from typing import Any

import pytest
from sqlalchemy.orm import Session

from marketplace.accounts.models import Organisation
from marketplace.platform import clock
from tenders.demand.models import Closing, LotTotals, Need
from tests.factories import accounts
from tests.factories import catalog as make
from tests.factories.establishments import EstablishmentFactory
from tests.factories.vehicles import LotFactory, VehicleFactory, open_lot

ASKED = {"certificates": ["iso27001"], "hds_activities": [], "regions": ["84"], "delivery_modes": ["remote"]}


@pytest.fixture
def market(session: Session) -> Any:
    """An open lot with 3,000 endpoints pooled, a provider that can answer it, and two that cannot."""
    vehicle = VehicleFactory(opened_at=clock.now(), ends_on=clock.today() + timedelta(days=800))
    lot = open_lot(vehicle_id=vehicle.id, requirements=ASKED)
    site = EstablishmentFactory()
    totals = LotTotals(lot_id=lot.id, maximum_quantity=8000, firm=2000, conditional=1000, members=1)
    need = Need(
        lot_id=lot.id, establishment_id=site.id, organisation_id=site.organisation_id, quantity=2000, firmness="firm",
        status="counted", signed_at=clock.now(), price_ceiling=Decimal("4.10"), exposure_excl_vat=Decimal(1),
    )  # fmt: skip
    session.add(totals)
    session.flush()
    session.add(need)
    session.commit()
    good, far, lapsing = (make.ProviderFactory(name=name) for name in ("Bon", "Loin", "Court"))
    far.regions = ["93"]
    session.commit()
    for provider in (good, far, lapsing):
        make.published_offer(provider_id=provider.id)
        make.CertificateFactory(
            provider_id=provider.id,
            valid_until=clock.today() + timedelta(days=200 if provider is lapsing else 1000),
        )
    centre = accounts.user_in(session.get_one(Organisation, vehicle.organisation_id))
    member = accounts.user_in(session.get_one(Organisation, site.organisation_id))
    return SimpleNamespace(
        lot=lot, vehicle=vehicle, centre=centre, member=member, good=good, far=far, lapsing=lapsing, totals=totals,
        need=need, path=f"/api/v1/lots/{lot.id}/matches",
    )  # fmt: skip


def test_the_centre_and_a_member_see_everybody_with_prices_and_reasons(api: Callable, market: Any) -> None:
    for reader in (market.centre, market.member):
        answer = api(reader).get(market.path).json
        assert (answer["quantity"], answer["basis"]) == (3000, "pooled")
        (best,) = answer["eligible"]
        assert (best["provider_id"], best["unit_price"], best["score"]) == (str(market.good.id), "4.1000", 100.0)
        assert Decimal(best["amount"]) == Decimal("4.10") * 3000 * 36
        assert all(c["passed"] and c["detail"] for c in best["criteria"])
        failed = {row["provider_id"]: [f["code"] for f in row["failed"]] for row in answer["excluded"]}
        assert failed == {str(market.far.id): ["region"], str(market.lapsing.id): ["certificate_iso27001"]}
        said = next(r for r in answer["excluded"] if r["provider_id"] == str(market.lapsing.id))["failed"][0]["detail"]
        assert "expire le" in said
        assert "mois d'un contrat de" in said


def test_a_provider_sees_its_own_row_and_no_score(api: Callable, market: Any) -> None:
    answer = api(make.person_of(market.good)).get(market.path).json
    assert [row["provider_id"] for row in answer["eligible"]] == [str(market.good.id)]
    assert answer["eligible"][0]["score"] is None
    assert answer["excluded"] == []
    text = api(make.person_of(market.far)).get(market.path).text
    assert str(market.far.id) in text
    assert str(market.good.id) not in text
    assert str(market.lapsing.id) not in text


def test_a_provider_without_an_offer_is_told_so(api: Callable, market: Any) -> None:
    newcomer = make.ProviderFactory(verified_at=None)
    (row,) = api(make.person_of(newcomer)).get(market.path).json["excluded"]
    assert [failed["code"] for failed in row["failed"]] == [
        "provider_verified", "certificate_iso27001", "offer_published",
    ]  # fmt: skip
    assert row["failed"][-1]["detail"] == "Aucune fiche publiée dans cette catégorie."


def test_somebody_who_takes_no_part_is_refused_and_a_draft_is_not_found(api: Callable, market: Any) -> None:
    strangers = (
        accounts.user_in(),
        accounts.user_in(kind="purchasing_centre"),
        accounts.user_in(kind="authority", roles=("viewer",)),
        accounts.operator(),
    )
    draft = LotFactory()
    for stranger in strangers:
        refused = api(stranger).get(market.path)
        assert (refused.status_code, refused.json["code"]) == (403, "not_allowed")
        assert api(stranger).get(f"/api/v1/lots/{draft.id}/matches").status_code == 404
    assert api(make.person_of(market.good)).get(f"/api/v1/lots/{draft.id}/matches").status_code == 404
    assert api(None).get(market.path).status_code == 401


def test_once_closed_prices_are_at_the_ordered_quantity(api: Callable, session: Session, market: Any) -> None:
    market.lot.closed_at = clock.now()
    session.add(
        Closing(lot_id=market.lot.id, round=1, outcome="met", ordered_quantity=1500, decided_at=clock.now(), body={})
    )
    session.commit()
    answer = api(market.centre).get(market.path).json
    assert (answer["quantity"], answer["basis"], answer["eligible"][0]["unit_price"]) == (1500, "ordered", "5.0000")


def test_while_nothing_is_pooled_the_price_is_at_the_offer_s_own_minimum(
    api: Callable, session: Session, market: Any
) -> None:
    market.totals.firm = market.totals.conditional = 0
    session.commit()
    answer = api(market.centre).get(market.path).json
    assert (answer["quantity"], answer["basis"], answer["eligible"][0]["priced_quantity"]) == (0, "none", 1)


def test_uplifts_weigh_by_the_regions_of_the_members(api: Callable, market: Any) -> None:
    own = make.ProviderFactory(name="Cher")
    make.CertificateFactory(provider_id=own.id)
    make.published_offer(provider_id=own.id, regional_uplifts={"84": "0.5000"})
    rows = api(market.centre).get(market.path).json["eligible"]
    assert {row["provider_name"]: row["unit_price"] for row in rows}["Cher"] == "4.6000"


def test_twenty_providers_cost_as_many_queries_as_three(api: Callable, market: Any, count_queries: Callable) -> None:
    def cost() -> int:
        with count_queries() as statements:
            assert api(market.centre).get(market.path).status_code == 200
        return len(statements)

    cost()
    few = cost()
    for _ in range(17):
        make.published_offer(provider_id=make.ProviderFactory().id)
    assert cost() == few <= 13
