"""Offers with their price grid: a draft may change, a published offer never does."""
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from sqlalchemy import (
    DDL,
    BigInteger,
    CheckConstraint,
    Computed,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Numeric,
    Text,
    UniqueConstraint,
    event,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import Mapped, mapped_column, relationship

from catalog.offers.rules import PRICINGS, SERVICE_HOURS, VISIBILITIES
from catalog.providers.words import DELIVERY_MODES
from marketplace.categories.units import PRICE_PERIODS, UNITS
from marketplace.platform.database import Model, id_column, moment, sql_list

OFFER_STATUS = (
    "CASE WHEN withdrawn_at IS NOT NULL THEN 'withdrawn'"
    " WHEN superseded_at IS NOT NULL THEN 'superseded'"
    " WHEN published_at IS NOT NULL THEN 'published'"
    " ELSE 'draft' END"
)


def _known(column: str, words: tuple[str, ...]) -> CheckConstraint:
    return CheckConstraint(f"{column} IN ({sql_list(words)})", name=f"{column}_known")


class Offer(Model):
    """A fiche catalogue: one category at a price grid. Its status is derived from its dates by the database.

    Quantities are units. `capacity` NULL: no limit declared. `regional_uplifts` maps an INSEE region code to euros per
    unit and period (decimal string). A new version is a new row that names what it replaces (`supersedes_id`).
    """

    __tablename__ = "offers"
    __table_args__ = (
        _known("unit", tuple(UNITS)),
        _known("price_period", PRICE_PERIODS),
        _known("pricing", PRICINGS),
        _known("visibility", VISIBILITIES),
        CheckConstraint(f"delivery_modes <@ ARRAY[{sql_list(DELIVERY_MODES)}]::text[]", name="delivery_modes_known"),
        CheckConstraint("mobilisation_amount >= 0", name="mobilisation_not_negative"),
        CheckConstraint("minimum_quantity >= 1", name="minimum_at_least_one"),
        CheckConstraint("capacity >= minimum_quantity", name="capacity_holds_the_minimum"),
        _known("service_hours", SERVICE_HOURS),
        CheckConstraint("response_hours > 0", name="response_hours_positive"),
        # Nothing is restored before somebody answered.
        CheckConstraint("restoration_hours >= COALESCE(response_hours, 1)", name="restored_after_answered"),
        CheckConstraint("commitment_months > 0", name="commitment_positive"),
        CheckConstraint("jsonb_typeof(regional_uplifts) = 'object'", name="regional_uplifts_is_object"),
        # Nothing that was never published can be replaced or withdrawn: a draft is deleted.
        CheckConstraint(
            "published_at IS NOT NULL OR (superseded_at IS NULL AND withdrawn_at IS NULL)", name="ends_after_published"
        ),
        CheckConstraint("supersedes_id <> id", name="not_its_own_successor"),
        Index("ix_offers_provider_id", "provider_id"),
        Index("ix_offers_category_code_id", "category_code", "id"),
        Index("ix_offers_supersedes_id", "supersedes_id"),
    )

    id: Mapped[UUID] = id_column()
    provider_id: Mapped[UUID] = mapped_column(ForeignKey("providers.id"))
    category_code: Mapped[str] = mapped_column(ForeignKey("service_categories.code"))
    title: Mapped[str] = mapped_column(Text)
    description: Mapped[str] = mapped_column(Text, default="", server_default="")
    unit: Mapped[str] = mapped_column(Text)
    price_period: Mapped[str] = mapped_column(Text)
    pricing: Mapped[str] = mapped_column(Text)
    mobilisation_amount: Mapped[Decimal] = mapped_column(Numeric(18, 2), default=Decimal(0), server_default="0")
    minimum_quantity: Mapped[int] = mapped_column(BigInteger, default=1, server_default="1")
    capacity: Mapped[int | None] = mapped_column(BigInteger)
    regional_uplifts: Mapped[dict[str, str]] = mapped_column(JSONB, default=dict, server_default="{}")
    delivery_modes: Mapped[list[str]] = mapped_column(ARRAY(Text), default=list, server_default="{}")
    response_hours: Mapped[int | None]
    restoration_hours: Mapped[int | None]
    service_hours: Mapped[str | None] = mapped_column(Text)
    commitment_months: Mapped[int | None]
    indexation: Mapped[str] = mapped_column(Text, default="", server_default="")
    visibility: Mapped[str] = mapped_column(Text, default="buyers", server_default="buyers")
    supersedes_id: Mapped[UUID | None] = mapped_column(ForeignKey("offers.id"))
    created_at: Mapped[datetime] = moment(now=True)
    published_at: Mapped[datetime | None] = moment()
    superseded_at: Mapped[datetime | None] = moment()
    withdrawn_at: Mapped[datetime | None] = moment()
    status: Mapped[str] = mapped_column(Text, Computed(OFFER_STATUS, persisted=True))
    version: Mapped[int] = mapped_column(default=1, server_default="1")

    brackets: Mapped[list["OfferBracket"]] = relationship(
        order_by="OfferBracket.from_quantity", cascade="all, delete-orphan"
    )

    __mapper_args__ = {"eager_defaults": True}


class OfferBracket(Model):
    """A tranche de prix, both ends included; NULL end: the last one.

    The constraints leave no way to store a gap or an overlap: each end points at the start that follows it, no two
    ends point at the same start, one bracket at most has no end; so the brackets of an offer are one ascending chain.
    (An exclusion constraint would need an equality on uuid that PostgreSQL has only in a contrib, and would let gaps
    pass.) Checked at commit, so that a grid can be written in any order.
    """

    __tablename__ = "offer_brackets"
    __table_args__ = (
        CheckConstraint("from_quantity >= 1", name="from_one"),
        CheckConstraint("to_quantity >= from_quantity", name="not_backwards"),
        CheckConstraint("unit_price >= 0", name="unit_price_not_negative"),
        UniqueConstraint(
            "offer_id", "next_quantity", name="uq_offer_brackets_one_chain",
            postgresql_nulls_not_distinct=True, deferrable=True, initially="DEFERRED",
        ),
        ForeignKeyConstraint(
            ["offer_id", "next_quantity"], ["offer_brackets.offer_id", "offer_brackets.from_quantity"],
            name="fk_offer_brackets_without_gap", deferrable=True, initially="DEFERRED",
        ),
    )  # fmt: skip

    offer_id: Mapped[UUID] = mapped_column(ForeignKey("offers.id"), primary_key=True)
    from_quantity: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    to_quantity: Mapped[int | None] = mapped_column(BigInteger)
    next_quantity: Mapped[int | None] = mapped_column(BigInteger, Computed("to_quantity + 1", persisted=True))
    unit_price: Mapped[Decimal] = mapped_column(Numeric(18, 4))


PUBLISHED_OFFER_IS_FROZEN = """
CREATE FUNCTION refuse_change_of_published_offer() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    may_change CONSTANT text[] := ARRAY['superseded_at', 'withdrawn_at', 'status', 'version'];
BEGIN
    IF TG_OP = 'DELETE' OR to_jsonb(NEW) - may_change <> to_jsonb(OLD) - may_change THEN
        RAISE EXCEPTION 'a published offer never changes'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'published_offer_is_frozen';
    END IF;
    RETURN NEW;
END
$$
"""
PUBLISHED_GRID_IS_FROZEN = """
CREATE FUNCTION refuse_change_of_published_grid() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT FROM offers WHERE id IN (OLD.offer_id, NEW.offer_id) AND published_at IS NOT NULL) THEN
        RAISE EXCEPTION 'the grid of a published offer never changes'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'published_offer_is_frozen';
    END IF;
    RETURN COALESCE(NEW, OLD);
END
$$
"""
PUBLISHED_OFFER_HAS_A_GRID = """
CREATE FUNCTION refuse_publication_without_grid() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM offer_brackets WHERE offer_id = NEW.id AND from_quantity = 1) THEN
        RAISE EXCEPTION 'a published offer has a price from the first unit on'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'published_offer_has_a_grid';
    END IF;
    RETURN NEW;
END
$$
"""
FREEZE_OFFER = """
CREATE TRIGGER published_offer_is_frozen BEFORE UPDATE OR DELETE ON offers
    FOR EACH ROW WHEN (OLD.published_at IS NOT NULL) EXECUTE FUNCTION refuse_change_of_published_offer()
"""
DEMAND_A_GRID = """
CREATE TRIGGER published_offer_has_a_grid BEFORE INSERT OR UPDATE OF published_at ON offers
    FOR EACH ROW WHEN (NEW.published_at IS NOT NULL) EXECUTE FUNCTION refuse_publication_without_grid()
"""
FREEZE_GRID = """
CREATE TRIGGER published_grid_is_frozen BEFORE INSERT OR UPDATE OR DELETE ON offer_brackets
    FOR EACH ROW EXECUTE FUNCTION refuse_change_of_published_grid()
"""

# A published offer prices every quantity from the first unit on, and what relied on it (a match, an award, a contract)
# must find it as it was.
for _table, _statements in (
    (Offer.__table__, (PUBLISHED_OFFER_IS_FROZEN, FREEZE_OFFER, PUBLISHED_OFFER_HAS_A_GRID, DEMAND_A_GRID)),
    (OfferBracket.__table__, (PUBLISHED_GRID_IS_FROZEN, FREEZE_GRID)),
):
    for _statement in _statements:
        event.listen(_table, "after_create", DDL(_statement))
