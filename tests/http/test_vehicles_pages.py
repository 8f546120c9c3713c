"""The pages of vehicles and lots: forms keep what was typed, refusals stand beside their field."""
from datetime import timedelta
from decimal import Decimal

import pytest
from sqlalchemy import select

from marketplace.platform import clock
from tenders.vehicles.models import Lot, Vehicle
from tests.factories.accounts import MembershipFactory, OrganisationFactory, user_in
from tests.factories.vehicles import LotFactory, VehicleFactory, open_lot


@pytest.fixture
def centre(session):
    return OrganisationFactory(kind="purchasing_centre", name="Centrale fictive")


@pytest.fixture
def browser(sign_in, centre):
    return sign_in(user_in(centre, roles=("buyer",)))


def vehicle_form(**changes):
    return {
        "name": "Sécurité 2027",
        "technique": "framework_call_offs",
        "regime": "public_code",
        "starts_on": str(clock.today() + timedelta(days=60)),
        "ends_on": str(clock.today() + timedelta(days=900)),
        "duration_reason": "",
        **changes,
    }


def lot_form(**changes):
    return {
        "code": "1",
        "title": "",
        "category": "edr",
        "kind": "support",
        "unit": "endpoint",
        "price_period": "month",
        "term_months": "36",
        "order_multiple": "1",
        "reference_unit_price": "4,10",
        "minimum_kind": "contractual",
        "minimum_value": "5 000",
        "minimum_basis": "quantity",
        "minimum_scope": "lot",
        "maximum_value": "8 000",
        "maximum_basis": "quantity",
        "needs_close_at": (clock.paris(clock.now()) + timedelta(days=30)).strftime("%Y-%m-%dT%H:%M"),
        "policy_1": "extend",
        "policy_2": "release",
        "policy_3": "",
        "extension_days": "15",
        "takes_firm_needs": "y",
        "certificates": ["iso27001", "hds"],
        "hds_activities": ["5"],
        "regions": ["84"],
        **changes,
    }


def test_a_buyer_prepares_fills_and_opens_a_vehicle(browser, session):
    made = browser.post("/marches/nouveau", data=vehicle_form())
    vehicle = session.scalars(select(Vehicle)).one()
    assert (made.status_code, made.location) == (302, f"/marches/{vehicle.id}")
    page = browser.get(made.location).text
    assert "ajoutez-en au moins un avant d" in page
    added = browser.post(f"/marches/{vehicle.id}/lots/nouveau", data=lot_form())
    assert added.status_code == 302, added.text
    lot = session.scalars(select(Lot)).one()
    assert (int(lot.minimum_value), lot.requirements["hds_activities"]) == (5000, [5])
    page = browser.get(made.location).text
    assert "Ce marché peut être ouvert." in page
    assert "minimum 5\u202f000 postes, maximum 8\u202f000 postes" in page
    assert "exigences : ISO/IEC 27001 · HDS" in page.replace("Hébergement de données de santé (HDS)", "HDS")
    opened = browser.post(f"/marches/{vehicle.id}/ouverture", follow_redirects=True)
    assert "Le marché est ouvert" in opened.text
    assert "Modifier" not in opened.text


def test_a_refused_form_keeps_what_was_typed_and_says_why_beside_the_field(browser, session, centre):
    vehicle = VehicleFactory(organisation_id=centre.id)
    refused = browser.post(
        f"/marches/{vehicle.id}/lots/nouveau", data=lot_form(unit="tb", title="Mon intitulé", minimum_value="cinq")
    )
    assert refused.status_code == 422
    assert 'value="Mon intitulé"' in refused.text
    assert 'id="minimum_value-error"' in refused.text
    refused = browser.post(f"/marches/{vehicle.id}/lots/nouveau", data=lot_form(unit="tb"))
    assert 'id="unit-error"' in refused.text
    assert "Unités possibles" in refused.text
    refused = browser.post("/marches/nouveau", data=vehicle_form(ends_on=str(clock.today())))
    assert 'id="ends_on-error"' in refused.text
    refused = browser.post("/marches/nouveau", data=vehicle_form(ends_on=""))
    assert 'id="ends_on-error"' in refused.text


def test_every_point_left_before_opening_is_listed(browser, centre):
    vehicle = VehicleFactory(organisation_id=centre.id)
    LotFactory(vehicle_id=vehicle.id, code="7", reference_unit_price=None, maximum_basis=None, maximum_value=None)
    page = browser.get(f"/marches/{vehicle.id}").text
    assert "Il reste 2 points à régler" in page
    assert "Lot 7 : indiquez un prix de référence" in page
    assert "Lot 7 : ce régime impose un maximum" in page
    refused = browser.post(f"/marches/{vehicle.id}/ouverture", follow_redirects=True)
    assert "Refusé" in refused.text


def test_a_draft_and_its_lots_are_edited(browser, session, centre):
    vehicle = VehicleFactory(organisation_id=centre.id)
    lot = LotFactory(vehicle_id=vehicle.id, code="A")
    page = browser.get(f"/marches/{vehicle.id}/modifier")
    assert page.status_code == 200
    assert "Délai de suspension" in page.text
    changed = vehicle_form(
        regime="private", standstill_days="3", standstill_days_on_paper="5", maximum_duration_months="",
        allows_individual_needs="y", membership_fee="1 250,50",
    )  # fmt: skip
    assert "écrite dans la convention" in page.text
    assert browser.post(f"/marches/{vehicle.id}/modifier", data=changed).status_code == 302
    session.refresh(vehicle)
    assert (vehicle.regime, vehicle.standstill_days, vehicle.maximum_required) == ("private", 3, False)
    assert vehicle.membership_fee == Decimal("1250.50")
    assert "Cotisation annuelle des adhérents" in browser.get(f"/marches/{vehicle.id}").text
    assert 'value="4,1"' in browser.get(f"/marches/lots/{lot.id}/modifier").text
    assert browser.post(f"/marches/lots/{lot.id}/modifier", data=lot_form(title="Postes")).status_code == 302
    session.refresh(lot)
    assert lot.title == "Postes"
    assert "Le lot est retiré" in browser.post(f"/marches/lots/{lot.id}/suppression", follow_redirects=True).text


def test_cancelling_asks_for_its_reason_and_shows_it(browser, centre):
    vehicle = VehicleFactory(organisation_id=centre.id)
    silent = browser.post(f"/marches/{vehicle.id}/annulation", data={"reason": " "}, follow_redirects=True)
    assert "Écrivez la raison" in silent.text
    done = browser.post(f"/marches/{vehicle.id}/annulation", data={"reason": "Doublon"}, follow_redirects=True)
    assert "Raison : Doublon" in done.text


def test_others_read_open_vehicles_and_are_not_offered_what_they_may_not_do(sign_in, session):
    clinic = sign_in(user_in(kind="care_operator"))
    lot = open_lot()
    page = clinic.get(f"/marches/{lot.vehicle_id}").text
    assert "Annuler ce marché" not in page
    assert "Ajouter un lot" not in page
    assert clinic.get(f"/marches/{lot.vehicle_id}/modifier").status_code == 403
    assert clinic.get(f"/marches/{VehicleFactory().id}").status_code == 404
    assert clinic.get("/marches/nouveau").status_code == 403
    assert "Préparer un marché" not in clinic.get("/marches").text


def test_who_buys_for_two_centres_chooses_from_the_list(sign_in, session, centre):
    user = user_in(centre, roles=("buyer",))
    other = OrganisationFactory(kind="purchasing_centre", name="Autre centrale")
    MembershipFactory(user_id=user.id, organisation_id=other.id, roles=("buyer",))
    browser = sign_in(user)
    assert "Préparer un marché pour Autre centrale" in browser.get("/marches").text
    assert browser.get("/marches/nouveau").status_code == 422
    made = browser.post(f"/marches/nouveau?centre={other.id}", data=vehicle_form())
    assert made.status_code == 302
    assert session.scalars(select(Vehicle)).one().organisation_id == other.id


def test_the_list_filters_and_says_when_nothing_matches(browser, centre):
    VehicleFactory(organisation_id=centre.id, name="Sauvegarde 2027", search_text="sauvegarde 2027")
    assert "Sauvegarde 2027" in browser.get("/marches?q=sauvegardé").text
    assert "Aucun marché ne correspond" in browser.get("/marches?q=identité").text
    assert "Aucun marché ne correspond" in browser.get("/marches?status=open").text


def test_the_list_takes_the_same_number_of_queries_whatever_its_length(browser, centre, count_queries):
    def cost():
        with count_queries() as statements:
            assert browser.get("/marches").status_code == 200
        return len(statements)

    VehicleFactory(organisation_id=centre.id)
    cost()
    one = cost()
    for _ in range(5):
        LotFactory(vehicle_id=VehicleFactory(opened_at=clock.now()).id, opened=True)
    assert cost() == one
