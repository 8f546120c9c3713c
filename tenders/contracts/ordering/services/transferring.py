"""Use cases: hand an unused commitment to another member of the same contract, by consent of both; totals never change."""
from collections.abc import Mapping
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from marketplace.establishments.queries import get_establishment
from marketplace.notifications.services import tell_many
from marketplace.platform import audit, clock
from marketplace.platform.database import new_id, transaction
from marketplace.platform.errors import NotFound, RuleBroken
from marketplace.platform.permissions import Actor, require
from tenders.contracts.models import Contract, ContractMember
from tenders.contracts.ordering import notices
from tenders.contracts.ordering.models import CallOff, CommitmentTransfer
from tenders.contracts.ordering.queries.orders import get_transfer
from tenders.contracts.ordering.rules.placing import not_active
from tenders.contracts.ordering.rules.transferring import Commitment, check_offer, transfer
from tenders.contracts.queries import find_contract_member, get_contract, lock_contract


def offer_transfer(
    actor: Actor, contract_id: UUID, *, from_id: UUID, to_id: UUID, quantity: int, reason: str | None = None
) -> CommitmentTransfer:
    """Offer units of a site's commitment to another member; nothing changes until one of its signatories accepts.

    RuleBroken `transfer_to_oneself`, `transfer_beyond_commitment` with `available`, `transfer_to_non_member`,
    `contract_not_active`; NotFound.
    """
    with transaction() as session:
        giver_site = get_establishment(session, from_id)
        require(actor, "commitment.transfer", own=giver_site.organisation_id)
        contract = get_contract(session, actor, contract_id)
        lock_contract(session, contract.id)
        _check_running(contract)
        giver = find_contract_member(session, contract.id, from_id)
        if giver is None:
            raise NotFound("contract_member")
        check_offer(_commitment(session, giver), quantity, same_member=from_id == to_id)
        taker = _taking_member(session, contract, to_id)
        offered = CommitmentTransfer(
            id=new_id(), contract_id=contract.id, from_establishment_id=from_id,
            from_organisation_id=giver.organisation_id, to_establishment_id=to_id,
            to_organisation_id=taker.organisation_id, quantity=quantity, reason=(reason or "").strip() or None,
            offered_at=clock.now(), offered_by=actor.own_id,
        )  # fmt: skip
        session.add(offered)
        session.flush()
        _record(session, actor, offered, "commitment.transfer_offered")
        tell_many(session, [notices.offered(offered)])
        return offered


def accept_transfer(actor: Actor, transfer_id: UUID) -> CommitmentTransfer:
    """Take what is offered: both commitments change by the same quantity, under the contract's lock.

    RuleBroken `transfer_already_answered`, `transfer_beyond_commitment` when the giver ordered meanwhile,
    `contract_not_active`.
    """
    with transaction() as session:
        offered = _locked(session, actor, transfer_id)
        require(actor, "commitment.transfer", own=offered.to_organisation_id)
        _check_waiting(offered)
        _check_running(offered.contract)
        giver = session.get_one(
            ContractMember, (offered.contract_id, offered.from_establishment_id), populate_existing=True
        )
        taker = _taking_member(session, offered.contract, offered.to_establishment_id)
        before = {"giver": giver.committed_quantity, "taker": taker.committed_quantity}
        left, got = transfer(_commitment(session, giver, beside=offered.id), _commitment(session, taker), offered.quantity)
        giver.committed_quantity, taker.committed_quantity = left, got
        offered.accepted_at, offered.answered_by = clock.now(), actor.user_id
        session.flush()
        _record(session, actor, offered, "commitment.transferred", before, {"giver": left, "taker": got})
        tell_many(session, [notices.transfer_answered(offered, "accepted")])
        return offered


def decline_transfer(actor: Actor, transfer_id: UUID) -> CommitmentTransfer:
    """Say no: nothing changes. RuleBroken `transfer_already_answered`."""
    with transaction() as session:
        offered = _locked(session, actor, transfer_id)
        require(actor, "commitment.transfer", own=offered.to_organisation_id)
        _check_waiting(offered)
        offered.declined_at, offered.answered_by = clock.now(), actor.user_id
        session.flush()
        _record(session, actor, offered, "commitment.transfer_declined")
        tell_many(session, [notices.transfer_answered(offered, "declined")])
        return offered


def withdraw_transfer(actor: Actor, transfer_id: UUID) -> CommitmentTransfer:
    """Take back an offer that nobody answered. RuleBroken `transfer_already_answered`."""
    with transaction() as session:
        offered = _locked(session, actor, transfer_id)
        require(actor, "commitment.transfer", own=offered.from_organisation_id)
        _check_waiting(offered)
        offered.withdrawn_at, offered.answered_by = clock.now(), actor.user_id
        session.flush()
        _record(session, actor, offered, "commitment.transfer_withdrawn")
        tell_many(session, [notices.transfer_answered(offered, "withdrawn")])
        return offered


def _locked(session: Session, actor: Actor, transfer_id: UUID) -> CommitmentTransfer:
    """The transfer as it is once its contract is locked: orders and transfers of a contract come one at a time."""
    offered = get_transfer(session, actor, transfer_id)
    lock_contract(session, offered.contract_id)
    session.refresh(offered, ["accepted_at", "declined_at", "withdrawn_at"])
    return offered


def _check_waiting(offered: CommitmentTransfer) -> None:
    if not offered.is_waiting:
        raise RuleBroken(
            "transfer_already_answered", "Cette cession a déjà reçu sa réponse, ou elle est retirée : rien n'a changé."
        )


def _check_running(contract: Contract) -> None:
    if contract.status not in ("active", "suspended", "upcoming"):
        raise not_active()


def _taking_member(session: Session, contract: Contract, establishment_id: UUID) -> ContractMember:
    taker = session.get(ContractMember, (contract.id, establishment_id), populate_existing=True)
    if taker is None or (taker.until is not None and taker.until < clock.today()):
        raise RuleBroken(
            "transfer_to_non_member",
            "Cet établissement n'est pas membre de ce marché : un engagement ne se cède qu'entre membres.", field="to",
        )  # fmt: skip
    return taker


def _commitment(session: Session, member: ContractMember, beside: UUID | None = None) -> Commitment:
    """What the member is committed to, ordered, and offers already (`beside`: one offer left out)."""
    ordered = select(func.coalesce(func.sum(CallOff.standing_quantity), 0)).where(
        CallOff.contract_id == member.contract_id, CallOff.establishment_id == member.establishment_id
    )
    offers = select(func.coalesce(func.sum(CommitmentTransfer.quantity), 0)).where(
        CommitmentTransfer.contract_id == member.contract_id,
        CommitmentTransfer.from_establishment_id == member.establishment_id,
        CommitmentTransfer.is_waiting, CommitmentTransfer.id != (beside or member.contract_id),
    )  # fmt: skip
    return Commitment(
        member.committed_quantity, int(session.scalar(ordered) or 0), int(session.scalar(offers) or 0)
    )


def _record(
    session: Session, actor: Actor, offered: CommitmentTransfer, action: str,
    before: Mapping[str, int] | None = None, after: Mapping[str, int] | None = None,
) -> None:  # fmt: skip
    audit.record(
        session, actor, action, "commitment_transfer", offered.id, organisation_id=offered.from_organisation_id,
        before=before, after={
            "contract_id": offered.contract_id, "from": offered.from_establishment_id, "to": offered.to_establishment_id,
            "quantity": offered.quantity, **(after or {}),
        },
    )  # fmt: skip
