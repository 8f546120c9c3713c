"""HTML: a provider's own profile, and the platform's decisions about a provider."""
from typing import Any
from uuid import UUID

from flask import flash, redirect, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from catalog.providers import labels, queries, services, suspensions
from catalog.providers.forms import ProviderDecisionForm, SuspensionForm, profile_form
from catalog.providers.models import Provider
from catalog.providers.schemas import PROFILE_CHANGES, ProfileIn
from catalog.providers.submission import submit
from marketplace.categories.queries import list_categories
from marketplace.platform.api import current_actor, guard, page_blueprint
from marketplace.platform.database import db
from marketplace.platform.permissions import require

bp = page_blueprint("profiles", __name__, template_folder="../templates")


def show_url(provider_id: UUID) -> str:
    """The provider's page in the directory (catalog/offers/directory_pages.py)."""
    return url_for("providers_pages.show_provider", provider_id=provider_id)


@bp.get("/ma-fiche")
@guard("provider.read")
def own_profile() -> Any:
    """My profile as others see it; when there is none yet, the form that opens it."""
    found = queries.list_own_providers(db.session(), current_actor())
    return redirect(show_url(found[0].id) if found else url_for(".open_profile"))


@bp.route("/ma-fiche/nouvelle", methods=["GET", "POST"])
@guard("provider.write")
def open_profile() -> Any:
    """Open the profile of my provider organisation."""
    actor = current_actor()
    home = next(iter(sorted(actor.organisation_ids(kind="provider"), key=str)), None)
    require(actor, "provider.write", own=home)
    form = profile_form(list_categories(db.session()), {})

    def save() -> Provider:
        assert home is not None
        return services.register_provider(actor, organisation_id=home, **ProfileIn().load(form.body()))

    return submit(form, save, lambda made: show_url(made.id), "catalog/profile_form.html", provider=None)


@bp.route("/prestataires/<uuid:provider_id>/modifier", methods=["GET", "POST"])
@guard("provider.write")
def edit_profile(provider_id: UUID) -> Any:
    """Change my profile."""
    provider = queries.get_provider(db.session(), current_actor(), provider_id)
    require(current_actor(), "provider.write", own=provider.organisation_id)
    limits = {category.code: units for category, units in queries.list_capacities(db.session(), provider)}
    form = profile_form(list_categories(db.session()), limits, provider)

    def save() -> Provider:
        return services.edit_provider(current_actor(), provider_id, PROFILE_CHANGES.load(form.body()))

    return submit(form, save, lambda made: show_url(made.id), "catalog/profile_form.html", provider=provider)


@bp.route("/prestataires/<uuid:provider_id>/decision", methods=["GET", "POST"])
@guard("provider.decide")
def decide(provider_id: UUID) -> Any:
    """Verify or refuse a provider."""
    provider = queries.get_provider(db.session(), current_actor(), provider_id)
    require(current_actor(), "provider.decide")
    form = ProviderDecisionForm()

    def save() -> Provider:
        return services.decide_provider(
            current_actor(), provider_id, decision=form.decision.data, reason=form.reason.data
        )

    return submit(
        form, save, lambda made: show_url(made.id), "catalog/provider_decision.html", provider=provider,
        organisation=queries.organisation_of(db.session(), provider), labels=labels,
    )  # fmt: skip


@bp.route("/prestataires/<uuid:provider_id>/suspension", methods=["GET", "POST"])
@guard("provider.decide")
def suspend(provider_id: UUID) -> Any:
    """Suspend a provider for a time."""
    provider = queries.get_provider(db.session(), current_actor(), provider_id)
    require(current_actor(), "provider.decide")
    form = SuspensionForm()

    def save() -> Provider:
        return suspensions.suspend_provider(
            current_actor(), provider_id, until=form.until.data, reason=form.reason.data
        )

    return submit(form, save, lambda made: show_url(made.id), "catalog/provider_suspension.html", provider=provider)


@bp.post("/prestataires/<uuid:provider_id>/suspension/levee")
@guard("provider.decide")
def lift(provider_id: UUID) -> Response:
    """End a suspension before its time."""
    suspensions.lift_suspension(current_actor(), provider_id)
    flash(_("La suspension est levée."), "success")
    return redirect(show_url(provider_id))
