"""JSON: what a site's estate and its last need propose for a lot, and the ratios behind (the operator edits them)."""
from typing import Any
from uuid import UUID

import marshmallow as ma

from marketplace.establishments.queries import get_establishment
from marketplace.establishments.rules import ACTIVITY_LEVELS, SIZE_BANDS
from marketplace.platform.api import (
    DecimalString,
    Identifier,
    Schema,
    blueprint,
    current_actor,
    etag_of,
    expected_version,
    guard,
)
from marketplace.platform.database import db
from marketplace.platform.errors import NotFound
from marketplace.platform.permissions import require
from tenders.demand.answers import condition_of
from tenders.demand.estimates import queries, services
from tenders.demand.estimates.previous import find_previous
from tenders.demand.estimates.rules import ANY, BASES
from tenders.demand.schemas import POSITIVE, ConditionOut
from tenders.vehicles.queries import get_lot

bp = blueprint("estimates", __name__)

RATIO = "/estimate-ratios/<string:category>/<string:size_band>/<string:activity_level>"


class RatioIn(Schema):
    """Units of the category for each unit of `basis` in the estate."""

    basis = ma.fields.String(required=True, validate=ma.validate.OneOf(BASES))
    ratio = DecimalString(required=True, validate=(POSITIVE, ma.validate.Range(max=10**6)))


class RatioOut(Schema):
    """A ratio and the profile it speaks for (`any`: every profile without one of its own)."""

    category = ma.fields.String(required=True, attribute="category_code")
    size_band = ma.fields.String(required=True)
    activity_level = ma.fields.String(required=True)
    basis = ma.fields.String(required=True)
    ratio = DecimalString(required=True)
    version = ma.fields.Integer(required=True)


class RatiosOut(Schema):
    """Every ratio."""

    items = ma.fields.List(ma.fields.Nested(RatioOut), required=True)


class EstimateOut(Schema):
    """A proposal in the lot's unit: `amount` of `basis` × `ratio`, rounded up. All null when there is none."""

    quantity = ma.fields.Integer(required=True, allow_none=True)
    basis = ma.fields.String(required=True, allow_none=True)
    amount = ma.fields.Integer(required=True, allow_none=True)
    ratio = DecimalString(required=True, allow_none=True)


@bp.get("/lots/<uuid:lot_id>/needs/<uuid:establishment_id>/estimate")
@guard("estimate.read")
@bp.response(200, EstimateOut)
def get_estimate(lot_id: UUID, establishment_id: UUID) -> Any:
    """What the IT estate of one of the caller's sites proposes for this lot; nothing is written."""
    session, actor = db.session(), current_actor()
    lot = get_lot(session, actor, lot_id)
    site = get_establishment(session, establishment_id)
    require(actor, "estimate.read", own=site.organisation_id)
    nothing = {"quantity": None, "basis": None, "amount": None, "ratio": None}
    return queries.find_estimate(session, site, lot.category_code) or nothing


class PreviousOut(Schema):
    """What the site asked for on the last lot of the same category and unit. All null when there was none.

    `condition` and `phases` as in a need; `ordered_quantity`: what its closing kept.
    """

    lot_id = Identifier(required=True, allow_none=True)
    label = ma.fields.String(required=True, allow_none=True)
    quantity = ma.fields.Integer(required=True, allow_none=True)
    tolerance = ma.fields.Integer(required=True, allow_none=True)
    firmness = ma.fields.String(required=True, allow_none=True)
    condition = ma.fields.Nested(ConditionOut, required=True, allow_none=True)
    phases = ma.fields.List(ma.fields.Integer(), required=True, allow_none=True)
    ordered_quantity = ma.fields.Integer(required=True, allow_none=True)


@bp.get("/lots/<uuid:lot_id>/needs/<uuid:establishment_id>/previous")
@guard("estimate.read")
@bp.response(200, PreviousOut)
def get_previous(lot_id: UUID, establishment_id: UUID) -> Any:
    """What one of the caller's sites asked for the last time, to start from; nothing is written."""
    session, actor = db.session(), current_actor()
    lot = get_lot(session, actor, lot_id)
    site = get_establishment(session, establishment_id)
    require(actor, "estimate.read", own=site.organisation_id)
    found = find_previous(session, lot, establishment_id)
    if found is None:
        return dict.fromkeys(PreviousOut().fields)
    wish = found.wish
    return {
        "lot_id": found.lot_id, "label": found.label, "quantity": wish.quantity, "tolerance": wish.tolerance,
        "firmness": wish.firmness, "phases": wish.phases, "ordered_quantity": found.ordered_quantity,
        "condition": condition_of(wish.minimum_pool_quantity, wish.maximum_unit_price),
    }  # fmt: skip


@bp.get("/estimate-ratios")
@guard("estimate.list")
@bp.response(200, RatiosOut)
def list_ratios() -> dict[str, Any]:
    """Every ratio, by category and profile."""
    return {"items": queries.list_ratios(db.session())}


@bp.put(RATIO)
@guard("estimate.revise")
@bp.arguments(RatioIn)
@bp.response(200, RatioOut)
def set_ratio(body: dict[str, Any], category: str, size_band: str, activity_level: str) -> Any:
    """Set the ratio of a category for a profile (operator)."""
    key = _key(category, size_band, activity_level)
    row = services.set_ratio(current_actor(), key, expected_version=expected_version(), **body)
    return row, 200, {"ETag": f'"{etag_of(row.version)}"'}


@bp.delete(RATIO)
@guard("estimate.revise")
@bp.response(204)
def remove_ratio(category: str, size_band: str, activity_level: str) -> None:
    """Take a profile's ratio away (operator)."""
    services.remove_ratio(
        current_actor(), _key(category, size_band, activity_level), expected_version=expected_version()
    )


def _key(category: str, size_band: str, activity_level: str) -> services.Key:
    """NotFound for a profile that does not exist."""
    if size_band not in (ANY, *SIZE_BANDS) or activity_level not in (ANY, *ACTIVITY_LEVELS):
        raise NotFound("ratio")
    return category, size_band, activity_level
