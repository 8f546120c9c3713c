"""Studies as of one moment: what was asked, the frozen instance, what was found, and what was accepted of it."""
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Computed,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Numeric,
    Text,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from marketplace.platform.database import Model, id_column, moment
from tenders.composition.studies.rules.parameters import Parameters

STUDY_STATUS = (
    "CASE WHEN cancelled_at IS NOT NULL THEN 'cancelled'"
    " WHEN failed_at IS NOT NULL THEN 'failed'"
    " WHEN finished_at IS NOT NULL THEN 'done'"
    " WHEN started_at IS NOT NULL THEN 'running'"
    " ELSE 'queued' END"
)


def _amount() -> Mapped[Decimal | None]:
    return mapped_column(Numeric(38, 2))


class Study(Model):
    """One question to the optimiser, asked by a centre, or by a grappe's coordinator for its grappe.

    `document` is the frozen instance (grappe-composition/1), `progress` the steps so far, `set_aside` the offers not
    looked at. `beat_at` is when the worker last said that it is at it. Amounts in euros excluding VAT over the term.
    """

    __tablename__ = "studies"
    __table_args__ = (
        CheckConstraint("jsonb_typeof(parameters) = 'object'", name="parameters_is_object"),
        # An answer has its cost, its bound and its gap, or it is none; a bound above the cost would be a lie.
        CheckConstraint(
            "(finished_at IS NULL) = (cost IS NULL) AND (cost IS NULL) = (bound IS NULL) AND (cost IS NULL) = (gap IS NULL)"
            " AND bound <= cost AND gap >= 0",
            name="answer_is_whole",
        ),
        CheckConstraint("(failed_at IS NULL) = (failure IS NULL)", name="failure_is_explained"),
        CheckConstraint("num_nonnulls(cancelled_at, failed_at, finished_at) <= 1", name="ends_once"),
        Index("ix_studies_organisation_id", "organisation_id", "id"),
        Index("ix_studies_shared_with_id", "shared_with_id", postgresql_where=text("shared_with_id IS NOT NULL")),
        # What the worker looks for.
        Index(
            "ix_studies_waiting", "id",
            postgresql_where=text("cancelled_at IS NULL AND failed_at IS NULL AND finished_at IS NULL"),
        ),
    )  # fmt: skip

    id: Mapped[UUID] = id_column()
    organisation_id: Mapped[UUID] = mapped_column(ForeignKey("organisations.id"))
    grappe_id: Mapped[UUID | None] = mapped_column(ForeignKey("grappes.id"))
    shared_with_id: Mapped[UUID | None] = mapped_column(ForeignKey("organisations.id"))
    follows_id: Mapped[UUID | None] = mapped_column(ForeignKey("studies.id"))
    title: Mapped[str] = mapped_column(Text)
    parameters: Mapped[dict[str, Any]] = mapped_column(JSONB)
    document: Mapped[dict[str, Any]] = mapped_column(JSONB, deferred=True, nullable=False)
    set_aside: Mapped[list[Any]] = mapped_column(JSONB, default=list, server_default="[]")
    asked_at: Mapped[datetime] = moment(now=True)
    asked_by: Mapped[UUID] = mapped_column(ForeignKey("users.id"))
    started_at: Mapped[datetime | None] = moment()
    beat_at: Mapped[datetime | None] = moment()
    attempts: Mapped[int] = mapped_column(default=0, server_default="0")
    cancel_asked_at: Mapped[datetime | None] = moment()
    cancelled_at: Mapped[datetime | None] = moment()
    failed_at: Mapped[datetime | None] = moment()
    failure: Mapped[str | None] = mapped_column(Text)
    finished_at: Mapped[datetime | None] = moment()
    progress: Mapped[list[Any]] = mapped_column(JSONB, default=list, server_default="[]")
    cost: Mapped[Decimal | None] = _amount()
    bound: Mapped[Decimal | None] = _amount()
    gap: Mapped[Decimal | None] = mapped_column(Numeric(9, 6))
    saving: Mapped[Decimal | None] = _amount()
    sensitivity: Mapped[list[Any]] = mapped_column(JSONB, default=list, server_default="[]")
    complaint: Mapped[dict[str, Any] | None] = mapped_column(JSONB)
    status: Mapped[str] = mapped_column(Text, Computed(STUDY_STATUS, persisted=True))

    __mapper_args__ = {"eager_defaults": True}

    @property
    def asked(self) -> Parameters:
        """The wishes as the rules read them."""
        values = dict(self.parameters)
        return Parameters(**{**values, "categories": tuple(values["categories"]), "regions": tuple(values["regions"])})


class StudyPurchase(Model):
    """A proposed pooled purchase. Once accepted it has its lot; prices per unit and period, amounts over the term."""

    __tablename__ = "study_purchases"
    __table_args__ = (
        CheckConstraint("quantity BETWEEN bracket_from AND bracket_to", name="within_its_bracket"),
        CheckConstraint("members > 0", name="has_members"),
        # Accepted at most once: one proposal, one lot.
        Index("uq_study_purchases_lot_id", "lot_id", unique=True, postgresql_where=text("lot_id IS NOT NULL")),
    )

    study_id: Mapped[UUID] = mapped_column(ForeignKey("studies.id"), primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    offer_id: Mapped[UUID] = mapped_column(ForeignKey("offers.id"))
    category_code: Mapped[str] = mapped_column(ForeignKey("service_categories.code"))
    members: Mapped[int]
    quantity: Mapped[int] = mapped_column(BigInteger)
    bracket_from: Mapped[int] = mapped_column(BigInteger)
    bracket_to: Mapped[int] = mapped_column(BigInteger)
    unit_price: Mapped[Decimal] = mapped_column(Numeric(18, 4))
    reference_unit_price: Mapped[Decimal] = mapped_column(Numeric(18, 4))
    minimum: Mapped[int] = mapped_column(BigInteger)
    capacity: Mapped[int] = mapped_column(BigInteger)
    mobilisation: Mapped[Decimal] = mapped_column(Numeric(18, 2))
    amount: Mapped[Decimal] = mapped_column(Numeric(38, 2))
    stated_amount: Mapped[Decimal] = mapped_column(Numeric(38, 2))
    alone_amount: Mapped[Decimal] = mapped_column(Numeric(38, 2))
    next_from: Mapped[int | None] = mapped_column(BigInteger)
    next_unit_price: Mapped[Decimal | None] = mapped_column(Numeric(18, 4))
    lot_id: Mapped[UUID | None] = mapped_column(ForeignKey("lots.id", ondelete="SET NULL"))
    accepted_at: Mapped[datetime | None] = moment()
    accepted_by: Mapped[UUID | None] = mapped_column(ForeignKey("users.id"))

    @property
    def saving(self) -> Decimal:
        """Euros that members with a stated price save together."""
        return self.alone_amount - self.stated_amount

    @property
    def margin(self) -> int:
        """Units above the offer's minimum."""
        return self.quantity - self.minimum


class StudyPlace(Model):
    """One need in a study: frozen when it was asked, then its purchase and amount, or why it stays outside.

    `position` counts in the instance; NULL: no offer could serve it, so it is not in the instance. `outside` is a
    packed sentence.
    """

    __tablename__ = "study_places"
    __table_args__ = (
        ForeignKeyConstraint(
            ["study_id", "purchase"], ["study_purchases.study_id", "study_purchases.number"],
            name="fk_study_places_study_purchases",
        ),
        CheckConstraint("(purchase IS NULL) = (amount IS NULL)", name="members_pay"),
        CheckConstraint("purchase IS NULL OR outside IS NULL", name="inside_or_outside"),
        # Nobody pays more than alone.
        CheckConstraint("amount <= alone_amount", name="never_more_than_alone"),
        Index("ix_study_places_study_id_purchase", "study_id", "purchase"),
        Index("ix_study_places_establishment_id", "establishment_id"),
    )  # fmt: skip

    study_id: Mapped[UUID] = mapped_column(ForeignKey("studies.id"), primary_key=True)
    establishment_id: Mapped[UUID] = mapped_column(ForeignKey("establishments.id"), primary_key=True)
    category_code: Mapped[str] = mapped_column(ForeignKey("service_categories.code"), primary_key=True)
    position: Mapped[int | None]
    organisation_id: Mapped[UUID] = mapped_column(ForeignKey("organisations.id"))
    grappe_id: Mapped[UUID | None] = mapped_column(ForeignKey("grappes.id"))
    region: Mapped[str | None] = mapped_column(Text)
    quantity: Mapped[int] = mapped_column(BigInteger)
    alone_unit_price: Mapped[Decimal | None] = mapped_column(Numeric(18, 4))
    purchase: Mapped[int | None]
    amount: Mapped[Decimal | None] = _amount()
    alone_amount: Mapped[Decimal | None] = _amount()
    outside: Mapped[dict[str, Any] | None] = mapped_column(JSONB)


class StandAlonePrice(Model):
    """What an establishment says it pays, or would pay, alone: euros excluding VAT per unit and period of the category."""

    __tablename__ = "stand_alone_prices"
    __table_args__ = (CheckConstraint("unit_price > 0", name="unit_price_positive"),)

    establishment_id: Mapped[UUID] = mapped_column(ForeignKey("establishments.id"), primary_key=True)
    category_code: Mapped[str] = mapped_column(ForeignKey("service_categories.code"), primary_key=True)
    unit_price: Mapped[Decimal] = mapped_column(Numeric(18, 4))
    stated_at: Mapped[datetime] = moment(now=True)
    stated_by: Mapped[UUID | None] = mapped_column(ForeignKey("users.id"))
