"""HTML: the needs of all one's sites on a lot in one grid; read, refused and confirmed as a spreadsheet would be."""
from decimal import Decimal
from typing import Any
from uuid import UUID

from flask import render_template, request, url_for
from flask_babel import gettext as _
from werkzeug.datastructures import MultiDict

from marketplace.platform import clock
from marketplace.platform.api import current_actor, guard, page_blueprint
from marketplace.platform.database import db
from marketplace.platform.errors import DomainError, NotFound
from marketplace.platform.i18n import sentence
from marketplace.platform.navigation import page_url
from tenders.demand import services
from tenders.demand.import_pages import as_sheet, import_page, open_lot, said
from tenders.demand.queries.sheets import SheetSite, list_sheet_sites
from tenders.demand.rules.sheet_rows import Refusal, read_rows
from tenders.vehicles.models import Lot

bp = page_blueprint("need_grid", __name__, template_folder="../templates")

MOST_SITES = 200
"""Sites on one page; larger groups send a spreadsheet."""
CELLS = ("quantity", "firmness", "tolerance", "minimum_pool_quantity", "maximum_unit_price")
"""Columns that are filled in; the grappe goes along as it is."""
COLUMNS = ("finess", *CELLS, "grappe")


@bp.route("/lots/<uuid:lot_id>/besoins/grille", methods=["GET", "POST"])
@guard("need.place")
def enter(lot_id: UUID) -> Any:
    """Fill in the grid; what it would change is shown before anything is written."""
    lot = open_lot(lot_id)
    sites = list_sheet_sites(db.session(), current_actor(), lot)
    if not sites:
        raise NotFound("establishment")
    shown = sites[:MOST_SITES]
    if request.method == "GET":
        return _grid(lot, shown, len(sites), {each.site.finess: _as_it_stands(each) for each in shown})
    rows = {each.site.finess: _as_typed(each, request.form) for each in shown}
    reading = read_rows([list(COLUMNS), *([row[name] for name in COLUMNS] for row in rows.values())])
    try:
        imported = services.import_needs(current_actor(), lot_id, reading, dry_run=True)
    except DomainError as refused:
        return _grid(lot, shown, len(sites), rows, problem=said(refused)), 422
    if imported.rejected:
        return _grid(lot, shown, len(sites), rows, refused=imported.rejected), 422
    return import_page(lot, imported=imported, sheet=as_sheet(reading))


def _as_it_stands(each: SheetSite) -> dict[str, str]:
    """The cells of a site as its need says; an indicative need of nothing yet where there is none."""
    need = each.need
    cells = dict.fromkeys(CELLS, "") | {"firmness": "indicative"}
    if need is not None:
        cells = {name: _written(getattr(need, name)) for name in CELLS}
    return {"finess": each.site.finess, "grappe": _grappe(each), **cells}


def _as_typed(each: SheetSite, form: MultiDict[str, str]) -> dict[str, str]:
    cells = {name: form.get(f"{name}-{each.site.finess}", "") for name in CELLS}
    return {"finess": each.site.finess, "grappe": _grappe(each), **cells}


def _grappe(each: SheetSite) -> str:
    """The grappe by id: names are not unique."""
    return str(each.grappe_id) if each.grappe_id else ""


def _written(value: str | int | Decimal | None) -> str:
    if isinstance(value, Decimal):
        return f"{value.normalize():f}".replace(".", ",")
    return str(value or "")


def _grid(
    lot: Lot, sites: list[SheetSite], count: int, rows: dict[str, dict[str, str]], *,
    refused: tuple[Refusal, ...] = (), problem: str | None = None,
) -> str:  # fmt: skip
    finess = list(rows)
    errors: dict[str, list[str]] = {}
    for each in refused:
        errors.setdefault(f"{each.field}-{finess[each.row - 2]}", []).append(sentence(each.why))
    return render_template(
        "demand/grid.html", lot=lot, sites=sites, rows=rows, errors=errors, problem=problem, left_out=count - len(sites),
        firmness={"indicative": _("Indicatif"), "conditional": _("Conditionnel"), "firm": _("Ferme")},
        is_open=lot.status == "open" and clock.now() < lot.needs_close_at,
        lot_url=page_url("dashboard_pages.show_lot", lot_id=lot.id) or url_for(".enter", lot_id=lot.id),
    )  # fmt: skip
