"""Adhesions of organisations to vehicles: what was signed never changes; its years are charged; it ends with its reason."""

from datetime import date, datetime
from decimal import Decimal
from uuid import UUID

from sqlalchemy import DDL, CheckConstraint, ForeignKey, Index, Numeric, Text, event, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from marketplace.accounts.models import Organisation
from marketplace.platform.database import Model, id_column, moment
from marketplace.platform.files import StoredFile
from tenders.vehicles.models import Vehicle


class Adhesion(Model):
    """An organisation signed a vehicle's convention: the text as it was read, its version and SHA-256.

    `signed_file_id`: the convention signed on paper as a PDF, when there is one. Ended, the organisation may adhere again.
    `yearly_fee`: euros excluding VAT, NULL: none; its years count from `fee_since`, and `next_fee_on` is the first day of
    the first one not charged yet.
    """

    __tablename__ = "adhesions"
    __table_args__ = (
        # One running adhesion of an organisation to a vehicle, whoever signs twice.
        Index("uq_adhesions_running", "vehicle_id", "organisation_id", unique=True, postgresql_where=text("ended_at IS NULL")),
        Index("ix_adhesions_organisation_id", "organisation_id"),
        CheckConstraint("convention_sha256 ~ '^[0-9a-f]{64}$'", name="convention_sha256_is_one"),
        CheckConstraint("convention_version >= 1", name="convention_version_from_one"),
        CheckConstraint("(ended_at IS NULL) = (end_reason IS NULL) AND btrim(end_reason) <> ''", name="end_is_explained"),
        CheckConstraint("ended_at >= signed_at", name="ends_after_it_starts"),
        CheckConstraint("yearly_fee > 0", name="yearly_fee_positive"),
        # What a member owes a year was signed with the day its years count from.
        CheckConstraint(
            "(yearly_fee IS NULL) = (fee_since IS NULL) AND (yearly_fee IS NULL) = (next_fee_on IS NULL)", name="fee_is_whole"
        ),
        # What the scheduler looks at: running adhesions whose fee falls due again.
        Index("ix_adhesions_next_fee_on", "next_fee_on", postgresql_where=text("ended_at IS NULL AND next_fee_on IS NOT NULL")),
    )

    id: Mapped[UUID] = id_column()
    vehicle_id: Mapped[UUID] = mapped_column(ForeignKey("vehicles.id"))
    organisation_id: Mapped[UUID] = mapped_column(ForeignKey("organisations.id"))
    convention_version: Mapped[int]
    convention_text: Mapped[str] = mapped_column(Text)
    convention_sha256: Mapped[str] = mapped_column(Text)
    signed_file_id: Mapped[UUID | None] = mapped_column(ForeignKey("stored_files.id"))
    signed_at: Mapped[datetime] = moment(now=True)
    signed_by: Mapped[UUID] = mapped_column(ForeignKey("users.id"))
    yearly_fee: Mapped[Decimal | None] = mapped_column(Numeric(14, 2))
    fee_since: Mapped[date | None]
    next_fee_on: Mapped[date | None]
    ended_at: Mapped[datetime | None] = moment()
    ended_by: Mapped[UUID | None] = mapped_column(ForeignKey("users.id"))
    end_reason: Mapped[str | None] = mapped_column(Text)

    vehicle: Mapped[Vehicle] = relationship()
    organisation: Mapped[Organisation] = relationship()
    signed_file: Mapped[StoredFile | None] = relationship()


SIGNED = (
    "id", "vehicle_id", "organisation_id", "convention_version", "convention_text", "convention_sha256", "signed_file_id",
    "signed_at", "signed_by", "yearly_fee", "fee_since",
)  # fmt: skip
REFUSE_CHANGE = """
CREATE FUNCTION refuse_change_of_adhesion() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'what was signed does not change'
        USING ERRCODE = 'check_violation', CONSTRAINT = 'adhesion_is_signed';
END
$$
"""
KEEP_SIGNED = f"""
CREATE TRIGGER adhesion_is_signed BEFORE UPDATE OF {", ".join(SIGNED)} OR DELETE ON adhesions
    FOR EACH ROW EXECUTE FUNCTION refuse_change_of_adhesion()
"""
KEEP_ENDED = """
CREATE TRIGGER adhesion_is_ended BEFORE UPDATE ON adhesions
    FOR EACH ROW WHEN (OLD.ended_at IS NOT NULL) EXECUTE FUNCTION refuse_change_of_adhesion()
"""

for _statement in (REFUSE_CHANGE, KEEP_SIGNED, KEEP_ENDED):
    event.listen(Adhesion.__table__, "after_create", DDL(_statement))
