"""Everything a need is placed on, read in one statement: lot, establishment, grappe, former need, totals, claim."""
from collections.abc import Mapping
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Session

from marketplace.platform import clock
from marketplace.platform.database import fetch_row, numbered
from marketplace.platform.errors import NotFound
from tenders.demand.rules.placing import Belonging, Ground, Placed, Signature, Wish
from tenders.demand.words import pool_label
from tenders.vehicles.status import status_of

_FACTS = """
       l.title, l.code, v.name AS vehicle_name, l.unit, l.category_code, l.price_period, l.term_months,
       l.reference_unit_price, l.takes_firm_needs, l.needs_close_at, l.opened_at, l.closed_at, l.cancelled_at,
       v.ends_on, v.allows_individual_needs, v.organisation_id AS centre_id,
       e.organisation_id, e.closed_on, e.name AS establishment_name,
       t.round, t.firm + t.conditional AS counted, t.maximum_quantity,
       g.status AS grappe_status, m.status AS membership_status, m.leaves_on,
       CASE WHEN g.id IS NOT NULL THEN EXISTS (
           SELECT FROM grappe_categories gc WHERE gc.grappe_id = g.id AND gc.category_code = l.category_code
       ) END AS pools_category,
       CASE WHEN g.id IS NOT NULL THEN (
           SELECT ce.organisation_id FROM establishments ce
           JOIN charters c ON c.id = m.charter_id
           WHERE ce.id = g.coordinator_establishment_id AND (c.parameters ->> 'coordinator_enters_needs')::boolean
       ) END AS mandated_id,
       gt.grappe_id IS NOT NULL AS has_grappe_row,
       n.version, n.grappe_id AS need_grappe_id, n.organisation_id AS need_organisation_id, n.quantity, n.tolerance,
       n.firmness, n.minimum_pool_quantity, n.maximum_unit_price, n.status, n.waitlist_number, n.placed_at, n.placed_by,
       n.signed_at, n.signed_by, n.price_ceiling, n.exposure_excl_vat, n.phases,
       c.subject_id AS claimed_by, c.subject_label AS claim_label"""
_NAMES = (
    "title", "code", "vehicle_name", "unit", "category_code", "price_period", "term_months", "reference_unit_price",
    "takes_firm_needs", "needs_close_at", "opened_at", "closed_at", "cancelled_at", "ends_on",
    "allows_individual_needs", "centre_id", "organisation_id", "closed_on", "establishment_name", "round", "counted",
    "maximum_quantity", "grappe_status", "membership_status", "leaves_on", "pools_category", "mandated_id",
    "has_grappe_row", "version", "need_grappe_id", "need_organisation_id", "quantity", "tolerance", "firmness",
    "minimum_pool_quantity", "maximum_unit_price", "status", "waitlist_number", "placed_at", "placed_by", "signed_at",
    "signed_by", "price_ceiling", "exposure_excl_vat", "phases", "claimed_by", "claim_label",
)  # fmt: skip
"""The same columns by name, in that order."""
_ON_LOT = """
JOIN vehicles v ON v.id = l.vehicle_id
JOIN lot_totals t ON t.lot_id = l.id
"""
_BEHIND = """
LEFT JOIN needs n ON n.lot_id = l.id AND n.establishment_id = e.id
LEFT JOIN pooling_claims c
       ON c.establishment_id = e.id AND c.category_code = l.category_code AND c.kind = 'need'
"""
# FOR SHARE: whoever ends this membership waits until this need is written, and then finds it.
_STANDING = numbered(f"""
WITH membership AS (
    SELECT status, leaves_on, charter_id FROM grappe_memberships
    WHERE grappe_id = CAST(:grappe_id AS uuid) AND establishment_id = :establishment_id
      AND ended_at IS NULL AND joined_at IS NOT NULL
    FOR SHARE
)
SELECT {_FACTS}
FROM lots l {_ON_LOT}
CROSS JOIN establishments e
LEFT JOIN membership m ON true
LEFT JOIN grappes g ON g.id = :grappe_id
LEFT JOIN lot_grappe_totals gt ON gt.lot_id = l.id AND gt.grappe_id = :grappe_id
{_BEHIND}
WHERE l.id = :lot_id AND e.id = :establishment_id AND l.opened_at IS NOT NULL
""")
_STANDINGS = text(f"""
SELECT e.id AS establishment_id, {_FACTS}
FROM unnest(CAST(:establishments AS uuid[]), CAST(:grappes AS uuid[])) AS asked (establishment_id, grappe_id)
JOIN establishments e ON e.id = asked.establishment_id
JOIN lots l ON l.id = :lot_id AND l.opened_at IS NOT NULL {_ON_LOT}
LEFT JOIN grappe_memberships m
       ON m.grappe_id = asked.grappe_id AND m.establishment_id = e.id AND m.ended_at IS NULL AND m.joined_at IS NOT NULL
LEFT JOIN grappes g ON g.id = asked.grappe_id
LEFT JOIN lot_grappe_totals gt ON gt.lot_id = l.id AND gt.grappe_id = asked.grappe_id
{_BEHIND}
""")


@dataclass(frozen=True)
class Former:
    """The need as it stands before the change, and the pool it stands in."""

    placed: Placed
    organisation_id: UUID
    version: int
    placed_at: Any
    placed_by: UUID | None


@dataclass(frozen=True)
class Standing:
    """What a change of one need looks at. `mandated_id`: the coordinator's organisation if the charter lets it enter
    needs for members. `counted` and `maximum` were read without a lock: the write checks them again.
    """

    ground: Ground
    belonging: Belonging
    former: Former | None
    establishment_name: str
    organisation_id: UUID
    centre_id: UUID
    mandated_id: UUID | None
    category_code: str
    round: int
    counted: int
    maximum: int | None
    has_grappe_row: bool
    claimed_by: UUID | None
    claim_label: str | None
    pool_label: str

    @property
    def before(self) -> Placed | None:
        """The need as placed until now."""
        return self.former.placed if self.former else None


def get_standing(session: Session, lot_id: UUID, establishment_id: UUID, grappe_id: UUID | None = None) -> Standing:
    """Everything about placing a need of this establishment on this lot, through this grappe.

    The membership in the grappe, if any, is locked FOR SHARE. NotFound when the lot is unknown or still a draft, or the
    establishment unknown (both are visible to everybody signed in).
    """
    ids = {"lot_id": lot_id, "establishment_id": establishment_id, "grappe_id": grappe_id}
    found = fetch_row(session, _STANDING, ids)
    if found is None:
        raise NotFound("lot or establishment")
    return _standing(lot_id, SimpleNamespace(**dict(zip(_NAMES, found, strict=True))))


_LOCK_MEMBERSHIPS = text("""
    SELECT FROM grappe_memberships m
    JOIN unnest(CAST(:establishments AS uuid[]), CAST(:grappes AS uuid[])) AS asked (establishment_id, grappe_id)
      ON asked.grappe_id = m.grappe_id AND asked.establishment_id = m.establishment_id
    WHERE m.ended_at IS NULL AND m.joined_at IS NOT NULL
    ORDER BY m.grappe_id, m.establishment_id
    FOR SHARE OF m
""")


def lock_memberships(session: Session, asked: Mapping[UUID, UUID | None]) -> None:
    """Step: hold the memberships through which needs are placed; before the lot's lock (locking protocol, 2)."""
    session.execute(_LOCK_MEMBERSHIPS, {"establishments": list(asked), "grappes": list(asked.values())})


def list_standings(session: Session, lot_id: UUID, asked: Mapping[UUID, UUID | None]) -> dict[UUID, Standing]:
    """The same for many establishments, each with the grappe it places through (None: alone); one statement, no lock."""
    values = {"lot_id": lot_id, "establishments": list(asked), "grappes": list(asked.values())}
    return {row.establishment_id: _standing(lot_id, row) for row in session.execute(_STANDINGS, values)}


def _standing(lot_id: UUID, row: Any) -> Standing:
    return Standing(
        ground=_ground(lot_id, row),
        belonging=Belonging(row.grappe_status, bool(row.pools_category), row.membership_status, row.leaves_on),
        former=None if row.version is None else _former(row),
        establishment_name=row.establishment_name,
        organisation_id=row.organisation_id,
        centre_id=row.centre_id,
        mandated_id=row.mandated_id,
        category_code=row.category_code,
        round=row.round,
        counted=row.counted,
        maximum=row.maximum_quantity,
        has_grappe_row=row.has_grappe_row,
        claimed_by=row.claimed_by,
        claim_label=row.claim_label,
        pool_label=pool_label(row.code, row.title, row.vehicle_name),
    )


def _ground(lot_id: UUID, row: Any) -> Ground:
    dates = {name: getattr(row, name) for name in ("cancelled_at", "opened_at", "ends_on", "closed_at")}
    return Ground(
        lot_id=lot_id,
        label=row.title,
        unit=row.unit,
        price_period=row.price_period,
        term_months=row.term_months,
        reference_unit_price=row.reference_unit_price,
        takes_firm_needs=row.takes_firm_needs,
        allows_individual_needs=row.allows_individual_needs,
        status=status_of(dates, clock.today()),
        needs_close_at=row.needs_close_at,
        establishment_closed_on=row.closed_on,
    )


def _former(row: Any) -> Former:
    wish = Wish(
        row.quantity, row.firmness, row.need_grappe_id, row.tolerance, row.minimum_pool_quantity, row.maximum_unit_price,
        phases=row.phases and tuple(row.phases),
    )  # fmt: skip
    signature = None
    if row.signed_at is not None:
        signature = Signature(row.signed_at, row.signed_by, row.price_ceiling, row.exposure_excl_vat)
    placed = Placed(wish, row.status, signature, row.waitlist_number)
    return Former(placed, row.need_organisation_id, row.version, row.placed_at, row.placed_by)
