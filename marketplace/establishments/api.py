"""JSON: the directory of establishments, what they declare, and the operator's reference data."""
from typing import Any
from uuid import UUID

from flask import make_response
from werkzeug.wrappers import Response

from marketplace.establishments import queries
from marketplace.establishments.models import AcceptedFiness, ActivityBand, Establishment
from marketplace.establishments.schemas import (
    AcceptedFinessIn,
    AcceptedFinessOut,
    ActivityBandIn,
    ActivityBandOut,
    ActivityBandsOut,
    EstablishmentArgs,
    EstablishmentDetailOut,
    EstablishmentsOut,
    EstateIn,
    EstateOut,
)
from marketplace.establishments.services import profiles
from marketplace.platform.api import blueprint, current_actor, expected_version, guard, set_etag
from marketplace.platform.database import db

bp = blueprint("establishments", __name__)


@bp.get("/establishments")
@guard("establishment.read")
@bp.arguments(EstablishmentArgs, location="query")
@bp.response(200, EstablishmentsOut)
def list_establishments(args: dict[str, Any]) -> dict[str, Any]:
    """Establishments by name; open ones unless `closed` or a FINESS number is asked for."""
    limit, cursor = args.pop("limit"), args.pop("cursor")
    return queries.list_establishments(
        db.session(), current_actor(), queries.Filters(**args), limit=limit, cursor=cursor
    )


@bp.get("/establishments/<uuid:establishment_id>")
@guard("establishment.read")
@bp.response(200, EstablishmentDetailOut)
def get_establishment(establishment_id: UUID) -> Response:
    """One establishment; its staff and IT estate only for its own organisation and the operator."""
    return _detail(queries.get_establishment(db.session(), establishment_id))


@bp.patch("/establishments/<uuid:establishment_id>/estate")
@guard("establishment.change")
@bp.arguments(EstateIn)
@bp.response(200, EstablishmentDetailOut)
def change_estate(body: dict[str, Any], establishment_id: UUID) -> Response:
    """Declare the IT estate and the staff of one's own establishment."""
    changed = profiles.change_estate(
        current_actor(), establishment_id, body, expected_version=expected_version()
    )
    return _detail(changed)


@bp.get("/activity-bands")
@guard("establishment.read")
@bp.response(200, ActivityBandsOut)
def list_activity_bands() -> dict[str, Any]:
    """Activity bands by type of establishment."""
    return {"items": queries.list_activity_bands(db.session())}


@bp.put("/activity-bands/<finess_category>")
@guard("establishment.reference_data")
@bp.arguments(ActivityBandIn)
@bp.response(200, ActivityBandOut)
def change_activity_band(body: dict[str, Any], finess_category: str) -> ActivityBand:
    """Move the thresholds of a type (operator); the levels of its establishments follow."""
    return profiles.change_activity_band(
        current_actor(), finess_category, expected_version=expected_version(), **body
    )


@bp.put("/accepted-finess/<finess>")
@guard("establishment.reference_data")
@bp.arguments(AcceptedFinessIn)
@bp.response(200, AcceptedFinessOut)
def accept_finess(body: dict[str, Any], finess: str) -> AcceptedFiness:
    """Accept a FINESS number whose key is wrong, with a reason (operator)."""
    return profiles.accept_finess(current_actor(), finess, body["reason"])


def _detail(establishment: Establishment) -> Response:
    readable = queries.may_read_estate(current_actor(), establishment)
    shown = EstablishmentDetailOut(exclude=("estate",)).dump(establishment)
    shown["estate"] = EstateOut().dump(establishment) if readable else None
    return set_etag(make_response(shown), establishment.version)
