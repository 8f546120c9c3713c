"""Simulating in a real browser: with the button, then while typing, each time what the server says."""
from typing import Any

from playwright.sync_api import expect

from tests.factories.demand import open_pool
from tests.factories.grappes import site_and_user


def test_the_result_follows_what_is_typed(site: Any, reader: Any) -> None:
    lot = open_pool(minimum=500)
    _, user = site_and_user()
    site.session.commit()
    page = reader(user)
    page.visit(f"/lots/{lot.id}/simulation")
    quantity, result = page.page.get_by_label("Quantité (postes)"), page.page.locator("#what-if-result")
    expect(result).to_be_empty()
    quantity.fill("200")
    page.page.get_by_role("button", name="Simuler").click()
    expect(result.get_by_role("row", name="Manque pour le minimum")).to_contain_text("300")
    quantity.fill("beaucoup")
    quantity.fill("600")
    expect(result.get_by_text("atteint", exact=True)).to_be_visible()
    assert "quantity=600" in page.page.url
    page.look()
