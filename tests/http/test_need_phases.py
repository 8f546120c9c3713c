"""A need spread over the years: by API, on the form, in versions, in spreadsheets and in the grid; never half of it."""
import html
import io
import re
from typing import Any

import pytest
from openpyxl import load_workbook
from sqlalchemy import select, text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from tenders.demand.models import Need
from tests.factories.demand import assert_totals_are_true, open_pool
from tests.factories.grappes import site_and_user

SPREAD = [100, 200, 300]


def text_of(answer: Any) -> str:
    return html.unescape(answer.get_data(as_text=True)).replace("\u202f", " ").replace("\xa0", " ")


def put(api: Any, user: Any, lot: Any, site: Any, **body: Any) -> Any:
    return api(user).put(f"/api/v1/lots/{lot.id}/needs/{site.id}", json={"quantity": 300, "firmness": "firm", **body})


def stored(session: Session, lot: Any, site: Any) -> Need:
    return session.get_one(Need, (lot.id, site.id), populate_existing=True)


def test_the_largest_year_is_pooled_and_the_amount_follows_the_years(api: Any, session: Session) -> None:
    lot = open_pool()
    site, user = site_and_user()
    placed = put(api, user, lot, site, phases=SPREAD).get_json()
    assert (placed["phases"], placed["exposure"]["excl_vat"]) == (SPREAD, "29520.00")
    assert api(user).get(f"/api/v1/lots/{lot.id}/needs/{site.id}").get_json()["phases"] == SPREAD
    assert api(user).get(f"/api/v1/lots/{lot.id}/pool").get_json()["firm"] == 300
    assert stored(session, lot, site).exposure_excl_vat == 29520
    again = put(api, user, lot, site, phases=SPREAD).get_json()
    assert again["version"] == placed["version"]
    flat = put(api, user, lot, site).get_json()
    assert (flat["phases"], flat["exposure"]["excl_vat"], flat["version"]) == (None, "44280.00", placed["version"] + 1)
    changes = api(user).get(f"/api/v1/lots/{lot.id}/needs/{site.id}/versions").get_json()["items"]
    assert [(each["before"] or {}).get("phases") for each in changes] == [None, SPREAD]
    assert_totals_are_true(session)


def test_years_that_do_not_fit_are_refused_with_their_figures(api: Any) -> None:
    lot = open_pool()
    site, user = site_and_user()
    wrong = put(api, user, lot, site, phases=[100, 200, 250])
    assert (wrong.status_code, wrong.get_json()["code"], wrong.get_json()["found"]) == (409, "phases_do_not_fit", 250)
    short = put(api, user, lot, site, phases=[300, 300])
    assert (short.get_json()["code"], short.get_json()["years"]) == ("phases_not_by_year", 3)
    assert put(api, user, lot, site, phases=[300, -1, 0]).status_code == 422
    once = open_pool(price_period="once", category_code="crisis_exercise", unit="exercise")
    assert put(api, user, once, site, phases=[100, 100, 100]).get_json()["exposure"]["excl_vat"] == "1230.00"


def test_the_database_refuses_a_year_above_what_is_pooled(api: Any, session: Session) -> None:
    lot = open_pool()
    site, user = site_and_user()
    put(api, user, lot, site)
    spread = text("UPDATE needs SET phases = CAST(:phases AS bigint[]) WHERE lot_id = :lot_id")
    for phases in ("{301,0}", "{-1,300}", "{300,NULL}", "{300}"):
        with pytest.raises(IntegrityError, match="phases_within_quantity"), session.begin_nested():
            session.execute(spread, {"phases": phases, "lot_id": lot.id})


def test_the_form_takes_the_years_and_shows_their_amount_before_signing(sign_in: Any, session: Session) -> None:
    lot = open_pool()
    site, user = site_and_user()
    browser, page = sign_in(user), f"/lots/{lot.id}/besoin/{site.id}"
    assert "Année 3" in text_of(browser.get(page))
    form = {"quantity": "300", "firmness": "firm", "year_1": "100", "year_2": "200", "year_3": "300"}
    gap = text_of(browser.post(page, data=form | {"year_2": ""}))
    assert 'id="year_2-error"' in gap and "Écrivez 0 pour une année sans besoin" in gap
    wrong = text_of(browser.post(page, data=form | {"year_3": "250"}))
    assert 'id="year_1-error"' in wrong and "La plus grande des quantités par année est 250" in wrong
    shown = text_of(browser.post(page, data=form))
    assert "35 424 € TTC au plus (29 520 € HT)" in shown and "Par année : 100, 200, 300 postes" in shown
    seen = re.search(r'name="seen" value="([^"]*)"', shown)
    assert seen is not None
    assert browser.post(page, data=form | {"seen": seen[1]}).status_code == 302
    assert stored(session, lot, site).phases == SPREAD
    assert "par année : 100, 200, 300" in text_of(browser.get(f"/lots/{lot.id}"))
    assert "par année : 100, 200, 300" in text_of(browser.get(f"{page}/historique"))


def test_a_spreadsheet_brings_the_years_back_as_they_went_out(api: Any, sign_in: Any, session: Session) -> None:
    lot = open_pool()
    site, user = site_and_user()
    put(api, user, lot, site, phases=SPREAD)
    imports = f"/api/v1/lots/{lot.id}/needs/imports"
    for language in ("fr", "en"):
        for kind in ("csv", "xlsx"):
            template = api(user).get(f"{imports}/template?format={kind}&lang={language}").data
            again = api(user).post(imports, data={"file": (io.BytesIO(template), f"x.{kind}")}).get_json()
            assert (again["accepted"], again["changed"], again["rejected"]) == (1, 0, [])
    book = load_workbook(io.BytesIO(template))
    assert [book.active.cell(1, column).value for column in (9, 10, 11)] == ["year_1", "year_2", "year_3"]
    book.active.cell(2, 9).value = 400
    content = io.BytesIO()
    book.save(content)
    refused = api(user).post(imports, data={"file": (io.BytesIO(content.getvalue()), "x.xlsx")}).get_json()
    assert [(cell["row"], cell["field"], cell["code"]) for cell in refused["rejected"]] == [(2, "year_1", "phases_do_not_fit")]
    without = f"finess;quantity;firmness\n{site.finess};300;firm\n"
    kept = api(user).post(imports, data={"file": (io.BytesIO(without.encode()), "x.csv")}).get_json()
    assert (kept["changed"], stored(session, lot, site).phases) == (0, SPREAD)
    browser = sign_in(user)
    other = f"finess;quantity;firmness;year_1;year_2;year_3\n{site.finess};90;firm;30;60;90\n"
    preview = f"/lots/{lot.id}/besoins/import/apercu"
    shown = browser.post(preview, data={"file": (io.BytesIO(other.encode()), "x.csv")})
    assert "par année : 30, 60, 90" in text_of(shown)
    sheet = re.search(r'name="sheet" value="([^"]*)"', shown.get_data(as_text=True))
    assert sheet is not None
    browser.post(f"/lots/{lot.id}/besoins/import", data={"sheet": html.unescape(sheet[1])})
    assert (stored(session, lot, site).quantity, stored(session, lot, site).phases) == (90, [30, 60, 90])
    assert_totals_are_true(session)


def test_the_grid_shows_the_years_and_keeps_them(api: Any, sign_in: Any, session: Session) -> None:
    lot = open_pool()
    site, user = site_and_user()
    put(api, user, lot, site, firmness="indicative", phases=SPREAD)
    browser, page = sign_in(user), f"/lots/{lot.id}/besoins/grille"
    shown = text_of(browser.get(page))
    assert f'name="year_2-{site.finess}" value="200"' in shown
    cells = {"quantity": "300", "firmness": "indicative", "year_1": "100", "year_2": "200", "year_3": "300"}
    typed = {f"{name}-{site.finess}": value for name, value in cells.items()}
    assert "Besoins qui changent" not in text_of(browser.post(page, data=typed))
    wrong = text_of(browser.post(page, data=typed | {f"quantity-{site.finess}": "400"}))
    assert f'id="year_1-{site.finess}-error"' in wrong
    assert session.scalars(select(Need.phases)).all() == [SPREAD]
