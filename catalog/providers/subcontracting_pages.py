"""HTML: a provider's subcontractors and hosting sites, declared and ended on one page."""
from collections.abc import Callable
from typing import Any
from uuid import UUID

from flask import flash, redirect, render_template, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from catalog.providers import queries, subcontracting
from catalog.providers.countries import COUNTRIES
from catalog.providers.forms import SiteForm, SubcontractorForm
from catalog.providers.schemas import SiteIn, SubcontractorIn
from catalog.providers.submission import submit
from marketplace.platform.api import current_actor, guard, page_blueprint
from marketplace.platform.database import db
from marketplace.platform.permissions import require

bp = page_blueprint("subcontracting", __name__, template_folder="../templates")


@bp.get("/prestataires/<uuid:provider_id>/sous-traitance")
@guard("provider.read")
def show(provider_id: UUID) -> str:
    """The subcontractors and hosting sites of my own profile."""
    session = db.session()
    provider = queries.get_provider(session, current_actor(), provider_id)
    require(current_actor(), "provider.write", own=provider.organisation_id)
    return render_template(
        "catalog/subcontracting.html",
        provider=provider,
        subcontractors=queries.list_subcontractors(session, provider),
        sites=queries.list_sites(session, provider),
        countries=COUNTRIES,
    )


@bp.route("/prestataires/<uuid:provider_id>/sous-traitants/nouveau", methods=["GET", "POST"])
@guard("provider.write")
def declare_subcontractor(provider_id: UUID) -> Any:
    """Name a company that I work with."""
    form = SubcontractorForm()
    return _declare(
        provider_id, form, _("Déclarer un sous-traitant"),
        lambda: subcontracting.declare_subcontractor(
            current_actor(), provider_id, **SubcontractorIn().load(form.body())
        ),
    )  # fmt: skip


@bp.route("/prestataires/<uuid:provider_id>/sites/nouveau", methods=["GET", "POST"])
@guard("provider.write")
def declare_site(provider_id: UUID) -> Any:
    """Name a place where data is hosted."""
    form = SiteForm()
    return _declare(
        provider_id, form, _("Déclarer un site d'hébergement"),
        lambda: subcontracting.declare_site(current_actor(), provider_id, **SiteIn().load(form.body())),
    )  # fmt: skip


@bp.post("/prestataires/<uuid:provider_id>/sous-traitants/<uuid:subcontractor_id>/fin")
@guard("provider.write")
def end_subcontractor(provider_id: UUID, subcontractor_id: UUID) -> Response:
    """No longer work with a subcontractor."""
    subcontracting.end_subcontractor(current_actor(), provider_id, subcontractor_id)
    flash(_("Sous-traitant retiré : ses certificats ne comptent plus avec les vôtres."), "success")
    return redirect(url_for(".show", provider_id=provider_id))


@bp.post("/prestataires/<uuid:provider_id>/sites/<uuid:site_id>/fin")
@guard("provider.write")
def end_site(provider_id: UUID, site_id: UUID) -> Response:
    """No longer host at a site."""
    subcontracting.end_site(current_actor(), provider_id, site_id)
    flash(_("Site retiré : il ne peut plus être nommé sur un certificat."), "success")
    return redirect(url_for(".show", provider_id=provider_id))


def _declare(provider_id: UUID, form: Any, heading: str, save: Callable[[], Any]) -> Any:
    provider = queries.get_provider(db.session(), current_actor(), provider_id)
    require(current_actor(), "provider.write", own=provider.organisation_id)
    onward = url_for(".show", provider_id=provider_id)
    return submit(form, save, lambda _made: onward, "catalog/declared_form.html", provider=provider, heading=heading)
