"""HTML and files of the control room: a centre's own vehicles and nobody else's."""
from typing import Any
from uuid import UUID

from flask import flash, redirect, render_template, request, url_for
from flask_babel import ngettext
from werkzeug.wrappers import Response

from marketplace.establishments.labels import SECTORS, SIZE_BANDS
from marketplace.establishments.rules import SIZE_BANDS as SIZE_BAND_CODES
from marketplace.establishments.territory import REGIONS
from marketplace.platform.api import current_actor, guard, identifier, page_blueprint
from marketplace.platform.database import db
from marketplace.platform.errors import BadInput, Conflict, NotFound, RuleBroken
from marketplace.platform.i18n import say, sentence
from marketplace.platform.permissions import Actor, allowed, require
from tenders.dashboard.control_room import exports, queries, room, services
from tenders.demand.envelopes import queries as envelopes
from tenders.demand.envelopes.rules import say_forecast
from tenders.demand.envelopes.services import adjust_envelope

bp = page_blueprint("control_room", __name__, template_folder="../../templates", url_prefix="/centre/salle")


def _reader() -> Actor:
    actor = current_actor()
    require(actor, "control_room.read", centre=queries.own_centres(actor))
    return actor


@bp.get("")
@guard("control_room.read")
def show_room() -> str:
    """Every lot with its meter, volumes, and who moved the totals this week."""
    actor = _reader()
    shown = room.build(db.session(), actor, request.args, services.may_remind(actor))
    return render_template(
        "dashboard/control_room.html", room=shown, region_names=REGIONS, sectors=SECTORS, size_bands=SIZE_BANDS,
        size_band_codes=(*SIZE_BAND_CODES, None), sector_codes=(*SECTORS, None),
    )  # fmt: skip


@bp.get("/lots.<kind>")
@guard("control_room.read")
def export_lots(kind: str) -> Response:
    """The same lots, filtered and ordered the same, as a file."""
    actor = _reader()
    _known(kind)
    return exports.lots_file(room.list_lines(db.session(), actor, room.Asked.of(request.args)), kind)


@bp.get("/lots/<uuid:lot_id>")
@guard("control_room.read")
def show_lot(lot_id: UUID) -> str:
    """One lot: its envelope entry by entry, its grappes, its establishments."""
    return _lot_page(_reader(), lot_id)


def _lot_page(actor: Actor, lot_id: UUID, errors: dict[str, list[str]] | None = None) -> str:
    session = db.session()
    line = queries.get_room_line(session, actor, lot_id)
    grappe_id = identifier(request.args.get("grappe", ""))
    envelope = envelopes.find_envelopes(session, [lot_id]).get(lot_id)
    seen = envelopes.forecast_of(session, envelope) if envelope else None
    return render_template(
        "dashboard/control_room_lot.html", line=line, envelope=envelope, errors=errors or {},
        entries=envelopes.list_entries(session, lot_id) if envelope else [],
        alerts=envelopes.list_alerts(session, lot_id) if envelope else [],
        forecast=say_forecast(seen, line.vehicle.ends_on) if seen else [],
        grappes=queries.list_lot_grappes(session, lot_id), grappe_id=grappe_id, region_names=REGIONS,
        sites=queries.list_lot_sites(session, lot_id, grappe_id, request.args.get("cursor") or None),
        reminded=queries.last_reminders(session, [lot_id]).get(lot_id),
        may_remind=allowed(actor, "lot.remind", centre=line.vehicle.organisation_id),
        may_adjust=allowed(actor, "envelope.adjust", centre=line.vehicle.organisation_id),
    )  # fmt: skip


@bp.get("/lots/<uuid:lot_id>/etablissements.<kind>")
@guard("control_room.read")
def export_sites(lot_id: UUID, kind: str) -> Response:
    """Every establishment with a need on the lot (or of one of its grappes), as a file."""
    actor, session = _reader(), db.session()
    _known(kind)
    line = queries.get_room_line(session, actor, lot_id)
    statement = queries.select_lot_sites(lot_id, identifier(request.args.get("grappe", "")))
    return exports.sites_file(session.execute(statement.order_by("name", "id")).all(), line.lot.code, kind)


@bp.post("/lots/<uuid:lot_id>/relance")
@guard("lot.remind")
def remind(lot_id: UUID) -> Any:
    """Remind the establishments concerned."""
    try:
        count = services.remind_lot(current_actor(), lot_id)
        flash(ngettext("%(num)s établissement est relancé.", "%(num)s établissements sont relancés.", count), "success")
    except (RuleBroken, Conflict) as refused:
        flash(sentence(refused), "warning")
    return redirect(url_for("control_room_pages.show_lot", lot_id=lot_id))


@bp.post("/lots/<uuid:lot_id>/enveloppe")
@guard("envelope.adjust")
def adjust(lot_id: UUID) -> Any:
    """Correct what is engaged by another entry, with its reason."""
    try:
        adjust_envelope(
            current_actor(), lot_id, quantity=_whole(request.form.get("quantity", "")), note=request.form.get("note", "")
        )
    except BadInput as refused:
        errors = {name: [say(text) for text in texts] for name, texts in refused.errors.items()}
        return _lot_page(_reader(), lot_id, errors), 422
    except RuleBroken as refused:
        flash(sentence(refused), "error")
    return redirect(url_for("control_room_pages.show_lot", lot_id=lot_id))


def _whole(written: str) -> int:
    """A whole number as people write it, "−1 200" too; 0 for anything else, which the use case refuses."""
    plain = "".join(written.split()).replace("−", "-").replace("\u202f", "")
    return int(plain) if plain.lstrip("+-").isdecimal() and len(plain) <= 12 else 0


def _known(kind: str) -> None:
    if kind not in exports.FORMATS:
        raise NotFound("file")
