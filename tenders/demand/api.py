"""JSON: needs, pools and closings (formats/core-api.md)."""
from typing import Any
from uuid import UUID

from flask import Response, jsonify

from marketplace.platform.api import blueprint, current_actor, etag_of, expected_version, guard
from marketplace.platform.database import db
from tenders.demand import answers, queries, services
from tenders.demand.rules.placing import Wish
from tenders.demand.schemas import (
    ClosingIn,
    ClosingOut,
    ClosingsOut,
    NeedChangesOut,
    NeedIn,
    NeedOut,
    NeedsArgs,
    NeedsOut,
    PoolOut,
    SignatureIn,
    UndoingIn,
)
from tenders.demand.services import NeedState
from tenders.vehicles import queries as vehicles

bp = blueprint("demand", __name__)


def _answer(state: NeedState) -> Any:
    return answers.need_state(state), 201 if state.created else 200, {"ETag": f'"{etag_of(state.version)}"'}


def wish_of(body: dict[str, Any]) -> Wish:
    """A need as it came, as the rules see it."""
    condition = body["condition"] or {}
    return Wish(
        quantity=body["quantity"],
        firmness=body["firmness"],
        grappe_id=body["grappe_id"],
        tolerance=body["tolerance"],
        minimum_pool_quantity=condition.get("minimum_pool_quantity"),
        maximum_unit_price=condition.get("maximum_unit_price"),
        price_ceiling=body["price_ceiling"],
        phases=body["phases"] and tuple(body["phases"]),
    )


@bp.put("/lots/<uuid:lot_id>/needs/<uuid:establishment_id>")
@guard("need.place")
@bp.arguments(NeedIn)
@bp.response(200, NeedOut)
@bp.alt_response(201, schema=NeedOut, success=True)
def put_need(body: dict[str, Any], lot_id: UUID, establishment_id: UUID) -> Any:
    """Place, change or confirm an establishment's need; a signatory's token signs a firm need by sending it."""
    state = services.put_need(
        current_actor(), lot_id, establishment_id, wish_of(body),
        accept_waitlist=body["accept_waitlist"], expected_version=expected_version(),
    )  # fmt: skip
    return _answer(state)


@bp.get("/lots/<uuid:lot_id>/needs/<uuid:establishment_id>")
@guard("need.read")
@bp.response(200, NeedOut)
def get_need(lot_id: UUID, establishment_id: UUID) -> Any:
    """A need: one's own, or one of one's grappe."""
    row = queries.get_need(db.session(), current_actor(), lot_id, establishment_id)
    rank = queries.rank_of(db.session(), row.need)
    return answers.need_row(row, rank), 200, {"ETag": f'"{etag_of(row.need.version)}"'}


@bp.get("/lots/<uuid:lot_id>/needs/<uuid:establishment_id>/versions")
@guard("need.read")
@bp.response(200, NeedChangesOut)
def list_need_changes(lot_id: UUID, establishment_id: UUID) -> dict[str, Any]:
    """Every change of a need: for its own organisation, a mandated coordinator, and the vehicle's centre."""
    changes = queries.list_need_changes(db.session(), current_actor(), lot_id, establishment_id)
    return {"items": [answers.need_change(each) for each in changes]}


@bp.delete("/lots/<uuid:lot_id>/needs/<uuid:establishment_id>")
@guard("need.place")
@bp.response(204)
def withdraw_need(lot_id: UUID, establishment_id: UUID) -> None:
    """Take a need back while the lot takes needs."""
    services.withdraw_need(current_actor(), lot_id, establishment_id, expected_version=expected_version())


@bp.post("/lots/<uuid:lot_id>/needs/<uuid:establishment_id>/signature")
@guard("need.sign")
@bp.arguments(SignatureIn)
@bp.response(200, NeedOut)
def sign_need(body: dict[str, Any], lot_id: UUID, establishment_id: UUID) -> Any:
    """Sign the firm need that awaits it; from then on it counts."""
    state = services.sign_need(
        current_actor(), lot_id, establishment_id, expected_version=expected_version(), **body
    )
    return _answer(state)


@bp.post("/lots/<uuid:lot_id>/needs/<uuid:establishment_id>/return")
@guard("need.sign")
@bp.response(200, NeedOut)
def return_need(lot_id: UUID, establishment_id: UUID) -> Any:
    """Send a firm need back to whoever proposed it: it becomes indicative."""
    return _answer(
        services.return_need(current_actor(), lot_id, establishment_id, expected_version=expected_version())
    )


@bp.get("/lots/<uuid:lot_id>/needs")
@guard("need.read")
@bp.arguments(NeedsArgs, location="query")
@bp.response(200, NeedsOut)
def list_needs(filters: dict[str, Any], lot_id: UUID) -> dict[str, Any]:
    """The needs the caller may see: its own and its grappes'; all of them for the vehicle's centre."""
    vehicles.get_lot(db.session(), current_actor(), lot_id)
    page = queries.list_needs(db.session(), current_actor(), lot_id, **filters)
    return {"items": [answers.need_row(row) for row in page["items"]], "next": page["next"]}


@bp.get("/lots/<uuid:lot_id>/pool")
@guard("pool.read")
@bp.response(200, PoolOut)
def get_pool(lot_id: UUID) -> Response:
    """What the lot's needs add up to, and what is missing."""
    return jsonify(answers.pool(queries.get_pool(db.session(), current_actor(), lot_id)))


@bp.post("/lots/<uuid:lot_id>/closing")
@guard("lot.close")
@bp.arguments(ClosingIn)
@bp.response(201, ClosingOut)
@bp.alt_response(200, schema=ClosingOut, success=True)
def close_lot(body: dict[str, Any], lot_id: UUID) -> Any:
    """Decide the round: 201 when this call decided it, 200 with the same body when it was decided before."""
    closed = services.close_lot(current_actor(), lot_id, **body)
    return answers.closing(closed.closing), 201 if closed.is_new else 200


@bp.post("/lots/<uuid:lot_id>/closing/undoing")
@guard("lot.close")
@bp.arguments(UndoingIn)
@bp.response(200, ClosingOut)
def undo_closing(body: dict[str, Any], lot_id: UUID) -> Any:
    """Take the last closing back while nobody relied on it; needs are collected again in the next round."""
    return answers.closing(services.undo_closing(current_actor(), lot_id, **body))


@bp.get("/lots/<uuid:lot_id>/closings")
@guard("pool.read")
@bp.response(200, ClosingsOut)
def list_closings(lot_id: UUID) -> dict[str, Any]:
    """The decisions taken on a lot; members other than one's own and one's grappes' are left out, small grappes masked."""
    actor, session = current_actor(), db.session()
    lot = vehicles.get_lot(session, actor, lot_id)
    sight = queries.closing_sight(session, actor, lot)
    return {"items": [answers.closing(each, sight) for each in queries.list_closings(session, lot_id)]}
