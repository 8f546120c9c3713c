"""Reads of contracts: the centre sees its own, the holder those it holds, a member those it may order on."""
from collections.abc import Collection, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Select, exists, func, or_, select
from sqlalchemy.orm import Session, contains_eager, joinedload

from catalog.providers.models import Provider
from marketplace.establishments.models import Establishment
from marketplace.platform import clock
from marketplace.platform.errors import NotFound
from marketplace.platform.pagination import USUAL_PAGE, paginate
from marketplace.platform.permissions import Actor
from tenders.contracts.models import Contract, ContractDecision, ContractMember, LotExecution
from tenders.contracts.rules.selling import seller_under
from tenders.demand.models import Need
from tenders.vehicles.models import Lot, Vehicle


def visible_contracts(actor: Actor) -> Select[Contract]:
    """Contracts the actor may see, each with its lot, its vehicle and its holder."""
    statement = (
        select(Contract)
        .join(Contract.holder)
        .join(Contract.lot)
        .options(contains_eager(Contract.holder), contains_eager(Contract.lot).options(joinedload(Lot.vehicle)))
    )
    if actor.is_system:
        return statement
    member = exists().where(
        ContractMember.contract_id == Contract.id,
        ContractMember.organisation_id.in_(actor.organisation_ids(kind="care_operator")),
    )
    return statement.where(
        or_(
            Contract.organisation_id.in_(actor.organisation_ids(kind="purchasing_centre")),
            Provider.organisation_id.in_(actor.organisation_ids(kind="provider")),
            member,
        )
    )


def get_contract(session: Session, actor: Actor, contract_id: UUID) -> Contract:
    """The contract; NotFound when there is none or the actor may not see it."""
    contract = session.scalars(visible_contracts(actor).where(Contract.id == contract_id)).one_or_none()
    if contract is None:
        raise NotFound("contract")
    return contract


def list_contracts(
    session: Session, actor: Actor, *, status: str | None = None, lot_id: UUID | None = None,
    limit: int = USUAL_PAGE, cursor: str | None = None,
) -> dict[str, Any]:  # fmt: skip
    """A page of contracts, the oldest first."""
    statement = visible_contracts(actor)
    if status:
        statement = statement.where(Contract.status == status)
    if lot_id:
        statement = statement.where(Contract.lot_id == lot_id)
    return paginate(session, statement, [Contract.concluded_at, Contract.id], limit=limit, cursor=cursor)


def lock_contract(session: Session, contract_id: UUID) -> Contract:
    """The contract's row locked, as it is once the lock is held; asked after `get_contract`."""
    return lock_contracts(session, [contract_id])[0]


def lock_contracts(session: Session, contract_ids: Collection[UUID]) -> list[Contract]:
    """Several contracts locked in id order, so that two who lock the same never wait for each other."""
    statement = select(Contract).where(Contract.id.in_(contract_ids)).order_by(Contract.id).with_for_update(key_share=True)
    return list(session.scalars(statement, execution_options={"populate_existing": True}))


def list_contract_members(session: Session, contract_id: UUID) -> list[ContractMember]:
    """Who may order on the contract, past members too, by establishment."""
    statement = select(ContractMember).where(ContractMember.contract_id == contract_id)
    return list(session.scalars(statement.order_by(ContractMember.establishment_id)))


def find_contract_member(session: Session, contract_id: UUID, establishment_id: UUID) -> ContractMember | None:
    """The establishment's place on the contract, None when it has none."""
    return session.get(ContractMember, (contract_id, establishment_id))


def list_decisions(session: Session, contract_id: UUID) -> list[ContractDecision]:
    """What was decided of the contract, the first first."""
    statement = select(ContractDecision).where(ContractDecision.contract_id == contract_id)
    return list(session.scalars(statement.order_by(ContractDecision.number)))


def find_execution(session: Session, lot_id: UUID) -> LotExecution | None:
    """How the lot's orders find their holder, None before its first contract."""
    return session.get(LotExecution, lot_id)


def count_running(session: Session, lot_id: UUID) -> int:
    """Contracts of the lot that neither lapsed nor were terminated."""
    running = (Contract.lot_id == lot_id, Contract.lapsed_at.is_(None), Contract.terminated_on.is_(None))
    return session.scalar(select(func.count()).select_from(Contract).where(*running)) or 0


def regions_of(session: Session, establishment_ids: Sequence[UUID]) -> dict[UUID, str | None]:
    """The region (INSEE code) of each establishment."""
    statement = select(Establishment.id, Establishment.region).where(Establishment.id.in_(establishment_ids))
    return dict(session.execute(statement).all())


def list_lots_without_contract(session: Session, actor: Actor) -> list[Lot]:
    """Decided lots of the actor's centres on which something is committed and no contract runs, the oldest closing first."""
    running = exists().where(
        Contract.lot_id == Lot.id, Contract.lapsed_at.is_(None), Contract.terminated_on.is_(None)
    )
    committed = exists().where(Need.lot_id == Lot.id, Need.status == "counted", Need.ordered_quantity > 0)
    statement = (
        select(Lot)
        .join(Lot.vehicle)
        .options(contains_eager(Lot.vehicle))
        .where(
            Vehicle.organisation_id.in_(actor.organisation_ids(("admin", "buyer"), kind="purchasing_centre")),
            Lot.closed_at.is_not(None), Lot.cancelled_at.is_(None), Vehicle.ends_on >= clock.today(), committed, ~running,
        )
        .order_by(Lot.closed_at, Lot.id)
        .limit(USUAL_PAGE)
    )  # fmt: skip
    return list(session.scalars(statement))


def seller_of(contract: Contract) -> UUID:
    """The organisation that sells to the members, and invoices them (rules/selling.py)."""
    return seller_under(contract.lot.vehicle.technique, contract.holder.organisation_id, contract.organisation_id)
