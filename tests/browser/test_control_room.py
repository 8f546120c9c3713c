"""The control room in front of a buyer: readable at both widths, up to date by itself, one reminder a day."""
import pytest

from tests.factories.accounts import OrganisationFactory, user_in
from tests.factories.demand import clinic, need_on, open_pool, placed_on, vehicle_of

pytestmark = pytest.mark.browser


def test_a_buyer_watches_a_lot_move_reminds_those_who_have_not_signed_and_subscribes(reader, site):
    centre = OrganisationFactory(kind="purchasing_centre")
    lot = open_pool(vehicle_id=vehicle_of(centre, opened_at=open_pool().opened_at).id, minimum=500, title="Lot suivi")
    with site.app.app_context():
        need_on(lot, 200)
        placed_on(lot, *clinic(), 60, firmness="indicative")
    buyer = reader(user_in(centre, ("admin", "buyer")))
    buyer.page.clock.install()
    page = buyer.visit("/centre/salle")
    table = page.locator("#lots")
    assert "300 postes" in table.inner_text()
    with site.app.app_context():
        need_on(lot, 100)
    page.clock.fast_forward(31_000)
    table.get_by_text("200 postes", exact=True).wait_for()
    page.locator("#lots").get_by_role("link", name="Lot suivi").click()
    buyer.look()
    page.get_by_role("button", name="Relancer").click()
    assert "1 établissement est relancé." in page.inner_text("main")
    page.get_by_role("button", name="Relancer").click()
    assert "déjà été relancés aujourd'hui" in page.inner_text("main")
    page.get_by_text("Corriger par une écriture").click()
    buyer.look()
    buyer.visit("/calendrier")
    page.get_by_role("button", name="Créer mon adresse").click()
    buyer.look()
    assert ".ics" in page.inner_text("main")
