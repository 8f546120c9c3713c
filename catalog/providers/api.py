"""JSON: a provider's own profile, and the platform's decisions about it. The directory is catalog/offers/api.py."""
from typing import Any
from uuid import UUID

from catalog.providers import services
from catalog.providers.models import Provider
from catalog.providers.queries import standing_of
from catalog.providers.schemas import PROFILE_CHANGES, ProfileOut, ProviderDecisionIn, ProviderIn, SuspensionIn
from marketplace.platform import clock
from marketplace.platform.api import blueprint, current_actor, etag_of, expected_version, guard

bp = blueprint("profiles", __name__)


def _profile(provider: Provider) -> tuple[dict[str, Any], dict[str, str]]:
    fields = {name: getattr(provider, name) for name in ProfileOut().fields if name != "state"}
    return {**fields, "state": standing_of(provider).on(clock.today())}, {"ETag": f'"{etag_of(provider.version)}"'}


@bp.post("/providers")
@guard("provider.write")
@bp.arguments(ProviderIn)
@bp.response(201, ProfileOut)
def register_provider(body: dict[str, Any]) -> Any:
    """Open the profile of one's own provider organisation; the platform then verifies it."""
    return _profile(services.register_provider(current_actor(), **body))


@bp.patch("/providers/<uuid:provider_id>")
@guard("provider.write")
@bp.arguments(PROFILE_CHANGES)
@bp.response(200, ProfileOut)
def edit_provider(changes: dict[str, Any], provider_id: UUID) -> Any:
    """Change one's own profile; only what is sent changes."""
    return _profile(
        services.edit_provider(current_actor(), provider_id, changes, expected_version=expected_version())
    )


@bp.post("/providers/<uuid:provider_id>/decisions")
@guard("provider.decide")
@bp.arguments(ProviderDecisionIn)
@bp.response(200, ProfileOut)
def decide_provider(body: dict[str, Any], provider_id: UUID) -> Any:
    """Verify a provider, or refuse it with a reason."""
    return _profile(services.decide_provider(current_actor(), provider_id, **body))


@bp.put("/providers/<uuid:provider_id>/suspension")
@guard("provider.decide")
@bp.arguments(SuspensionIn)
@bp.response(200, ProfileOut)
def suspend_provider(body: dict[str, Any], provider_id: UUID) -> Any:
    """Keep a provider out of new matches through a day, with a reason."""
    return _profile(services.suspend_provider(current_actor(), provider_id, **body))


@bp.delete("/providers/<uuid:provider_id>/suspension")
@guard("provider.decide")
@bp.response(200, ProfileOut)
def lift_suspension(provider_id: UUID) -> Any:
    """End a suspension before its time."""
    return _profile(services.lift_suspension(current_actor(), provider_id))
