"""All of a group's sites of one lot on one page: errors in their cells, a preview, then all of them or none."""
import html
import re
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from tenders.demand.models import Need
from tests.factories.accounts import user_in
from tests.factories.demand import open_pool, sister
from tests.factories.grappes import grappe_of, site_and_user


def text_of(answer: Any) -> str:
    return html.unescape(answer.get_data(as_text=True)).replace("\u202f", " ").replace("\xa0", " ")


def typed(*rows: tuple[Any, Any, str]) -> dict[str, str]:
    """What the browser sends for (site, quantity, firmness) rows."""
    cells: dict[str, str] = {}
    for site, quantity, firmness in rows:
        cells |= {f"quantity-{site.finess}": str(quantity), f"firmness-{site.finess}": firmness}
    return cells


def needs_on(session: Session, lot: Any) -> dict[Any, tuple[int, Any]]:
    session.expire_all()
    rows = session.scalars(select(Need).where(Need.lot_id == lot.id))
    return {need.establishment_id: (need.quantity, need.grappe_id) for need in rows}


def test_a_grid_is_shown_with_what_stands_then_previewed_then_written(api: Any, sign_in: Any, session: Session) -> None:
    lot = open_pool()
    site, user = site_and_user()
    second, third = sister(site), sister(site)
    grappe = grappe_of(second, site_and_user()[0])
    api(user).put(f"/api/v1/lots/{lot.id}/needs/{site.id}", json={
        "quantity": 40, "firmness": "conditional", "condition": {"maximum_unit_price": "4.10"},
    })  # fmt: skip
    browser, page = sign_in(user), f"/lots/{lot.id}/besoins/grille"
    assert page in text_of(browser.get(f"/lots/{lot.id}"))
    shown = text_of(browser.get(page))
    assert 'value="40"' in shown and 'value="4,1"' in shown and grappe.name in shown
    filled = typed((site, 60, "conditional"), (second, "1 200", "firm"), (third, "", "indicative"))
    previewed = browser.post(page, data=filled | {f"maximum_unit_price-{site.finess}": "4,10 €"})
    assert previewed.status_code == 200 and "2 besoins changent." in text_of(previewed)
    assert "vous signez 1 besoin ferme" in text_of(previewed)
    assert needs_on(session, lot) == {site.id: (40, None)}
    sheet = re.search(r'name="sheet" value="([^"]*)"', previewed.get_data(as_text=True))
    assert sheet is not None
    browser.post(f"/lots/{lot.id}/besoins/import", data={"sheet": html.unescape(sheet[1])})
    assert needs_on(session, lot) == {site.id: (60, None), second.id: (1200, grappe.id)}


def test_each_error_is_in_its_cell_and_nothing_typed_is_lost(sign_in: Any, session: Session) -> None:
    lot = open_pool(minimum=None, maximum=100)
    site, user = site_and_user()
    second, third = sister(site), sister(site)
    filled = typed((site, "dix", "firm"), (second, 101, "firm"), (third, 5, "conditional"))
    refused = sign_in(user).post(f"/lots/{lot.id}/besoins/grille", data=filled)
    said = text_of(refused)
    assert (refused.status_code, needs_on(session, lot)) == (422, {})
    for cell, words in (
        (f"quantity-{site.finess}", "« dix » n'est pas un nombre entier"),
        (f"quantity-{second.finess}", "Il reste 100 postes"),
        (f"minimum_pool_quantity-{third.finess}", "Un besoin conditionnel porte une condition"),
    ):  # fmt: skip
        assert f'id="{cell}-error"' in said and f'aria-describedby="{cell}-error"' in said and words in said
    assert 'value="dix"' in said


def test_the_grid_is_for_those_who_enter_needs(sign_in: Any) -> None:
    lot = open_pool()
    assert sign_in(user_in(kind="purchasing_centre")).get(f"/lots/{lot.id}/besoins/grille").status_code in (403, 404)
    assert sign_in(user_in()).get(f"/lots/{lot.id}/besoins/grille").status_code == 404
