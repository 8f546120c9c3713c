"""What a centre did from its control room and what was sent to it: reminders of a lot, weekly summaries."""
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from marketplace.platform.database import Model, moment


class LotReminder(Model):
    """The establishments concerned by a lot were reminded; the primary key is "once a day" (a Paris day)."""

    __tablename__ = "lot_reminders"
    __table_args__ = (CheckConstraint("establishments > 0", name="somebody_reminded"),)

    lot_id: Mapped[UUID] = mapped_column(ForeignKey("lots.id"), primary_key=True)
    sent_on: Mapped[date] = mapped_column(primary_key=True)
    sent_at: Mapped[datetime] = moment()
    sent_by: Mapped[UUID] = mapped_column(ForeignKey("users.id"))
    establishments: Mapped[int]


class CentreSummary(Model):
    """The weekly summary of a centre left; the primary key is "once a week" (its Monday, in Paris)."""

    __tablename__ = "centre_summaries"

    organisation_id: Mapped[UUID] = mapped_column(ForeignKey("organisations.id"), primary_key=True)
    week: Mapped[date] = mapped_column(primary_key=True)
    sent_at: Mapped[datetime] = moment()
