"""What an import of needs looks up, and what its template is filled with."""
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import and_, select
from sqlalchemy.orm import Session

from marketplace.establishments.models import Establishment
from marketplace.establishments.rules import fold
from marketplace.grappes.models import INSIDE, Grappe, GrappeMembership, PoolingClaim
from marketplace.platform.permissions import Actor
from tenders.demand.models import Need
from tenders.demand.rules.sheet_rows import MOST_ROWS
from tenders.vehicles.models import Lot

LIVE = ("counted", "waitlisted", "awaiting_signature", "not_counted", "to_confirm")


@dataclass(frozen=True)
class SheetSite:
    """A site with its living need, if any, and the grappe that need passes through, or would."""

    site: Establishment
    need: Need | None
    grappe_id: UUID | None
    grappe_name: str | None


def list_sheet_sites(session: Session, actor: Actor, lot: Lot) -> list[SheetSite]:
    """The actor's open sites for the template of a lot, by name; one statement."""
    own = actor.organisation_ids(("admin", "signatory", "buyer", "contributor"), kind="care_operator")
    pooling = and_(
        PoolingClaim.establishment_id == Establishment.id, PoolingClaim.kind == "membership",
        PoolingClaim.category_code == lot.category_code, Need.lot_id.is_(None),
    )  # fmt: skip
    statement = (
        select(Establishment, Need, Grappe.id, Grappe.name)
        .outerjoin(
            Need, and_(Need.establishment_id == Establishment.id, Need.lot_id == lot.id, Need.status.in_(LIVE))
        )
        .outerjoin(PoolingClaim, pooling)
        .outerjoin(
            Grappe,
            (Grappe.id == Need.grappe_id) | ((Grappe.id == PoolingClaim.subject_id) & (Grappe.status == "active")),
        )
        .where(Establishment.organisation_id.in_(own), Establishment.closed_on.is_(None))
        .order_by(Establishment.name, Establishment.id)
        .limit(MOST_ROWS)
    )
    return [SheetSite(*row) for row in session.execute(statement)]


def find_sites(session: Session, finess: Iterable[str]) -> dict[str, Establishment]:
    """Establishments by FINESS number; unknown numbers are left out."""
    statement = select(Establishment).where(Establishment.finess.in_(list(finess)))
    return {site.finess: site for site in session.scalars(statement)}


def list_grappes_of(session: Session, establishment_ids: Sequence[UUID]) -> Mapping[UUID, Mapping[str, UUID]]:
    """For each establishment the grappes it is in, by folded name and by id."""
    statement = (
        select(GrappeMembership.establishment_id, Grappe.id, Grappe.name)
        .join(Grappe, Grappe.id == GrappeMembership.grappe_id)
        .where(GrappeMembership.establishment_id.in_(establishment_ids), GrappeMembership.status.in_(INSIDE))
    )
    found: dict[UUID, dict[str, UUID]] = {}
    for establishment_id, grappe_id, name in session.execute(statement):
        found.setdefault(establishment_id, {}).update({fold(name): grappe_id, str(grappe_id): grappe_id})
    return found
