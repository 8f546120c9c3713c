"""HTML: « Simuler », what would change a pool: my quantity, others, another grappe, another deadline; nothing is written."""
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

from flask import render_template, request
from flask_babel import gettext as _
from sqlalchemy.orm import Session

from marketplace.platform import clock
from marketplace.platform.api import current_actor, guard, identifier, page_blueprint
from marketplace.platform.database import db
from marketplace.platform.errors import BadInput, DomainError, NotFound
from marketplace.platform.i18n import say, told
from marketplace.platform.permissions import Actor
from tenders.dashboard.queries.own_needs import cost_per_year, list_own_sites
from tenders.demand.queries import get_pool, list_needs
from tenders.matching.what_if import Question, WhatIf, suppose_pool
from tenders.vehicles.models import Lot
from tenders.vehicles.queries import get_lot, list_lots
from tenders.vehicles.rules import MOST_UNITS

bp = page_blueprint("what_if", __name__, template_folder="../templates")

FIGURES = ("quantity", "joining_quantity", "leaving_quantity")
CHOICES = ("joining_establishment_id", "leaving_establishment_id", "merging")
MOST_OTHER_LOTS = 3
MOST_NAMES = 100


@dataclass
class Asked:
    """The form as it was filled, what is wrong with it, and the question it asks (None: nothing yet)."""

    values: dict[str, str]
    errors: dict[str, list[str]] = field(default_factory=dict)
    question: Question | None = None


@dataclass(frozen=True)
class Others:
    """Whom the reader may name: needs that count, needs that do not, and grappes whose volume it knows."""

    counted: list[tuple[UUID, str]]
    not_counted: list[tuple[UUID, str]]
    grappes: list[tuple[str, str]]


@bp.get("/lots/<uuid:lot_id>/simulation")
@guard("pool.suppose")
def show(lot_id: UUID) -> str:
    """The form, and with something supposed the pool as it would be."""
    session, actor = db.session(), current_actor()
    lot = get_lot(session, actor, lot_id)
    sites = list_own_sites(session, actor)
    if lot.opened_at is None or not sites:
        raise NotFound("lot")
    is_open = lot.status == "open" and clock.now() < lot.needs_close_at
    site = identifier(request.args.get("establishment_id", "")) or sites[0].id
    asked, found, refused = _asked(site), None, None
    if asked.question is not None and is_open:
        try:
            found = suppose_pool(session, actor, lot_id, asked.question)
        except BadInput as bad:
            asked.errors |= {name: [say(text) for text in texts] for name, texts in bad.errors.items()}
        except DomainError as refusal:
            refused = told(refusal)
    quantity = asked.question.quantity if asked.question else None
    return render_template(
        "dashboard/what_if.html", lot=lot, sites=[(each.id, each.name) for each in sites], site=site, asked=asked,
        found=found, refused=refused, is_open=is_open, others=_others(session, actor, lot, is_open), quantity=quantity,
        costs=_costs(lot, quantity, found), may_extend="extend" in lot.minimum_policy and lot.round == 1,
    )  # fmt: skip


def _asked(site: UUID) -> Asked:
    """The question that the address asks; a figure that is none is said beside its field."""
    asked = Asked({name: request.args.get(name, "") for name in (*FIGURES, *CHOICES, "extension", "closes_on")})
    figures = {name: written_quantity(asked.values[name]) for name in FIGURES}
    for name in FIGURES:
        if asked.values[name].strip() and figures[name] is None:
            asked.errors[name] = [_("Écrivez un nombre entier, 0 pour un site qui ne participe pas.")]
    grappe, _at, lot = asked.values["merging"].partition("@")
    chosen: dict[str, Any] = {
        "quantity": figures["quantity"],
        "joining_quantity": figures["joining_quantity"] or 0,
        "leaving_quantity": figures["leaving_quantity"] or 0,
        "joining_establishment_id": identifier(asked.values["joining_establishment_id"]),
        "leaving_establishment_id": identifier(asked.values["leaving_establishment_id"]),
        "merging_grappe_id": identifier(grappe),
        "merging_lot_id": identifier(lot),
        "extension": bool(asked.values["extension"]),
        "closes_on": _written_day(asked),
    }
    is_said = chosen["quantity"] is not None or any(value for name, value in chosen.items() if name != "quantity")
    if is_said and not asked.errors:
        asked.question = Question(site, **chosen)
    return asked


def _written_day(asked: Asked) -> date | None:
    """The day of the form, as browsers send it; said beside its field when it is none."""
    written = asked.values["closes_on"].strip()
    try:
        return date.fromisoformat(written) if written else None
    except ValueError:
        asked.errors["closes_on"] = [_("Écrivez une date, par exemple 2027-06-12.")]
        return None


def written_quantity(written: str) -> int | None:
    """A whole number as people write it, thousands apart or not; None when it is not one, or absurdly large."""
    digits = "".join(written.split())
    return int(digits) if digits.isdecimal() and len(digits) <= len(str(MOST_UNITS)) else None


def _others(session: Session, actor: Actor, lot: Lot, is_open: bool) -> Others:
    """Names only inside what the reader may see; grappes only where their volume is shown to it."""
    if not is_open:
        return Others([], [], [])
    rows = list_needs(session, actor, lot.id, limit=MOST_NAMES)["items"]
    named = [(row.need.establishment_id, row.establishment_name, row.need.status) for row in rows]
    return Others(
        [(key, name) for key, name, status in named if status == "counted"],
        [(key, name) for key, name, status in named if status != "counted"],
        _grappes(session, actor, lot),
    )


def _grappes(session: Session, actor: Actor, lot: Lot) -> list[tuple[str, str]]:
    """Grappes that could come along: on this lot where each has its own minimum, and on other open lots alike."""
    found: list[tuple[str, str]] = []
    others = list_lots(session, actor, status="open", category=lot.category_code, limit=MOST_OTHER_LOTS + 1)["items"]
    alike = [each for each in others if each.id != lot.id and each.unit == lot.unit][:MOST_OTHER_LOTS]
    for each in ([lot] if lot.minimum_scope == "grappe" else []) + alike:
        pool = get_pool(session, actor, each.id)
        for row in pool.grappes:
            if row.grappe_id is not None and row.firm + row.conditional and not (each.id == lot.id and row.own):
                volume = _("%(grappe)s : %(n)s, lot %(lot)s", grappe=row.name, n=row.firm + row.conditional, lot=each.code)
                found.append((f"{row.grappe_id}@{each.id}", volume))
    return found


def _costs(lot: Lot, quantity: int | None, found: WhatIf | None) -> Sequence[Decimal | None]:
    """What the quantity costs in a year, VAT included, at the price before and after; None without a price."""
    prices = (found.unit_price_before, found.unit_price_after) if found and quantity is not None else ()
    return tuple(None if price is None else cost_per_year(lot, quantity or 0, price) for price in prices)
