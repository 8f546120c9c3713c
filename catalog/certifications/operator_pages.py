"""HTML for the operator: schemes with their versions and activities, and published lists taken over after a look."""
from typing import Any
from uuid import UUID

from flask import flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from catalog.certifications import list_queries, lists, queries, schemes
from catalog.certifications.models import CertificateList
from catalog.certifications.operator_forms import (
    COLUMN_NAMES,
    ActivityForm,
    ColumnsForm,
    LevelForm,
    ListForm,
    SchemeForm,
    VersionForm,
)
from catalog.certifications.operator_schemas import SchemeActivityIn, SchemeIn, SchemeLevelIn, SchemeVersionIn
from catalog.certifications.rules.states import Scheme
from catalog.providers.submission import submit
from marketplace.platform.api import current_actor, guard, page_blueprint
from marketplace.platform.database import db
from marketplace.platform.errors import DomainError, NotFound
from marketplace.platform.i18n import language, told
from marketplace.platform.permissions import require

bp = page_blueprint("certification_references", __name__, template_folder="../templates")


@bp.get("/referentiels/certificats")
@guard("certificate_scheme.write")
def list_schemes() -> str:
    """Every scheme with its versions, their windows and how many certificates follow each."""
    require(current_actor(), "certificate_scheme.write")
    return render_template(
        "catalog/schemes.html", schemes=_schemes(), counts=queries.count_by_version(db.session())
    )


@bp.route("/referentiels/certificats/nouveau", methods=["GET", "POST"])
@guard("certificate_scheme.write")
def add_scheme() -> Any:
    """Add a scheme."""
    require(current_actor(), "certificate_scheme.write")
    form = SchemeForm(_schemes())
    return _save(
        form, lambda: schemes.write_scheme(current_actor(), form.code.data or "", **SchemeIn().load(form.body())),
        _("Nouveau certificat ou qualification"),
    )  # fmt: skip


@bp.route("/referentiels/certificats/<code>/version", methods=["GET", "POST"])
@guard("certificate_scheme.write")
def write_version(code: str) -> Any:
    """Add a version of a scheme, or move the window of the one the address names."""
    require(current_actor(), "certificate_scheme.write")
    scheme = _scheme(code)
    known = scheme.versions.get(request.args.get("version", ""))
    form = VersionForm(
        data={
            "version": known.code, "usable_from": known.usable_from, "void_after": known.void_after,
            "hosting_in_eea": known.hosting_in_eea,
        } if known else None
    )  # fmt: skip
    return _save(
        form,
        lambda: schemes.write_version(
            current_actor(), code, (form.version.data or "").strip(), **SchemeVersionIn().load(form.body())
        ),
        _("Version de %(name)s", name=scheme.name),
    )


@bp.route("/referentiels/certificats/<code>/activite", methods=["GET", "POST"])
@guard("certificate_scheme.write")
def write_activity(code: str) -> Any:
    """Add a numbered activity, or change its names."""
    require(current_actor(), "certificate_scheme.write")
    scheme, form = _scheme(code), ActivityForm()
    return _save(
        form,
        lambda: schemes.write_activity(
            current_actor(), code, form.number.data or 0, **SchemeActivityIn().load(form.body())
        ),
        _("Activité de %(name)s", name=scheme.name),
    )


@bp.route("/referentiels/certificats/<code>/niveau", methods=["GET", "POST"])
@guard("certificate_scheme.write")
def write_level(code: str) -> Any:
    """Add a level, or change its names."""
    require(current_actor(), "certificate_scheme.write")
    scheme, form = _scheme(code), LevelForm()
    return _save(
        form,
        lambda: schemes.write_level(current_actor(), code, form.rank.data or 0, **SchemeLevelIn().load(form.body())),
        _("Niveau de %(name)s", name=scheme.name),
    )


@bp.route("/listes-officielles", methods=["GET", "POST"])
@guard("certificate_list.import")
def list_lists() -> Any:
    """The lists that were sent, and a new one to send."""
    actor = current_actor()
    sent = list_queries.list_lists(db.session(), actor)
    known = _schemes()
    form = ListForm(known)

    def save() -> CertificateList:
        file = form.file.data
        content = file.read(lists.LARGEST_LIST + 1)
        assert form.listed_on.data is not None
        return lists.send_list(
            actor, scheme=form.scheme.data or "", file_name=file.filename, content=content, listed_on=form.listed_on.data
        )

    return submit(form, save, _list_url, "catalog/lists.html", lists=sent, schemes=known)


@bp.get("/listes-officielles/<uuid:list_id>")
@guard("certificate_list.import")
def show_list(list_id: UUID) -> Any:
    """What the columns hold, and what taking the list over would do."""
    return _list_page(list_queries.get_list(db.session(), current_actor(), list_id))


@bp.post("/listes-officielles/<uuid:list_id>/colonnes")
@guard("certificate_list.import")
def map_list(list_id: UUID) -> Any:
    """Say what the columns hold."""
    kept = list_queries.get_list(db.session(), current_actor(), list_id)
    form = _columns(kept)
    version = form.default_version.data if "default_version" in form else None
    try:
        form.validate()
        lists.map_list(current_actor(), list_id, mapping=form.mapping, default_version=version)
    except DomainError as refused:
        return _list_page(kept, told(refused)), 422
    return redirect(_list_url(kept))


@bp.post("/listes-officielles/<uuid:list_id>/reprise")
@guard("certificate_list.import")
def take_over(list_id: UUID) -> Any:
    """Take the list over as the preview shows it."""
    kept = list_queries.get_list(db.session(), current_actor(), list_id)
    confirmed = {int(line) for line in request.form.getlist("confirmed") if line.isdigit()}
    try:
        lists.take_over(current_actor(), list_id, confirmed=confirmed, skip_bad=bool(request.form.get("skip_bad")))
    except DomainError as refused:
        return _list_page(kept, told(refused)), 422
    flash(_("Liste reprise. Les prestataires concernés sont prévenus."), "success")
    return redirect(_list_url(kept))


@bp.post("/certificats/<uuid:certificate_id>/garder")
@guard("certificate.decide")
def keep_despite_list(certificate_id: UUID) -> Response:
    """Keep a certificate that a newer list no longer names."""
    try:
        lists.keep_despite_list(current_actor(), certificate_id, reason=request.form.get("reason", ""))
        flash(_("Certificat gardé."), "success")
    except DomainError as refused:
        flash(told(refused), "error")
    return redirect(url_for("certifications_pages.review"))


def _save(form: Any, write: Any, heading: str) -> Any:
    def onward(_written: Any) -> str:
        flash(_("Référentiel enregistré."), "success")
        return url_for(".list_schemes")

    return submit(form, write, onward, "catalog/scheme_form.html", heading=heading)


def _schemes() -> dict[str, Scheme]:
    return queries.list_schemes(db.session(), language())


def _scheme(code: str) -> Scheme:
    found = _schemes().get(code)
    if found is None:
        raise NotFound("certificate_scheme")
    return found


def _columns(kept: CertificateList) -> ColumnsForm:
    return ColumnsForm(kept.rows[0], kept.mapping, _scheme(kept.scheme), kept.default_version)


def _list_page(kept: CertificateList, problem: str | None = None) -> str:
    is_readable = kept.taken_over_at is None and {"valid_until"} <= set(kept.mapping)
    return render_template(
        "catalog/list.html", kept=kept, scheme=_scheme(kept.scheme), form=_columns(kept), problem=problem,
        names=COLUMN_NAMES, sample=kept.rows[1:4],
        preview=list_queries.preview(db.session(), kept, language()) if is_readable else None,
    )  # fmt: skip


def _list_url(kept: CertificateList) -> str:
    return url_for(".show_list", list_id=kept.id)
