"""HTML: how a site's need came to be what it is, change by change."""
from uuid import UUID

from flask import render_template

from marketplace.establishments.queries import get_establishment
from marketplace.platform.api import current_actor, guard, page_blueprint
from marketplace.platform.database import db
from marketplace.platform.navigation import page_url
from tenders.demand import queries
from tenders.vehicles import queries as vehicles

bp = page_blueprint("need_history", __name__, template_folder="../templates")


@bp.get("/lots/<uuid:lot_id>/besoin/<uuid:establishment_id>/historique")
@guard("need.read")
def show_history(lot_id: UUID, establishment_id: UUID) -> str:
    """Every change of a need, the newest first: who, when, before, after."""
    session, actor = db.session(), current_actor()
    lot = vehicles.get_lot(session, actor, lot_id)
    changes = queries.list_need_changes(session, actor, lot_id, establishment_id)
    return render_template(
        "demand/history.html", lot=lot, site=get_establishment(session, establishment_id), changes=changes[::-1],
        lot_url=page_url("dashboard_pages.show_lot", lot_id=lot_id),
    )  # fmt: skip
