"""HTML: inviting, asking, reading the whole charter before signing it, leaving, excluding."""
from typing import Any
from uuid import UUID

from flask import render_template, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from marketplace.categories.queries import category_names
from marketplace.establishments.queries import Filters, get_establishment, list_establishments, list_own
from marketplace.establishments.territory import REGIONS
from marketplace.grappes import forms, queries, sights
from marketplace.grappes.pages import act, coordinated, terms_in_words
from marketplace.grappes.services import entry, exits
from marketplace.platform.api import current_actor, guard, page_blueprint
from marketplace.platform.database import db
from marketplace.platform.errors import N_, BadInput, NotFound
from marketplace.platform.i18n import language
from marketplace.platform.permissions import allowed, require

bp = page_blueprint("grappe_memberships", __name__)


@bp.route("/grappes/<uuid:grappe_id>/invitations", methods=["GET", "POST"])
@guard("grappe.invite")
def invite(grappe_id: UUID) -> Any:
    """Find an establishment and invite it."""
    sight = coordinated(grappe_id, "grappe.invite")
    if request.method == "POST":
        chosen = _chosen_establishment()
        return act(
            grappe_id, lambda: entry.invite_establishment(current_actor(), grappe_id, chosen),
            _("Invitation envoyée. L'établissement devient membre en signant la convention."),
            otherwise=url_for(".invite", grappe_id=grappe_id, q=request.args.get("q")),
        )  # fmt: skip
    territory = sight.grappe.territory
    region = request.args.get("region") or (territory[0] if len(territory) == 1 else None)
    wanted = Filters(q=request.args.get("q") or None, region=region)
    page = list_establishments(db.session(), current_actor(), wanted, limit=20, cursor=request.args.get("cursor"))
    return render_template(
        "grappes/invite.html", sight=sight, grappe=sight.grappe, found=page["items"], next=page["next"],
        region=region, regions={code: REGIONS[code] for code in territory or REGIONS},
        statuses={member.establishment_id: member.status for member in sight.members},
    )  # fmt: skip


@bp.post("/grappes/<uuid:grappe_id>/invitations/<uuid:establishment_id>/fin")
@guard("grappe.end_pending")
def end_invitation(grappe_id: UUID, establishment_id: UUID) -> Response:
    """Decline an invitation, or withdraw it."""
    return act(
        grappe_id, lambda: entry.end_pending(current_actor(), grappe_id, establishment_id, pending="invited"),
        _("L'invitation est close. L'autre partie est prévenue."),
    )  # fmt: skip


@bp.route("/grappes/<uuid:grappe_id>/demande", methods=["GET", "POST"])
@guard("grappe.request")
def request_to_join(grappe_id: UUID) -> Any:
    """Weigh the terms and ask to join for one of my establishments."""
    if request.method == "POST":
        chosen = _chosen_establishment()
        return act(
            grappe_id, lambda: entry.request_to_join(current_actor(), grappe_id, chosen),
            _("Demande envoyée. Le coordinateur y répond, puis vous signez la convention."),
            otherwise=url_for(".request_to_join", grappe_id=grappe_id),
        )  # fmt: skip
    actor = current_actor()
    sight = sights.get_sight(db.session(), actor, grappe_id)
    sites = [s for s in list_own(db.session(), actor) if allowed(actor, "grappe.request", own=s.organisation_id)]
    return render_template(
        "grappes/request.html", sight=sight, grappe=sight.grappe, sites=sites, **terms_in_words()
    )


@bp.post("/grappes/<uuid:grappe_id>/demandes/<uuid:establishment_id>/fin")
@guard("grappe.end_pending")
def end_request(grappe_id: UUID, establishment_id: UUID) -> Response:
    """Refuse a request, or take it back."""
    return act(
        grappe_id, lambda: entry.end_pending(current_actor(), grappe_id, establishment_id, pending="requested"),
        _("La demande est close. L'autre partie est prévenue."),
    )  # fmt: skip


@bp.post("/grappes/<uuid:grappe_id>/demandes/<uuid:establishment_id>/acceptation")
@guard("grappe.invite")
def approve_request(grappe_id: UUID, establishment_id: UUID) -> Response:
    """Say yes to a request."""
    return act(
        grappe_id, lambda: entry.approve_request(current_actor(), grappe_id, establishment_id),
        _("Demande acceptée. L'établissement devient membre en signant la convention."),
    )  # fmt: skip


@bp.get("/grappes/<uuid:grappe_id>/adhesion/<uuid:establishment_id>")
@guard("grappe.read")
def read_before_signing(grappe_id: UUID, establishment_id: UUID) -> str:
    """The whole charter, then the signature: what is signed is the text shown, by its hash."""
    actor, session = current_actor(), db.session()
    sight = sights.get_sight(session, actor, grappe_id)
    member = next((m for m in sight.own if m.establishment_id == establishment_id), None)
    if member is None or sight.charter is None:
        raise NotFound("membership")
    return render_template(
        "grappes/accept.html", sight=sight, grappe=sight.grappe, charter=sight.charter, member=member,
        may_sign=allowed(actor, "grappe.join", own=member.establishment.organisation_id),
        names=category_names(session, language()),
    )  # fmt: skip


@bp.post("/grappes/<uuid:grappe_id>/adhesion/<uuid:establishment_id>")
@guard("grappe.join")
def sign(grappe_id: UUID, establishment_id: UUID) -> Response:
    """Sign the charter that was shown."""
    shown = request.form.get("charter_hash", "")
    return act(
        grappe_id,
        lambda: entry.accept_invitation(current_actor(), grappe_id, establishment_id, charter_hash=shown),
        _("Convention signée : votre établissement est membre de la grappe."),
        otherwise=url_for(".read_before_signing", grappe_id=grappe_id, establishment_id=establishment_id),
    )


@bp.route("/grappes/<uuid:grappe_id>/depart/<uuid:establishment_id>", methods=["GET", "POST"])
@guard("grappe.leave")
def leave(grappe_id: UUID, establishment_id: UUID) -> Any:
    """What leaving would break, said before the confirmation."""
    if request.method == "POST":
        return act(
            grappe_id, lambda: exits.leave_grappe(current_actor(), grappe_id, establishment_id),
            _("Départ annoncé. Les membres de la grappe sont prévenus."),
            otherwise=url_for(".leave", grappe_id=grappe_id, establishment_id=establishment_id),
        )  # fmt: skip
    actor = current_actor()
    preview = sights.preview_leaving(db.session(), actor, grappe_id, establishment_id)
    require(actor, "grappe.leave", own=preview.member.establishment.organisation_id)
    sight = sights.get_sight(db.session(), actor, grappe_id)
    return render_template("grappes/leave.html", sight=sight, grappe=sight.grappe, preview=preview)


@bp.post("/grappes/<uuid:grappe_id>/depart/<uuid:establishment_id>/annulation")
@guard("grappe.leave")
def stay(grappe_id: UUID, establishment_id: UUID) -> Response:
    """Take a notice back."""
    return act(
        grappe_id, lambda: exits.take_notice_back(current_actor(), grappe_id, establishment_id),
        _("Départ annulé : votre établissement reste membre."),
    )  # fmt: skip


@bp.route("/grappes/<uuid:grappe_id>/exclusion/<uuid:establishment_id>", methods=["GET", "POST"])
@guard("grappe.exclude")
def exclude(grappe_id: UUID, establishment_id: UUID) -> Any:
    """Put a member out, saying why, knowing which pools shrink."""
    sight = coordinated(grappe_id, "grappe.exclude")
    form = forms.ReasonForm()
    if form.validate_on_submit():
        return act(
            grappe_id,
            lambda: exits.exclude_member(current_actor(), grappe_id, establishment_id, reason=form.reason.data),
            _("Établissement exclu. Il est prévenu du motif, les autres membres aussi."),
        )
    if not queries.is_member(db.session(), grappe_id, establishment_id):
        raise NotFound("membership")
    return render_template(
        "grappes/exclude.html", sight=sight, grappe=sight.grappe, form=form,
        establishment=get_establishment(db.session(), establishment_id),
        effects=queries.leaving_effects(db.session(), grappe_id, establishment_id),
    ), 422 if form.is_submitted() else 200  # fmt: skip


def _chosen_establishment() -> UUID:
    chosen = request.form.get("establishment_id", type=UUID)
    if chosen is None:
        raise BadInput({"establishment_id": [N_("Choisissez un établissement de la liste.")]})
    return chosen
