"""HTML: my grappes, finding one, founding one, and the page of a grappe with its charter."""
from collections.abc import Callable
from typing import Any
from uuid import UUID

from flask import flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from marketplace.categories.queries import category_names
from marketplace.establishments.queries import list_own
from marketplace.establishments.territory import REGIONS
from marketplace.grappes import forms, sights
from marketplace.grappes.rules.charter import LEGAL_FORM_NAMES, PRESET_NAMES, PRESETS, preset_summary
from marketplace.grappes.schemas import GRAPPE_STATUSES
from marketplace.grappes.services import formation
from marketplace.platform.api import current_actor, guard, page_blueprint
from marketplace.platform.database import db
from marketplace.platform.errors import BadInput, DomainError, NotAllowed, NotFound
from marketplace.platform.i18n import language, say, sentence
from marketplace.platform.permissions import allowed, require

bp = page_blueprint("grappes", __name__)

OWN_ACTS = ("grappe.join", "grappe.leave", "grappe.end_pending")
COORDINATOR_ACTS = (
    "grappe.invite", "grappe.activate", "grappe.amend", "grappe.exclude", "grappe.hand_over", "grappe.dissolve",
)  # fmt: skip


def act(grappe_id: UUID, doing: Callable[[], Any], done: str, *, otherwise: str | None = None) -> Response:
    """Do it, say that it is done or why a rule refuses it, and come back to the grappe's page.

    `otherwise`: the page to come back to after a refusal. What is not found or not allowed stays an error page.
    """
    try:
        doing()
    except (NotFound, NotAllowed):
        raise
    except DomainError as refused:
        flash(words_of(refused), "error")
        return redirect(otherwise or url_for("grappes_pages.show_grappe", grappe_id=grappe_id))
    flash(done, "success")
    return redirect(url_for("grappes_pages.show_grappe", grappe_id=grappe_id))


def words_of(refused: DomainError) -> str:
    """A refusal as one line: the sentence, or the sentences of its fields."""
    if isinstance(refused, BadInput):
        return " ".join(say(text) for texts in refused.errors.values() for text in texts)
    return sentence(refused)


@bp.get("/grappes")
@guard("grappe.read")
def list_grappes() -> str:
    """My grappes, and those I could join."""
    actor, session = current_actor(), db.session()
    status = request.args.get("status")
    found = sights.list_grappes(
        session, actor, q=request.args.get("q"), category=request.args.get("category") or None,
        status=status if status in GRAPPE_STATUSES else None, cursor=request.args.get("cursor"),
    )  # fmt: skip
    return render_template(
        "grappes/list.html",
        own=sights.list_own_memberships(session, actor),
        found=found["items"], next=found["next"],
        names=category_names(session, language()), regions=REGIONS,
        may_found=allowed(actor, "grappe.found", own=actor.organisation_ids()),
    )  # fmt: skip


@bp.route("/grappes/nouvelle", methods=["GET", "POST"])
@guard("grappe.found")
def found_grappe() -> Any:
    """Found a grappe."""
    form = forms.FoundForm()
    _fill_choices(form)
    sites = list_own(db.session(), current_actor())
    form.coordinator_establishment_id.choices = forms.choices_of({str(site.id): site.name for site in sites})
    refused, status = [], 200
    if form.validate_on_submit():
        try:
            grappe = formation.found_grappe(
                current_actor(), name=form.name.data,
                coordinator_establishment_id=UUID(form.coordinator_establishment_id.data), **form.terms(),
            )  # fmt: skip
            flash(_("La grappe est fondée et sa convention signée. Invitez maintenant d'autres établissements."), "success")
            return redirect(url_for(".show_grappe", grappe_id=grappe.id))
        except DomainError as error:
            refused, status = [words_of(error)], error.status
    elif form.is_submitted():
        status = 422
    summaries = [(PRESET_NAMES[preset], preset_summary(preset)) for preset in PRESETS]
    return render_template(
        "grappes/found.html", form=form, refused=refused, sites=sites, summaries=summaries
    ), status


@bp.get("/grappes/<uuid:grappe_id>")
@guard("grappe.read")
def show_grappe(grappe_id: UUID) -> str:
    """A grappe: where it stands, what to do next, who is in it, what its charter says."""
    actor, session = current_actor(), db.session()
    sight = sights.get_sight(session, actor, grappe_id)
    coordinates = sight.coordinator.organisation_id if sight.coordinator else None
    return render_template(
        "grappes/show.html", sight=sight, grappe=sight.grappe,
        may={name: allowed(actor, name, coordinator=coordinates) for name in COORDINATOR_ACTS},
        may_own={
            member.establishment_id: {
                name for name in OWN_ACTS if allowed(actor, name, own=member.establishment.organisation_id)
            }
            for member in sight.own
        },
        may_request=_may_request(sight),
        **terms_in_words(),
    )  # fmt: skip


@bp.get("/grappes/<uuid:grappe_id>/convention")
@guard("grappe.read")
def show_charter(grappe_id: UUID) -> str:
    """The whole charter in force, for those who may see the names it spells out."""
    sight = sights.get_sight(db.session(), current_actor(), grappe_id)
    if sight.charter is None:
        raise NotFound("charter")
    return render_template("grappes/charter.html", sight=sight, grappe=sight.grappe, charter=sight.charter)


@bp.route("/grappes/<uuid:grappe_id>/convention/modifier", methods=["GET", "POST"])
@guard("grappe.amend")
def amend_charter(grappe_id: UUID) -> Any:
    """Change the charter, while nobody else has signed it."""
    sight = coordinated(grappe_id, "grappe.amend")
    form = forms.AmendForm()
    _fill_choices(form)
    if request.method == "GET":
        form.show(sight.terms)
    refused, status = [], 200
    if form.validate_on_submit():
        try:
            formation.amend_charter(current_actor(), grappe_id, **form.terms())
            flash(_("Nouvelle version de la convention écrite et signée par le coordinateur."), "success")
            return redirect(url_for(".show_charter", grappe_id=grappe_id))
        except DomainError as error:
            refused, status = [words_of(error)], error.status
    elif form.is_submitted():
        status = 422
    return render_template("grappes/amend.html", form=form, grappe=sight.grappe, refused=refused), status


@bp.post("/grappes/<uuid:grappe_id>/activation")
@guard("grappe.activate")
def activate(grappe_id: UUID) -> Response:
    """Start the grappe."""
    done = _("La grappe est active : ses membres peuvent réunir leurs besoins.")
    return act(grappe_id, lambda: formation.activate_grappe(current_actor(), grappe_id), done)


@bp.route("/grappes/<uuid:grappe_id>/coordination", methods=["GET", "POST"])
@guard("grappe.hand_over")
def hand_over(grappe_id: UUID) -> Any:
    """Make another member the coordinator."""
    sight = coordinated(grappe_id, "grappe.hand_over")
    if request.method == "POST":
        chosen = request.form.get("establishment_id", type=UUID)
        if chosen is None:
            raise BadInput({"establishment_id": [_("Choisissez un membre.")]})
        return act(
            grappe_id,
            lambda: formation.hand_over_coordination(current_actor(), grappe_id, establishment_id=chosen),
            _("La coordination est transmise."),
        )
    heirs = [m for m in sight.members if m.status == "member" and not m.membership.is_coordinator]
    return render_template("grappes/hand_over.html", sight=sight, grappe=sight.grappe, heirs=heirs)


@bp.route("/grappes/<uuid:grappe_id>/dissolution", methods=["GET", "POST"])
@guard("grappe.dissolve")
def dissolve(grappe_id: UUID) -> Any:
    """End the grappe, saying why."""
    sight = coordinated(grappe_id, "grappe.dissolve")
    form = forms.ReasonForm()
    if form.validate_on_submit():
        return act(
            grappe_id,
            lambda: formation.dissolve_grappe(current_actor(), grappe_id, reason=form.reason.data),
            _("La grappe est dissoute. Tous ses établissements sont prévenus."),
        )
    status = 422 if form.is_submitted() else 200
    return render_template("grappes/dissolve.html", sight=sight, grappe=sight.grappe, form=form), status


def coordinated(grappe_id: UUID, action: str) -> sights.GrappeSight:
    """The grappe for a page of its coordinator only; NotFound or NotAllowed otherwise."""
    sight = sights.get_sight(db.session(), current_actor(), grappe_id)
    require(current_actor(), action, coordinator=sight.coordinator.organisation_id if sight.coordinator else None)
    return sight


def _may_request(sight: sights.GrappeSight) -> bool:
    actor = current_actor()
    return (
        sight.grappe.status != "dissolved"
        and not sight.own
        and allowed(actor, "grappe.request", own=actor.organisation_ids(kind="care_operator"))
    )


def _fill_choices(form: forms.TermsForm) -> None:
    form.categories.choices = forms.choices_of(category_names(db.session(), language()))
    form.territory.choices = forms.choices_of(REGIONS)


def terms_in_words() -> dict[str, Any]:
    """What templates need to put the terms into words."""
    return {
        "names": category_names(db.session(), language()),
        "regions": REGIONS,
        "legal_forms": LEGAL_FORM_NAMES,
        "presets": PRESET_NAMES,
        "voting": forms.VOTING_NAMES,
        "shortfall": forms.SHORTFALL_NAMES,
        "surplus": forms.SURPLUS_NAMES,
    }
