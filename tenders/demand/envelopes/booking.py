"""The only steps that write a ledger: an entry and the sums it changes in one statement, under the envelope's lock.

The row of `envelopes` comes last in the order of locks (tenders/demand/writing.py): whoever books holds the lot and its
pool already. No need placed or withdrawn books anything: a ledger moves when something is decided or ordered.
"""
from collections.abc import Collection
from decimal import Decimal
from uuid import UUID

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from marketplace.platform import clock
from marketplace.platform.money import round_cents
from tenders.demand.envelopes.models import Envelope
from tenders.demand.envelopes.rules import check_entry
from tenders.vehicles.models import Lot
from tenders.vehicles.rules import periods

_BOOK = text("""
WITH balance AS (
    UPDATE envelopes SET
        entries = entries + 1,
        minimum = CASE WHEN :kind = 'minimum' THEN COALESCE(minimum, 0) + :quantity ELSE minimum END,
        maximum = CASE WHEN :kind = 'maximum' THEN COALESCE(maximum, 0) + :quantity ELSE maximum END,
        maximum_amount = CASE WHEN :kind = 'maximum' AND CAST(:amount AS numeric) IS NOT NULL
            THEN COALESCE(maximum_amount, 0) + CAST(:amount AS numeric) ELSE maximum_amount END,
        committed = committed + CASE WHEN :kind = 'committed' THEN :quantity ELSE 0 END,
        called_off = called_off + CASE WHEN :kind = 'called_off' THEN :quantity ELSE 0 END,
        released = released + CASE WHEN :kind = 'released' THEN :quantity ELSE 0 END,
        adjusted = adjusted + CASE WHEN :kind = 'adjusted' THEN :quantity ELSE 0 END,
        engaged_amount = engaged_amount + CASE WHEN :kind IN ('committed', 'released', 'adjusted')
            THEN COALESCE(CAST(:amount AS numeric), 0) ELSE 0 END,
        called_off_amount = called_off_amount + CASE WHEN :kind = 'called_off'
            THEN COALESCE(CAST(:amount AS numeric), 0) ELSE 0 END
    WHERE lot_id = :lot_id RETURNING entries
)
INSERT INTO envelope_entries (lot_id, number, kind, quantity, amount, reason, note, booked_at, booked_by)
SELECT :lot_id, entries, :kind, :quantity, CAST(:amount AS numeric), :reason, :note, :now, CAST(:booked_by AS uuid)
FROM balance RETURNING number
""")


def open_ledger(session: Session, lot: Lot) -> None:
    """Step: the ledger of a lot that opens, with its bounds as frozen (domain §4b.2) as its first entries."""
    price = lot.reference_unit_price
    cost = None if price is None else price * periods(lot.term_months, lot.price_period)
    session.add(Envelope(lot_id=lot.id, vehicle_id=lot.vehicle_id, unit_amount=cost))
    session.flush()
    if lot.minimum_quantity is not None:
        amount = lot.minimum_value if lot.minimum_basis == "amount" else None
        _write(session, lot.id, "minimum", lot.minimum_quantity, amount, "lot_opened")
    if lot.maximum_quantity is not None:
        amount = lot.maximum_value if lot.maximum_basis == "amount" else None
        _write(session, lot.id, "maximum", lot.maximum_quantity, amount, "lot_opened")


def book(
    session: Session, lot_id: UUID, kind: str, quantity: int, *, reason: str, amount: Decimal | None = None,
    note: str | None = None, by: UUID | None = None,
) -> int:  # fmt: skip
    """Step: add an entry to a lot's ledger; its number.

    `amount` defaults to the quantity at the reference price over the term (euros excluding VAT). RuleBroken
    `envelope_exhausted`, `envelope_below_zero`; the CHECKs of `envelopes` are the last guard.
    """
    envelope = lock_ledger(session, lot_id)
    if amount is None and envelope.unit_amount is not None:
        amount = round_cents(quantity * envelope.unit_amount)
    check_entry(envelope.balance, kind, quantity, amount)
    return _write(session, lot_id, kind, quantity, amount, reason, note, by)


def raise_maximum(
    session: Session, lot_id: UUID, maximum: int | None, maximum_amount: Decimal | None, *, by: UUID | None = None
) -> None:
    """Step: let a ledger carry the maximum of a contract that was amended above it; never lowered, None leaves it.

    Euros follow units at the reference price where the lot is bounded in euros and none are given.
    """
    envelope = lock_ledger(session, lot_id)
    balance = envelope.balance
    units = 0 if maximum is None or balance.maximum is None else max(0, maximum - balance.maximum)
    amount = None
    if balance.maximum_amount is not None:
        wanted = maximum_amount
        if wanted is None:
            wanted = balance.maximum_amount + round_cents(units * (envelope.unit_amount or Decimal(0)))
        amount = max(Decimal(0), wanted - balance.maximum_amount)
    if units or amount:
        _write(session, lot_id, "maximum", units, amount, "amended", by=by)


def lock_envelopes(session: Session, lot_ids: Collection[UUID]) -> dict[UUID, Envelope]:
    """Step: the ledgers of several lots locked in id order, for whoever books on more than one; by lot."""
    statement = select(Envelope).where(Envelope.lot_id.in_(lot_ids)).order_by(Envelope.lot_id)
    rows = session.scalars(
        statement.with_for_update(key_share=True), execution_options={"populate_existing": True}
    )
    return {envelope.lot_id: envelope for envelope in rows}


def release_rest(session: Session, lot_id: UUID, reason: str) -> None:
    """Step: give back what is committed on a lot and was not ordered: it is cancelled, or its vehicle is over."""
    balance = lock_ledger(session, lot_id).balance
    rest = balance.engaged - balance.called_off
    if rest > 0:
        book(session, lot_id, "released", -rest, reason=reason)


def lock_ledger(session: Session, lot_id: UUID) -> Envelope:
    """Step: the envelope's lock, the last in the order, and its sums once it is held."""
    statement = select(Envelope).where(Envelope.lot_id == lot_id).with_for_update(key_share=True)
    return session.scalars(statement, execution_options={"populate_existing": True}).one()


def _write(
    session: Session, lot_id: UUID, kind: str, quantity: int, amount: Decimal | None, reason: str,
    note: str | None = None, by: UUID | None = None,
) -> int:  # fmt: skip
    values = {
        "lot_id": lot_id, "kind": kind, "quantity": quantity, "amount": amount, "reason": reason, "note": note,
        "now": clock.now(), "booked_by": by,
    }  # fmt: skip
    return int(session.execute(_BOOK, values).scalar_one())
