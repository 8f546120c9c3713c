"""Reads of billing: a payer sees what it owes, a payee what it is owed, the operator the comparison with Stripe."""
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Select, func, or_, select
from sqlalchemy.orm import Session, aliased

from marketplace.accounts.models import Organisation
from marketplace.billing.events import TransferAccountsOf
from marketplace.billing.models import (
    BillingCustomer,
    BillingPayee,
    Charge,
    Checkout,
    FeeInvoice,
    ListingPlan,
    ListingSubscription,
    Reconciliation,
    Refund,
)
from marketplace.billing.rules import PlanTerm, listing_visible
from marketplace.platform import clock, events
from marketplace.platform.errors import NotFound
from marketplace.platform.pagination import USUAL_PAGE
from marketplace.platform.permissions import Actor, Seat

PAYEES = ("purchasing_centre", "platform")


@dataclass(frozen=True)
class ShownInvoice:
    """An invoice with its charges, its refunds and the other party's name."""

    row: FeeInvoice
    other: str
    charges: tuple[Charge, ...]
    refunds: tuple[Refund, ...]

    def __getattr__(self, name: str) -> Any:
        return getattr(self.row, name)

    @property
    def reference(self) -> str:
        """What a transfer names so that its payee finds the invoice."""
        return f"FRAIS-{self.row.id.hex[-8:].upper()}"

    @property
    def is_payable(self) -> bool:
        """Whether its payer may still send a transfer for it: nothing is announced, under way or done."""
        return self.state in ("due", "failed")

    @property
    def charge_ids(self) -> list[UUID]:
        """Its charges by id."""
        return [charge.id for charge in self.charges]

    @property
    def state(self) -> str:
        """Where the payment stands, in one word, derived from its dates."""
        row = self.row
        for word, holds in (
            ("void", row.voided_at), ("refunded", row.paid_at and row.refunded_amount == row.amount_incl_vat),
            ("paid", row.paid_at), ("failed", row.failed_at), ("under_way", row.attempts), ("announced", row.charge_on),
        ):  # fmt: skip
            if holds:
                return word
        return "due"


def _invoices(own: Any, other: Any) -> Select[FeeInvoice, str]:
    party = aliased(Organisation)
    return select(FeeInvoice, party.name).join(party, party.id == other).where(own)


def list_owed(session: Session, actor: Actor, *, before: UUID | None = None) -> dict[str, Any]:
    """A page of the invoices that the actor's organisations pay, newest first; three statements, whatever their number."""
    mine = FeeInvoice.payer_organisation_id.in_(actor.organisation_ids())
    return _page(session, _invoices(mine, FeeInvoice.payee_organisation_id), before)


def list_earned(session: Session, actor: Actor, *, before: UUID | None = None) -> dict[str, Any]:
    """A page of the invoices that the actor's organisations are paid, newest first."""
    mine = FeeInvoice.payee_organisation_id.in_(payees_of(actor))
    return _page(session, _invoices(mine, FeeInvoice.payer_organisation_id), before)


def payees_of(actor: Actor) -> set[UUID]:
    """The actor's organisations that may be owed fees."""
    return {seat.organisation_id for seat in actor.seats if seat.kind in PAYEES}


def _page(session: Session, statement: Any, before: UUID | None) -> dict[str, Any]:
    if before is not None:
        statement = statement.where(FeeInvoice.id < before)
    rows = session.execute(statement.order_by(FeeInvoice.id.desc()).limit(USUAL_PAGE + 1)).all()
    ids = [invoice.id for invoice, _other in rows[:USUAL_PAGE]]
    charges = _by_invoice(session.scalars(select(Charge).where(Charge.fee_invoice_id.in_(ids)).order_by(Charge.id)))
    refunds = _by_invoice(session.scalars(select(Refund).where(Refund.fee_invoice_id.in_(ids)).order_by(Refund.id)))
    items = [
        ShownInvoice(invoice, other, tuple(charges.get(invoice.id, ())), tuple(refunds.get(invoice.id, ())))
        for invoice, other in rows[:USUAL_PAGE]
    ]
    return {"items": items, "next": str(ids[-1]) if len(rows) > USUAL_PAGE else None}


def _by_invoice(rows: Any) -> dict[UUID, list[Any]]:
    found: dict[UUID, list[Any]] = {}
    for row in rows:
        found.setdefault(row.fee_invoice_id, []).append(row)
    return found


def list_waiting_charges(session: Session, *, payers: set[UUID] | None = None, payees: set[UUID] | None = None) -> list[Any]:
    """(charge, other party's name) of what no invoice holds yet, soonest first: owed by `payers`, or due to `payees`."""
    own = Charge.payer_organisation_id.in_(payers) if payers is not None else Charge.payee_organisation_id.in_(payees or ())
    other = Charge.payee_organisation_id if payers is not None else Charge.payer_organisation_id
    statement = (
        select(Charge, Organisation.name).join(Organisation, Organisation.id == other)
        .where(own, Charge.fee_invoice_id.is_(None), Charge.cancelled_at.is_(None))
        .order_by(Charge.due_on, Charge.id).limit(100)
    )  # fmt: skip
    return list(session.execute(statement))


def get_earned(session: Session, actor: Actor, invoice_id: UUID, *, lock: bool = False) -> FeeInvoice:
    """An invoice that one of the actor's organisations is paid; NotFound otherwise."""
    statement = select(FeeInvoice).where(
        FeeInvoice.id == invoice_id, FeeInvoice.payee_organisation_id.in_(payees_of(actor))
    )
    found = session.scalars(
        statement.with_for_update() if lock else statement, execution_options={"populate_existing": lock}
    ).one_or_none()
    if found is None:
        raise NotFound("fee_invoice")
    return found


def accounts_to_pay(session: Session, invoices: Sequence[ShownInvoice]) -> dict[UUID, str]:
    """The IBAN, four figures at a time, of each payee that is still to be paid; asked of the rooms that know it."""
    payees = frozenset(each.payee_organisation_id for each in invoices if each.is_payable)
    known = events.ask(session, TransferAccountsOf(payees)) if payees else []
    return {payee: " ".join(iban[place : place + 4] for place in range(0, len(iban), 4)) for payee, iban in known}


def get_shown_earned(session: Session, actor: Actor, invoice_id: UUID) -> ShownInvoice:
    """The same with its charges, its refunds and its payer's name."""
    get_earned(session, actor, invoice_id)
    found = _page(session, _invoices(FeeInvoice.id == invoice_id, FeeInvoice.payer_organisation_id), None)
    shown: ShownInvoice = found["items"][0]
    return shown


@dataclass(frozen=True)
class Account:
    """How an organisation pays, and the page it was sent to when it is about to choose."""

    seat: Seat
    method: str | None
    digits: str | None
    mandate: str | None
    page_url: str | None


def list_accounts(session: Session, actor: Actor) -> list[Account]:
    """The means of payment of each of the actor's organisations; two statements."""
    own = actor.organisation_ids()
    rows = session.scalars(select(BillingCustomer).where(BillingCustomer.organisation_id.in_(own)))
    known = {row.organisation_id: row for row in rows}
    pages = session.execute(
        select(Checkout.organisation_id, Checkout.url).where(
            Checkout.organisation_id.in_(own), Checkout.purpose == "method", Checkout.ended_at.is_(None)
        )
    )
    urls = {page.organisation_id: page.url for page in pages}
    accounts = []
    for seat in actor.seats:
        row = known.get(seat.organisation_id)
        facts = (row.method, row.method_digits, row.mandate_reference) if row is not None else (None, None, None)
        accounts.append(Account(seat, *facts, urls.get(seat.organisation_id)))
    return accounts


def sums_of(session: Session, payees: set[UUID]) -> Any:
    """What is owed to these organisations: `waiting` in euros excluding VAT; `open`, `failed`, `paid` including VAT."""
    whole = FeeInvoice.amount_excl_vat + FeeInvoice.vat_amount
    kept = whole - FeeInvoice.refunded_amount
    still = FeeInvoice.paid_at.is_(None) & FeeInvoice.voided_at.is_(None)
    waiting = select(func.coalesce(func.sum(Charge.amount), 0)).where(
        Charge.payee_organisation_id.in_(payees), Charge.fee_invoice_id.is_(None), Charge.cancelled_at.is_(None)
    )
    return session.execute(
        select(
            waiting.scalar_subquery().label("waiting"),
            func.coalesce(func.sum(whole).filter(still), 0).label("open"),
            func.coalesce(func.sum(whole).filter(still & FeeInvoice.failed_at.is_not(None)), 0).label("failed"),
            func.coalesce(func.sum(kept).filter(FeeInvoice.paid_at.is_not(None)), 0).label("paid"),
        ).where(FeeInvoice.payee_organisation_id.in_(payees))
    ).one()


def gathering_of(session: Session, organisation_id: UUID) -> str:
    """How a payee gathers its charges."""
    row = session.get(BillingPayee, organisation_id)
    return row.gathering if row is not None else "monthly"


def list_plans(session: Session) -> list[ListingPlan]:
    """Every plan still offered, the free one too, in order."""
    offered = or_(ListingPlan.retired_on.is_(None), ListingPlan.retired_on >= clock.today())
    return list(session.scalars(select(ListingPlan).where(offered).order_by(ListingPlan.position, ListingPlan.code)))


def plan_terms(session: Session, organisation_id: UUID) -> list[PlanTerm]:
    """A provider's paid plans as dates, for the rule."""
    rows = session.scalars(select(ListingSubscription).where(ListingSubscription.organisation_id == organisation_id))
    return [PlanTerm(row.started_at, row.hidden_from, row.ended_at) for row in rows]


def is_listed(session: Session, organisation_id: UUID, at: datetime) -> bool:
    """Whether the directory shows one provider."""
    retired = list(session.scalars(select(ListingPlan.retired_on).where(ListingPlan.monthly_amount == 0)))
    days = [day for day in retired if day is not None]
    free_until = None if len(days) < len(retired) else max(days, default=datetime.min.date())
    return listing_visible(plan_terms(session, organisation_id), free_until, at, clock.paris(at).date())


def list_reconciliations(session: Session) -> Sequence[Reconciliation]:
    """The last thirty comparisons with Stripe, newest first."""
    return list(session.scalars(select(Reconciliation).order_by(Reconciliation.day.desc()).limit(30)))
