"""HTML and iCalendar: a person's secret address, and the file that a calendar program fetches from it."""
from flask import Response, current_app, flash, redirect, render_template, url_for
from flask_babel import force_locale
from flask_babel import gettext as _
from werkzeug.wrappers import Response as AnyResponse

from marketplace.platform import clock
from marketplace.platform.api import current_actor, guard, page_blueprint
from marketplace.platform.database import db
from marketplace.platform.permissions import Actor
from tenders.dashboard.calendar import queries, services
from tenders.dashboard.calendar.rules import Deadline, calendar_text
from tenders.vehicles.models import Lot

bp = page_blueprint("calendar", __name__, template_folder="../../templates", url_prefix="/calendrier")

PUBLIC_ENDPOINTS = ("calendar_pages.feed",)


@bp.get("")
@guard("calendar.manage")
def show_calendar() -> str:
    """What the calendar holds, and its address: to make, to replace or to revoke."""
    return _page(None)


@bp.post("")
@guard("calendar.manage")
def make_address() -> str:
    """A new address, shown this once."""
    secret = services.make_address(current_actor())
    return _page(current_app.config["BASE_URL"] + url_for("calendar_pages.feed", token=secret))


@bp.post("/revocation")
@guard("calendar.manage")
def revoke_address() -> AnyResponse:
    """No address any more."""
    services.revoke_address(current_actor())
    flash(_("L'adresse de votre calendrier est révoquée : les agendas qui l'utilisent ne se mettent plus à jour."), "success")
    return redirect(url_for("calendar_pages.show_calendar"))


def _page(address: str | None) -> str:
    session, actor = db.session(), current_actor()
    return render_template(
        "dashboard/calendar.html", address=address, token=queries.find_token(session, actor.own_id),
        lots=queries.list_closings(session, actor),
    )  # fmt: skip


@bp.get("/<token>.ics")
def feed(token: str) -> Response:
    """The deadlines of whoever the secret belongs to, in their language; 404 once it is revoked."""
    session = db.session()
    owner = queries.get_owner(session, token)
    lots = queries.list_closings(session, owner)
    with force_locale(owner.locale):
        text = calendar_text(_("Grappe : clôtures"), [_deadline(lot, owner) for lot in lots], clock.now())
    return Response(text, content_type="text/calendar; charset=utf-8", headers={"Cache-Control": "private, max-age=3600"})


def _deadline(lot: Lot, owner: Actor) -> Deadline:
    runs_it = lot.vehicle.organisation_id in owner.organisation_ids(kind="purchasing_centre")
    say = _("Clôture du recueil : %(lot)s", lot=lot.title)
    detail = _("Dernier moment pour placer ou signer un besoin sur « %(lot)s », marché « %(vehicle)s ».",
               lot=lot.title, vehicle=lot.vehicle.name)  # fmt: skip
    endpoint = "control_room_pages.show_lot" if runs_it else "dashboard_pages.show_lot"
    url = current_app.config["BASE_URL"] + url_for(endpoint, lot_id=lot.id)
    return Deadline(f"lot-{lot.id}-{lot.round}", lot.needs_close_at, say, detail, url)
