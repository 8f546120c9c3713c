"""What a purchasing centre puts up for pooling: vehicles and their lots, with the last guards of their rules."""
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    ColumnElement,
    ForeignKey,
    Index,
    Numeric,
    SQLColumnExpression,
    Text,
    UniqueConstraint,
    func,
    select,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.ext.hybrid import hybrid_property
from sqlalchemy.orm import Mapped, mapped_column, relationship

from marketplace.platform import clock
from marketplace.platform.database import Model, id_column, moment, sql_list
from tenders.vehicles import words
from tenders.vehicles.status import closed_when_every_lot_is, status_case, status_of


def _known(column: str, vocabulary: tuple[str, ...]) -> CheckConstraint:
    return CheckConstraint(f"{column} IN ({sql_list(vocabulary)})", name=f"{column}_known")


class Vehicle(Model):
    """A purchasing vehicle of one centre. Its status is derived from its dates (tenders/vehicles/status.py).

    The regime switches (domain §4) are stored here, filled from the regime's defaults when the vehicle is created.
    """

    __tablename__ = "vehicles"
    __table_args__ = (
        _known("technique", words.TECHNIQUES),
        _known("regime", words.REGIMES),
        CheckConstraint("ends_on > starts_on", name="ends_after_it_starts"),
        # Public code: a framework without a maximum is void since 2022-01-01 (domain §4).
        CheckConstraint("regime <> 'public_code' OR maximum_required", name="public_code_requires_maximum"),
        CheckConstraint("maximum_duration_months > 0", name="maximum_duration_positive"),
        CheckConstraint("late_joining_fee > 0", name="late_joining_fee_positive"),
        CheckConstraint("membership_fee > 0", name="membership_fee_positive"),
        CheckConstraint("standstill_days >= 0 AND standstill_days_on_paper >= 0", name="standstill_not_negative"),
        # Longer than the regime allows only with a written reason: an empty one is none.
        CheckConstraint("btrim(duration_reason) <> ''", name="duration_reason_written"),
        # A cancellation is announced with its reason or not at all.
        CheckConstraint("(cancelled_at IS NULL) = (cancellation_reason IS NULL)", name="cancellation_is_explained"),
        Index("ix_vehicles_organisation_id", "organisation_id"),
    )

    id: Mapped[UUID] = id_column()
    organisation_id: Mapped[UUID] = mapped_column(ForeignKey("organisations.id"))
    name: Mapped[str] = mapped_column(Text)
    search_text: Mapped[str] = mapped_column(Text)
    technique: Mapped[str] = mapped_column(Text)
    regime: Mapped[str] = mapped_column(Text)
    starts_on: Mapped[date]
    ends_on: Mapped[date]
    maximum_required: Mapped[bool]
    maximum_duration_months: Mapped[int | None]
    duration_reason: Mapped[str | None] = mapped_column(Text)
    standstill_days: Mapped[int]
    standstill_days_on_paper: Mapped[int]
    publishes_results: Mapped[bool]
    allows_late_joining: Mapped[bool]
    allows_price_only_award: Mapped[bool]
    allows_individual_needs: Mapped[bool] = mapped_column(default=True, server_default="true")
    late_joining_fee: Mapped[Decimal | None] = mapped_column(Numeric(14, 2))
    requires_convention: Mapped[bool] = mapped_column(default=False, server_default="false")
    membership_fee: Mapped[Decimal | None] = mapped_column(Numeric(14, 2))
    created_at: Mapped[datetime] = moment(now=True)
    opened_at: Mapped[datetime | None] = moment()
    cancelled_at: Mapped[datetime | None] = moment()
    cancellation_reason: Mapped[str | None] = mapped_column(Text)
    version: Mapped[int] = mapped_column(default=1, server_default="1")

    lots: Mapped[list["Lot"]] = relationship(back_populates="vehicle", order_by="Lot.code")

    @hybrid_property
    def status(self) -> str:
        """draft, open, closed (every lot is), cancelled or ended; reads the lots."""
        closed_at = closed_when_every_lot_is([(lot.closed_at, lot.cancelled_at) for lot in self.lots])
        dates = {name: getattr(self, name) for name in ("cancelled_at", "opened_at", "ends_on")}
        return status_of({**dates, "closed_at": closed_at}, clock.today())

    @status.inplace.expression
    @classmethod
    def _status_in_sql(cls) -> ColumnElement[str]:
        over_at = func.coalesce(Lot.closed_at, Lot.cancelled_at)
        closed_at = (
            select(func.max(over_at))
            .where(Lot.vehicle_id == cls.id)
            .having(func.bool_and(over_at.is_not(None)))
            .correlate(cls)
            .scalar_subquery()
        )
        columns: dict[str, SQLColumnExpression[Any]] = {
            "cancelled_at": cls.cancelled_at,
            "opened_at": cls.opened_at,
            "ends_on": cls.ends_on,
            "closed_at": closed_at,
        }
        return status_case(columns, clock.today())


class Lot(Model):
    """One service category to buy together, with its unit, bounds, requirements and date of closing.

    `minimum_value` and `maximum_value` are what the centre wrote, in units (basis quantity) or euros excluding VAT
    (basis amount); `minimum_quantity` and `maximum_quantity` are units, frozen at opening (domain §4b.2).
    `maximum_quantity` NULL means no maximum, 0 means nothing at all (§4b.5). `takes_firm_needs` False: a survey of
    intentions, which may open without a reference price. `extension_days` is how long the policy step `extend`
    lasts. `next_check_at` is when the scheduler looks at the lot again.
    """

    __tablename__ = "lots"
    __table_args__ = (
        UniqueConstraint("vehicle_id", "code"),
        _known("kind", words.LOT_KINDS),
        _known("price_period", words.PRICE_PERIODS),
        _known("minimum_kind", words.MINIMUM_KINDS),
        _known("minimum_basis", words.BASES),
        _known("minimum_scope", words.MINIMUM_SCOPES),
        _known("maximum_basis", words.BASES),
        CheckConstraint("term_months > 0", name="term_positive"),
        CheckConstraint("order_multiple >= 1", name="order_multiple_at_least_one"),
        CheckConstraint("reference_unit_price > 0", name="reference_unit_price_positive"),
        CheckConstraint("extension_days >= 1", name="extension_days_at_least_one"),
        CheckConstraint("round >= 1", name="round_from_one"),
        # A bound says what it is counted in, or it does not exist.
        CheckConstraint(
            "(minimum_kind = 'none') = (minimum_value IS NULL)"
            " AND (minimum_kind = 'none') = (minimum_basis IS NULL) AND minimum_value > 0",
            name="minimum_complete",
        ),
        CheckConstraint("(maximum_value IS NULL) = (maximum_basis IS NULL) AND maximum_value >= 0",
                        name="maximum_complete"),
        CheckConstraint("minimum_quantity > 0 AND maximum_quantity >= 0 AND minimum_quantity <= maximum_quantity",
                        name="minimum_within_maximum"),
        # Bounds are frozen as quantities when the lot opens: what members sign against never moves (§4b.2).
        CheckConstraint(
            "opened_at IS NULL OR ((minimum_quantity IS NULL) = (minimum_kind = 'none')"
            " AND (maximum_quantity IS NULL) = (maximum_value IS NULL))",
            name="bounds_frozen_when_open",
        ),
        # A support lot exists only if its minimum volume is reached (domain §2).
        CheckConstraint("opened_at IS NULL OR kind <> 'support' OR minimum_kind = 'contractual'",
                        name="support_has_contractual_minimum"),
        CheckConstraint(
            f"minimum_policy <@ ARRAY[{sql_list(words.POLICY_STEPS)}]::text[]"
            " AND cardinality(array_positions(minimum_policy, 'extend')) <= 1",
            name="minimum_policy_known",
        ),
        CheckConstraint("jsonb_typeof(requirements) = 'object'", name="requirements_is_object"),
        # A signature shows its exposure (§4b.2, 4b.4): no price, no firm need.
        CheckConstraint(
            "opened_at IS NULL OR reference_unit_price IS NOT NULL"
            " OR NOT takes_firm_needs AND minimum_basis IS DISTINCT FROM 'amount'"
            " AND maximum_basis IS DISTINCT FROM 'amount'",
            name="priced_when_open",
        ),
        CheckConstraint("closed_at IS NULL OR opened_at IS NOT NULL", name="closed_after_opening"),
        # The scheduler reads only lots that wait for it.
        Index("ix_lots_next_check_at", "next_check_at", postgresql_where=text("next_check_at IS NOT NULL")),
        Index("ix_lots_category_code", "category_code"),
        Index("ix_lots_needs_close_at_id", "needs_close_at", "id"),
    )

    id: Mapped[UUID] = id_column()
    vehicle_id: Mapped[UUID] = mapped_column(ForeignKey("vehicles.id"))
    code: Mapped[str] = mapped_column(Text)
    title: Mapped[str] = mapped_column(Text)
    search_text: Mapped[str] = mapped_column(Text)
    category_code: Mapped[str] = mapped_column(ForeignKey("service_categories.code"))
    kind: Mapped[str] = mapped_column(Text)
    unit: Mapped[str] = mapped_column(Text)
    price_period: Mapped[str] = mapped_column(Text)
    term_months: Mapped[int]
    order_multiple: Mapped[int] = mapped_column(default=1, server_default="1")
    reference_unit_price: Mapped[Decimal | None] = mapped_column(Numeric(18, 4))
    minimum_kind: Mapped[str] = mapped_column(Text, default="none", server_default="none")
    minimum_basis: Mapped[str | None] = mapped_column(Text)
    minimum_scope: Mapped[str] = mapped_column(Text, default="lot", server_default="lot")
    minimum_value: Mapped[Decimal | None] = mapped_column(Numeric(18, 2))
    minimum_quantity: Mapped[int | None] = mapped_column(BigInteger)
    maximum_basis: Mapped[str | None] = mapped_column(Text)
    maximum_value: Mapped[Decimal | None] = mapped_column(Numeric(18, 2))
    maximum_quantity: Mapped[int | None] = mapped_column(BigInteger)
    requirements: Mapped[dict[str, Any]] = mapped_column(JSONB, default=dict, server_default="{}")
    needs_close_at: Mapped[datetime] = moment()
    minimum_policy: Mapped[list[str]] = mapped_column(ARRAY(Text), default=list, server_default="{}")
    takes_firm_needs: Mapped[bool] = mapped_column(default=True, server_default="true")
    extension_days: Mapped[int] = mapped_column(default=15, server_default="15")
    round: Mapped[int] = mapped_column(default=1, server_default="1")
    created_at: Mapped[datetime] = moment(now=True)
    opened_at: Mapped[datetime | None] = moment()
    closed_at: Mapped[datetime | None] = moment()
    cancelled_at: Mapped[datetime | None] = moment()
    next_check_at: Mapped[datetime | None] = moment()
    version: Mapped[int] = mapped_column(default=1, server_default="1")

    vehicle: Mapped[Vehicle] = relationship(back_populates="lots")

    @property
    def minimum(self) -> dict[str, Any]:
        """The minimum as the centre wrote it: kind, basis, scope, value (units or euros)."""
        return {
            "kind": self.minimum_kind,
            "basis": self.minimum_basis,
            "scope": self.minimum_scope,
            "value": self.minimum_value,
        }

    @property
    def maximum(self) -> dict[str, Any] | None:
        """The maximum as the centre wrote it: basis, value; None when there is none."""
        if self.maximum_basis is None:
            return None
        return {"basis": self.maximum_basis, "value": self.maximum_value}

    @hybrid_property
    def status(self) -> str:
        """draft, open, closed, cancelled or ended (with its vehicle); reads the vehicle."""
        dates = {name: getattr(self, name) for name in ("cancelled_at", "opened_at", "closed_at")}
        return status_of({**dates, "ends_on": self.vehicle.ends_on}, clock.today())

    @status.inplace.expression
    @classmethod
    def _status_in_sql(cls) -> ColumnElement[str]:
        ends_on = select(Vehicle.ends_on).where(Vehicle.id == cls.vehicle_id).correlate(cls).scalar_subquery()
        columns: dict[str, SQLColumnExpression[Any]] = {
            "cancelled_at": cls.cancelled_at,
            "opened_at": cls.opened_at,
            "closed_at": cls.closed_at,
            "ends_on": ends_on,
        }
        return status_case(columns, clock.today())
