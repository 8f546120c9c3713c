"""Reads of fees: what joining a lot late would make a member organisation owe on the contracts that run there."""
from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from tenders.contracts.models import Contract
from tenders.contracts.status import OVER


def fees_of_joining(session: Session, lot_id: UUID) -> Sequence[Contract]:
    """Contracts of a lot that are not over and whose fee each member organisation pays, the best rank first."""
    asks = Contract.lot_id == lot_id, Contract.fee_payer == "member", Contract.status.not_in(OVER)
    return session.scalars(select(Contract).where(*asks).order_by(Contract.rank)).all()
