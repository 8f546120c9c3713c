"""What a late joining announces and asks: rooms above let the newcomer order, and know what that costs besides."""
from dataclasses import dataclass
from decimal import Decimal
from uuid import UUID

from marketplace.platform.events import Announcement


@dataclass(frozen=True)
class JoiningLate(Announcement):
    """Somebody is about to join a closed lot, whose lock is held: lock now what the joining will be held against."""

    lot_id: UUID


@dataclass(frozen=True)
class JoinedLate(Announcement):
    """An establishment joined a closed lot, up to `price_ceiling` per unit and period; a listener may refuse."""

    lot_id: UUID
    establishment_id: UUID
    grappe_id: UUID | None
    quantity: int
    price_ceiling: Decimal


@dataclass(frozen=True)
class ContractFee:
    """What a member organisation pays on a contract: `fee_value` in euros excluding VAT, in per cent for a percentage."""

    reference: str
    fee_kind: str
    fee_value: Decimal
    fee_payer: str = "member"


@dataclass(frozen=True)
class FeesOfJoining(Announcement):
    """Question: which fees of contracts on this lot would who joins it owe besides? Answers are ContractFee."""

    lot_id: UUID
