"""The steps that move needs: from a lot to another, or from one grappe to another on the same lot; all or nothing."""
from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Session

from marketplace.platform import clock
from tenders.demand.models import Need
from tenders.demand.rules.pool import Contribution, contribution
from tenders.demand.words import pool_label
from tenders.demand.writing import Change, apply, move, take_claims
from tenders.vehicles.models import Lot

MERGED = "merged"
"""The decision code of a need that went on elsewhere."""

COPIED = (
    "establishment_id", "organisation_id", "grappe_id", "quantity", "tolerance", "firmness", "minimum_pool_quantity",
    "maximum_unit_price", "status", "placed_by", "signed_at", "signed_by", "price_ceiling", "exposure_excl_vat",
    "phases",
)  # fmt: skip
_COPY = text(f"""
INSERT INTO needs (lot_id, placed_at, changed_at, {", ".join(COPIED)})
SELECT :target_id, :now, :now, {", ".join(COPIED)} FROM needs
WHERE lot_id = :lot_id AND establishment_id = ANY(CAST(:establishments AS uuid[])) ORDER BY establishment_id
""")
_NOTE = text("""
UPDATE needs SET ordered_quantity = 0, decision_code = :code
WHERE lot_id = :lot_id AND establishment_id = ANY(CAST(:establishments AS uuid[]))
""")
_REGROUP = text("""
UPDATE needs SET grappe_id = :grappe_id, changed_at = :now, changed_by = NULL, version = version + 1
WHERE lot_id = :lot_id AND establishment_id = ANY(CAST(:establishments AS uuid[]))
""")


def _of(need: Need) -> Contribution:
    return contribution(need.status, need.firmness, need.quantity, need.tolerance)


def move_to_lot(session: Session, source: Lot, target: Lot, needs: Sequence[Need]) -> None:
    """Step: counted needs of one lot go on in another, claims with them; the caller holds both lots and both pools.

    The target has a totals row for each of their grappes already (locking protocol, 2) and none of these establishments.
    """
    ids = [need.establishment_id for need in needs]
    values = {"lot_id": source.id, "target_id": target.id, "establishments": ids, "now": clock.now(), "code": MERGED}
    session.execute(_COPY, values)
    changes = [Change(need.grappe_id, need.organisation_id, _of(need)) for need in needs]
    move(session, source.id, needs, "released")
    session.execute(_NOTE, values)
    label = pool_label(target.code, target.title, target.vehicle.name)
    claimed = take_claims(session, target.id, label, target.category_code, ids)
    if claimed != set(ids):  # this transaction gave them back itself, and nobody can take them before it commits
        raise RuntimeError("a claim given back in this transaction was taken by another")
    apply(session, target.id, changes)


def move_to_grappe(session: Session, lot: Lot, grappe_id: UUID, needs: Sequence[Need]) -> None:
    """Step: counted needs of a lot count through another of its grappes; the caller holds the lot and its pool."""
    ids = [need.establishment_id for need in needs]
    session.execute(_REGROUP, {"lot_id": lot.id, "grappe_id": grappe_id, "now": clock.now(), "establishments": ids})
    changes = [Change(need.grappe_id, need.organisation_id, -_of(need)) for need in needs]
    changes += [Change(grappe_id, need.organisation_id, _of(need)) for need in needs]
    apply(session, lot.id, changes)
    for need in needs:
        session.expire(need)
