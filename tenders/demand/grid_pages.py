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
from marketplace.platform.i18n import sentence, told
from marketplace.platform.navigation import page_url
from tenders.demand import services
from tenders.demand.estimates.previous import list_previous
from tenders.demand.import_pages import as_sheet, import_page, open_lot
from tenders.demand.models import Need
from tenders.demand.queries.sheets import SheetSite, list_sheet_sites
from tenders.demand.rules.phases import years_of
from tenders.demand.rules.placing import Wish
from tenders.demand.rules.sheet_rows import YEAR_COLUMNS, Refusal, read_rows
from tenders.vehicles.models import Lot

bp = page_blueprint("need_grid", __name__, template_folder="../templates")

MOST_SITES = 200
"""Sites on one page; larger groups send a spreadsheet."""
CELLS = ("quantity", "firmness", "tolerance", "minimum_pool_quantity", "maximum_unit_price")
"""Columns that are filled in, and one for each year of the lot; the grappe goes along as it is."""


@bp.route("/lots/<uuid:lot_id>/besoins/grille", methods=["GET", "POST"])
@guard("need.place")
def enter(lot_id: UUID) -> Any:
    """Fill in the grid; what it would change is shown before anything is written."""
    lot = open_lot(lot_id)
    sites = list_sheet_sites(db.session(), current_actor(), lot)
    if not sites:
        raise NotFound("establishment")
    shown, columns = sites[:MOST_SITES], cells_of(lot)
    if request.method == "GET":
        asked: dict[UUID, Need | Wish | None] = {each.site.id: each.need for each in shown}
        if "reprendre" in request.args:
            free = [each.site.id for each in shown if each.need is None]
            asked |= {site_id: last.wish for site_id, last in list_previous(db.session(), lot, free).items()}
        rows = {each.site.finess: _written_row(each, asked[each.site.id], columns) for each in shown}
        return _grid(lot, shown, len(sites), rows)
    rows = {each.site.finess: _as_typed(each, request.form, columns) for each in shown}
    titles = ["finess", *columns, "grappe"]
    reading = read_rows([titles, *([row[name] for name in titles] for row in rows.values())])
    try:
        imported = services.import_needs(current_actor(), lot_id, reading, dry_run=True)
    except DomainError as refused:
        return _grid(lot, shown, len(sites), rows, problem=told(refused)), 422
    if imported.rejected:
        return _grid(lot, shown, len(sites), rows, refused=imported.rejected), 422
    return import_page(lot, imported=imported, sheet=as_sheet(reading))


def cells_of(lot: Lot) -> tuple[str, ...]:
    """The columns of a lot's grid that are filled in."""
    return (*CELLS, *YEAR_COLUMNS[: years_of(lot.term_months)])


def _written_row(each: SheetSite, asked: Need | Wish | None, columns: tuple[str, ...]) -> dict[str, str]:
    """The cells of a site as its need (or its last one) says; an indicative need of nothing yet where there is none."""
    cells = dict.fromkeys(columns, "") | {"firmness": "indicative"}
    if asked is not None:
        cells |= {name: _written(getattr(asked, name)) for name in CELLS}
        cells |= {name: str(quantity) for name, quantity in zip(YEAR_COLUMNS, asked.phases or (), strict=False)}
    return {"finess": each.site.finess, "grappe": _grappe(each), **cells}


def _as_typed(each: SheetSite, form: MultiDict[str, str], columns: tuple[str, ...]) -> dict[str, str]:
    cells = {name: form.get(f"{name}-{each.site.finess}", "") for name in columns}
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
        years=years_of(lot.term_months), takes_up="reprendre" in request.args,
        firmness={"indicative": _("Indicatif"), "conditional": _("Conditionnel"), "firm": _("Ferme")},
        is_open=lot.status == "open" and clock.now() < lot.needs_close_at,
        lot_url=page_url("dashboard_pages.show_lot", lot_id=lot.id) or url_for(".enter", lot_id=lot.id),
    )  # fmt: skip
