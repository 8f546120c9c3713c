"""What a lot's framework allows, the mini-competitions of its members, and the sealed answer of each holder."""
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import (
    DDL,
    BigInteger,
    CheckConstraint,
    ColumnElement,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Numeric,
    Text,
    UniqueConstraint,
    event,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.ext.hybrid import hybrid_property
from sqlalchemy.orm import Mapped, mapped_column, relationship

from marketplace.accounts.models import Organisation
from marketplace.establishments.models import Establishment
from marketplace.platform import clock
from marketplace.platform.database import Model, id_column, moment
from tenders.contracts.competitions.rules.criteria import MOST_ANSWER_DAYS, Criterion, Framework
from tenders.contracts.competitions.rules.states import FACTS, is_sealed, status_of
from tenders.contracts.competitions.status import status_case
from tenders.contracts.models import Contract
from tenders.contracts.ordering.models import CallOff
from tenders.vehicles.models import Lot


def _person() -> Mapped[UUID | None]:
    return mapped_column(ForeignKey("users.id"))


class CompetitionFramework(Model):
    """What the framework of a lot allows in its competitions; no row: price alone, the usual days.

    `answer_days`: full days that holders have at least. `least_price_percent`: the price never weighs less.
    """

    __tablename__ = "competition_frameworks"
    __table_args__ = (
        CheckConstraint(f"answer_days BETWEEN 1 AND {MOST_ANSWER_DAYS}", name="answer_days_possible"),
        CheckConstraint("least_price_percent BETWEEN 1 AND 100", name="price_always_counts"),
        # Without another criterion the price is everything.
        CheckConstraint("cardinality(qualities) > 0 OR least_price_percent = 100", name="price_alone_is_all"),
    )

    lot_id: Mapped[UUID] = mapped_column(ForeignKey("lot_executions.lot_id"), primary_key=True)
    answer_days: Mapped[int]
    least_price_percent: Mapped[int]
    qualities: Mapped[list[str]] = mapped_column(ARRAY(Text), default=list, server_default="{}")
    decided_at: Mapped[datetime] = moment(now=True)
    decided_by: Mapped[UUID | None] = _person()

    @property
    def value(self) -> Framework:
        """As the rule reads it."""
        return Framework(self.answer_days, self.least_price_percent, tuple(self.qualities))


class Competition(Model):
    """One need of an establishment on which the holders of a lot are asked for a price. Status: rules/states.py.

    Numbered from 1 per lot. `criteria`: [{code, weight in per cent, label}], chosen at the opening. `left_out`: holders
    that were not asked, with the reason. `round` counts the openings: ended without a price it may be opened again.
    `next_check_at` is when the worker looks at it. `call_off_id` is the order it gave.
    """

    __tablename__ = "competitions"
    __table_args__ = (
        UniqueConstraint("lot_id", "number"),
        # What answers point at: none of them is dated after the deadline of its competition.
        UniqueConstraint("id", "closes_at"),
        # One order comes of one competition, and one competition is behind one order.
        Index("uq_competitions_call_off_id", "call_off_id", unique=True, postgresql_where=text("call_off_id IS NOT NULL")),
        CheckConstraint("(awarded_at IS NULL) = (call_off_id IS NULL)", name="awarded_with_its_order"),
        CheckConstraint("num_nonnulls(awarded_at, cancelled_at, ended_at) <= 1", name="ends_once"),
        # Nothing is decided while offers are sealed.
        CheckConstraint("closes_at > opened_at AND LEAST(awarded_at, ended_at) >= closes_at", name="decided_once_closed"),
        CheckConstraint(
            "(cancelled_at IS NULL) = (cancel_reason IS NULL) AND btrim(cancel_reason) <> ''"
            " AND (ended_at IS NULL) = (end_reason IS NULL)",
            name="endings_explained",
        ),
        CheckConstraint("quantity > 0 AND number >= 1 AND round >= 1", name="figures_positive"),
        CheckConstraint("jsonb_typeof(criteria) = 'array' AND jsonb_typeof(left_out) = 'array'", name="lists_are_lists"),
        Index("ix_competitions_organisation_id_opened_at", "organisation_id", "opened_at"),
        Index("ix_competitions_next_check_at", "next_check_at", postgresql_where=text("next_check_at IS NOT NULL")),
    )  # fmt: skip

    id: Mapped[UUID] = id_column()
    number: Mapped[int]
    lot_id: Mapped[UUID] = mapped_column(ForeignKey("lot_executions.lot_id"))
    establishment_id: Mapped[UUID] = mapped_column(ForeignKey("establishments.id"))
    organisation_id: Mapped[UUID] = mapped_column(ForeignKey("organisations.id"))
    quantity: Mapped[int] = mapped_column(BigInteger)
    unit: Mapped[str] = mapped_column(Text)
    price_period: Mapped[str] = mapped_column(Text)
    starts_on: Mapped[date]
    places: Mapped[str | None] = mapped_column(Text)
    remarks: Mapped[str | None] = mapped_column(Text)
    purchase_order_reference: Mapped[str | None] = mapped_column(Text)
    criteria: Mapped[list[dict[str, Any]]] = mapped_column(JSONB)
    left_out: Mapped[list[dict[str, Any]]] = mapped_column(JSONB, default=list, server_default="[]")
    round: Mapped[int] = mapped_column(default=1, server_default="1")
    opened_at: Mapped[datetime] = moment()
    opened_by: Mapped[UUID] = mapped_column(ForeignKey("users.id"))
    closes_at: Mapped[datetime] = moment()
    next_check_at: Mapped[datetime | None] = moment()
    ended_at: Mapped[datetime | None] = moment()
    end_reason: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))
    awarded_at: Mapped[datetime | None] = moment()
    awarded_by: Mapped[UUID | None] = _person()
    award_note: Mapped[str | None] = mapped_column(Text)
    call_off_id: Mapped[UUID | None] = mapped_column(ForeignKey("call_offs.id"))
    cancelled_at: Mapped[datetime | None] = moment()
    cancelled_by: Mapped[UUID | None] = _person()
    cancel_reason: Mapped[str | None] = mapped_column(Text)
    version: Mapped[int] = mapped_column(default=1, server_default="1")

    lot: Mapped[Lot] = relationship(primaryjoin="Lot.id == foreign(Competition.lot_id)", viewonly=True)
    establishment: Mapped[Establishment] = relationship()
    organisation: Mapped[Organisation] = relationship()
    call_off: Mapped[CallOff | None] = relationship()

    @hybrid_property
    def status(self) -> str:
        """One of states.STATUSES, as of now."""
        return status_of({name: getattr(self, name) for name in FACTS}, clock.now())

    @status.inplace.expression
    @classmethod
    def _status_in_sql(cls) -> ColumnElement[str]:
        return status_case({name: getattr(cls, name) for name in FACTS}, clock.now())

    @property
    def is_sealed(self) -> bool:
        """Whether its offers are still nobody's to read but their authors'."""
        return is_sealed(self.closes_at, self.cancelled_at, clock.now())

    @property
    def judged_on(self) -> tuple[Criterion, ...]:
        """Its criteria as the rule reads them."""
        return tuple(Criterion(each["code"], each["weight"], each["label"]) for each in self.criteria)


class CompetitionOffer(Model):
    """A holder that was asked, and its answer: a price, or a refusal with its reason. It may change it until `closes_at`.

    `unit_price` in euros excluding VAT per unit and period, `mobilisation` once; `whole_price` is both per unit and
    period over `periods`, which is how often the price falls due on this holder's contract: as offered, then as ranked.
    `asked_at`: the last time. `scores`: {criterion:
    {score, reason}} by the buyer. `position`, `points` and `reason` are what the award decided.
    """

    __tablename__ = "competition_offers"
    __table_args__ = (
        # The deadline travels with the answer, so that the database itself refuses a late one.
        ForeignKeyConstraint(
            ["competition_id", "closes_at"], ["competitions.id", "competitions.closes_at"], onupdate="CASCADE",
            name="fk_competition_offers_competitions",
        ),
        CheckConstraint("answered_at < closes_at", name="answered_in_time"),
        # An answer is a price or a refusal, never both, never neither.
        CheckConstraint(
            "(answered_at IS NULL) = (num_nonnulls(unit_price, decline_reason) = 0)"
            " AND num_nonnulls(unit_price, decline_reason) <= 1 AND btrim(decline_reason) <> ''"
            " AND (unit_price IS NULL) = (whole_price IS NULL) AND (unit_price IS NULL) = (mobilisation IS NULL)",
            name="answer_complete",
        ),
        CheckConstraint("LEAST(unit_price, mobilisation, whole_price) >= 0", name="price_sound"),
        CheckConstraint("periods >= 1", name="periods_positive"),
        CheckConstraint("position >= 1 AND points BETWEEN 0 AND 100", name="place_sound"),
        # One best offer, and one offer in each place.
        Index("uq_competition_offers_position", "competition_id", "position", unique=True,
              postgresql_where=text("position IS NOT NULL")),
        Index("ix_competition_offers_contract_id", "contract_id"),
    )  # fmt: skip

    competition_id: Mapped[UUID] = mapped_column(primary_key=True)
    contract_id: Mapped[UUID] = mapped_column(ForeignKey("contracts.id"), primary_key=True)
    closes_at: Mapped[datetime] = moment()
    periods: Mapped[int]
    asked_at: Mapped[datetime] = moment(now=True)
    answered_at: Mapped[datetime | None] = moment()
    answered_by: Mapped[UUID | None] = _person()
    unit_price: Mapped[Decimal | None] = mapped_column(Numeric(18, 4))
    mobilisation: Mapped[Decimal | None] = mapped_column(Numeric(18, 2))
    whole_price: Mapped[Decimal | None] = mapped_column(Numeric(18, 4))
    remarks: Mapped[str | None] = mapped_column(Text)
    decline_reason: Mapped[str | None] = mapped_column(Text)
    scores: Mapped[dict[str, Any]] = mapped_column(JSONB, default=dict, server_default="{}")
    position: Mapped[int | None]
    points: Mapped[Decimal | None] = mapped_column(Numeric(5, 2))
    marks: Mapped[dict[str, str] | None] = mapped_column(JSONB(none_as_null=True))
    reason: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))

    contract: Mapped[Contract] = relationship()


REFUSE_CHANGE = """
CREATE FUNCTION refuse_change_of_competition() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'what a mini-competition decided does not change'
        USING ERRCODE = 'check_violation', CONSTRAINT = 'competition_is_over';
END
$$
"""
KEEP_OVER = """
CREATE TRIGGER competition_is_over BEFORE UPDATE ON competitions
    FOR EACH ROW WHEN (OLD.awarded_at IS NOT NULL OR OLD.cancelled_at IS NOT NULL)
    EXECUTE FUNCTION refuse_change_of_competition()
"""
KEEP_RANKED = """
CREATE TRIGGER competition_offer_is_ranked BEFORE UPDATE ON competition_offers
    FOR EACH ROW WHEN (OLD.position IS NOT NULL) EXECUTE FUNCTION refuse_change_of_competition()
"""
KEEP_ROWS = """
CREATE TRIGGER competition_stays BEFORE DELETE ON competitions
    FOR EACH ROW EXECUTE FUNCTION refuse_change_of_competition()
"""
KEEP_OFFERS = """
CREATE TRIGGER competition_offer_stays BEFORE DELETE ON competition_offers
    FOR EACH ROW EXECUTE FUNCTION refuse_change_of_competition()
"""

# Whatever two people do at once, an award or a cancellation is the last word, and no answer disappears.
for _statement in (REFUSE_CHANGE, KEEP_OVER, KEEP_ROWS):
    event.listen(Competition.__table__, "after_create", DDL(_statement))
for _statement in (KEEP_RANKED, KEEP_OFFERS):
    event.listen(CompetitionOffer.__table__, "after_create", DDL(_statement))
