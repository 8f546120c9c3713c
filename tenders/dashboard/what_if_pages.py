"""HTML: « Simuler », what another quantity of one of the reader's sites would change; nothing is written."""
from decimal import Decimal
from uuid import UUID

from flask import render_template, request
from flask_babel import gettext as _

from marketplace.platform import clock
from marketplace.platform.api import current_actor, guard, identifier, page_blueprint
from marketplace.platform.database import db
from marketplace.platform.errors import NotFound
from tenders.dashboard.queries.own_needs import cost_per_year, list_own_sites
from tenders.matching.what_if import WhatIf, suppose_need
from tenders.vehicles.models import Lot
from tenders.vehicles.queries import get_lot
from tenders.vehicles.rules import MOST_UNITS

bp = page_blueprint("what_if", __name__, template_folder="../templates")


@bp.get("/lots/<uuid:lot_id>/simulation")
@guard("pool.suppose")
def show(lot_id: UUID) -> str:
    """The form, and with a site and a quantity the pool as it would be."""
    session, actor = db.session(), current_actor()
    lot = get_lot(session, actor, lot_id)
    sites = list_own_sites(session, actor)
    if lot.opened_at is None or not sites:
        raise NotFound("lot")
    is_open = lot.status == "open" and clock.now() < lot.needs_close_at
    asked, errors, found = request.args.get("quantity", ""), list[str](), None
    quantity = _quantity(asked)
    if asked and quantity is None:
        errors = [_("Écrivez un nombre entier, 0 pour un site qui ne participe pas.")]
    site = identifier(request.args.get("establishment_id", "")) or sites[0].id
    if quantity is not None and is_open:
        found = suppose_need(session, actor, lot_id, establishment_id=site, quantity=quantity)
    return render_template(
        "dashboard/what_if.html", lot=lot, sites=[(each.id, each.name) for each in sites], site=site, asked=asked,
        errors=errors, found=found, is_open=is_open, costs=_costs(lot, quantity or 0, found),
    )  # fmt: skip


def _quantity(written: str) -> int | None:
    """A whole number as people write it, thousands apart or not; None when it is not one, or absurdly large."""
    digits = "".join(written.split())
    return int(digits) if digits.isdecimal() and len(digits) <= len(str(MOST_UNITS)) else None


def _costs(lot: Lot, quantity: int, found: WhatIf | None) -> tuple[Decimal | None, ...]:
    """What the quantity costs in a year, VAT included, at the price before and after; None without a price."""
    prices = (found.unit_price_before, found.unit_price_after) if found else ()
    return tuple(None if price is None else cost_per_year(lot, quantity, price) for price in prices)
