"""HTML: the vote on a merger, and the centre's choice of its target."""
from typing import Any
from uuid import UUID

from flask import flash, redirect, render_template, request, url_for
from flask_babel import gettext as _

from marketplace.grappes.forms import VOTING_NAMES
from marketplace.platform.api import current_actor, guard, identifier, page_blueprint
from marketplace.platform.database import db
from marketplace.platform.errors import DomainError
from marketplace.platform.i18n import told
from marketplace.platform.navigation import page_url
from marketplace.platform.permissions import allowed
from tenders.demand.mergers import queries, services
from tenders.demand.mergers.api import targets_of
from tenders.demand.mergers.rules import CHOICES, outcome_sentence, result_sentence
from tenders.vehicles import queries as vehicles

bp = page_blueprint("mergers", __name__, template_folder="../../templates")


@bp.get("/lots/<uuid:lot_id>/reunion")
@guard("merger.read")
def show_merger(lot_id: UUID) -> str:
    """What is proposed, what follows from yes and from no, until when; the votes of one's own establishments."""
    actor, session = current_actor(), db.session()
    lot = vehicles.get_lot(session, actor, lot_id)
    view = queries.get_merger(session, actor, lot)
    merger = view.merger
    outcome = outcome_sentence(merger.outcome, view.target.label if view.target else "") if merger.outcome else None
    return render_template(
        "demand/merger.html", view=view, lot=lot, lot_url=page_url("dashboard_pages.show_lot", lot_id=lot_id),
        targets=targets_of(view), outcome=outcome, results=[result_sentence(body.count) for body in view.bodies],
        rules=VOTING_NAMES,
        may_vote={own.vote.establishment_id for own in view.own
                  if allowed(actor, "merger.vote", own=own.vote.organisation_id)},
    )  # fmt: skip


@bp.post("/lots/<uuid:lot_id>/reunion/vote/<uuid:establishment_id>")
@guard("merger.vote")
def vote(lot_id: UUID, establishment_id: UUID) -> Any:
    """Vote for one establishment."""
    choice = request.form.get("choice", "")
    if choice not in CHOICES:
        flash(_("Rien n'a été enregistré : choisissez oui ou non."), "error")
        return redirect(url_for(".show_merger", lot_id=lot_id))
    return _act(lot_id, lambda: services.vote(current_actor(), lot_id, establishment_id, choice),
                _("Votre vote est enregistré. Vous pouvez le changer jusqu'à la fin du vote."))  # fmt: skip


@bp.post("/lots/<uuid:lot_id>/reunion/cible")
@guard("lot.close")
def choose_target(lot_id: UUID) -> Any:
    """Choose between several targets."""
    kind, _colon, written = request.form.get("target", "").partition(":")
    target_id = identifier(written)
    if kind not in ("lot", "grappe") or target_id is None:
        flash(_("Rien n'a été enregistré : choisissez un regroupement de la liste."), "error")
        return redirect(url_for(".show_merger", lot_id=lot_id))
    chosen = {f"target_{kind}_id": target_id}
    return _act(lot_id, lambda: services.choose_target(current_actor(), lot_id, **chosen),
                _("Le vote est ouvert ; ceux qui votent sont prévenus."))  # fmt: skip


def _act(lot_id: UUID, use_case: Any, done: str) -> Any:
    try:
        use_case()
        flash(done, "success")
    except DomainError as refused:
        flash(told(refused), "error")
    return redirect(url_for(".show_merger", lot_id=lot_id))
