"""What one site's other quantity would change: the pool's totals and gap, and the best published price before and after."""
from dataclasses import dataclass, replace
from decimal import Decimal
from uuid import UUID

from sqlalchemy.orm import Session

from marketplace.grappes.models import Grappe
from marketplace.grappes.queries import find_active_grappe
from marketplace.platform import clock
from marketplace.platform.permissions import Actor, require
from tenders.demand.queries.placing import Standing, get_standing
from tenders.demand.queries.pool import get_pool
from tenders.demand.rules.placing import check_taken
from tenders.demand.rules.what_if import Supposition, suppose
from tenders.demand.views import PoolView
from tenders.matching.queries import list_best_prices
from tenders.vehicles.queries import get_lot


@dataclass(frozen=True)
class WhatIf:
    """The pool as it is and as it would be; prices in euros excluding VAT, None where none is published.

    `need_status`: what the site's need would be, None without one.
    """

    before: PoolView
    after: PoolView
    unit_price_before: Decimal | None
    unit_price_after: Decimal | None
    need_status: str | None


def suppose_need(
    session: Session, actor: Actor, lot_id: UUID, *, establishment_id: UUID, quantity: int, firmness: str | None = None
) -> WhatIf:
    """What would change if this site asked for `quantity` (0: nothing); reads only, a constant number of statements.

    Conditions of conditional needs are looked at as in the pool itself. NotFound; NotAllowed for a site of
    somebody else; RuleBroken `needs_closed` once needs cannot change any more.
    """
    lot = get_lot(session, actor, lot_id)
    standing = get_standing(session, lot_id, establishment_id)
    require(actor, "pool.suppose", own=standing.organisation_id)
    check_taken(standing.ground, clock.now(), clock.today())
    supposed = suppose(
        standing.ground, standing.before, quantity, firmness, counted=standing.counted, maximum=standing.maximum
    )
    supposed = _through_its_grappe(session, standing, establishment_id, supposed)
    before, after = get_pool(session, actor, lot_id), get_pool(session, actor, lot_id, supposed)
    prices = list_best_prices(session, actor, lot, [before.counted, after.counted])
    return WhatIf(before, after, prices[0], prices[1], supposed.placed.status if supposed.placed else None)


def _through_its_grappe(
    session: Session, standing: Standing, establishment_id: UUID, supposed: Supposition
) -> Supposition:
    """A need stays in the grappe it is in; a new one goes through the grappe that pools the category, if any."""
    if standing.before is None:
        grappe = find_active_grappe(session, establishment_id, standing.category_code)
    else:
        grappe_id = standing.before.wish.grappe_id
        grappe = session.get(Grappe, grappe_id) if grappe_id else None
    return replace(supposed, grappe_id=grappe.id, grappe_name=grappe.name) if grappe else supposed
