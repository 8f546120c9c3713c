"""HTML of studies: ask, follow, read, compare, accept; and for one establishment, which group purchase for it."""
from collections import Counter
from collections.abc import Sequence
from decimal import Decimal
from typing import Any
from uuid import UUID

from flask import flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import ngettext
from sqlalchemy import select
from sqlalchemy.orm import Session

from marketplace.accounts.models import Organisation
from marketplace.categories.labels import unit_label
from marketplace.categories.queries import category_names, list_categories
from marketplace.establishments.models import Establishment
from marketplace.establishments.territory import COLLECTIVITIES, REGIONS
from marketplace.grappes.models import Grappe
from marketplace.platform.api import current_actor, guard, identifier, page_blueprint
from marketplace.platform.database import db
from marketplace.platform.errors import BadInput, Conflict, NotFound, RuleBroken
from marketplace.platform.facts import unpack
from marketplace.platform.i18n import language, quantity, say, sentence
from marketplace.platform.permissions import Actor, allowed, require
from tenders.composition.studies import acceptance, queries, services
from tenders.composition.studies.forms import AcceptForm, StudyForm, label_of
from tenders.composition.studies.models import Study
from tenders.composition.studies.rules.parameters import MOST_COMPARED

bp = page_blueprint("studies", __name__, template_folder="../../templates", url_prefix="/etudes")


@bp.get("")
@guard("study.list")
def list_studies() -> str:
    """The studies of the reader's centre or grappes, and those shared with it."""
    session, actor = db.session(), current_actor()
    require(actor, "study.list")
    return render_template(
        "composition/studies.html", rows=queries.list_studies(session, actor), may_ask=bool(_subjects(session, actor)),
        most=MOST_COMPARED,
    )  # fmt: skip


@bp.route("/nouvelle", methods=("GET", "POST"))
@guard("study.ask")
def ask() -> Any:
    """Put a question to the optimiser."""
    session, actor = db.session(), current_actor()
    subjects = _subjects(session, actor)
    if not subjects:
        raise NotFound("study")
    form, refused = StudyForm.for_reader(category_names(session, language()), subjects), list[str]()
    if form.validate_on_submit():
        kind, _colon, chosen = form.subject.data.partition(":")
        about = {"grappe_id" if kind == "grappe" else "organisation_id": identifier(chosen)}
        try:
            study = services.ask_study(actor, form.asked(), title=form.title.data or "", **about)
            return redirect(url_for("studies_pages.show_study", study_id=study.id))
        except BadInput as bad:
            refused = [say(text) for texts in bad.errors.values() for text in texts]
        except RuleBroken as broken:
            refused = [sentence(broken)]
    return render_template("composition/ask.html", form=form, refused=refused), 422 if form.errors or refused else 200


def _subjects(session: Session, actor: Actor) -> list[tuple[str, str]]:
    """What this reader may study: its centres' open lots, the grappes it coordinates."""
    found = [
        (f"centre:{seat.organisation_id}", _("Mes lots ouverts (%(centre)s)", centre=seat.name))
        for seat in actor.seats if allowed(actor, "study.ask", centre=seat.organisation_id)
    ]  # fmt: skip
    mine = [seat.organisation_id for seat in actor.seats if allowed(actor, "study.ask", coordinator=seat.organisation_id)]
    if mine:
        statement = (
            select(Grappe)
            .join(Establishment, Establishment.id == Grappe.coordinator_establishment_id)
            .where(Establishment.organisation_id.in_(mine), Grappe.status == "active")
            .order_by(Grappe.name, Grappe.id)
        )
        found += [(f"grappe:{one.id}", _("Ma grappe (%(grappe)s)", grappe=one.name)) for one in session.scalars(statement)]
    return found


@bp.get("/<uuid:study_id>")
@guard("study.list")
def show_study(study_id: UUID) -> str:
    """A study: where it stands, then what it proposes."""
    study = queries.get_study(db.session(), current_actor(), study_id)
    return _study_page(study)


def _study_page(study: Study, form: AcceptForm | None = None, refused: Sequence[str] = ()) -> str:
    session, actor = db.session(), current_actor()
    lines = queries.list_purchases(session, [study.id])
    chosen = request.args.get("achat", "")
    number = int(chosen) if chosen.isdecimal() and len(chosen) < 6 else None
    units = {one.code: (one.unit, one.price_period) for one in list_categories(session)}
    names = category_names(session, language())
    vehicles = queries.list_draft_vehicles(session, actor)
    return render_template(
        "composition/study.html", study=study, asked=study.asked, lines=lines, names=names, units=units,
        counts=queries.counts_of(session, study.id), number=number,
        members=_places(session, study, number) if number else None,
        outside=queries.page_of_places(session, study.id, outside=True, cursor=request.args.get("cursor")),
        reason=lambda place: sentence(unpack(place.outside)) if place.outside else "",
        regions=queries.count_by_region(session, study.id), region_names={**REGIONS, **COLLECTIVITIES},
        set_aside=Counter(sentence(unpack(one["why"])) for one in study.set_aside).items(),
        complaint=Decimal(study.complaint["amount"]) if study.complaint else None,
        effects=_effects(session, study), subject=queries.subject_of(session, study),
        may_ask=_may_ask(actor, study), may_accept=bool(vehicles) and study.status == "done",
        form=form or _accept_form(session, actor, lines, names, units), refused=refused, has_vehicle=bool(vehicles),
        is_centre=bool(actor.organisation_ids(("admin", "buyer"), kind="purchasing_centre")),
        centres=_centres(session) if study.grappe_id and study.status == "done" else [],
    )  # fmt: skip


def _accept_form(
    session: Session, actor: Actor, lines: Sequence[queries.PurchaseLine], names: dict[str, str],
    units: dict[str, tuple[str, str]],
) -> AcceptForm:  # fmt: skip
    labels = {}
    for line in lines:
        one = line.purchase
        volume = f"{quantity(one.quantity)} {unit_label(units[one.category_code][0], one.quantity)}"
        labels[one.number] = label_of(one, names.get(one.category_code, one.category_code), line.provider, volume)
    return AcceptForm.for_study([line.purchase for line in lines], queries.list_draft_vehicles(session, actor), labels)


def _places(session: Session, study: Study, number: int) -> dict[str, Any]:
    return queries.page_of_places(session, study.id, purchase=number, cursor=request.args.get("membres"))


def _effects(session: Session, study: Study) -> list[dict[str, Any]]:
    """The shocks with the names of whom they hit."""
    named = queries.names_of_shocks(session, study.sensitivity)
    return [
        {**one, "name": named.get(one["subject"] or "", ""), "difference": Decimal(one["difference"])}
        for one in study.sensitivity
    ]


def _may_ask(actor: Actor, study: Study) -> bool:
    return allowed(actor, "study.ask", **{"coordinator" if study.grappe_id else "centre": study.organisation_id})


def _centres(session: Session) -> list[tuple[UUID, str]]:
    statement = select(Organisation.id, Organisation.name).where(Organisation.kind == "purchasing_centre")
    return [(row.id, row.name) for row in session.execute(statement.order_by(Organisation.name))]


@bp.post("/<uuid:study_id>/acceptation")
@guard("study.accept")
def accept(study_id: UUID) -> Any:
    """Make the chosen purchases lots of a vehicle in preparation, and invite their members."""
    session, actor = db.session(), current_actor()
    study = queries.get_study(session, actor, study_id)
    lines = queries.list_purchases(session, [study_id])
    units = {one.code: (one.unit, one.price_period) for one in list_categories(session)}
    form = _accept_form(session, actor, lines, category_names(session, language()), units)
    if not form.validate():
        return _study_page(study, form), 422
    vehicle_id = identifier(form.vehicle.data or "")
    if vehicle_id is None:
        raise NotFound("vehicle")
    try:
        accepted = acceptance.accept_purchases(actor, study_id, vehicle_id=vehicle_id, **form.body())
    except BadInput as bad:
        return _study_page(study, form, [say(text) for texts in bad.errors.values() for text in texts]), 422
    except (RuleBroken, Conflict) as refused:
        return _study_page(study, form, [sentence(refused)]), 409
    lots = ngettext("%(num)s lot est écrit", "%(num)s lots sont écrits", len(accepted.lots))
    sites = ngettext("%(num)s établissement est invité", "%(num)s établissements sont invités", accepted.invited)
    flash(_("%(lots)s, %(sites)s. Relisez les lots, puis ouvrez le marché : chacun trouvera alors son besoin à signer.",
            lots=lots, sites=sites), "success")  # fmt: skip
    return redirect(url_for("vehicles_pages.show_vehicle", vehicle_id=vehicle_id))


@bp.post("/<uuid:study_id>/annulation")
@guard("study.ask")
def cancel(study_id: UUID) -> Any:
    """Give a study up."""
    try:
        services.cancel_study(current_actor(), study_id)
        flash(_("L'étude s'arrête ; rien n'en est gardé."), "success")
    except RuleBroken as refused:
        flash(sentence(refused), "warning")
    return redirect(url_for("studies_pages.show_study", study_id=study_id))


@bp.post("/<uuid:study_id>/reprise")
@guard("study.ask")
def ask_again(study_id: UUID) -> Any:
    """The same question on the needs of now."""
    try:
        study = services.ask_again(current_actor(), study_id)
        return redirect(url_for("studies_pages.show_study", study_id=study.id))
    except RuleBroken as refused:
        flash(sentence(refused), "warning")
        return redirect(url_for("studies_pages.show_study", study_id=study_id))


@bp.post("/<uuid:study_id>/partage")
@guard("study.ask")
def share(study_id: UUID) -> Any:
    """Show a grappe's study to a purchasing centre."""
    centre_id = identifier(request.form.get("centre_id", ""))
    if centre_id is None:
        raise NotFound("organisation")
    try:
        services.share_study(current_actor(), study_id, centre_id)
        flash(_("La centrale choisie peut maintenant lire cette étude et en accepter tout ou partie."), "success")
    except RuleBroken as refused:
        flash(sentence(refused), "warning")
    return redirect(url_for("studies_pages.show_study", study_id=study_id))


@bp.get("/comparaison")
@guard("study.list")
def compare() -> str:
    """Up to four studies side by side."""
    session, actor = db.session(), current_actor()
    ids = [found for text in request.args.getlist("etude") if (found := identifier(text)) is not None][:MOST_COMPARED]
    studies = [queries.get_study(session, actor, study_id) for study_id in dict.fromkeys(ids)]
    counts = {study.id: queries.counts_of(session, study.id) for study in studies}
    purchases: dict[UUID, list[queries.PurchaseLine]] = {study.id: [] for study in studies}
    for line in queries.list_purchases(session, list(purchases)):
        purchases[line.purchase.study_id].append(line)
    return render_template(
        "composition/compare.html", studies=studies, counts=counts, purchases=purchases,
        names=category_names(session, language()),
    )  # fmt: skip
