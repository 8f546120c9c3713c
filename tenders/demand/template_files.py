"""The spreadsheet to start an import from: the caller's sites and their needs as they stand, as a download."""
from typing import Final

from flask import Response
from flask_babel import gettext as _
from sqlalchemy.orm import Session

from marketplace.platform.i18n import language
from marketplace.platform.permissions import Actor
from marketplace.platform.spreadsheets import as_csv, as_xlsx
from marketplace.platform.spreadsheets.writing import Cell
from tenders.demand.queries.sheets import SheetSite, list_sheet_sites
from tenders.demand.rules.phases import years_of
from tenders.demand.rules.sheet_rows import COLUMNS, YEAR_COLUMNS
from tenders.vehicles.models import Lot

CONTENT_TYPES: Final = {
    "csv": "text/csv", "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}  # fmt: skip
FORMATS: Final = tuple(CONTENT_TYPES)
FRENCH: Final = (
    "FINESS", "Nom", "Quantité", "Engagement", "Marge en plus", "Volume réuni minimum", "Prix unitaire HT maximum",
    "Grappe",
)  # fmt: skip
"""Titles as `rules/sheet_rows.py` reads them."""
FIRMNESS_IN_FRENCH: Final = {"indicative": "indicatif", "conditional": "conditionnel", "firm": "ferme"}


def download(session: Session, actor: Actor, lot: Lot, kind: str) -> Response:
    """The template as a file of this kind, in the reader's language; sent back unchanged, it changes nothing."""
    in_french = language() == "fr"
    years = YEAR_COLUMNS[: years_of(lot.term_months)]
    french_years = [_("Année %(number)s", number=number) for number in range(1, len(years) + 1)]
    header = (*FRENCH, *french_years) if in_french else (*COLUMNS, *years)
    rows = [_row(each, in_french) for each in list_sheet_sites(session, actor, lot)]
    content = as_csv(header, rows) if kind == "csv" else as_xlsx(header, rows, _("Besoins"))
    answer = Response(content, content_type=CONTENT_TYPES[kind])
    answer.headers.set("Content-Disposition", "attachment", filename=f"besoins-{lot.id}.{kind}")
    return answer


def _row(each: SheetSite, in_french: bool) -> list[Cell]:
    need = each.need
    if need is None:
        return [each.site.finess, each.site.name, None, None, None, None, None, each.grappe_name]
    firmness = FIRMNESS_IN_FRENCH[need.firmness] if in_french else need.firmness
    return [
        each.site.finess, each.site.name, need.quantity, firmness, need.tolerance or None, need.minimum_pool_quantity,
        need.maximum_unit_price, each.grappe_name, *(need.phases or ()),
    ]  # fmt: skip
