"""HTML: needs of many sites at once from a spreadsheet: choose a file, see what it would do, confirm."""
from decimal import Decimal
from typing import Any
from uuid import UUID

from flask import flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import ngettext
from werkzeug.wrappers import Response

from marketplace.platform import clock
from marketplace.platform.api import current_actor, guard, page_blueprint
from marketplace.platform.database import db
from marketplace.platform.errors import DomainError, NotFound
from marketplace.platform.i18n import told
from marketplace.platform.money import incl_vat
from marketplace.platform.navigation import page_url
from marketplace.platform.spreadsheets import as_csv, read_cells
from tenders.demand import services, template_files
from tenders.demand.rules.sheet_rows import COLUMNS, MOST_ROWS, YEAR_COLUMNS, Entry, Reading, read_rows
from tenders.demand.services.imports import Imported
from tenders.vehicles import queries as vehicles
from tenders.vehicles.models import Lot

bp = page_blueprint("need_imports", __name__, template_folder="../templates")


@bp.get("/lots/<uuid:lot_id>/besoins/import")
@guard("need.place")
def choose_file(lot_id: UUID) -> str:
    """Where a spreadsheet is chosen, and the one to start from."""
    return import_page(open_lot(lot_id))


@bp.get("/lots/<uuid:lot_id>/besoins/modele.<kind>")
@guard("need.place")
def download_template(lot_id: UUID, kind: str) -> Response:
    """The reader's sites with their needs, as CSV or XLSX."""
    if kind not in template_files.FORMATS:
        raise NotFound("file")
    return template_files.download(db.session(), current_actor(), open_lot(lot_id), kind)


@bp.post("/lots/<uuid:lot_id>/besoins/import/apercu")
@guard("need.place")
def preview(lot_id: UUID) -> Any:
    """What the file would do, cell by cell; nothing is written."""
    lot = open_lot(lot_id)
    chosen = request.files.get("file")
    try:
        if chosen is None or not chosen.filename:
            return import_page(lot, problem=_("Choisissez un fichier CSV ou XLSX.")), 422
        reading = read_rows(read_cells(chosen.read(), most_rows=MOST_ROWS))
        imported = services.import_needs(current_actor(), lot_id, reading, dry_run=True)
    except DomainError as refused:
        return import_page(lot, problem=told(refused)), 422
    return import_page(lot, imported=imported, sheet=as_sheet(reading)), 422 if imported.rejected else 200


@bp.post("/lots/<uuid:lot_id>/besoins/import")
@guard("need.place")
def confirm(lot_id: UUID) -> Any:
    """Write what was shown, all of it or nothing."""
    lot = open_lot(lot_id)
    try:
        reading = read_rows(read_cells(request.form.get("sheet", "").encode(), most_rows=MOST_ROWS))
        imported = services.import_needs(current_actor(), lot_id, reading, dry_run=False)
    except DomainError as refused:
        return import_page(lot, problem=told(refused)), 422
    if imported.rejected:
        return import_page(lot, imported=imported), 422
    count = len(imported.changed)
    flash(ngettext("%(num)s besoin enregistré.", "%(num)s besoins enregistrés.", count), "success")
    return redirect(_lot_url(lot_id))


def open_lot(lot_id: UUID) -> Lot:
    """The lot if the reader may see it and it was opened."""
    lot = vehicles.get_lot(db.session(), current_actor(), lot_id)
    if lot.opened_at is None:
        raise NotFound("lot")
    return lot


def as_sheet(reading: Reading) -> str:
    """The rows that ask for something, as the confirmation sends them back: what was shown is what is written."""
    rows = [[*_cells(entry), *(entry.phases or ())] for entry in reading.entries]
    spread = [len(entry.phases) for entry in reading.entries if entry.phases is not None]
    years = YEAR_COLUMNS[: max(1, *spread)] if spread else ()
    return as_csv((*COLUMNS, *years), rows).decode("utf-8-sig")


def _cells(entry: Entry) -> list[Any]:
    return [
        entry.finess, "", entry.quantity, entry.firmness, entry.tolerance, entry.minimum_pool_quantity,
        entry.maximum_unit_price, entry.grappe,
    ]  # fmt: skip


def import_page(lot: Lot, *, imported: Imported | None = None, sheet: str = "", problem: str | None = None) -> str:
    """The page of a lot's imports: what is wrong, or what would change and what confirming signs, and the file to send."""
    signatures = [line.placed.signature for line in imported.signed] if imported else []
    at_most = sum((each.exposure_excl_vat for each in signatures if each), Decimal(0))
    return render_template(
        "demand/import.html", lot=lot, imported=imported, sheet=sheet, problem=problem, lot_url=_lot_url(lot.id),
        at_most=incl_vat(at_most), template_kinds=template_files.FORMATS,
        is_open=lot.status == "open" and clock.now() < lot.needs_close_at,
    )  # fmt: skip


def _lot_url(lot_id: UUID) -> str:
    return page_url("dashboard_pages.show_lot", lot_id=lot_id) or url_for(".choose_file", lot_id=lot_id)
