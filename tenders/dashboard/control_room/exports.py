"""The control room as files: lots, and the establishments of one lot, as CSV or XLSX that a spreadsheet may open."""
from collections.abc import Sequence
from typing import Any

from flask_babel import gettext as _
from werkzeug.wrappers import Response

from marketplace.establishments.territory import REGIONS
from marketplace.platform import clock
from marketplace.platform.i18n import sentence
from marketplace.platform.spreadsheets.writing import Cell, as_csv, as_xlsx
from tenders.dashboard.queries.lots import LotLine

FORMATS = {
    "csv": "text/csv; charset=utf-8",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}


def lots_file(lines: Sequence[LotLine], kind: str) -> Response:
    """One row a lot, as the page lists them."""
    head = [
        _("Marché"), _("Lot"), _("Intitulé"), _("Catégorie"), _("État"), _("Unité"), _("Besoins fermes"),
        _("Besoins conditionnels"), _("À signer"), _("Indicatifs"), _("Minimum"), _("Manque"), _("Maximum"),
        _("Établissements"), _("Clôture (Paris)"),
    ]  # fmt: skip
    return _file("pilotage-recueils", head, [_lot_row(line) for line in lines], kind)


def _lot_row(line: LotLine) -> list[Cell]:
    figures, state = line.figures, line.state
    counted: list[Cell] = [None] * 4
    if figures is not None:
        counted = [figures.firm, figures.conditional, figures.awaiting_signature, figures.indicative]
    return [
        line.vehicle.name, line.lot.code, line.title, line.category, sentence(line.pill[0]), line.unit, *counted,
        state.minimum, state.lacking, state.maximum, state.establishments, f"{clock.paris(line.closes_at):%d/%m/%Y %H:%M}",
    ]  # fmt: skip


def sites_file(rows: Sequence[Any], code: str, kind: str) -> Response:
    """One row an establishment with a need on the lot."""
    head = [
        _("FINESS"), _("Établissement"), _("Ville"), _("Région"), _("Grappe"), _("Nature"), _("État"), _("Quantité"),
        _("Marge en plus"), _("Retenu"),
    ]  # fmt: skip
    return _file(f"lot-{code}", head, [_site_row(row) for row in rows], kind)


def _site_row(row: Any) -> list[Cell]:
    need = row.Need
    return [
        row.finess, row.name, row.town, REGIONS.get(row.region or "", row.region), row.grappe, need.firmness, need.status,
        need.quantity, need.tolerance, need.ordered_quantity,
    ]  # fmt: skip


def _file(name: str, head: Sequence[str], rows: Sequence[Sequence[Cell]], kind: str) -> Response:
    body = as_csv(head, rows) if kind == "csv" else as_xlsx(head, rows, "Grappe")
    ascii_name = "".join(letter if (letter.isascii() and letter.isalnum()) or letter in "-_" else "-" for letter in name)
    answer = Response(body, content_type=FORMATS[kind])
    answer.headers["Content-Disposition"] = f'attachment; filename="{ascii_name}-{clock.today():%Y-%m-%d}.{kind}"'
    return answer
