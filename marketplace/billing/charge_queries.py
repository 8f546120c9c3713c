"""Reads of charges: what is owed by and to whom, and where each stands, by one definition."""
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, case, or_, select
from sqlalchemy.orm import Session, aliased

from marketplace.accounts.models import Organisation
from marketplace.billing.models import Charge, FeeInvoice
from marketplace.billing.queries import payees_of
from marketplace.platform.pagination import USUAL_PAGE, paginate
from marketplace.platform.permissions import Actor

state_in_sql: ColumnElement[str] = case(
    (Charge.cancelled_at.is_not(None), "cancelled"),
    (FeeInvoice.paid_at.is_not(None), "paid"),
    (Charge.fee_invoice_id.is_not(None), "invoiced"),
    else_="waiting",
)
"""Where a charge stands; its invoice is joined from outside."""


@dataclass(frozen=True)
class ShownCharge:
    """A charge with both names, its state, and on which side of it the reader is."""

    row: Charge
    payer: str
    payee: str
    state: str
    side: str

    def __getattr__(self, name: str) -> Any:
        return getattr(self.row, name)


def list_charges(
    session: Session, actor: Actor, *, side: str | None = None, state: str | None = None,
    limit: int = USUAL_PAGE, cursor: str | None = None,
) -> dict[str, Any]:  # fmt: skip
    """A page of the charges that the actor's organisations owe or are owed, the oldest first; one statement."""
    own, payees = actor.organisation_ids(), payees_of(actor)
    sides = {"owed": Charge.payer_organisation_id.in_(own), "earned": Charge.payee_organisation_id.in_(payees)}
    payer, payee = aliased(Organisation), aliased(Organisation)
    statement = (
        select(Charge, payer.name.label("payer"), payee.name.label("payee"), state_in_sql.label("state"))
        .join(payer, payer.id == Charge.payer_organisation_id)
        .join(payee, payee.id == Charge.payee_organisation_id)
        .outerjoin(FeeInvoice, FeeInvoice.id == Charge.fee_invoice_id)
        .where(sides[side] if side else or_(*sides.values()))
    )
    if state:
        statement = statement.where(state_in_sql == state)
    page = paginate(session, statement, [Charge.due_on, Charge.id], limit=limit, cursor=cursor)
    return {**page, "items": [_shown(row, own, side) for row in page["items"]]}


def _shown(row: Any, own: set[UUID], side: str | None) -> ShownCharge:
    charge, payer, payee, state = row
    return ShownCharge(charge, payer, payee, state, side or ("owed" if charge.payer_organisation_id in own else "earned"))
