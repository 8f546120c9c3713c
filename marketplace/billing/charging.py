"""Steps: what is owed is recorded once, by the room that knows why; gathering and payment come later (architecture §5)."""
from datetime import date
from decimal import Decimal
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from marketplace.billing.models import Charge
from marketplace.billing.words import CHARGE_KINDS
from marketplace.platform import clock
from marketplace.platform.database import new_id, rows_changed
from marketplace.platform.money import DEFAULT_VAT_RATE, round_cents

_SUBJECT = ("kind", "subject_kind", "subject_id")


def record_charge(
    session: Session, *, kind: str, payer_organisation_id: UUID, payee_organisation_id: UUID, amount: Decimal,
    subject_kind: str, subject_id: UUID | str, label: str, due_on: date, vat_rate: Decimal = DEFAULT_VAT_RATE,
) -> UUID:  # fmt: skip
    """Step: what one organisation owes another, `amount` in euros excluding VAT; the charge's id.

    One charge per (kind, subject_kind, subject_id): asked again, the first one's id, and nothing changes. `label` is
    what the payer reads on the invoice, in French; `due_on` the day from which it may be invoiced. ValueError when the
    amount is not positive (no fee, no charge), the kind is unknown or the payer would owe itself.
    """
    if kind not in CHARGE_KINDS:
        raise ValueError(f"unknown kind of charge {kind!r}: one of {', '.join(CHARGE_KINDS)}")
    if round_cents(amount) <= 0 or payer_organisation_id == payee_organisation_id:
        raise ValueError("a charge has a positive amount and two parties")
    values = {
        "id": new_id(), "kind": kind, "payer_organisation_id": payer_organisation_id,
        "payee_organisation_id": payee_organisation_id, "amount": round_cents(amount), "vat_rate": vat_rate,
        "subject_kind": subject_kind, "subject_id": str(subject_id), "label": label, "due_on": due_on,
        "recorded_at": clock.now(),
    }  # fmt: skip
    written = insert(Charge).values(values).on_conflict_do_nothing(index_elements=_SUBJECT).returning(Charge.id)
    charge_id = session.execute(written).scalar_one_or_none()
    return charge_id or find_charge_id(session, kind=kind, subject_kind=subject_kind, subject_id=subject_id)


def find_charge_id(session: Session, *, kind: str, subject_kind: str, subject_id: UUID | str) -> UUID:
    """Step: the id of the charge of a subject; NoResultFound when there is none."""
    named = select(Charge.id).where(
        Charge.kind == kind, Charge.subject_kind == subject_kind, Charge.subject_id == str(subject_id)
    )
    return session.execute(named).scalar_one()


def cancel_charge(session: Session, charge_id: UUID, reason: str) -> bool:
    """Step: give up a charge that no invoice holds yet; False when one does (then it is refunded once paid)."""
    waiting = Charge.fee_invoice_id.is_(None), Charge.cancelled_at.is_(None)
    cancelled = update(Charge).where(Charge.id == charge_id, *waiting)
    return rows_changed(session, cancelled.values(cancelled_at=clock.now(), cancel_reason=reason)) == 1
