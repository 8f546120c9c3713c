"""JSON: a provider's own profile, and the platform's decisions about it. The directory is catalog/offers/api.py."""
from typing import Any
from uuid import UUID

from catalog.providers import queries, services, suspensions
from catalog.providers.models import Provider
from catalog.providers.schemas import PROFILE_CHANGES, OwnProfileOut, ProviderDecisionIn, ProviderIn, SuspensionIn
from marketplace.platform import clock
from marketplace.platform.api import blueprint, current_actor, etag_of, expected_version, guard
from marketplace.platform.database import db

bp = blueprint("profiles", __name__)


def _profile(provider: Provider) -> tuple[dict[str, Any], dict[str, str]]:
    computed = {
        "state": queries.standing_of(provider).on(clock.today()),
        "capacities": {category.code: units for category, units in queries.list_capacities(db.session(), provider)},
    }
    fields = {name: getattr(provider, name) for name in OwnProfileOut().fields if name not in computed}
    return {**fields, **computed}, {"ETag": f'"{etag_of(provider.version)}"'}


@bp.get("/providers/<uuid:provider_id>/profile")
@guard("provider.read")
@bp.response(200, OwnProfileOut)
def read_profile(provider_id: UUID) -> Any:
    """One's own profile as it is edited, or any for the operator."""
    return _profile(queries.get_own_profile(db.session(), current_actor(), provider_id))


@bp.post("/providers")
@guard("provider.write")
@bp.arguments(ProviderIn)
@bp.response(201, OwnProfileOut)
def register_provider(body: dict[str, Any]) -> Any:
    """Open the profile of one's own provider organisation; the platform then verifies it."""
    return _profile(services.register_provider(current_actor(), **body))


@bp.patch("/providers/<uuid:provider_id>")
@guard("provider.write")
@bp.arguments(PROFILE_CHANGES)
@bp.response(200, OwnProfileOut)
def edit_provider(changes: dict[str, Any], provider_id: UUID) -> Any:
    """Change one's own profile; only what is sent changes."""
    return _profile(
        services.edit_provider(current_actor(), provider_id, changes, expected_version=expected_version())
    )


@bp.post("/providers/<uuid:provider_id>/decisions")
@guard("provider.decide")
@bp.arguments(ProviderDecisionIn)
@bp.response(200, OwnProfileOut)
def decide_provider(body: dict[str, Any], provider_id: UUID) -> Any:
    """Verify a provider, or refuse it with a reason."""
    return _profile(services.decide_provider(current_actor(), provider_id, **body))


@bp.put("/providers/<uuid:provider_id>/suspension")
@guard("provider.decide")
@bp.arguments(SuspensionIn)
@bp.response(200, OwnProfileOut)
def suspend_provider(body: dict[str, Any], provider_id: UUID) -> Any:
    """Keep a provider out of new matches through a day, with a reason."""
    return _profile(suspensions.suspend_provider(current_actor(), provider_id, **body))


@bp.delete("/providers/<uuid:provider_id>/suspension")
@guard("provider.decide")
@bp.response(200, OwnProfileOut)
def lift_suspension(provider_id: UUID) -> Any:
    """End a suspension before its time."""
    return _profile(suspensions.lift_suspension(current_actor(), provider_id))
