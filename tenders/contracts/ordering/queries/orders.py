"""Reads of call-offs: a member sees its own, a holder those sent to it, a centre those on its contracts."""
from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Select, and_, func, or_, select
from sqlalchemy.orm import Session, contains_eager, joinedload

from catalog.providers.models import Provider
from marketplace.accounts.models import Membership, User
from marketplace.platform.errors import NotFound
from marketplace.platform.pagination import USUAL_PAGE, paginate
from marketplace.platform.permissions import Actor
from tenders.contracts.models import Contract
from tenders.contracts.ordering.models import CallOff, CartLine, CommitmentTransfer
from tenders.vehicles.models import Lot

PEOPLE = (
    "placed_by", "approved_by", "rejected_by", "answered_by", "delivered_by", "certified_by", "disputed_by", "resolved_by",
    "cancelled_by",
)  # fmt: skip


def visible_call_offs(actor: Actor) -> Select[CallOff]:
    """Call-offs the actor may see, each with its contract, holder, lot, establishment and organisation."""
    statement = (
        select(CallOff)
        .join(CallOff.contract)
        .join(Contract.holder)
        .options(
            contains_eager(CallOff.contract).options(contains_eager(Contract.holder), joinedload(Contract.lot)),
            joinedload(CallOff.establishment),
            joinedload(CallOff.organisation),
            joinedload(CallOff.replaced),
        )
    )
    if actor.is_system:
        return statement
    # A holder learns of an order when it is sent, not while the member still deliberates.
    sent_to_it = and_(
        Provider.organisation_id.in_(actor.organisation_ids(kind="provider")), CallOff.sent_at.is_not(None)
    )
    return statement.where(
        or_(
            CallOff.organisation_id.in_(actor.organisation_ids(kind="care_operator")),
            Contract.organisation_id.in_(actor.organisation_ids(kind="purchasing_centre")),
            sent_to_it,
        )
    )


def get_call_off(session: Session, actor: Actor, call_off_id: UUID) -> CallOff:
    """The call-off; NotFound when there is none or the actor may not see it."""
    found = session.scalars(visible_call_offs(actor).where(CallOff.id == call_off_id)).one_or_none()
    if found is None:
        raise NotFound("call_off")
    return found


def list_call_offs(
    session: Session, actor: Actor, *, status: str | None = None, contract_id: UUID | None = None,
    lot_id: UUID | None = None, organisation_id: UUID | None = None, as_holder: bool = False,
    limit: int = USUAL_PAGE, cursor: str | None = None,
) -> dict[str, Any]:  # fmt: skip
    """A page of call-offs in the order they were placed; `as_holder`: only those sent to the actor as a provider."""
    statement = visible_call_offs(actor)
    if status:
        statement = statement.where(CallOff.status == status)
    if contract_id:
        statement = statement.where(CallOff.contract_id == contract_id)
    if lot_id:
        statement = statement.where(CallOff.lot_id == lot_id)
    if organisation_id:
        statement = statement.where(CallOff.organisation_id == organisation_id)
    if as_holder:
        own = actor.organisation_ids(kind="provider")
        statement = statement.where(Provider.organisation_id.in_(own), CallOff.sent_at.is_not(None))
    return paginate(session, statement, [CallOff.placed_at, CallOff.id], limit=limit, cursor=cursor)


def list_recent(
    session: Session, actor: Actor, statuses: Sequence[str] = (), *, as_holder: bool = False, limit: int = 50
) -> list[CallOff]:
    """The newest first, in these states (none: in any)."""
    statement = visible_call_offs(actor)
    if statuses:
        statement = statement.where(CallOff.status.in_(statuses))
    if as_holder:
        own = actor.organisation_ids(kind="provider")
        statement = statement.where(Provider.organisation_id.in_(own), CallOff.sent_at.is_not(None))
    else:
        statement = statement.where(CallOff.organisation_id.in_(actor.organisation_ids(kind="care_operator")))
    return list(session.scalars(statement.order_by(CallOff.placed_at.desc(), CallOff.id.desc()).limit(limit)))


def list_newest_on(session: Session, actor: Actor, contract_id: UUID, limit: int = 50) -> list[CallOff]:
    """The newest orders on a contract that the actor may see, the newest first."""
    statement = visible_call_offs(actor).where(CallOff.contract_id == contract_id)
    return list(session.scalars(statement.order_by(CallOff.placed_at.desc(), CallOff.id.desc()).limit(limit)))


def lock_call_off(session: Session, call_off_id: UUID) -> CallOff:
    """The call-off as it is now; its contract's row is held by the caller, and that is its lock."""
    statement = select(CallOff).where(CallOff.id == call_off_id)
    return session.scalars(statement, execution_options={"populate_existing": True}).one()


def find_replacement(session: Session, call_off: CallOff) -> CallOff | None:
    """The order that took over what the holder refused."""
    return session.scalars(select(CallOff).where(CallOff.replaces_id == call_off.id)).one_or_none()


def list_refusing_contracts(session: Session, call_off: CallOff) -> frozenset[UUID]:
    """Contracts whose holder refused this order, or the one it takes over, and so on to the first."""
    chain = select(CallOff.contract_id, CallOff.replaces_id).where(CallOff.id == call_off.id).cte(recursive=True)
    before = select(CallOff.contract_id, CallOff.replaces_id).where(CallOff.id == chain.c.replaces_id)
    return frozenset(session.scalars(select(chain.union_all(before).c.contract_id)))


def find_replaced(session: Session, call_off: CallOff) -> CallOff | None:
    """The order of which this one takes over the refused part."""
    return session.get(CallOff, call_off.replaces_id) if call_off.replaces_id else None


def names_of_people(session: Session, actor: Actor, call_off: CallOff) -> dict[UUID, str]:
    """Names of those of the reader's own organisations who acted on an order, by user; others act for their company."""
    ids = {getattr(call_off, name) for name in PEOPLE} - {None}
    colleagues = select(Membership.user_id).where(Membership.organisation_id.in_(actor.organisation_ids()))
    named = select(User.id, User.full_name).where(User.id.in_(ids), User.id.in_(colleagues))
    return dict(session.execute(named).all())


def list_cart(session: Session, actor: Actor) -> list[CartLine]:
    """The lines of the actor's organisations' carts, the oldest first."""
    own = actor.organisation_ids(kind="care_operator")
    statement = select(CartLine).where(CartLine.organisation_id.in_(own)).options(joinedload(CartLine.establishment))
    return list(session.scalars(statement.order_by(CartLine.added_at, CartLine.id)))


def get_cart_line(session: Session, actor: Actor, line_id: UUID) -> CartLine:
    """A line of one's own cart; NotFound for any other."""
    own = actor.organisation_ids(kind="care_operator")
    found = session.scalars(
        select(CartLine).where(CartLine.id == line_id, CartLine.organisation_id.in_(own))
    ).one_or_none()
    if found is None:
        raise NotFound("cart_line")
    return found


def count_cart(session: Session, actor: Actor) -> int:
    """How many lines wait in the actor's carts."""
    own = actor.organisation_ids(kind="care_operator")
    return session.scalar(select(func.count()).select_from(CartLine).where(CartLine.organisation_id.in_(own))) or 0


def visible_transfers(actor: Actor) -> Select[CommitmentTransfer]:
    """Transfers of commitments the actor gives, is asked to take, or whose contract it runs."""
    statement = (
        select(CommitmentTransfer)
        .join(CommitmentTransfer.contract)
        .options(
            contains_eager(CommitmentTransfer.contract).joinedload(Contract.lot).joinedload(Lot.vehicle),
            joinedload(CommitmentTransfer.giver), joinedload(CommitmentTransfer.taker),
        )
    )  # fmt: skip
    if actor.is_system:
        return statement
    own = actor.organisation_ids(kind="care_operator")
    return statement.where(
        or_(
            CommitmentTransfer.from_organisation_id.in_(own), CommitmentTransfer.to_organisation_id.in_(own),
            Contract.organisation_id.in_(actor.organisation_ids(kind="purchasing_centre")),
        )
    )  # fmt: skip


def get_transfer(session: Session, actor: Actor, transfer_id: UUID) -> CommitmentTransfer:
    """The transfer; NotFound when there is none or the actor is no party to it."""
    found = session.scalars(visible_transfers(actor).where(CommitmentTransfer.id == transfer_id)).one_or_none()
    if found is None:
        raise NotFound("transfer")
    return found


def list_transfers(session: Session, actor: Actor, limit: int = 50) -> list[CommitmentTransfer]:
    """The newest first."""
    statement = visible_transfers(actor).order_by(CommitmentTransfer.offered_at.desc(), CommitmentTransfer.id.desc())
    return list(session.scalars(statement.limit(limit)))
