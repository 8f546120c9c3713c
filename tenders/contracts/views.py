"""What one reader sees of a contract: its members by name, or only those of its own grappes (ux.md, who sees what)."""
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from marketplace.establishments.models import Establishment
from marketplace.platform.files import StoredFile
from marketplace.platform.permissions import Actor
from tenders.contracts.models import Contract, ContractDecision, ContractMember
from tenders.contracts.queries import list_contract_members, list_decisions

OF_THE_CENTRE = ("members", "left_at_price")
"""Parts of a decision's evidence that tell who else takes part at which price: for the centre alone."""


@dataclass(frozen=True)
class MemberLine:
    """A member with its name; `is_own`: the reader acts for it."""

    member: ContractMember
    name: str
    is_own: bool

    def __getattr__(self, name: str) -> Any:
        return getattr(self.member, name)


@dataclass(frozen=True)
class ContractView:
    """A contract as one reader sees it. `role`: centre, holder or member. `members` are those whose names it may read,
    `member_count`, `committed` and `pooled` (units) those of all."""

    contract: Contract
    role: str
    members: tuple[MemberLine, ...]
    member_count: int
    committed: int
    pooled: int
    decisions: tuple[ContractDecision, ...]
    signed_file: StoredFile | None

    def __getattr__(self, name: str) -> Any:
        return getattr(self.contract, name)

    @property
    def own(self) -> tuple[MemberLine, ...]:
        """The reader's own sites."""
        return tuple(line for line in self.members if line.is_own)

    @property
    def sees_fee(self) -> bool:
        """The centre that earns the fee, and whoever pays it."""
        return self.role == "centre" or self.contract.fee_payer == {"holder": "provider"}.get(self.role, self.role)

    def evidence(self, decision: ContractDecision) -> Mapping[str, Any]:
        """What a decision rests on, without what concerns other members."""
        hidden = () if self.role == "centre" else OF_THE_CENTRE
        return {name: value for name, value in decision.evidence.items() if name not in hidden}


def role_of(actor: Actor, contract: Contract) -> str:
    """As whom the actor reads the contract; the centre's eyes come first, then the holder's."""
    if actor.is_system or contract.organisation_id in actor.organisation_ids(kind="purchasing_centre"):
        return "centre"
    if contract.holder.organisation_id in actor.organisation_ids(kind="provider"):
        return "holder"
    return "member"


def view_of(session: Session, actor: Actor, contract: Contract) -> ContractView:
    """The contract for this reader; a constant number of statements."""
    role, members = role_of(actor, contract), list_contract_members(session, contract.id)
    mine = actor.organisation_ids(kind="care_operator")
    grappes = {member.grappe_id for member in members if member.organisation_id in mine} - {None}
    seen = [
        member for member in members
        if role != "member" or member.organisation_id in mine or member.grappe_id in grappes
    ]  # fmt: skip
    names = _names(session, [member.establishment_id for member in seen])
    lines = [MemberLine(member, names[member.establishment_id], member.organisation_id in mine) for member in seen]
    return ContractView(
        contract=contract,
        role=role,
        members=tuple(sorted(lines, key=lambda line: (not line.is_own, line.name))),
        member_count=sum(member.until is None for member in members),
        committed=sum(member.committed_quantity for member in members if member.until is None),
        pooled=sum(member.pooled_quantity for member in members if member.until is None),
        decisions=tuple(list_decisions(session, contract.id)),
        signed_file=session.get(StoredFile, contract.signed_file_id) if contract.signed_file_id else None,
    )


@dataclass(frozen=True)
class ContractLine:
    """A contract in a list, with what all its members committed (units) and how many they are."""

    contract: Contract
    committed: int
    members: int
    own_price: Decimal | None

    def __getattr__(self, name: str) -> Any:
        return getattr(self.contract, name)


def lines_of(session: Session, actor: Actor, contracts: Sequence[Contract]) -> list[ContractLine]:
    """The contracts of a list with their sums; one statement. `own_price`: the lowest of the reader's own sites."""
    mine = ContractMember.organisation_id.in_(actor.organisation_ids(kind="care_operator"))
    rows = session.execute(
        select(
            ContractMember.contract_id,
            func.sum(ContractMember.committed_quantity),
            func.count(),
            func.min(ContractMember.unit_price).filter(mine),
        )
        .where(ContractMember.contract_id.in_([each.id for each in contracts]), ContractMember.until.is_(None))
        .group_by(ContractMember.contract_id)
    )
    sums: dict[UUID, tuple[int, int, Decimal | None]] = {row[0]: (int(row[1]), row[2], row[3]) for row in rows}
    return [ContractLine(each, *sums.get(each.id, (0, 0, None))) for each in contracts]


def _names(session: Session, establishment_ids: Sequence[UUID]) -> dict[UUID, str]:
    statement = select(Establishment.id, Establishment.name).where(Establishment.id.in_(establishment_ids))
    return dict(session.execute(statement).all())
