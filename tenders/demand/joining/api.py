"""JSON: joining a closed lot."""
from typing import Any
from uuid import UUID

from marketplace.platform.api import blueprint, current_actor, guard
from marketplace.platform.money import incl_vat
from tenders.demand.joining.models import LateJoining
from tenders.demand.joining.schemas import JoiningIn, JoiningOut
from tenders.demand.joining.services import join_late

bp = blueprint("late_joinings", __name__)


@bp.put("/lots/<uuid:lot_id>/late-joinings/<uuid:establishment_id>")
@guard("lot.join_late")
@bp.arguments(JoiningIn)
@bp.response(200, JoiningOut)
@bp.alt_response(201, schema=JoiningOut, success=True)
def join_lot(body: dict[str, Any], lot_id: UUID, establishment_id: UUID) -> Any:
    """Join a lot that is closed and met; a signatory's token signs by sending it. The same again changes nothing."""
    joined = join_late(current_actor(), lot_id, establishment_id, **body)
    return _joining(joined.joining), 201 if joined.is_new else 200


def _joining(row: LateJoining) -> dict[str, Any]:
    amount, fee = row.exposure_excl_vat, row.fee_amount
    return {
        "lot_id": row.lot_id, "establishment_id": row.establishment_id, "grappe_id": row.grappe_id,
        "quantity": row.quantity, "price_ceiling": row.price_ceiling,
        "exposure": {"excl_vat": amount, "incl_vat": incl_vat(amount), "months": row.months},
        "fee": None if fee is None else {"excl_vat": fee, "incl_vat": incl_vat(fee)},
        "envelope_entry": row.entry, "signed_at": row.signed_at,
    }  # fmt: skip
