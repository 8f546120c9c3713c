"""Use cases that order: the cart, or lines sent at once; all of them or none, with each refusal named."""
from collections.abc import Collection, Sequence
from uuid import UUID

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from marketplace.establishments.models import Establishment
from marketplace.notifications.services import Telling, tell
from marketplace.platform import audit, clock
from marketplace.platform.database import transaction
from marketplace.platform.errors import NotFound, RuleBroken
from marketplace.platform.idempotency import RequestKey, claim, remember
from marketplace.platform.permissions import Actor, require
from tenders.contracts.models import Contract, ContractMember
from tenders.contracts.ordering import notices
from tenders.contracts.ordering.models import CallOff, CartLine
from tenders.contracts.ordering.queries.ground import lock_ground
from tenders.contracts.ordering.queries.orders import visible_call_offs
from tenders.contracts.ordering.steps import Ask, place_orders
from tenders.vehicles.models import Lot


def place_cart(actor: Actor, organisation_id: UUID, *, key: RequestKey | None = None) -> list[CallOff]:
    """Order everything in an organisation's cart, which is then empty. Refusals as `place_call_offs`.

    RuleBroken `cart_is_empty`. The lines are locked first, so that two people who order the same cart order it once.
    """
    with transaction() as session:
        done = claim(session, actor, key)
        if done is not None:
            return _loaded(session, actor, done["call_offs"])
        require(actor, "call_off.place", own=organisation_id)
        lines = session.scalars(
            select(CartLine).where(CartLine.organisation_id == organisation_id).order_by(CartLine.id).with_for_update()
        ).all()
        if not lines:
            raise RuleBroken("cart_is_empty", "Votre panier est vide : ajoutez une ligne depuis un de vos marchés.")
        asks = [
            Ask(str(line.id), line.establishment_id, line.lot_id, line.quantity, max(line.starts_on, clock.today()),
                line.purchase_order_reference, line.note)
            for line in lines
        ]  # fmt: skip
        orders = _place(session, actor, organisation_id, asks)
        session.execute(delete(CartLine).where(CartLine.id.in_([line.id for line in lines])))
        remember(session, actor, key, call_offs=[str(order.id) for order in orders])
        return orders


def place_call_offs(actor: Actor, asks: Sequence[Ask], *, key: RequestKey | None = None) -> list[CallOff]:
    """Order these lines for sites of one organisation, in the order given; numbers are per contract, without a gap.

    Within the limit of the person who places them, for their sum, they are approved and sent at once; else they wait for
    an approval. Sent again with the same idempotency `key`, nothing is ordered and the first answer is given.

    RuleBroken `envelope_exhausted` with `available`, those of rules/placing.py and rules/holders.py, and
    `cart_refused` with `refusals` when lines are refused for several reasons; NotFound.
    """
    with transaction() as session:
        done = claim(session, actor, key)
        if done is not None:
            return _loaded(session, actor, done["call_offs"])
        organisation_id = _organisation_of(session, {ask.establishment_id for ask in asks})
        require(actor, "call_off.place", own=organisation_id)
        orders = _place(session, actor, organisation_id, asks)
        remember(session, actor, key, call_offs=[str(order.id) for order in orders])
        return orders


def _place(session: Session, actor: Actor, organisation_id: UUID, asks: Sequence[Ask]) -> list[CallOff]:
    ground = lock_ground(session, sorted({ask.lot_id for ask in asks}), {ask.establishment_id for ask in asks})
    return place_orders(session, actor, organisation_id, ground, asks)


def _organisation_of(session: Session, establishment_ids: Collection[UUID]) -> UUID:
    """The one organisation of these sites; NotFound when a site is unknown or they are of several."""
    found = select(Establishment.id, Establishment.organisation_id).where(Establishment.id.in_(establishment_ids))
    rows = session.execute(found).all()
    organisations = {row.organisation_id for row in rows}
    if len(rows) != len(establishment_ids) or len(organisations) != 1:
        raise NotFound("establishment")
    return organisations.pop()


def tell_centre(actor: Actor, establishment_id: UUID, lot_id: UUID, *, asked: int, available: int) -> None:
    """Tell the centre that a site asks for more than is left. NotFound for a site or a lot that is not the actor's."""
    with transaction() as session:
        member = session.scalars(
            select(ContractMember)
            .join(Contract, Contract.id == ContractMember.contract_id)
            .where(ContractMember.establishment_id == establishment_id, Contract.lot_id == lot_id)
            .limit(1)
        ).one_or_none()
        if member is None:
            raise NotFound("lot")
        require(actor, "call_off.place", own=member.organisation_id)
        contract = session.get_one(Contract, member.contract_id)
        site, lot = session.get_one(Establishment, establishment_id), session.get_one(Lot, lot_id)
        telling: Telling = notices.exhausted(
            contract.organisation_id, site.name, lot.title, lot.unit, asked, max(0, available)
        )
        tell(session, template=telling.template, values=telling.values, organisation_ids=telling.organisation_ids)
        audit.record(
            session, actor, "call_off.lacking", "lot", lot_id, organisation_id=member.organisation_id,
            after={"establishment_id": establishment_id, "asked": asked, "available": available},
        )  # fmt: skip


def _loaded(session: Session, actor: Actor, ids: Sequence[str]) -> list[CallOff]:
    """Orders placed before, in the order in which they were answered."""
    wanted = [UUID(each) for each in ids]
    rows = {order.id: order for order in session.scalars(visible_call_offs(actor).where(CallOff.id.in_(wanted)))}
    return [rows[each] for each in wanted]
