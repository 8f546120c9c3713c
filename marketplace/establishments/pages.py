"""HTML: the directory, one establishment, what it declares, and the operator's reference data."""
from typing import Any
from uuid import UUID

from flask import flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_wtf import FlaskForm

from marketplace.establishments import labels, legal_statuses, queries, rules, territory
from marketplace.establishments.forms import BandForm, EstateForm, ExceptionForm
from marketplace.establishments.models import ESTATE, Establishment
from marketplace.establishments.services import profiles
from marketplace.platform import clock
from marketplace.platform.api import current_actor, guard, page_blueprint
from marketplace.platform.database import db
from marketplace.platform.errors import BadInput, DomainError
from marketplace.platform.i18n import say, sentence
from marketplace.platform.permissions import require

bp = page_blueprint("establishments", __name__)


@bp.get("/etablissements")
@guard("establishment.read")
def list_establishments() -> str:
    """The directory, filtered by the address of the page."""
    actor, session = current_actor(), db.session()
    filters = _filters()
    page = queries.list_establishments(session, actor, filters, cursor=request.args.get("cursor"))
    return render_template(
        "establishments/list.html", page=page, total=queries.count_establishments(session, actor, filters),
        filters=filters, labels=labels, territory=territory, categories=queries.list_categories(session),
        has_sites=bool(actor.organisation_ids(kind="care_operator")),
    )  # fmt: skip


@bp.get("/etablissements/<uuid:establishment_id>")
@guard("establishment.read")
def show_establishment(establishment_id: UUID) -> str:
    """Who a site is, who operates it, its profile, and for its own people its IT estate."""
    actor, session = current_actor(), db.session()
    establishment = queries.get_establishment(session, establishment_id)
    band = queries.list_bands(session).get(establishment.finess_category or "")
    is_closed = rules.is_closed(establishment.closed_on, clock.today())
    return render_template(
        "establishments/show.html", establishment=establishment, band=band, is_closed=is_closed,
        operator=queries.get_operator(session, establishment.organisation_id),
        refusal=rules.grappe_eligibility(establishment.sector, establishment.legal_status, is_closed=is_closed),
        may_read_estate=queries.may_read_estate(actor, establishment),
        may_change=queries.may_change(actor, establishment),
        labels=labels, territory=territory, legal_statuses=legal_statuses, place=_place(establishment),
    )  # fmt: skip


@bp.route("/etablissements/<uuid:establishment_id>/parc", methods=["GET", "POST"])
@guard("establishment.change")
def edit_estate(establishment_id: UUID) -> Any:
    """Declare the IT estate and the staff of one's own establishment."""
    actor = current_actor()
    establishment = queries.get_establishment(db.session(), establishment_id)
    require(actor, "establishment.change", own=establishment.organisation_id)
    form, status = EstateForm(data=_as_declared(establishment)), 200
    if form.validate_on_submit():
        declared = {name: form[name].data for name in (*ESTATE, "staff", "essential_operator")}
        try:
            profiles.change_estate(actor, establishment_id, declared, expected_version=_version(form))
            flash(_("Parc et effectif enregistrés."), "success")
            return redirect(url_for(".show_establishment", establishment_id=establishment_id))
        except DomainError as refused:
            status = _explain(form, refused)
    elif form.is_submitted():
        status = 422
    return render_template("establishments/estate.html", form=form, establishment=establishment), status


@bp.get("/etablissements/referentiels")
@guard("establishment.reference_data")
def reference_data() -> str:
    """Activity bands and FINESS exceptions (operator)."""
    require(current_actor(), "establishment.reference_data")
    return _reference_page(ExceptionForm(formdata=None))


@bp.post("/etablissements/referentiels/finess")
@guard("establishment.reference_data")
def accept_finess() -> Any:
    """Accept a FINESS number whose key is wrong, with a reason (operator)."""
    require(current_actor(), "establishment.reference_data")
    form, status = ExceptionForm(), 422
    if form.validate_on_submit():
        try:
            profiles.accept_finess(current_actor(), form.finess.data, form.reason.data)
            flash(_("Numéro accepté ; le journal garde votre motif."), "success")
            return redirect(url_for(".reference_data"))
        except DomainError as refused:
            status = _explain(form, refused)
    return _reference_page(form), status


@bp.route("/etablissements/referentiels/activite/<finess_category>", methods=["GET", "POST"])
@guard("establishment.reference_data")
def edit_band(finess_category: str) -> Any:
    """Move the thresholds of a type of establishment (operator)."""
    require(current_actor(), "establishment.reference_data")
    row = queries.get_activity_band(db.session(), finess_category)
    form, status = BandForm(obj=row), 200
    if form.validate_on_submit():
        thresholds = {name: form[name].data for name in ("measure", "medium_from", "high_from")}
        try:
            profiles.change_activity_band(
                current_actor(), finess_category, expected_version=_version(form), **thresholds
            )
            flash(_("Seuils enregistrés ; les niveaux d'activité suivent."), "success")
            return redirect(url_for(".reference_data"))
        except DomainError as refused:
            status = _explain(form, refused)
    elif form.is_submitted():
        status = 422
    return render_template("establishments/band.html", form=form, band=row), status


def _filters() -> queries.Filters:
    asked = request.args
    words = {name: asked.get(name, "").strip()[:200] or None for name in ("q", "region", "finess_category", "sector")}
    return queries.Filters(**words, mine="mine" in asked, closed="closed" in asked)


def _place(establishment: Establishment) -> str:
    """Town, département and region by name: « Bourg-en-Bresse, Ain, Auvergne-Rhône-Alpes »."""
    region, department = territory.region_name(establishment.region), territory.department_name(establishment.department)
    parts = [establishment.town, department, None if region == department else region]
    return ", ".join(part for part in parts if part)


def _as_declared(establishment: Establishment) -> dict[str, Any]:
    """What the form starts from: an imported staff figure is shown as help, not as the establishment's own."""
    names = (*ESTATE, "essential_operator", "version")
    staff = establishment.staff if establishment.staff_declared_on else None
    return {**{name: getattr(establishment, name) for name in names}, "staff": None if staff is None else int(staff)}


def _reference_page(form: ExceptionForm) -> str:
    session = db.session()
    return render_template(
        "establishments/reference_data.html", form=form, bands=queries.list_activity_bands(session),
        exceptions=queries.list_exceptions(session), labels=labels,
    )  # fmt: skip


def _version(form: FlaskForm) -> int | None:
    """The version the person was reading; None when the field was tampered with (the newest is then overwritten)."""
    text = str(form.version.data or "")
    return int(text) if text.isascii() and text.isdigit() else None


def _explain(form: FlaskForm, refused: DomainError) -> int:
    """Put a refusal where the person looks: under its fields, or at the top of the form; the HTTP status."""
    if isinstance(refused, BadInput):
        for name, texts in refused.errors.items():
            if name in form:
                form[name].errors = [*form[name].errors, *(say(text) for text in texts)]
    else:
        form.form_errors.append(sentence(refused))
    return refused.status
