"""The header at every audience: one line of entries from 1024 pixels up in both languages, a menu that opens on a phone."""
import pytest

from marketplace.platform.navigation import AUDIENCES
from tests.factories.accounts import user_in

pytestmark = pytest.mark.browser

ROWS = "new Set([...document.querySelectorAll('.site-nav-wide a')].map(a => Math.round(a.getBoundingClientRect().top))).size"


@pytest.mark.parametrize("audience", AUDIENCES)
def test_the_navigation_of_each_audience_fits_in_one_line_and_in_the_menu_of_a_phone(reader, audience):
    browser = reader(None if audience == "public" else user_in(kind=audience))
    page = browser.visit("/offres")
    for language in ("fr", "en"):
        for width in (1024, 1200):
            page.set_viewport_size({"width": width, "height": 700})
            assert page.evaluate(ROWS) == 1, f"{audience} at {width} px in {language}"
        page.set_viewport_size({"width": 390, "height": 800})
        assert not page.locator(".site-nav-wide").is_visible()
        page.locator(".site-nav-narrow > summary").click()
        offers = page.locator(".site-nav-narrow a[aria-current=page]")
        assert offers.is_visible() == (audience != "platform")
        page.set_viewport_size({"width": 1200, "height": 900})
        page.locator("button.language").click()
        page.wait_for_load_state("load")
