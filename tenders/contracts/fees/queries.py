"""Reads of fees: what joining a lot late would make a member owe, and where the fees of a contract stand."""
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from uuid import UUID

from sqlalchemy import Text, cast, func, or_, select
from sqlalchemy.orm import Session

from marketplace.billing.charge_queries import state_in_sql
from marketplace.billing.models import Charge, FeeInvoice
from marketplace.platform.permissions import Actor
from tenders.contracts.models import Contract
from tenders.contracts.ordering.models import CallOff
from tenders.contracts.status import OVER


def fees_of_joining(session: Session, lot_id: UUID) -> Sequence[Contract]:
    """Contracts of a lot that are not over and whose fee each member organisation pays, the best rank first."""
    asks = Contract.lot_id == lot_id, Contract.fee_payer == "member", Contract.status.not_in(OVER)
    return session.scalars(select(Contract).where(*asks).order_by(Contract.rank)).all()


@dataclass(frozen=True)
class FeeSums:
    """Fees of a contract in euros excluding VAT: on no invoice yet, on an invoice to be paid, paid."""

    waiting: Decimal
    invoiced: Decimal
    paid: Decimal


def sums_of_fees(session: Session, actor: Actor, contract: Contract) -> FeeSums:
    """What a contract made the reader owe, or earn: its entry and yearly fees and those on its orders; one statement."""
    orders = select(cast(CallOff.id, Text)).where(CallOff.contract_id == contract.id)
    of_contract = or_(
        Charge.subject_kind.in_(("contract", "contract_year")) & Charge.subject_id.startswith(f"{contract.id}:"),
        (Charge.subject_kind == "call_off") & Charge.subject_id.in_(orders),
    )
    own = actor.organisation_ids()
    party = or_(Charge.payer_organisation_id.in_(own), Charge.payee_organisation_id.in_(own))
    sums = [
        func.coalesce(func.sum(Charge.amount).filter(state_in_sql == state), 0).label(state)
        for state in ("waiting", "invoiced", "paid")
    ]
    statement = select(*sums).select_from(Charge).outerjoin(FeeInvoice, FeeInvoice.id == Charge.fee_invoice_id)
    found = session.execute(
        statement.where(Charge.payee_organisation_id == contract.organisation_id, of_contract, party)
    ).one()
    return FeeSums(found.waiting, found.invoiced, found.paid)
