"""Needs by spreadsheet over HTTP: the contract of the import, the template that comes back unchanged, the three pages."""
import html
import io
import re
from typing import Any

from openpyxl import Workbook, load_workbook
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from marketplace.accounts.models import Organisation
from tenders.demand.models import Need
from tests.factories.accounts import user_in
from tests.factories.demand import open_pool, sister
from tests.factories.grappes import grappe_of, site_and_user


def as_file(text: str, name: str = "besoins.csv") -> dict[str, Any]:
    return {"file": (io.BytesIO(text.encode()), name)}


def send(api: Any, user: Any, lot: Any, text: str, **form: str) -> Any:
    return api(user).post(f"/api/v1/lots/{lot.id}/needs/imports", data={**as_file(text), **form})


def count(session: Session, lot: Any) -> int:
    session.expire_all()
    return session.scalar(select(func.count()).select_from(Need).where(Need.lot_id == lot.id)) or 0


def text_of(answer: Any) -> str:
    return html.unescape(answer.get_data(as_text=True))


def test_an_import_answers_what_the_contract_says(api: Any, session: Session) -> None:
    lot = open_pool()
    site, user = site_and_user()
    second = sister(site)
    sheet = f"finess;name;quantity;firmness;tolerance\n{site.finess};x;300;firm;20\n{second.finess};;12,5;firm;\n"
    for dry_run, accepted in (("true", 1), ("false", 0)):
        answer = send(api, user, lot, sheet, dry_run=dry_run)
        assert (answer.status_code, answer.get_json()["accepted"], answer.get_json()["written"]) == (200, accepted, False)
        (cell,) = answer.get_json()["rejected"]
        assert (cell["row"], cell["field"], cell["code"]) == (3, "quantity", "not_a_whole_number")
        assert cell["message"].startswith("« 12,5 » n'est pas un nombre entier")
        assert count(session, lot) == 0
    right = sheet.replace("12,5", "12")
    assert send(api, user, lot, right, dry_run="true").get_json()["accepted"] == 2
    by_address = api(user).post(f"/api/v1/lots/{lot.id}/needs/imports?dry_run=true", data=as_file(right))
    assert (by_address.get_json()["written"], count(session, lot)) == (False, 0)
    done = send(api, user, lot, right).get_json()
    assert done == {"accepted": 2, "changed": 2, "ignored": 0, "written": True, "rejected": []}
    pool = api(user).get(f"/api/v1/lots/{lot.id}/pool").get_json()
    assert (pool["firm"], pool["members"], count(session, lot)) == (312, 2, 2)


def test_a_file_is_required_and_must_be_a_spreadsheet(api: Any) -> None:
    lot = open_pool()
    _, user = site_and_user()
    address = f"/api/v1/lots/{lot.id}/needs/imports"
    assert api(user).post(address, data={}).status_code == 422
    broken = api(user).post(address, data={"file": (io.BytesIO(b"PK\x03\x04"), "x.xlsx")})
    assert (broken.status_code, broken.get_json()["code"]) == (409, "sheet_unreadable")
    assert api(None).post(address, data=as_file("finess")).status_code == 401
    unknown = f"/api/v1/lots/{site_and_user()[0].id}/needs/imports"
    assert api(user).post(unknown, data=as_file("finess;quantity;firmness\n")).status_code == 404


def test_the_template_sent_back_unchanged_changes_nothing(api: Any, session: Session) -> None:
    lot = open_pool()
    site, user = site_and_user(name="=Clinique")
    second = sister(site)
    sister(site)
    grappe = grappe_of(second, site_and_user()[0], name="+Grappe d'été")
    api(user).put(f"/api/v1/lots/{lot.id}/needs/{site.id}", json={"quantity": 300, "firmness": "firm", "price_ceiling": "5.5"})
    api(user).put(f"/api/v1/lots/{lot.id}/needs/{second.id}", json={
        "quantity": 40, "firmness": "conditional", "grappe_id": str(grappe.id), "tolerance": 3,
        "condition": {"maximum_unit_price": "4.10"},
    })  # fmt: skip
    for language in ("fr", "en"):
        for kind in ("csv", "xlsx"):
            template = api(user).get(f"/api/v1/lots/{lot.id}/needs/imports/template?format={kind}&lang={language}")
            assert "attachment" in template.headers["Content-Disposition"]
            again = api(user).post(
                f"/api/v1/lots/{lot.id}/needs/imports", data={"file": (io.BytesIO(template.data), f"x.{kind}")}
            )
            assert again.get_json() == {"accepted": 2, "changed": 0, "ignored": 1, "written": True, "rejected": []}
    versions = api(user).get(f"/api/v1/lots/{lot.id}/needs/{second.id}/versions").get_json()["items"]
    assert len(versions) == 1


def test_a_workbook_corrected_and_sent_again_is_shown_and_then_signed(sign_in: Any, session: Session) -> None:
    lot = open_pool()
    site, user = site_and_user()
    sites = [site, sister(site), sister(site)]
    browser, page = sign_in(user), f"/lots/{lot.id}/besoins"
    assert f"{page}/modele.xlsx" in text_of(browser.get(f"{page}/import"))
    book = load_workbook(io.BytesIO(browser.get(f"{page}/modele.xlsx").data))
    for row, quantity in zip((2, 3, 4), ("cent", 0, 30), strict=True):
        book.active.cell(row, 3).value = quantity
        book.active.cell(row, 4).value = "ferme"
    book.active.cell(4, 5).value = "peu"
    refused = browser.post(f"{page}/import/apercu", data={"file": (_bytes(book), "b.xlsx")})
    assert (refused.status_code, text_of(refused).count("<th scope=\"row\" class=\"number\">")) == (422, 3)
    for row, quantity in zip((2, 3, 4), (100, 20, 30), strict=True):
        book.active.cell(row, 3).value = quantity
        book.active.cell(row, 5).value = None
    shown = browser.post(f"{page}/import/apercu", data={"file": (_bytes(book), "b.xlsx")})
    assert shown.status_code == 200 and "3 besoins changent." in text_of(shown)
    said = text_of(shown).replace("\u202f", " ").replace("\xa0", " ")
    assert "vous signez 3 besoins fermes" in said and "26 568 € TTC" in said
    assert count(session, lot) == 0
    sheet = re.search(r'name="sheet" value="([^"]*)"', shown.get_data(as_text=True))
    assert sheet is not None
    saved = browser.post(f"{page}/import", data={"sheet": html.unescape(sheet[1])})
    assert (saved.status_code, count(session, lot)) == (302, len(sites))


def _bytes(book: Workbook) -> io.BytesIO:
    content = io.BytesIO()
    book.save(content)
    content.seek(0)
    return content


def test_the_page_says_why_a_file_or_a_confirmation_is_refused(sign_in: Any, session: Session) -> None:
    lot = open_pool(minimum=None, maximum=10)
    site, user = site_and_user()
    page = f"/lots/{lot.id}/besoins"
    nothing = sign_in(user).post(f"{page}/import/apercu", data={})
    assert (nothing.status_code, "Choisissez un fichier" in text_of(nothing)) == (422, True)
    picture = sign_in(user).post(f"{page}/import/apercu", data={"file": (io.BytesIO(b"\x00\x01"), "x.csv")})
    assert (picture.status_code, "n'est pas du texte" in text_of(picture)) == (422, True)
    late = sign_in(user).post(f"{page}/import", data={"sheet": f"finess;quantity;firmness\n{site.finess};11;firm\n"})
    assert (late.status_code, "Il reste 10 postes" in text_of(late)) == (422, True)
    assert sign_in(user).get(f"{page}/modele.pdf").status_code == 404


def test_a_viewer_imports_nothing(api: Any, session: Session) -> None:
    lot = open_pool()
    site, _ = site_and_user()
    viewer = user_in(session.get_one(Organisation, site.organisation_id), ("viewer",))
    (cell,) = send(api, viewer, lot, f"finess;quantity;firmness\n{site.finess};5;firm\n").get_json()["rejected"]
    assert (cell["code"], count(session, lot)) == ("not_allowed", 0)
