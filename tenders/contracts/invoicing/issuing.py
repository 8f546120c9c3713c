"""The step that issues a document: it takes the next number of the series and writes the invoice, last of all.

A transaction that is rolled back gives its number back with everything else, so that a series has no gap; whoever issues
for the same issuer waits until then. That is why nothing after the counter waits for another lock: the caller holds the
contract's row already (order of locks: contract, then series).
"""
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Session

from marketplace.platform import clock
from marketplace.platform.database import new_id
from marketplace.platform.facts import pack
from tenders.contracts.invoicing.content import to_content
from tenders.contracts.invoicing.models import Invoice
from tenders.contracts.invoicing.rules import invoice as rules
from tenders.contracts.invoicing.rules.numbering import invoice_number

# The date goes with the number: whoever waited over midnight for the lock is dated after who had it before.
_NEXT = text("""
INSERT INTO invoice_series AS series (issuer_id, year, last, last_issued_on) VALUES (:issuer_id, :year, 1, :today)
ON CONFLICT (issuer_id, year) DO UPDATE
SET last = series.last + 1, last_issued_on = GREATEST(series.last_issued_on, excluded.last_issued_on)
RETURNING last, last_issued_on
""")


def take_number(session: Session, issuer_id: UUID, today: date) -> tuple[int, date]:
    """Step: the next number of an issuer's series of the year, and the day it is issued on; locks the counter."""
    taken = session.execute(_NEXT, {"issuer_id": issuer_id, "year": today.year, "today": today}).one()
    return taken.last, taken.last_issued_on


def issue(
    session: Session, document: rules.Invoice, *, issuer_id: UUID, buyer_id: UUID, payment_days: int = 0,
    under_mandate: bool = False, by: UUID | None = None, **subject: Any,
) -> Invoice:  # fmt: skip
    """Step: number a complete document and write it for good. `subject`: columns that say what it is of."""
    rules.check_complete(document)
    totals, content = document.totals, to_content(document)
    sequence, issued_on = take_number(session, issuer_id, clock.today())
    number, due_on = invoice_number(issued_on.year, sequence), issued_on + timedelta(days=payment_days)
    row = Invoice(
        id=new_id(), issuer_id=issuer_id, buyer_id=buyer_id, year=issued_on.year, sequence=sequence, number=number,
        kind=document.kind, issued_on=issued_on, due_on=due_on, excl_vat=totals.excl_vat, vat=totals.vat,
        incl_vat=totals.incl_vat, purchase_order_reference=document.purchase_order_reference,
        content=content | pack({"number": number, "issued_on": issued_on, "due_on": due_on}),
        under_mandate=under_mandate, issued_at=clock.now(), issued_by=by, **subject,
    )  # fmt: skip
    session.add(row)
    session.flush()
    return row
