"""The home of a clinic group with twenty lots: the grid fits the screen, page by page, and a phone."""
from datetime import timedelta

import pytest

from marketplace.accounts.models import Organisation
from tests.factories.accounts import user_in
from tests.factories.demand import clinic, open_pool, placed_on, sister, vehicle_of

pytestmark = pytest.mark.browser


def test_twenty_lots_fit_the_grid_page_by_page_the_next_deadline_first(reader, site):
    first = open_pool(minimum=None, title="Lot 00")
    vehicle = vehicle_of(opened_at=first.opened_at)
    here, actor = clinic()
    other = sister(here)
    with site.app.app_context():
        for number in range(20):
            lot = open_pool(
                vehicle_id=vehicle.id, code=f"N{number}", title=f"Lot {number:02}", minimum=None,
                needs_close_at=first.needs_close_at + timedelta(days=20 - number),
            )  # fmt: skip
            placed_on(lot, here, actor, 100 + number, firmness="indicative")
            if number % 2:
                placed_on(lot, other, actor, 10, firmness="indicative")
    browser = reader(user_in(site.session.get_one(Organisation, here.organisation_id)))
    page = browser.visit("/")
    grid = page.locator("section[aria-labelledby=grid]")
    assert "Lots 1 à 6 sur 20" in grid.inner_text()
    assert grid.locator("thead th").nth(1).inner_text().startswith("Lot 19")
    fits = "el => el.scrollWidth <= el.clientWidth + 1"
    assert grid.locator(".table-responsive").evaluate(fits), "six lots need no scrolling"
    for _page in range(3):
        page.get_by_role("link", name="Lots suivants").click()
    assert "Lots 19 à 20 sur 20" in page.locator("section[aria-labelledby=grid]").inner_text()
    page.set_viewport_size({"width": 360, "height": 900})
    assert page.locator("section[aria-labelledby=grid] .table-responsive").evaluate(fits), "a phone reads it site by site"
    page.goto(f"{site.url}/?lots=999")
    assert "Lots 1 à 6 sur 20" in page.locator("section[aria-labelledby=grid]").inner_text()
