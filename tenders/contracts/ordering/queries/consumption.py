"""What is consumed of a centre's contracts, in all and per member; a number of statements that does not grow."""
from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import Row, func, select
from sqlalchemy.orm import Session, contains_eager

from marketplace.accounts.models import Organisation
from marketplace.establishments.models import Establishment
from marketplace.platform.errors import NotFound
from marketplace.platform.permissions import Actor
from tenders.contracts.models import Contract, ContractMember
from tenders.contracts.ordering.models import CallOff
from tenders.demand.envelopes.models import Envelope
from tenders.vehicles.models import Lot

MOST_CONTRACTS = 200
WAITING = ("sent", "disputed")


@dataclass(frozen=True)
class Consumption:
    """A contract with its sums: units committed by its members, ordered, certified; euros excluding VAT certified."""

    contract: Contract
    committed: int
    members: int
    certified: int
    certified_amount: Decimal
    unanswered: int
    disputed: int

    @property
    def left(self) -> int | None:
        """Units left under the contract's maximum; None without one."""
        return self.contract.remaining_quantity


def list_consumption(session: Session, actor: Actor, contract_id: UUID | None = None) -> list[Consumption]:
    """The centre's contracts that were activated, by lot and rank; three statements."""
    own = actor.organisation_ids(kind="purchasing_centre")
    statement = (
        select(Contract)
        .join(Contract.holder)
        .join(Contract.lot)
        .options(contains_eager(Contract.holder), contains_eager(Contract.lot).joinedload(Lot.vehicle))
        .where(Contract.organisation_id.in_(own), Contract.activated_at.is_not(None))
        .order_by(Lot.title, Contract.lot_id, Contract.rank)
        .limit(MOST_CONTRACTS)
    )
    if contract_id is not None:
        statement = statement.where(Contract.id == contract_id)
    contracts = list(session.scalars(statement))
    ids = [contract.id for contract in contracts]
    members = {row[0]: (int(row[1]), row[2]) for row in session.execute(
        select(ContractMember.contract_id, func.sum(ContractMember.committed_quantity), func.count())
        .where(ContractMember.contract_id.in_(ids))
        .group_by(ContractMember.contract_id)
    )}  # fmt: skip
    status = CallOff.status
    certified = status == "certified"
    orders = {row[0]: row for row in session.execute(
        select(
            CallOff.contract_id, func.coalesce(func.sum(CallOff.accepted_quantity).filter(certified), 0),
            func.coalesce(func.sum(CallOff.amount).filter(certified), 0), func.count().filter(status == "sent"),
            func.count().filter(status == "disputed"),
        )
        .where(CallOff.contract_id.in_(ids))
        .group_by(CallOff.contract_id)
    )}  # fmt: skip
    nothing = (None, 0, Decimal(0), 0, 0)
    return [
        _consumption(each, members.get(each.id, (0, 0)), orders.get(each.id, nothing)) for each in contracts
    ]


def _consumption(contract: Contract, members: tuple[int, int], orders: Any) -> Consumption:
    _, certified, amount, unanswered, disputed = orders
    return Consumption(contract, members[0], members[1], int(certified), amount, unanswered, disputed)


def get_consumption(session: Session, actor: Actor, contract_id: UUID) -> tuple[Consumption, Envelope]:
    """One contract of the centre's own, with its lot's envelope; NotFound for any other."""
    found = list_consumption(session, actor, contract_id)
    if not found:
        raise NotFound("contract")
    return found[0], session.get_one(Envelope, found[0].contract.lot_id)


def list_member_consumption(session: Session, contract_id: UUID) -> list[Row[Any]]:
    """Per member, by name: `name`, `organisation`, `committed`, `ordered`, `certified`, `amount` (ordered, excluding VAT).

    The caller has checked who asks. One statement.
    """
    certified = CallOff.status == "certified"
    sums = (
        select(
            CallOff.establishment_id,
            func.sum(CallOff.standing_quantity).label("ordered"),
            func.sum(CallOff.accepted_quantity).filter(certified).label("certified"),
            func.sum(CallOff.standing_amount).label("amount"),
        )
        .where(CallOff.contract_id == contract_id)
        .group_by(CallOff.establishment_id)
        .subquery()
    )
    statement = (
        select(
            Establishment.id, Establishment.name, Organisation.name.label("organisation"),
            ContractMember.committed_quantity.label("committed"), func.coalesce(sums.c.ordered, 0).label("ordered"),
            func.coalesce(sums.c.certified, 0).label("certified"), func.coalesce(sums.c.amount, 0).label("amount"),
        )
        .select_from(ContractMember)
        .join(Establishment, Establishment.id == ContractMember.establishment_id)
        .join(Organisation, Organisation.id == ContractMember.organisation_id)
        .outerjoin(sums, sums.c.establishment_id == ContractMember.establishment_id)
        .where(ContractMember.contract_id == contract_id)
        .order_by(Establishment.name, Establishment.id)
    )  # fmt: skip
    return list(session.execute(statement))
