"""A group's buyer sends a spreadsheet with three wrong cells, corrects them, sends it again and signs, in a real browser."""
import io
import re
from typing import Any

from openpyxl import load_workbook
from playwright.sync_api import Page, expect
from sqlalchemy import select

from tenders.demand.models import Need
from tests.factories.demand import open_pool, sister
from tests.factories.grappes import site_and_user

WORKBOOK = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
QUANTITY, ENGAGEMENT, MARGIN, FIRST_YEAR = 3, 4, 5, 9


def plain(page: Page) -> str:
    """What the page says, with ordinary spaces."""
    return re.sub(r"\s+", " ", page.inner_text("main"))


def send(page: Page, book: Any) -> None:
    """Choose the workbook as a file and ask what it would change."""
    content = io.BytesIO()
    book.save(content)
    chosen = {"name": "besoins.xlsx", "mimeType": WORKBOOK, "buffer": content.getvalue()}
    page.get_by_label("Fichier CSV ou XLSX, 5 000 lignes au plus").set_input_files(chosen)
    page.get_by_role("button", name="Voir ce qui change").click()


def test_three_wrong_cells_are_named_corrected_and_sent_again(site: Any, reader: Any) -> None:
    lot = open_pool(minimum=None, maximum=1000)
    first, user = site_and_user(name="Clinique fictive des Tilleuls")
    sister(first)
    sister(first)
    site.session.commit()
    buyer = reader(user, is_refused=True)
    page = buyer.visit(f"/lots/{lot.id}")
    page.get_by_role("link", name="Saisir par tableur").click()
    with page.expect_download() as download:
        page.get_by_role("link", name="Télécharger le modèle XLSX").click()
    book = load_workbook(io.BytesIO(download.value.path().read_bytes()))
    sheet = book.active
    assert sheet.cell(1, FIRST_YEAR).value == "Année 1"

    # A word for a figure, an engagement that is none, a year that is missing between two others.
    for row, quantity in ((2, "cent"), (3, 60), (4, 90)):
        sheet.cell(row, QUANTITY).value, sheet.cell(row, ENGAGEMENT).value = quantity, "ferme"
    sheet.cell(3, ENGAGEMENT).value = "peut-être"
    sheet.cell(4, FIRST_YEAR).value, sheet.cell(4, FIRST_YEAR + 2).value = 30, 90
    send(page, book)
    buyer.look()
    expect(page.get_by_role("alert").first).to_contain_text("3 cases sont à corriger")
    rows = page.locator("#a-corriger ~ *, table").first
    expect(rows).to_contain_text("« cent » n'est pas un nombre entier")
    expect(rows).to_contain_text("« peut-être » n'est pas un engagement")
    expect(rows).to_contain_text("écrivez 0 pour une année sans besoin")
    assert site.session.scalars(select(Need)).all() == []

    # Corrected, the same file is shown with what it signs, then written whole.
    sheet.cell(2, QUANTITY).value, sheet.cell(3, ENGAGEMENT).value = 100, "ferme"
    sheet.cell(4, FIRST_YEAR + 1).value = 60
    send(page, book)
    buyer.look()
    said = plain(page)
    assert "3 besoins changent." in said and "vous signez 3 besoins fermes" in said and "par année : 30, 60, 90" in said
    page.get_by_role("button", name="Signer et enregistrer").click()
    buyer.look()
    assert "3 besoins enregistrés." in plain(page)
    site.session.expire_all()
    found = sorted((need.quantity, need.phases) for need in site.session.scalars(select(Need)))
    assert [(quantity, phases) for quantity, phases in found] == [(60, None), (90, [30, 60, 90]), (100, None)]
