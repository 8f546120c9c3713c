"""HTML: taking back a closing made by mistake, with its reason and a new date."""
from typing import Any
from uuid import UUID

from flask import flash, redirect, render_template, url_for
from flask_babel import gettext as _

from marketplace.platform import clock
from marketplace.platform.api import current_actor, guard, page_blueprint
from marketplace.platform.database import db
from marketplace.platform.errors import BadInput, DomainError
from marketplace.platform.i18n import say, told
from marketplace.platform.navigation import page_url
from marketplace.platform.permissions import require
from tenders.demand import queries, services
from tenders.demand.forms import UndoingForm
from tenders.vehicles import queries as vehicles

bp = page_blueprint("undoings", __name__, template_folder="../templates")


@bp.route("/lots/<uuid:lot_id>/cloture/annulation", methods=["GET", "POST"])
@guard("lot.close")
def undo_closing(lot_id: UUID) -> Any:
    """What taking the closing back does, then the lot open again."""
    actor = current_actor()
    lot = vehicles.get_lot(db.session(), actor, lot_id)
    require(actor, "lot.close", centre=lot.vehicle.organisation_id)
    planned = lot.needs_close_at if lot.needs_close_at > clock.now() else None
    form = UndoingForm(needs_close_at=planned and clock.paris(planned).replace(tzinfo=None))
    decision_url = url_for("demand_pages.show_decision", lot_id=lot_id)
    homeless: list[str] = []
    if form.validate_on_submit():
        until = form.needs_close_at.data.replace(tzinfo=clock.PARIS)
        try:
            services.undo_closing(actor, lot_id, reason=form.reason.data, needs_close_at=until)
            flash(_("La clôture est annulée ; chaque participant en est prévenu, avec votre raison."), "success")
            return redirect(page_url("dashboard_pages.show_lot", lot_id=lot_id) or decision_url)
        except BadInput as bad:
            for name, texts in bad.errors.items():
                form[name].errors = [say(text) for text in texts]
        except DomainError as refused:
            homeless = [told(refused)]
    page = render_template(
        "demand/undo.html", form=form, homeless=homeless, lot=lot, closing=queries.find_last_closing(db.session(), lot_id),
        decision_url=decision_url,
    )  # fmt: skip
    return page, 422 if form.is_submitted() else 200
