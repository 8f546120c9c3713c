"""Reads of true-ups: the centre and the holder see every line, a member its own; everybody on the contract the totals."""
from collections.abc import Iterable, Sequence
from datetime import date
from uuid import UUID

from sqlalchemy import exists, func, select
from sqlalchemy.orm import Session, joinedload, selectinload

from marketplace.grappes.models import Grappe
from marketplace.grappes.queries import terms_of
from marketplace.platform.errors import NotFound
from marketplace.platform.permissions import Actor
from tenders.contracts.models import Contract
from tenders.contracts.ordering.models import CallOff
from tenders.contracts.ordering.rules.states import OVER
from tenders.contracts.settlement.models import Settlement, SettlementShare


def find_settlement(session: Session, contract_id: UUID) -> Settlement | None:
    """The true-up of a contract, None before it was made. The caller has checked who asks."""
    statement = (
        select(Settlement)
        .where(Settlement.contract_id == contract_id)
        .options(selectinload(Settlement.shares).options(joinedload(SettlementShare.establishment)))
    )
    return session.scalars(statement).one_or_none()


def get_settlement(session: Session, contract_id: UUID) -> Settlement:
    """The same; NotFound before it was made."""
    found = find_settlement(session, contract_id)
    if found is None:
        raise NotFound("settlement")
    return found


def sees_every_line(actor: Actor, contract: Contract) -> bool:
    """Whether the actor is of the centre or of the holder: a member reads its own lines and the totals."""
    own = actor.organisation_ids()
    return actor.is_system or contract.organisation_id in own or contract.holder.organisation_id in own


def visible_shares(actor: Actor, settlement: Settlement) -> list[SettlementShare]:
    """The lines that the actor may read."""
    if sees_every_line(actor, settlement.contract):
        return list(settlement.shares)
    own = actor.organisation_ids(kind="care_operator")
    return [share for share in settlement.shares if share.organisation_id in own]


def consumed_by_member(session: Session, contract_id: UUID) -> dict[UUID, int]:
    """Units certified on a contract, by establishment."""
    statement = (
        select(CallOff.establishment_id, func.sum(CallOff.accepted_quantity))
        .where(CallOff.contract_id == contract_id, CallOff.certified_at.is_not(None))
        .group_by(CallOff.establishment_id)
    )
    return {establishment_id: int(quantity or 0) for establishment_id, quantity in session.execute(statement)}


def certified_call_offs(session: Session, contract_id: UUID) -> list[UUID]:
    """What a true-up counts, for its evidence."""
    certified = (CallOff.contract_id == contract_id, CallOff.certified_at.is_not(None))
    return list(session.scalars(select(CallOff.id).where(*certified).order_by(CallOff.number)))


def count_open_orders(session: Session, contract_id: UUID) -> int:
    """Orders neither over nor certified."""
    statement = select(func.count()).select_from(CallOff).where(
        CallOff.contract_id == contract_id, CallOff.status.not_in((*OVER, "certified"))
    )
    return session.scalar(statement) or 0


def vat_rate_of(session: Session, contract_id: UUID, default: object) -> object:
    """The rate of the contract's last certified order, else the default."""
    statement = select(CallOff.vat_rate).where(CallOff.contract_id == contract_id, CallOff.certified_at.is_not(None))
    found = session.scalar(statement.order_by(CallOff.number.desc()).limit(1))
    return default if found is None else found


def sharing_rules(session: Session, grappe_ids: Iterable[UUID]) -> dict[UUID, str]:
    """How each grappe's charter in force shares what lacks."""
    return {grappe_id: terms_of(session, grappe_id).shortfall_sharing for grappe_id in sorted(set(grappe_ids), key=str)}


def names_of_grappes(session: Session, grappe_ids: Iterable[UUID]) -> dict[UUID, str]:
    """The name of each grappe."""
    rows = session.execute(select(Grappe.id, Grappe.name).where(Grappe.id.in_(set(grappe_ids))))
    return {row.id: row.name for row in rows}


def list_due(session: Session, today: date) -> Sequence[UUID]:
    """Contracts that ran to their term, without a true-up and with nothing still on its way."""
    open_order = exists().where(CallOff.contract_id == Contract.id, CallOff.status.not_in((*OVER, "certified")))
    statement = select(Contract.id).where(
        Contract.activated_at.is_not(None), Contract.terminated_on.is_(None), Contract.ends_on < today,
        ~exists().where(Settlement.contract_id == Contract.id), ~open_order,
    )  # fmt: skip
    return session.scalars(statement.order_by(Contract.ends_on, Contract.id)).all()
