"""HTML: « Rejoindre ce marché » after its closing: what it would be, then signing it; or the reason why not."""
from typing import Any
from uuid import UUID

from flask import flash, redirect, render_template, request, url_for
from flask_babel import gettext as _

from marketplace.grappes.queries import find_active_grappe
from marketplace.platform.api import current_actor, guard, identifier, page_blueprint
from marketplace.platform.database import db
from marketplace.platform.errors import DomainError, NotFound
from marketplace.platform.i18n import told
from marketplace.platform.permissions import allowed
from tenders.contracts import labels
from tenders.dashboard.queries.own_needs import list_own_sites
from tenders.dashboard.what_if_pages import written_quantity
from tenders.demand.joining.services import join_late
from tenders.matching.late_joining import get_chance, quote_joining
from tenders.vehicles.queries import get_lot

bp = page_blueprint("late_joining", __name__, template_folder="../templates")


@bp.get("/lots/<uuid:lot_id>/rejoindre")
@guard("pool.suppose")
def show(lot_id: UUID) -> Any:
    """The simulator, and with a quantity what joining binds to; a lot that nobody can join says why."""
    session, actor = db.session(), current_actor()
    lot = get_lot(session, actor, lot_id)
    sites = list_own_sites(session, actor)
    if lot.opened_at is None or not sites:
        raise NotFound("lot")
    site = next((each for each in sites if each.id == identifier(request.args.get("establishment_id", ""))), sites[0])
    asked, errors = request.args.get("quantity", ""), list[str]()
    quantity, found, chance, refused = written_quantity(asked), None, None, None
    if asked.strip() and not quantity:
        errors = [_("Écrivez un nombre entier, 1 au moins.")]
    try:
        chance = get_chance(session, actor, lot_id, site.id)
        if quantity and chance.joined is None:
            found = quote_joining(session, actor, lot_id, establishment_id=site.id, quantity=quantity)
    except DomainError as refusal:
        refused = told(refusal)
    grappe = find_active_grappe(session, site.id, lot.category_code)
    return render_template(
        "dashboard/late_joining.html", lot=lot, sites=[(each.id, each.name) for each in sites], site=site, asked=asked,
        errors=errors, found=found, chance=chance, refused=refused, grappe=grappe, joined=chance and chance.joined,
        labels=labels,
        may_sign=allowed(actor, "lot.join_late", own=site.organisation_id),
    )  # fmt: skip


@bp.post("/lots/<uuid:lot_id>/rejoindre")
@guard("lot.join_late")
def join(lot_id: UUID) -> Any:
    """Sign what was shown and join; what is refused is said on the simulator, with the same figures."""
    quantity = written_quantity(request.form.get("quantity", ""))
    site_id = identifier(request.form.get("establishment_id", ""))
    if not quantity or site_id is None:
        raise NotFound("establishment")
    try:
        joined = join_late(
            current_actor(), lot_id, site_id, quantity=quantity, grappe_id=identifier(request.form.get("grappe_id", ""))
        )
    except DomainError as refused:
        flash(told(refused), "error")
        return redirect(url_for(".show", lot_id=lot_id, establishment_id=site_id, quantity=quantity))
    if joined.is_new:
        flash(_("C'est signé : votre établissement a rejoint ce marché, et la centrale est prévenue."), "success")
    return redirect(url_for("dashboard_pages.show_lot", lot_id=lot_id))
