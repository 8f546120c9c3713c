"""Use cases on the cart: prepare a line by unit of work, change it, take it out. Nothing is reserved before placing."""
from datetime import date
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert

from marketplace.establishments.queries import get_establishment
from marketplace.platform import clock
from marketplace.platform.database import new_id, transaction
from marketplace.platform.permissions import Actor, require
from tenders.contracts.models import Contract, ContractMember
from tenders.contracts.ordering.models import CartLine
from tenders.contracts.ordering.queries.orders import get_cart_line
from tenders.contracts.ordering.rules.placing import check_quantity, not_entitled


def put_in_cart(
    actor: Actor, establishment_id: UUID, lot_id: UUID, *, quantity: int, starts_on: date | None = None,
    purchase_order_reference: str | None = None, note: str | None = None,
) -> CartLine:  # fmt: skip
    """Prepare an order of an establishment on a lot; a line it already has there is replaced.

    `quantity` in the lot's unit; `starts_on` today unless given. RuleBroken `order_of_nothing`, `member_not_entitled`;
    NotFound. What else could refuse it is looked at when it is placed.
    """
    with transaction() as session:
        site = get_establishment(session, establishment_id)
        require(actor, "call_off.place", own=site.organisation_id)
        check_quantity(quantity)
        entitled = select(ContractMember.contract_id).join(Contract, Contract.id == ContractMember.contract_id)
        here = entitled.where(ContractMember.establishment_id == site.id, Contract.lot_id == lot_id).limit(1)
        if session.scalar(here) is None:
            raise not_entitled()
        values = {
            "id": new_id(), "organisation_id": site.organisation_id, "establishment_id": site.id, "lot_id": lot_id,
            "quantity": quantity, "starts_on": starts_on or clock.today(), "note": _text(note),
            "purchase_order_reference": _text(purchase_order_reference), "added_at": clock.now(),
            "added_by": actor.own_id,
        }  # fmt: skip
        written = insert(CartLine).values(values)
        kept = {name: written.excluded[name] for name in values if name not in ("id", "establishment_id", "lot_id")}
        line_id = session.execute(
            written.on_conflict_do_update(index_elements=["establishment_id", "lot_id"], set_=kept).returning(CartLine.id)
        ).scalar_one()
        return session.get_one(CartLine, line_id, populate_existing=True)


def take_from_cart(actor: Actor, line_id: UUID) -> None:
    """Give up a line that was never ordered."""
    with transaction() as session:
        line = get_cart_line(session, actor, line_id)
        require(actor, "call_off.place", own=line.organisation_id)
        session.delete(line)


def _text(written: str | None) -> str | None:
    return (written or "").strip() or None
