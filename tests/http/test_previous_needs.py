"""The last need in a category is proposed for the next lot: by API, on the form and in the grid, never written by itself."""
import html
from datetime import timedelta
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from marketplace.platform import clock
from tenders.demand.models import Need
from tests.factories.demand import open_pool, sister
from tests.factories.grappes import site_and_user


def text_of(answer: Any) -> str:
    return html.unescape(answer.get_data(as_text=True)).replace("\u202f", " ").replace("\xa0", " ")


def earlier(days: int, **columns: Any) -> Any:
    """A lot of the same category that opened before."""
    return open_pool(opened_at=clock.now() - timedelta(days=days), **columns)


def put(api: Any, user: Any, lot: Any, site: Any, quantity: int, **more: Any) -> None:
    body = {"quantity": quantity, "firmness": "indicative", **more}
    assert api(user).put(f"/api/v1/lots/{lot.id}/needs/{site.id}", json=body).status_code == 201


def previous(api: Any, user: Any, lot: Any, site: Any) -> Any:
    return api(user).get(f"/api/v1/lots/{lot.id}/needs/{site.id}/previous")


def test_the_last_need_of_the_category_is_proposed_and_nothing_is_written(api: Any, sign_in: Any, session: Session) -> None:
    oldest, last = earlier(700), earlier(300, code="L9", title="EDR de l'an dernier")
    other = earlier(10, category_code="soc")
    lot = open_pool()
    site, user = site_and_user()
    put(api, user, oldest, site, 90)
    put(api, user, last, site, 120, phases=[100, 110, 120], tolerance=5)
    put(api, user, other, site, 777)
    found = previous(api, user, lot, site).get_json()
    assert (found["lot_id"], found["quantity"], found["tolerance"]) == (str(last.id), 120, 5)
    assert (found["phases"], found["firmness"], found["condition"]) == ([100, 110, 120], "indicative", None)
    assert found["label"].startswith("L9 · EDR de l'an dernier (")
    browser, page = sign_in(user), f"/lots/{lot.id}/besoin/{site.id}"
    shown = text_of(browser.get(page))
    assert "vous demandiez 120 postes" in shown and 'value="120"' not in shown
    filled = text_of(browser.get(page, query_string={"reprendre": str(last.id)}))
    assert 'value="120"' in filled and 'value="110"' in filled
    assert 'value="120"' not in text_of(browser.get(page, query_string={"reprendre": str(oldest.id)}))
    assert session.scalar(select(func.count()).select_from(Need).where(Need.lot_id == lot.id)) == 0


def test_years_that_the_new_lot_does_not_have_are_left_out(api: Any) -> None:
    last, lot = earlier(300), open_pool(term_months=24)
    site, user = site_and_user()
    put(api, user, last, site, 120, phases=[100, 110, 120])
    found = previous(api, user, lot, site).get_json()
    assert (found["quantity"], found["phases"]) == (120, None)


def test_there_is_nothing_to_propose_for_the_first_time_or_for_somebody_else(api: Any, sign_in: Any) -> None:
    last, lot = earlier(300), open_pool()
    site, user = site_and_user()
    assert set(previous(api, user, lot, site).get_json().values()) == {None}
    assert "La dernière fois" not in text_of(sign_in(user).get(f"/lots/{lot.id}/besoin/{site.id}"))
    put(api, user, last, site, 120)
    assert previous(api, site_and_user()[1], lot, site).status_code == 403
    assert set(previous(api, user, last, site).get_json().values()) == {None}


def test_the_grid_of_a_group_is_filled_on_request_with_a_constant_number_of_statements(
    api: Any, sign_in: Any, session: Session, count_queries: Any
) -> None:
    last, lot = earlier(300), open_pool()
    site, user = site_and_user()
    second = sister(site)
    put(api, user, last, site, 120)
    browser, page = sign_in(user), f"/lots/{lot.id}/besoins/grille"
    assert "value=\"120\"" not in text_of(browser.get(page))
    counts = []
    for _ in range(2):
        with count_queries() as statements:
            shown = text_of(browser.get(page, query_string={"reprendre": "1"}))
        counts.append(len(statements))
        put(api, user, last, sister(site), 40)
        put(api, user, last, second, 41) if not session.get(Need, (last.id, second.id)) else None
    assert f'name="quantity-{site.finess}" value="120"' in shown and "rien n'est enregistré" in shown
    assert counts[0] == counts[1]
    assert session.scalar(select(func.count()).select_from(Need).where(Need.lot_id == lot.id)) == 0
