"""Many needs of one lot written at once under the lot's lock: a fixed number of round trips, whatever their number."""
from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Session

from marketplace.platform import clock
from tenders.demand.writing import Change, Overtaken, Placing, apply, release_claims, take_claims

_COLUMNS = (
    "lot_id", "establishment_id", "organisation_id", "grappe_id", "quantity", "tolerance", "firmness",
    "minimum_pool_quantity", "maximum_unit_price", "status", "placed_at", "placed_by", "changed_at", "changed_by",
    "signed_at", "signed_by", "price_ceiling", "exposure_excl_vat", "phases",
)  # fmt: skip
_KEPT = ("lot_id", "establishment_id", "placed_at")
_VALUES = [f"CAST(:{name} AS bigint[])" if name == "phases" else f":{name}" for name in _COLUMNS]
_WRITE = text(f"""
INSERT INTO needs ({", ".join(_COLUMNS)}) VALUES ({", ".join(_VALUES)})
ON CONFLICT (lot_id, establishment_id) DO UPDATE
SET {", ".join(f"{name} = excluded.{name}" for name in _COLUMNS if name not in _KEPT)},
    waitlist_number = NULL, ordered_quantity = NULL, decision_code = NULL, version = needs.version + 1
""")


def place_all(session: Session, lot_id: UUID, placings: Sequence[Placing]) -> None:
    """Step: write these needs with totals and claims; the caller holds the lot's lock and decided under it.

    None of them is to wait: who waits is numbered one by one. Overtaken when one of their claims was taken meanwhile.
    """
    session.execute(_WRITE, [_row(placing) for placing in placings])
    changes: list[Change] = [change for placing in placings for change in placing.changes]
    apply(session, lot_id, changes)
    release_claims(session, lot_id, [each.establishment_id for each in placings if each.claims < 0])
    claiming = {each.establishment_id for each in placings if each.claims > 0}
    if claiming:
        label, category = placings[0].label, placings[0].category_code
        if take_claims(session, lot_id, label, category, claiming) != claiming:
            raise Overtaken


def _row(placing: Placing) -> dict[str, Any]:
    placed, wish, signature = placing.placed, placing.placed.wish, placing.placed.signature
    now = clock.now()
    return {
        "lot_id": placing.lot_id, "establishment_id": placing.establishment_id,
        "organisation_id": placing.organisation_id, "grappe_id": wish.grappe_id, "quantity": wish.quantity,
        "tolerance": wish.tolerance, "firmness": wish.firmness, "minimum_pool_quantity": wish.minimum_pool_quantity,
        "maximum_unit_price": wish.maximum_unit_price, "status": placed.status, "placed_at": now,
        "placed_by": placing.placed_by, "changed_at": now, "changed_by": placing.placed_by,
        "signed_at": signature and signature.signed_at, "signed_by": signature and signature.signed_by,
        "price_ceiling": signature and signature.price_ceiling,
        "exposure_excl_vat": signature and signature.exposure_excl_vat, "phases": wish.phases and list(wish.phases),
    }  # fmt: skip
