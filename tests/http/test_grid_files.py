"""A price grid sent as a file, and every grid that may not be: refused clearly, cell by cell, nothing stored."""
import io
from collections.abc import Callable, Sequence
from typing import Any

import pytest
from openpyxl import Workbook
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from catalog.certifications.models import Certificate
from catalog.offers.models import Offer, OfferBracket
from tests.factories import catalog as make
from tests.http.test_catalog import EDR
from tests.http.test_catalog_pages import OFFER
from tests.http.test_evidence import part


@pytest.fixture
def provider(session: Session) -> Any:
    return make.ProviderFactory()


@pytest.fixture
def send(sign_in: Callable, provider: Any) -> Callable[..., Any]:
    """Send a new offer's form with this file."""
    browser = sign_in(make.person_of(provider))

    def post(content: bytes, name: str = "grille.xlsx", **fields: str) -> Any:
        body = part(name, content, field="grid_file", **{**OFFER, **fields})
        return browser.post(f"/prestataires/{provider.id}/fiches/nouvelle", **body)

    return post


def workbook(rows: Sequence[Sequence[Any]]) -> bytes:
    book, content = Workbook(), io.BytesIO()
    for row in rows:
        book.active.append(row)
    book.save(content)
    return content.getvalue()


def brackets(session: Session) -> list[tuple[int, str]]:
    rows = session.scalars(select(OfferBracket).order_by(OfferBracket.from_quantity))
    return [(row.from_quantity, str(row.unit_price)) for row in rows]


def stored(session: Session) -> int:
    return session.scalars(select(func.count()).select_from(Offer)).one()


def test_a_workbook_replaces_what_was_typed_or_pasted(session: Session, send: Callable) -> None:
    book = workbook([["À partir de", "Prix unitaire HT"], [1, 7], [], [1000, 3.5], ["2 000", "3,4567 €"]])
    assert send(book, pasted_grid="1;9").status_code == 302
    assert brackets(session) == [(1, "7.0000"), (1000, "3.5000"), (2000, "3.4567")]


@pytest.mark.parametrize("encoding", ["utf-8", "cp1252"])
def test_a_csv_of_either_encoding_and_separator_is_read(session: Session, send: Callable, encoding: str) -> None:
    content = "À partir de;Prix\n1;7,00 €\n500;6,10\n".encode(encoding)
    assert send(content, "grille.csv").status_code == 302
    assert brackets(session) == [(1, "7.0000"), (500, "6.1000")]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (workbook([[1, 7], ["beaucoup", -2]]), "Ligne 2, colonne 1 : « beaucoup » n'est pas une quantité"),
        (workbook([[1, 7], ["beaucoup", -2]]), "Ligne 2, colonne 2 : « -2 » n'est pas un prix"),
        (workbook([[1, 7], [500, 6, "EUR"]]), "Ligne 2, colonne 3 : « EUR » est de trop"),
        (workbook([[1, 7], [1, 6]]), "les tranches vont en croissant"),
        (workbook([[10, 7]]), "La première tranche doit commencer à 1"),
        (workbook([["de", "prix"]]), "Aucune tranche"),
        (b"%PDF-1.7 \x00 grille", "Ce fichier n'est pas du texte"),
        (b"PK\x03\x04 pas un classeur", "n'est ni un CSV ni un classeur XLSX lisible"),
        (b"1;7\n" * 400_000, "Ce fichier dépasse 1 Mio"),
    ],
)
def test_what_is_wrong_in_a_file_is_said_and_nothing_is_stored(
    session: Session, send: Callable, content: bytes, said: str
) -> None:
    answer = send(content)
    assert answer.status_code == 422
    assert said in answer.text.replace("&#39;", "'")
    assert stored(session) == 0


def test_a_file_of_50_mib_is_refused_before_it_is_read(session: Session, send: Callable) -> None:
    assert send(b"1" * (50 * 1024 * 1024)).status_code == 413
    assert stored(session) == 0


FIRST = {"from_quantity": 1, "to_quantity": 10, "unit_price": "2"}


@pytest.mark.parametrize(
    ("second", "status", "code"),
    [
        ({"from_quantity": 10, "unit_price": "1"}, 409, "grid_overlap"),
        ({"from_quantity": 12, "unit_price": "1"}, 409, "grid_gap"),
        ({"from_quantity": 11, "unit_price": "-1"}, 422, "invalid_input"),
        ({"from_quantity": 11, "to_quantity": 20, "unit_price": "1"}, 409, "grid_ends"),
    ],
)
def test_a_grid_with_an_overlap_a_gap_or_a_negative_price_stores_nothing(
    api: Callable, session: Session, provider: Any, second: dict[str, Any], status: int, code: str
) -> None:
    vendor = api(make.person_of(provider))
    answer = vendor.post(f"/api/v1/providers/{provider.id}/offers", json={**EDR, "brackets": [FIRST, second]})
    assert (answer.status_code, answer.json["code"]) == (status, code)
    assert stored(session) == 0


def test_a_certificate_that_ends_before_it_starts_stores_nothing(api: Callable, session: Session, provider: Any) -> None:
    written = {
        "scheme": "iso27001", "version": "2022", "number": "F-1", "body": "Organisme fictif",
        "valid_from": "2026-06-01", "valid_until": "2026-05-31",
    }  # fmt: skip
    answer = api(make.person_of(provider)).post(f"/api/v1/providers/{provider.id}/certificates", json=written)
    assert answer.json["code"] == "certificate_ends_before_it_starts"
    assert session.scalars(select(Certificate)).all() == []
