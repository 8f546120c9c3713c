"""A clinic simulates and joins a closed lot in a real browser, and its purchasing centre sees it."""
import re
from datetime import timedelta
from typing import Any

from playwright.sync_api import Page, expect

from marketplace.platform import clock
from marketplace.platform.permissions import SYSTEM
from tenders.demand.services import close_lot
from tests.factories.demand import centre_user, need_on, open_pool, vehicle_of
from tests.factories.grappes import site_and_user


def plain(page: Page) -> str:
    """What the page says, with ordinary spaces."""
    return re.sub(r"\s+", " ", page.inner_text("main"))


def test_a_clinic_joins_a_closed_lot_and_the_centre_sees_it(site: Any, reader: Any) -> None:
    vehicle = vehicle_of(
        opened_at=clock.now(), starts_on=clock.today() - timedelta(days=1), regime="private", allows_late_joining=True
    )
    lot = open_pool(minimum=500, maximum=1000, vehicle_id=vehicle.id)
    with site.app.app_context():
        need_on(lot, 600)
        with clock.frozen_at(lot.needs_close_at):
            close_lot(SYSTEM, lot.id)
    _, user = site_and_user(name="Clinique fictive du Retard")
    centre = centre_user(lot)
    site.session.commit()
    clinic = reader(user)
    page = clinic.visit(f"/lots/{lot.id}")
    page.get_by_role("link", name="Rejoindre ce marché").click()
    clinic.look()
    page.get_by_label("Quantité (postes)").fill("401")
    expect(page.locator("#what-if-result")).to_contain_text("Il reste 400 postes sur ce lot ; vous en demandez 401.")
    page.get_by_label("Quantité (postes)").fill("150")
    expect(page.locator("#what-if-result")).to_contain_text("En signant, l'établissement s'engage sur 150 postes")
    clinic.look()
    page.get_by_role("button", name="Signer et rejoindre").click()
    clinic.look()
    assert "votre établissement a rejoint ce marché" in plain(page)
    seen = reader(centre).visit(f"/lots/{lot.id}/besoins")
    assert "Clinique fictive du Retard" in plain(seen)
