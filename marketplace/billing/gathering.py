"""Use cases of the scheduler: charges become invoices, payments are announced, then asked for, each once.

Nothing here leaves the house: what Stripe is to be told waits in the outbox (marketplace/billing/collecting.py).
"""
from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from marketplace.accounts.models import Organisation
from marketplace.billing import messages
from marketplace.billing.gateway import payment_is_on
from marketplace.billing.models import BillingCustomer, BillingPayee, Charge, FeeInvoice
from marketplace.billing.rules import charge_day, gathered_from, totals
from marketplace.notifications.services import Telling, tell_many
from marketplace.platform import audit, clock
from marketplace.platform.database import new_id, transaction
from marketplace.platform.outbox import enqueue_many
from marketplace.platform.permissions import SYSTEM

ISSUE = "billing.issue_invoice"
PAY = "billing.pay_invoice"
SMALLEST = Decimal("0.50")
"""Euros including VAT: Stripe takes no payment below; smaller sums wait for the next charge."""
AT_ONCE = 200
OPEN = (FeeInvoice.paid_at.is_(None), FeeInvoice.voided_at.is_(None))

messages.register_all()


def gather_due_charges(now: datetime) -> int:
    """Put what is due on invoices, one per payer and payee; how many invoices. With payment off they are paid by transfer."""
    today = clock.paris(now).date()
    with transaction() as session:
        rows = session.execute(
            select(Charge, func.coalesce(BillingPayee.gathering, "monthly"))
            .outerjoin(BillingPayee, BillingPayee.organisation_id == Charge.payee_organisation_id)
            .where(Charge.fee_invoice_id.is_(None), Charge.cancelled_at.is_(None), Charge.due_on <= today)
            .order_by(Charge.due_on, Charge.id)
            .with_for_update(of=Charge, skip_locked=True)
        )
        pairs: dict[tuple[UUID, UUID], list[Charge]] = defaultdict(list)
        for charge, gathering in rows:
            if gathered_from(gathering, charge.due_on) <= today:
                pairs[charge.payer_organisation_id, charge.payee_organisation_id].append(charge)
        made = [invoice for charges in pairs.values() if (invoice := _gather(session, charges, now)) is not None]
        _tell_payers(session, made)
    return len(made)


def _gather(session: Session, charges: Sequence[Charge], now: datetime) -> FeeInvoice | None:
    sums = totals((charge.amount, charge.vat_rate) for charge in charges)
    if sums.incl_vat < SMALLEST:
        return None
    invoice = FeeInvoice(
        id=new_id(), payer_organisation_id=charges[0].payer_organisation_id,
        payee_organisation_id=charges[0].payee_organisation_id, amount_excl_vat=sums.excl_vat, vat_amount=sums.vat,
        gathered_at=now, due_on=clock.paris(now).date(), refunded_amount=Decimal(0),
    )  # fmt: skip
    session.add(invoice)
    session.flush()
    for charge in charges:
        charge.fee_invoice_id = invoice.id
    session.flush()
    audit.record(
        session, SYSTEM, "fee_invoice.made", "fee_invoice", invoice.id, organisation_id=invoice.payee_organisation_id,
        after={"amount_incl_vat": sums.incl_vat, "charges": [charge.id for charge in charges]},
    )  # fmt: skip
    return invoice


def _tell_payers(session: Session, invoices: Sequence[FeeInvoice]) -> None:
    names = names_of(session, {invoice.payee_organisation_id for invoice in invoices})
    tell_many(
        session,
        [
            Telling(
                "fee_invoice_made",
                {"payee": names[each.payee_organisation_id], "amount": each.amount_incl_vat, "due_on": each.due_on},
                organisation_ids=[each.payer_organisation_id],
            )
            for each in invoices
        ],
    )


def names_of(session: Session, organisation_ids: set[UUID]) -> dict[UUID, str]:
    """Names of organisations by id."""
    found = select(Organisation.id, Organisation.name).where(Organisation.id.in_(organisation_ids))
    return {row.id: row.name for row in session.execute(found)}


def hand_to_stripe(_now: datetime) -> int:
    """Have every open invoice that Stripe does not hold yet issued there; how many are on their way. Repeatable."""
    if not payment_is_on():
        return 0
    with transaction() as session:
        waiting = list(session.scalars(select(FeeInvoice.id).where(*OPEN, FeeInvoice.finalised_at.is_(None))))
        enqueue_many(session, ISSUE, [({"invoice_id": each}, f"{ISSUE}:{each}") for each in waiting])
    return len(waiting)


def announce_payments(now: datetime) -> int:
    """Tell payers who left a means of payment when it will be used; how many payments were announced."""
    today = clock.paris(now).date()
    with transaction() as session:
        rows = session.execute(
            select(FeeInvoice, BillingCustomer)
            .join(BillingCustomer, BillingCustomer.organisation_id == FeeInvoice.payer_organisation_id)
            .where(
                *OPEN, FeeInvoice.finalised_at.is_not(None), FeeInvoice.attempts == 0, FeeInvoice.failed_at.is_(None),
                BillingCustomer.method.is_not(None), FeeInvoice.method.is_distinct_from(BillingCustomer.method),
            )
            .order_by(FeeInvoice.id).limit(AT_ONCE)
            .with_for_update(of=FeeInvoice, skip_locked=True)
        ).all()  # fmt: skip
        names = names_of(session, {invoice.payee_organisation_id for invoice, _customer in rows})
        for invoice, customer in rows:
            invoice.method, invoice.announced_on = customer.method, today
            invoice.charge_on = charge_day(customer.method or "", invoice.due_on, today)
            audit.record(
                session, SYSTEM, "fee_invoice.payment_announced", "fee_invoice", invoice.id,
                organisation_id=invoice.payer_organisation_id,
                after={"method": invoice.method, "charge_on": invoice.charge_on},
            )  # fmt: skip
        tell_many(session, [_announcement(*row, names[row[0].payee_organisation_id]) for row in rows])
    return len(rows)


def _announcement(invoice: FeeInvoice, customer: BillingCustomer, payee: str) -> Telling:
    values = {
        "amount": invoice.amount_incl_vat, "payee": payee, "charge_on": invoice.charge_on,
        "digits": customer.method_digits or "", "mandate": customer.mandate_reference or "",
    }  # fmt: skip
    template = "debit_announced" if invoice.method == "sepa_debit" else "card_charge_announced"
    return Telling(template, values, organisation_ids=[invoice.payer_organisation_id])


def collect_due(now: datetime) -> int:
    """Ask for the announced payments whose day has come, each once and by the means announced; how many."""
    if not payment_is_on():
        return 0
    with transaction() as session:
        due = list(session.scalars(
            select(FeeInvoice)
            .join(BillingCustomer, BillingCustomer.organisation_id == FeeInvoice.payer_organisation_id)
            .where(
                *OPEN, FeeInvoice.finalised_at.is_not(None), FeeInvoice.attempts == 0, FeeInvoice.failed_at.is_(None),
                FeeInvoice.charge_on <= clock.paris(now).date(), FeeInvoice.method == BillingCustomer.method,
            )
            .order_by(FeeInvoice.id).limit(AT_ONCE)
            .with_for_update(of=FeeInvoice, skip_locked=True)
        ))  # fmt: skip
        for invoice in due:
            invoice.attempts, invoice.attempted_at = 1, now
        enqueue_many(session, PAY, [({"invoice_id": each.id, "attempt": 1}, f"{PAY}:{each.id}:1") for each in due])
    return len(due)
