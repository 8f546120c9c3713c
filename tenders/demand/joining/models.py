"""Who joined a closed lot, with what was shown and signed; facts that are never changed."""
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from sqlalchemy import DDL, BigInteger, CheckConstraint, ForeignKey, ForeignKeyConstraint, Numeric, event
from sqlalchemy.orm import Mapped, mapped_column

from marketplace.platform.audit.models import REFUSE_FUNCTION, refuse_changes
from marketplace.platform.database import Model, moment


class LateJoining(Model):
    """An establishment that joined a closed lot: its need counts since then; here is what it signed.

    `months` were left of the term; `price_ceiling` euros excluding VAT per unit and period, `exposure_excl_vat` over
    those months, `fee_amount` once (NULL: none). `entry` is the commitment's number in the lot's ledger.
    """

    __tablename__ = "late_joinings"
    __table_args__ = (
        # What is committed late is in the ledger, or it is not committed.
        ForeignKeyConstraint(
            ["lot_id", "entry"], ["envelope_entries.lot_id", "envelope_entries.number"],
            name="fk_late_joinings_envelope_entries",
        ),
        CheckConstraint("quantity > 0 AND months > 0", name="quantity_positive"),
        CheckConstraint("price_ceiling > 0 AND exposure_excl_vat >= 0 AND fee_amount > 0", name="amounts_positive"),
    )  # fmt: skip

    lot_id: Mapped[UUID] = mapped_column(ForeignKey("lots.id"), primary_key=True)
    establishment_id: Mapped[UUID] = mapped_column(ForeignKey("establishments.id"), primary_key=True)
    organisation_id: Mapped[UUID] = mapped_column(ForeignKey("organisations.id"))
    grappe_id: Mapped[UUID | None]
    quantity: Mapped[int] = mapped_column(BigInteger)
    months: Mapped[int]
    price_ceiling: Mapped[Decimal] = mapped_column(Numeric(18, 4))
    exposure_excl_vat: Mapped[Decimal] = mapped_column(Numeric(38, 2))
    fee_amount: Mapped[Decimal | None] = mapped_column(Numeric(14, 2))
    entry: Mapped[int] = mapped_column(BigInteger)
    signed_at: Mapped[datetime] = moment()
    signed_by: Mapped[UUID | None] = mapped_column(ForeignKey("users.id"))


for _statement in (REFUSE_FUNCTION, refuse_changes("late_joinings")):
    event.listen(LateJoining.__table__, "after_create", DDL(_statement))
