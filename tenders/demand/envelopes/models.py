"""The ledger of each lot, its running sums with the hard stop at the maximum, and which alerts were raised."""
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from sqlalchemy import DDL, BigInteger, CheckConstraint, ForeignKey, Index, Numeric, Text, event
from sqlalchemy.orm import Mapped, mapped_column

from marketplace.platform.audit.models import REFUSE_FUNCTION, refuse_changes
from marketplace.platform.database import Model, moment, sql_list
from tenders.demand.envelopes.rules import KINDS, REASONS, THRESHOLDS, Balance


class Envelope(Model):
    """What a lot's ledger adds up to, in the lot's unit and in euros excluding VAT; the row every entry locks.

    `unit_amount` is what a unit costs over the term at the reference price (NULL: no price), `entries` the last number.
    """

    __tablename__ = "envelopes"
    __table_args__ = (
        # At its maximum an agreement has exhausted its effects: commitments and orders stop (domain §4). NULL: none.
        CheckConstraint("GREATEST(committed + released + adjusted, called_off) <= maximum", name="within_maximum"),
        CheckConstraint("GREATEST(engaged_amount, called_off_amount) <= maximum_amount", name="within_maximum_amount"),
        CheckConstraint("LEAST(committed + released + adjusted, called_off) >= 0", name="not_negative"),
        Index("ix_envelopes_vehicle_id", "vehicle_id"),
    )

    lot_id: Mapped[UUID] = mapped_column(ForeignKey("lots.id"), primary_key=True)
    vehicle_id: Mapped[UUID] = mapped_column(ForeignKey("vehicles.id"))
    unit_amount: Mapped[Decimal | None] = mapped_column(Numeric(24, 4))
    minimum: Mapped[int | None] = mapped_column(BigInteger)
    maximum: Mapped[int | None] = mapped_column(BigInteger)
    maximum_amount: Mapped[Decimal | None] = mapped_column(Numeric(38, 2))
    committed: Mapped[int] = mapped_column(BigInteger, default=0, server_default="0")
    called_off: Mapped[int] = mapped_column(BigInteger, default=0, server_default="0")
    released: Mapped[int] = mapped_column(BigInteger, default=0, server_default="0")
    adjusted: Mapped[int] = mapped_column(BigInteger, default=0, server_default="0")
    engaged_amount: Mapped[Decimal] = mapped_column(Numeric(38, 2), default=0, server_default="0")
    called_off_amount: Mapped[Decimal] = mapped_column(Numeric(38, 2), default=0, server_default="0")
    entries: Mapped[int] = mapped_column(BigInteger, default=0, server_default="0")

    @property
    def balance(self) -> Balance:
        """The sums as the rules see them."""
        return Balance(
            self.minimum, self.maximum, self.maximum_amount, self.committed, self.called_off, self.released, self.adjusted,
            self.engaged_amount, self.called_off_amount,
        )  # fmt: skip


class EnvelopeEntry(Model):
    """One movement of a ledger, numbered from 1; never changed, corrected by another entry.

    `quantity` adds to the sum of its kind: negative for what is released, of either sign for orders and corrections.
    `amount` in euros excluding VAT over the term, NULL without a price (for a maximum: unless its basis is euros).
    """

    __tablename__ = "envelope_entries"
    __table_args__ = (
        CheckConstraint(f"kind IN ({sql_list(KINDS)})", name="kind_known"),
        CheckConstraint(f"reason IN ({sql_list(REASONS)})", name="reason_known"),
        # A commitment adds, a release takes away; only a maximum may be nothing at all (§4b.5).
        CheckConstraint(
            "CASE kind WHEN 'committed' THEN quantity > 0 WHEN 'released' THEN quantity < 0"
            " WHEN 'maximum' THEN true ELSE quantity <> 0 END",
            name="sign_of_kind",
        ),
        # Who corrects says why.
        CheckConstraint("(reason = 'correction') = (note IS NOT NULL) AND btrim(note) <> ''", name="correction_explained"),
    )

    lot_id: Mapped[UUID] = mapped_column(ForeignKey("envelopes.lot_id"), primary_key=True)
    number: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    kind: Mapped[str] = mapped_column(Text)
    quantity: Mapped[int] = mapped_column(BigInteger)
    amount: Mapped[Decimal | None] = mapped_column(Numeric(38, 2))
    reason: Mapped[str] = mapped_column(Text)
    note: Mapped[str | None] = mapped_column(Text)
    booked_at: Mapped[datetime] = moment()
    booked_by: Mapped[UUID | None] = mapped_column(ForeignKey("users.id"))


class EnvelopeAlert(Model):
    """A threshold of a lot's maximum was reached and its centre told; the primary key is "once each"."""

    __tablename__ = "envelope_alerts"
    __table_args__ = (CheckConstraint(f"threshold IN ({', '.join(map(str, THRESHOLDS))})", name="threshold_known"),)

    lot_id: Mapped[UUID] = mapped_column(ForeignKey("envelopes.lot_id"), primary_key=True)
    threshold: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    used: Mapped[int] = mapped_column(BigInteger)
    raised_at: Mapped[datetime] = moment()


for _statement in (REFUSE_FUNCTION, refuse_changes("envelope_entries")):
    event.listen(EnvelopeEntry.__table__, "after_create", DDL(_statement))
